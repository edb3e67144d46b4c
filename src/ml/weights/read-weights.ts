import { withPlainFile } from '#files/plain-file';
import { AppError } from '#shared/errors';
import type { StateDict } from '../layers/parameters.ts';
import { isModelTensor } from './checkpoint.ts';
import { assertFits, toFloat32, type RawStateDict } from './raw-tensor.ts';
import { readSafetensors } from './safetensors.ts';
import { isRawTensor, readTorchFile } from './torch-file.ts';

/** Under which keys training scripts put the weights. */
const wrappers = ['state_dict', 'model_state_dict', 'model', 'net', 'weights'];
const parallelPrefix = 'module.';

/** The tensors of a mapping, or of the state dict inside it. */
function stateDictIn(value: unknown, name: string, depth = 0): RawStateDict {
  // A mapping may hold itself.
  if (value instanceof Map && depth < wrappers.length) {
    const tensors = [...(value as Map<unknown, unknown>)].filter(
      (entry): entry is [string, RawStateDict extends Map<string, infer T> ? T : never] =>
        typeof entry[0] === 'string' && isRawTensor(entry[1]),
    );
    if (tensors.length > 0) return new Map(tensors);
    for (const wrapper of wrappers) if (value.has(wrapper)) return stateDictIn(value.get(wrapper), name, depth + 1);
  }
  throw new AppError('corrupt-file', `${name} holds no state dict: no mapping of names to tensors, and none under ${wrappers.join(', ')}`, {
    file: name,
  });
}

/** Drops the prefix that DataParallel puts before every name. */
function withoutPrefix(tensors: RawStateDict): RawStateDict {
  const prefixed = [...tensors.keys()].every((name) => name.startsWith(parallelPrefix));
  return prefixed ? new Map([...tensors].map(([name, tensor]) => [name.slice(parallelPrefix.length), tensor])) : tensors;
}

/**
 * Reads a weight file: safetensors, or .pth in either layout, with or without a wrapping dict or `module.` prefixes.
 * @throws AppError 'not-found', 'corrupt-file' or 'unsupported', naming the file
 */
export function readRawWeights(file: string): RawStateDict {
  if (/\.safetensors$|\.ckpt$/i.test(file)) return withoutPrefix(readSafetensors(file).tensors);
  // Such a file is unpacked in memory, in one piece.
  const bytes = withPlainFile(
    file,
    ({ size, read }) => {
      assertFits(file, size);
      return read(0, size);
    },
    { follow: true },
  );
  return withoutPrefix(stateDictIn(readTorchFile(bytes, file), file));
}

/** The same as float32 tensors, ready for a network. What our checkpoints keep for a resume is left out. */
export function readWeights(file: string): StateDict {
  return new Map(
    [...readRawWeights(file)]
      .filter(([name]) => isModelTensor(name))
      .map(([name, tensor]) => [name, { shape: tensor.shape, data: toFloat32(tensor) }]),
  );
}
