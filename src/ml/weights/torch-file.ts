import { unzipSync, type UnzipFileInfo } from 'fflate';
import { AppError } from '#shared/errors';
import { Inert, unpickle, type GlobalReference, type Globals } from './pickle.ts';
import { elementCount, itemSizes, shapeText, type Dtype, type RawTensor } from './raw-tensor.ts';

/** A storage: the bytes that one or several tensors are views of. */
interface Storage {
  dtype: Dtype;
  elements: number;
  bytes: () => Uint8Array;
}

const storageTypes: Record<string, Dtype> = {
  DoubleStorage: 'F64',
  FloatStorage: 'F32',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ShortStorage: 'I16',
  CharStorage: 'I8',
  ByteStorage: 'U8',
  BoolStorage: 'BOOL',
};

const isStorage = (value: unknown): value is Storage =>
  typeof value === 'object' && value !== null && 'elements' in value && 'dtype' in value;

export const isRawTensor = (value: unknown): value is RawTensor =>
  typeof value === 'object' && value !== null && 'bytes' in value && 'shape' in value;

/** What a file may become when it is unpacked: weights hardly pack, and few tensors share their storage. */
const growth = { factor: 4, bytes: 16_000_000 };

/** The memory that a file's content may take. */
class Room {
  private readonly most: number;
  private readonly file: string;
  private taken = 0;

  constructor(file: string, fileBytes: number) {
    this.file = file;
    this.most = fileBytes * growth.factor + growth.bytes;
  }

  /** @throws AppError 'corrupt-file' if a file of this size cannot be meant to hold so much */
  take(bytes: number, what: string): void {
    this.taken += bytes;
    if (this.taken <= this.most) return;
    throw new AppError(
      'corrupt-file',
      `${this.file} cannot be read: ${what} take more than ${this.most} bytes, which its size cannot hold`,
      {
        file: this.file,
      },
    );
  }
}

/** Builds contiguous tensors out of storages, as PyTorch's `_rebuild_tensor_v2`. */
function rebuildTensor(file: string, room: Room) {
  return (storage: unknown, offset: unknown, shape: unknown, stride: unknown): RawTensor => {
    const fail = (rule: string) => new AppError('corrupt-file', `${file} cannot be read: a tensor ${rule}`, { file });
    if (!isStorage(storage) || !Array.isArray(shape) || !Array.isArray(stride) || shape.length !== stride.length)
      throw fail('is put together from the wrong parts');
    const [sizes, strides] = [shape as number[], stride as number[]];
    const count = elementCount(sizes, `${file}: a tensor`);
    const whole = [offset, ...strides].every((value) => Number.isSafeInteger(value) && (value as number) >= 0);
    const last = sizes.reduce((at, size, axis) => at + (size - 1) * strides[axis], offset as number);
    if (!whole || (count > 0 && last >= storage.elements)) {
      throw fail(
        `of shape ${shapeText(sizes)} with strides ${shapeText(strides)} at offset ${shapeText([offset])} ` +
          `reaches beyond its storage of ${storage.elements} elements`,
      );
    }
    room.take(count * itemSizes[storage.dtype], 'its tensors');
    return { dtype: storage.dtype, shape: sizes, bytes: gather(storage, offset as number, sizes, strides, count) };
  };
}

/** Copies a strided view into row-major order. */
function gather(storage: Storage, offset: number, shape: number[], stride: number[], count: number): Uint8Array {
  const size = itemSizes[storage.dtype];
  if (count === 0) return new Uint8Array(0);
  const source = storage.bytes();
  const contiguous = shape.every(
    (length, axis) => length === 1 || stride[axis] === shape.slice(axis + 1).reduce((product, next) => product * next, 1),
  );
  if (contiguous) return source.slice(offset * size, (offset + count) * size);
  const out = new Uint8Array(count * size);
  const index = new Array<number>(shape.length).fill(0);
  for (let i = 0, from = offset; i < count; i++) {
    out.set(source.subarray(from * size, (from + 1) * size), i * size);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += stride[axis];
      if (++index[axis] < shape[axis]) break;
      from -= stride[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return out;
}

/**
 * What training scripts put beside the weights: scalars of numpy, states of optimisers and random numbers, settings of Lightning.
 * Each stands for nothing, and what is called of it gives nothing.
 */
const beside = new RegExp(
  [
    /^(numpy(\.\w+)*|_codecs|argparse|pathlib|datetime|uuid|functools|typing|omegaconf(\.\w+)*|mmengine(\.\w+)*|mmcv(\.\w+)*)\.\w+$/,
    /^(pytorch_)?lightning(_fabric)?(\.\w+)*\.\w+$/,
    /^torch\.(optim|serialization|torch_version|nn\.modules|utils\.data)(\.\w+)*\.\w+$/,
  ]
    .map(({ source }) => source)
    .join('|'),
);
const builtins = [
  'set',
  'frozenset',
  'slice',
  'complex',
  'range',
  'bytearray',
  'object',
  'list',
  'dict',
  'tuple',
  'int',
  'float',
  'str',
  'bool',
];
const besideAlone = new Set([
  ...['torch.device', 'torch.dtype', 'torch.float32', 'torch.float64', 'torch.float16', 'torch.bfloat16', 'torch.int64', 'torch.int32'],
  ...['torch.uint8', 'torch.int8', 'torch.bool', 'torch.strided', 'torch.channels_last', 'torch.Generator', 'torch._C.Generator'],
  ...['builtins', '__builtin__'].flatMap((module) => builtins.map((name) => `${module}.${name}`)),
  ...['collections.deque', 'collections.Counter', 'copy_reg._reconstructor', 'copyreg._reconstructor'],
]);
const inert = () => new Inert();

/** All that a weight file may name: containers, tensors and their storages, and what means nothing here. */
function allowedGlobals(file: string, room: Room): Globals {
  const rebuild = rebuildTensor(file, room) as (...args: unknown[]) => unknown;
  const known = knownGlobals(rebuild, room);
  return { get: (name) => known.get(name) ?? (besideAlone.has(name) || beside.test(name) ? inert : undefined) };
}

type Call = (...args: unknown[]) => unknown;

/** What an entry of a dictionary takes. */
const pairBytes = 64;

/** @param rebuild makes a tensor of a storage and its place there */
function knownGlobals(rebuild: Call, room: Room): Map<string, Call> {
  return new Map<string, Call>([
    ['collections.OrderedDict', (pairs) => mapOf(pairs, room)],
    ['collections.defaultdict', () => new Map()],
    ['torch.Size', (sizes) => sizes],
    ['torch._utils._rebuild_tensor_v2', rebuild],
    ['torch._utils._rebuild_tensor', rebuild],
    ['torch._utils._rebuild_parameter', (tensor) => tensor],
    ['torch._utils._rebuild_parameter_with_state', (tensor) => tensor],
    // A tensor of a class of its own: what its base is made of comes as an argument.
    ['torch._tensor._rebuild_from_type_v2', (make, _, args) => callOf(make)(...(Array.isArray(args) ? (args as unknown[]) : []))],
    ...['torch.Tensor', 'torch.nn.parameter.Parameter', 'torch.nn.parameter.Buffer'].map((name): [string, Call] => [name, inert]),
    ...Object.keys(storageTypes).map((name): [string, () => unknown] => [`torch.${name}`, () => null]),
  ]);
}

/** Python 2 hands an ordered dictionary its pairs at once; later ones are filled afterwards. */
function mapOf(pairs: unknown, room: Room): Map<unknown, unknown> {
  if (!Array.isArray(pairs)) return new Map();
  // One list may be remembered, and made a dictionary of any number of times.
  room.take(pairs.length * pairBytes, 'its dictionaries');
  return new Map(pairs.filter((pair): pair is [unknown, unknown] => Array.isArray(pair) && pair.length === 2));
}

/** What a reference names; nothing of nothing. */
const callOf = (reference: unknown): Call => (reference as Partial<GlobalReference> | null)?.call ?? inert;

/** Turns a persistent id ('storage', type, key, location, elements) into a storage. */
function storageOf(id: unknown, file: string, bytesOf: (key: string, needed: number) => Uint8Array): Storage {
  const [kind, type, key, , elements] = Array.isArray(id) ? (id as unknown[]) : [];
  const dtype = storageTypes[((type as GlobalReference | null)?.global ?? '').replace(/^torch\./, '')];
  if (kind !== 'storage' || !dtype || typeof key !== 'string' || !Number.isSafeInteger(elements) || (elements as number) < 0) {
    throw new AppError('corrupt-file', `${file} cannot be read: it refers to something that is no storage`, { file });
  }
  const needed = elementCount([elements as number], `${file}: storage ${key}`) * itemSizes[dtype];
  return { dtype, elements: elements as number, bytes: () => bytesOf(key, needed) };
}

/** What a zip archive's list takes for a file, its name left out. */
const entryBytes = 46;

/** The pickle and the storages of an archive; what else is in it stays packed. */
function unzip(file: Uint8Array, name: string, fail: (rule: string) => AppError): { entries: Record<string, Uint8Array>; first: string } {
  const room = new Room(name, file.length);
  let left = Math.floor(file.length / entryBytes);
  let first = '';
  const wanted = ({ name: entry, size, originalSize }: UnzipFileInfo): boolean => {
    // An archive may claim billions, and is asked for each.
    if (left-- <= 0) throw fail('its zip archive lists more files than it has room for');
    first ||= entry.slice(0, 100);
    if (!/\/data\.pkl$|\/data\/\w+$/.test(entry)) return false;
    // Entries may lie over each other: each takes its own room.
    room.take(Math.max(size, originalSize), 'the files of its zip archive');
    return true;
  };
  try {
    return { entries: unzipSync(file, { filter: wanted }), first };
  } catch (error) {
    throw error instanceof AppError ? error : fail('its zip archive is damaged or cut off');
  }
}

/** Its first field is the version of its form, its second the program that wrote it. */
const [versionField, programField] = [8, 18].map((field) => String.fromCharCode(field));
const onnx = new RegExp(`^${versionField}[^]{1,4}${programField}`);

/** What is often saved or loaded in the place of weights, by how it begins. */
const lookalikes: readonly { begins: RegExp; is: string }[] = [
  { begins: /^version https:\/\/git-lfs/, is: 'a pointer of Git LFS to the real file: fetch it with "git lfs pull"' },
  { begins: /^\s*<(!doctype|html|\?xml)/i, is: 'a web page: load the file itself, and not the page about it' },
  { begins: /^\u0089HDF/, is: 'an HDF5 file of Keras, which is not read: save the weights as safetensors' },
  { begins: onnx, is: 'an ONNX network, whose weights have no names of ours: take the checkpoint it was made from' },
  { begins: /^\s*\{/, is: 'a text in JSON, and no weights' },
];

function seenAs(file: Uint8Array): string {
  if (file.length === 0) return ': it is empty';
  const start = Buffer.from(file.subarray(0, 256)).toString('latin1');
  const found = lookalikes.find(({ begins }) => begins.test(start));
  return found ? `: it is ${found.is}` : '';
}

function readZip(file: Uint8Array, name: string): unknown {
  const fail = (rule: string) => new AppError('corrupt-file', `${name} cannot be read: ${rule}`, { file: name });
  const { entries, first } = unzip(file, name, fail);
  const pickle = Object.keys(entries).find((entry) => /^[^/]+\/data\.pkl$/.test(entry));
  if (!pickle) {
    const ofNumpy = first.endsWith('.npy') ? ': it is an archive of NumPy' : '';
    throw fail(
      `its zip archive has no data.pkl, but ${first || 'nothing'}${ofNumpy}. Save the state dict with torch.save, or as safetensors`,
    );
  }
  const folder = pickle.slice(0, -'data.pkl'.length);
  const bytesOf = (key: string, needed: number): Uint8Array => {
    const entry = `${folder}data/${key}`;
    if (!/^\w+$/.test(key) || !Object.hasOwn(entries, entry)) throw fail(`it has no storage "${key}"`);
    if (entries[entry].length < needed) throw fail(`storage ${key} must have ${needed} bytes, received ${entries[entry].length}`);
    return entries[entry];
  };
  const persistent = (id: unknown) => {
    const storage = storageOf(id, name, bytesOf);
    // Checked when it is named, not only when a tensor uses it.
    storage.bytes();
    return storage;
  };
  return unpickle(entries[pickle], 0, { file: name, globals: allowedGlobals(name, new Room(name, file.length)), persistent }).value;
}

const legacyMagic = 0x1950a86a20f9469cfc6cn;
const legacyProtocol = 1001;

/** The layout before PyTorch 1.6: five pickles in a row, then the storages. Tensors are built when the storages are known. */
function readLegacy(file: Uint8Array, name: string): unknown {
  const fail = (rule: string) => new AppError('corrupt-file', `${name} cannot be read: ${rule}`, { file: name });
  let at = 0;
  const read = (persistent: (id: unknown) => unknown, globals: Globals = new Map()): unknown => {
    const { value, length } = unpickle(file, at, { file: name, globals, persistent });
    at += length;
    return value;
  };
  const none = () => {
    throw fail('its pickle refers to a storage where none may be');
  };
  if (read(none) !== legacyMagic || read(none) !== legacyProtocol) throw fail('it is no PyTorch file');
  read(none);
  const objectAt = at;
  const sizes = new Map<string, { size: number; elements: number }>();
  // A first pass learns the storages' types: their bytes come only after the object.
  read((id) => {
    const storage = storageOf(id, name, () => new Uint8Array());
    sizes.set((id as [string, unknown, string])[2], { size: itemSizes[storage.dtype], elements: storage.elements });
    return storage;
  }, skeletonGlobals(name));
  const keys = read(none);
  if (!Array.isArray(keys)) throw fail('it lists no storages');
  const storages = legacyStorages(file, at, keys as unknown[], sizes, fail);
  at = objectAt;
  return read(
    (id) =>
      storageOf(id, name, (key, needed) => {
        const bytes = storages.get(key);
        if (!bytes || bytes.length < needed) throw fail(`storage ${key} must have ${needed} bytes, received ${bytes?.length ?? 0}`);
        return bytes;
      }),
    allowedGlobals(name, new Room(name, file.length)),
  );
}

/** The same names, but tensors stay unbuilt. */
function skeletonGlobals(name: string): Globals {
  const allowed = allowedGlobals(name, new Room(name, 0));
  return {
    get: (global) => {
      const call = allowed.get(global);
      return call && global.startsWith('torch._') ? inert : call;
    },
  };
}

function legacyStorages(
  file: Uint8Array,
  start: number,
  keys: unknown[],
  sizes: Map<string, { size: number; elements: number }>,
  fail: (rule: string) => AppError,
): Map<string, Uint8Array> {
  const storages = new Map<string, Uint8Array>();
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  let at = start;
  for (const key of keys) {
    if (typeof key !== 'string') throw fail('it lists a storage by what is no text');
    const known = sizes.get(key);
    if (!known) throw fail(`storage ${key} belongs to no tensor`);
    if (at + 8 > file.length) throw fail(`storage ${key} is cut off`);
    const elements = Number(view.getBigInt64(at, true));
    const bytes = elements * known.size;
    if (elements < 0 || at + 8 + bytes > file.length) throw fail(`storage ${key} of ${elements} elements is cut off`);
    storages.set(key, file.subarray(at + 8, at + 8 + bytes));
    at += 8 + bytes;
  }
  return storages;
}

/**
 * Reads a file that torch.save wrote, in either of its layouts. Nothing in it is executed.
 * @returns what was saved: Maps, arrays, numbers, strings and RawTensors
 * @throws AppError 'corrupt-file' naming the file and the rule it breaks
 */
export function readTorchFile(file: Uint8Array, name: string): unknown {
  const isZip = file[0] === 0x50 && file[1] === 0x4b;
  if (!isZip && file[0] !== 0x80)
    throw new AppError('corrupt-file', `${name} is neither a zip nor a pickle, so it is no PyTorch file${seenAs(file)}`, {
      file: name,
    });
  try {
    return isZip ? readZip(file, name) : readLegacy(file, name);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new AppError('corrupt-file', `${name} cannot be read: it is nested too deeply`, { file: name });
  }
}
