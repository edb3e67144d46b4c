import { classesIn, configIn, offsetsIn } from '#files/checkpoint-metadata';
import { withPlainFile } from '#files/plain-file';
import { AppError } from '#shared/errors';
import type { ClassInfo } from '#shared/classes/class-info';
import type { StateDict } from '../layers/parameters.ts';
import { formatName, isModelTensor, modelFormatName } from './checkpoint.ts';
import { withOffsets } from './decided.ts';
import { assertFits, elementCount, toFloat32, type RawStateDict, type RawTensor } from './raw-tensor.ts';
import { readSafetensors } from './safetensors.ts';
import { isRawTensor, readTorchFile } from './torch-file.ts';

/** Under which keys training scripts put the weights, those first that predict best. */
const wrappers = ['state_dict', 'model_state_dict', 'model', 'net', 'network', 'weights'];
const mostDepth = 4;

interface Found {
  /** The keys that lead there. */
  path: string[];
  tensors: RawStateDict;
  /** Those of floating point: states of random numbers are whole. */
  elements: number;
}

/** Every mapping that names tensors, inside of others too. A mapping may hold itself. */
function* mappingsIn(value: unknown, path: string[], seen: Set<unknown>): Generator<Found> {
  if (!(value instanceof Map) || path.length > mostDepth || seen.has(value)) return;
  seen.add(value);
  const entries = [...(value as Map<unknown, unknown>)].filter((entry): entry is [string, unknown] => typeof entry[0] === 'string');
  const tensors = entries.filter((entry): entry is [string, RawTensor] => isRawTensor(entry[1]));
  if (tensors.length > 0) {
    const floating = tensors.filter(([, { dtype }]) => /^B?F/.test(dtype));
    const elements = floating.reduce((sum, [name, { shape }]) => sum + elementCount(shape, name), 0);
    yield { path, tensors: new Map(tensors), elements };
  }
  for (const [key, inner] of entries) if (inner instanceof Map) yield* mappingsIn(inner, [...path, key], seen);
}

/**
 * The weights of what was saved: of the mappings that name tensors the one with most in it, and of equal ones that under a usual key.
 * A score or a random number's state beside it is no network.
 */
function stateDictIn(value: unknown, file: string): RawStateDict {
  const rank = ({ path }: Found) => (path.length === 0 ? 0 : wrappers.indexOf(path[0]) + 1 || wrappers.length + 1);
  const found = [...mappingsIn(value, [], new Set())].sort((a, b) => b.elements - a.elements || rank(a) - rank(b));
  if (found.length > 0) return found[0].tensors;
  const keys = value instanceof Map ? [...(value as Map<unknown, unknown>).keys()].slice(0, 6).map(String) : [];
  throw new AppError(
    'corrupt-file',
    `${file} holds no weights: no mapping of names to tensors, at the top or under a key` +
      `${keys.length > 0 ? `; its keys are ${keys.join(', ')}` : ''}. Save them with torch.save(model.state_dict(), file)`,
    { file },
  );
}

/** What wrappers of a whole network put before every name: DataParallel, and what compiles it. */
const wholePrefix = /^(module|_orig_mod)\./;

function withoutPrefix(tensors: RawStateDict): RawStateDict {
  const names = [...tensors.keys()];
  const prefix = wholePrefix.exec(names[0] ?? '')?.[0];
  if (!prefix || !names.every((name) => name.startsWith(prefix))) return tensors;
  return withoutPrefix(new Map([...tensors].map(([name, tensor]) => [name.slice(prefix.length), tensor])));
}

const headBytes = 9;
/** Whether a file's first bytes are those of a PyTorch file: a zip, or a pickle. Names tell little: Lightning's are called .ckpt. */
const isTorch = (head: Uint8Array): boolean => (head[0] === 0x50 && head[1] === 0x4b) || (head[0] === 0x80 && head[1] <= 5);
/** Whether they are the length of a safetensors header, below 4 GB, and its first brace. Asked first: a length may look like a pickle. */
const isSafetensors = (head: Uint8Array): boolean => head[8] === 0x7b && head.subarray(4, 8).every((byte) => byte === 0);

interface WeightFile {
  tensors: RawStateDict;
  /** Of safetensors. */
  metadata: Record<string, string>;
}

function openWeights(file: string): WeightFile {
  // A PyTorch file is unpacked in memory, in one piece.
  const bytes = withPlainFile(
    file,
    ({ size, read }) => {
      const head = read(0, Math.min(size, headBytes));
      if (isSafetensors(head) || (/\.(safetensors|ckpt)$/i.test(file) && !isTorch(head))) return null;
      assertFits(file, size);
      return read(0, size);
    },
    { follow: true },
  );
  const { tensors, metadata } =
    bytes === null ? readSafetensors(file) : { tensors: stateDictIn(readTorchFile(bytes, file), file), metadata: {} };
  return { tensors: withoutPrefix(tensors), metadata };
}

/**
 * Reads a weight file by what is in it: safetensors, or PyTorch's in either layout, the weights at its top or under a key.
 * @throws AppError 'not-found', 'corrupt-file' or 'unsupported', naming the file
 */
export const readRawWeights = (file: string): RawStateDict => openWeights(file).tensors;

/**
 * The same as float32 tensors, ready for a network to train on: without what our checkpoints keep for a resume, and without the offsets
 * that our models decide by.
 * @returns with them the classes that a file of ours tells; null of others
 * @throws AppError as `readRawWeights`
 */
export function readTrained(file: string): { weights: StateDict; classes: ClassInfo[] | null } {
  const { tensors, metadata } = openWeights(file);
  const trained: StateDict = new Map(
    [...tensors].filter(([name]) => isModelTensor(name)).map(([name, tensor]) => [name, { shape: tensor.shape, data: toFloat32(tensor) }]),
  );
  const offsets = metadata.format === modelFormatName ? offsetsIn(file, metadata) : null;
  const weights = offsets
    ? withOffsets(
        trained,
        configIn(file, metadata).model,
        offsets.map((offset) => -offset),
      )
    : trained;
  const isOurs = metadata.format === modelFormatName || metadata.format === formatName;
  return { weights, classes: isOurs ? classesIn(file, metadata) : null };
}

/** The tensors of `readTrained` alone. @throws AppError as `readRawWeights` */
export const readWeights = (file: string): StateDict => readTrained(file).weights;
