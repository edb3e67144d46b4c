import { zipSync } from 'fflate';
import type { StateDict } from '../layers/parameters.ts';
import { fitsHalf } from './raw-tensor.ts';

const text = new TextEncoder();

/** Opcodes of pickle, protocol 2, as PyTorch's own files have them. */
const op = {
  protocol: [0x80, 2],
  mark: 0x28,
  emptyTuple: 0x29,
  false: 0x89,
  global: 0x63,
  reduce: 0x52,
  tuple: 0x74,
  persistentId: 0x51,
  setItems: 0x75,
  unicode: 0x58,
  int: 0x4a,
  stop: 0x2e,
} as const;

/** A tensor of a state dict as a file of PyTorch's holds it. */
interface Stored {
  name: string;
  storage: 'FloatStorage' | 'HalfStorage' | 'LongStorage';
  shape: readonly number[];
  bytes: Uint8Array;
}

/** Writes what a pickle says, part by part. */
class Pickler {
  private readonly parts: Uint8Array[] = [];

  put(...bytes: readonly number[]): this {
    this.parts.push(Uint8Array.from(bytes));
    return this;
  }

  /** A number of 32 bits after its opcode. */
  private sized(code: number, value: number): void {
    const bytes = new Uint8Array(5);
    bytes[0] = code;
    new DataView(bytes.buffer).setInt32(1, value, true);
    this.parts.push(bytes);
  }

  global(module: string, name: string): this {
    this.put(op.global);
    this.parts.push(text.encode(`${module}\n${name}\n`));
    return this;
  }

  unicode(value: string): this {
    const bytes = text.encode(value);
    this.sized(op.unicode, bytes.length);
    this.parts.push(bytes);
    return this;
  }

  integer(value: number): this {
    this.sized(op.int, value);
    return this;
  }

  integers(values: readonly number[]): this {
    this.put(op.mark);
    for (const value of values) this.integer(value);
    return this.put(op.tuple);
  }

  done(): Uint8Array {
    const whole = new Uint8Array(this.parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of this.parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }
}

/** Steps along each axis, row-major. */
const stridesOf = (shape: readonly number[]): number[] =>
  shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));

function putTensor(pickler: Pickler, { name, storage, shape, bytes }: Stored, key: string): void {
  const elements = bytes.length / { FloatStorage: 4, HalfStorage: 2, LongStorage: 8 }[storage];
  pickler.unicode(name).global('torch._utils', '_rebuild_tensor_v2').put(op.mark, op.mark);
  pickler.unicode('storage').global('torch', storage).unicode(key).unicode('cpu').integer(elements).put(op.tuple, op.persistentId);
  pickler.integer(0).integers(shape).integers(stridesOf(shape)).put(op.false);
  pickler.global('collections', 'OrderedDict').put(op.emptyTuple, op.reduce, op.tuple, op.reduce);
}

const statistic = '.running_var';

/** The tensors, and after each batch norm's statistics the counter of batches that PyTorch's own has, and asks for. */
function storedOf(tensors: StateDict, half: boolean): Stored[] {
  return [...tensors].flatMap(([name, { shape, data }]): Stored[] => {
    // What has no room in half precision, such as a large variance, stays as it is.
    const isHalf = half && fitsHalf(data);
    const values = isHalf ? new Float16Array(data) : data;
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const tensor: Stored = { name, storage: isHalf ? 'HalfStorage' : 'FloatStorage', shape, bytes };
    if (!name.endsWith(statistic)) return [tensor];
    const counter = `${name.slice(0, -statistic.length)}.num_batches_tracked`;
    return [tensor, { name: counter, storage: 'LongStorage', shape: [], bytes: new Uint8Array(8) }];
  });
}

/** ImageNet's, which the classifier of a backbone was for. */
const backboneClasses = 1000;

/**
 * The network's tensors, and those of the classifier that torchvision's and the reference's backbone carry along: it takes no part, has
 * no values here, and is zeros, so that `load_state_dict(strict=True)` finds everything that it asks for.
 */
export function asReference(tensors: StateDict): StateDict {
  const features = [...tensors].find(([name]) => /^decoder\.bottleneck\.(0\.)?weight$/.test(name))?.[1].shape[1];
  if (features === undefined) return tensors;
  const zeros = (...shape: number[]) => ({ shape, data: new Float32Array(shape.reduce((product, size) => product * size, 1)) });
  const classifier: [string, ReturnType<typeof zeros>][] = [
    ['backbone.fc.weight', zeros(backboneClasses, features)],
    ['backbone.fc.bias', zeros(backboneClasses)],
  ];
  return new Map([...tensors, ...classifier]);
}

/**
 * Encodes a state dict as PyTorch's `torch.save` does: a zip, not packed, with a pickle of an OrderedDict and the values of each tensor.
 * `torch.load(weights_only=True)` reads it.
 * @param tensors float32 in PyTorch's layout, row-major @param half rounds to half precision
 */
export function encodeTorch(tensors: StateDict, half: boolean): Uint8Array {
  const stored = storedOf(tensors, half);
  const pickler = new Pickler().put(...op.protocol).global('collections', 'OrderedDict');
  pickler.put(op.emptyTuple, op.reduce, op.mark);
  stored.forEach((tensor, n) => putTensor(pickler, tensor, String(n)));
  const files: Record<string, Uint8Array> = {
    'archive/data.pkl': pickler.put(op.setItems, op.stop).done(),
    'archive/byteorder': text.encode('little'),
    ...Object.fromEntries(stored.map(({ bytes }, n) => [`archive/data/${n}`, bytes])),
    'archive/version': text.encode('3\n'),
  };
  return zipSync(files, { level: 0 });
}
