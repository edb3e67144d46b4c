import { lookUp } from '../tensor/kernels.ts';
import { tf, type Tensor } from '../tensor/runtime.ts';
import { atBorder, idsWithBorders } from './borders.ts';

/** Labels of a batch as kernels take them, a pixel a place. */
export interface LabelTensors {
  /** int32: its class, or 0 where it does not count. */
  places: Tensor;
  /** float32: what it weighs, 0 where it does not count. */
  weights: Tensor;
}

/** What pixels weigh in a loss. */
export interface PixelWeights {
  /** One weight a class, or null for 1 each. */
  classWeights?: readonly number[] | null;
  /** Times what a pixel weighs at a border between classes (`idsWithBorders`); 1 by default. */
  borderWeight?: number;
}

/** Whether a label is of a class, and not to be ignored. */
export const isCounted = (id: number, classes: number, ignoreIndex: number): boolean => id < classes && id !== ignoreIndex;

/** Class ids for `labelTensors`, with borders marked where they weigh something. @param labels row-major [batch, height, width] */
export const idsOf = (
  labels: Uint8Array,
  size: readonly [number, number],
  classes: number,
  ignoreIndex: number,
  { borderWeight = 1 }: PixelWeights,
): Int32Array => (borderWeight === 1 ? new Int32Array(labels) : idsWithBorders(labels, size, (id) => isCounted(id, classes, ignoreIndex)));

/**
 * Every pixel's class and weight, looked up on the device. To be called where tensors are tidied up.
 * @param ids class ids, as `idsOf`; `ignoreIndex` and what is no class do not count
 */
export function labelTensors(
  ids: Int32Array,
  classes: number,
  ignoreIndex: number,
  { classWeights = null, borderWeight = 1 }: PixelWeights = {},
): LabelTensors {
  const on = tf.tensor1d(ids, 'int32');
  const table = (of: (id: number, isBorder: boolean) => number) =>
    Array.from({ length: 2 * atBorder }, (_, place) => {
      const id = place % atBorder;
      return isCounted(id, classes, ignoreIndex) ? of(id, place >= atBorder) : 0;
    });
  const ownPlaces = table((id) => id);
  const ownWeights = table((id, isBorder) => (classWeights?.[id] ?? 1) * (isBorder ? borderWeight : 1));
  return { places: lookUp(tf.tensor1d(ownPlaces, 'int32'), on), weights: lookUp(tf.tensor1d(ownWeights), on) };
}
