import { lookUp } from '../tensor/kernels.ts';
import { tf, type Tensor } from '../tensor/runtime.ts';

/** Labels of a batch as kernels take them, a pixel a place. */
export interface LabelTensors {
  /** int32: its class, or 0 where it does not count. */
  places: Tensor;
  /** float32: what it weighs, 0 where it does not count. */
  weights: Tensor;
}

/** Whether a label is of a class, and not to be ignored. */
export const isCounted = (id: number, classes: number, ignoreIndex: number): boolean => id < classes && id !== ignoreIndex;

/**
 * Every pixel's class and weight, looked up on the device. To be called where tensors are tidied up.
 * @param labels class ids; `ignoreIndex` and what is no class do not count
 * @param classWeights one a class, or null for 1 each
 */
export function labelTensors(
  labels: Uint8Array,
  classes: number,
  ignoreIndex: number,
  classWeights: readonly number[] | null = null,
): LabelTensors {
  const ids = tf.tensor1d(new Int32Array(labels), 'int32');
  const table = (of: (id: number) => number) => Array.from({ length: 256 }, (_, id) => (isCounted(id, classes, ignoreIndex) ? of(id) : 0));
  const ownPlaces = table((id) => id);
  const ownWeights = table((id) => classWeights?.[id] ?? 1);
  return { places: lookUp(tf.tensor1d(ownPlaces, 'int32'), ids), weights: lookUp(tf.tensor1d(ownWeights), ids) };
}
