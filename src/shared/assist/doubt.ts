import type { GridMap } from './grid-map.ts';

/**
 * The share of an image that a model itself expects to be wrong in: one less the probability of the likeliest class, mean over cells.
 * @param logits float32 [height, width, classes]
 * @returns 0 (sure everywhere) to 1
 */
export function doubtOf({ width, height, channels, values }: GridMap): number {
  let sum = 0;
  for (let from = 0; from < values.length; from += channels) {
    let most = -Infinity;
    for (let c = 0; c < channels; c++) most = Math.max(most, values[from + c]);
    let total = 0;
    for (let c = 0; c < channels; c++) total += Math.exp(values[from + c] - most);
    sum += 1 - 1 / total;
  }
  return sum / (width * height);
}
