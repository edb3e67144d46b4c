import { voidId } from '../mask/void-id.ts';
import type { MaskSize } from '../mask/patch.ts';

/** How sure a network is at each pixel, or at cells over them: 0 to 255. */
export interface Sureness extends MaskSize {
  /** The probability of the class that it predicts, 255 = 1. */
  confidence: Uint8Array;
  /** Entropy of the probabilities over ln(classes): 255 where it knows nothing. */
  entropy: Uint8Array;
}

/** From this probability on a network is confident. */
export const confident = 0.95;
const confidentByte = Math.floor(confident * 255);
/** Cells that are kept of an image: enough to show, and to tell the sureness of a patch. */
const mostCells = 120_000;

/** The mean over square cells, of an image that has more pixels than are kept. */
export function thinned({ width, height, confidence, entropy }: Sureness): Sureness {
  const side = Math.ceil(Math.sqrt((width * height) / mostCells));
  if (side <= 1) return { width, height, confidence, entropy };
  const size = { width: Math.ceil(width / side), height: Math.ceil(height / side) };
  return { ...size, confidence: means(confidence, width, size, side), entropy: means(entropy, width, size, side) };
}

function means(values: Uint8Array, width: number, cells: MaskSize, side: number): Uint8Array {
  const sums = new Float64Array(cells.width * cells.height);
  const counts = new Uint32Array(sums.length);
  for (let i = 0; i < values.length; i++) {
    const x = i % width;
    const cell = Math.floor((i - x) / width / side) * cells.width + Math.floor(x / side);
    sums[cell] += values[i];
    counts[cell]++;
  }
  return Uint8Array.from(sums, (sum, cell) => Math.round(sum / counts[cell]));
}

/** Labelled pixels that are predicted as another class with confidence: labels to be suspicious of. @param label 255 = void */
export function suspiciousPixels(label: Uint8Array, prediction: Uint8Array, confidence: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < label.length; i++) if (label[i] !== voidId && label[i] !== prediction[i] && confidence[i] >= confidentByte) count++;
  return count;
}
