import type { GridMap } from '#shared/assist/grid-map';
import { placesAmong } from '../editor/cells.ts';

/** A proposed mask. */
export interface Proposal {
  width: number;
  height: number;
  /** Class ids of the data set, row-major. */
  ids: Uint8Array;
  /** How sure each pixel's class is: its share over that of all classes, 0 to 255. */
  sureness: Uint8Array;
}

/**
 * The class of the highest score at each pixel of an image, scores in between taken bilinearly.
 * @param scores float32 [rows, columns, classes], logarithms of shares but for a constant a cell
 */
export function proposalOf(scores: GridMap, width: number, height: number): Proposal {
  const { channels, values } = scores;
  const ids = new Uint8Array(width * height);
  const sureness = new Uint8Array(width * height);
  const [across, down] = [placesAmong(width, scores.width), placesAmong(height, scores.height)];
  // Rows of scores in between are made once a row of pixels.
  const row = new Float32Array(scores.width * channels);
  for (let y = 0, out = 0; y < height; y++) {
    const [top, bottom, dy] = [down.low[y] * row.length, down.high[y] * row.length, down.share[y]];
    for (let i = 0; i < row.length; i++) row[i] = values[top + i] + dy * (values[bottom + i] - values[top + i]);
    for (let x = 0; x < width; x++, out++) {
      const [a, b, dx] = [across.low[x] * channels, across.high[x] * channels, across.share[x]];
      let [best, most, second] = [0, -Infinity, -Infinity];
      for (let k = 0; k < channels; k++) {
        const score = row[a + k] + dx * (row[b + k] - row[a + k]);
        if (score > most) [second, most, best] = [most, score, k];
        else if (score > second) second = score;
      }
      ids[out] = best;
      // Of the two likeliest alone: the others hardly count, and an exponential a class would take its time.
      sureness[out] = 255 / (1 + Math.exp(second - most));
    }
  }
  return { width, height, ids, sureness };
}
