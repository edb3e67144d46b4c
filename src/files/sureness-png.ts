import path from 'node:path';
import { AppError } from '#shared/errors';
import type { Sureness } from '#shared/metrics/sureness';
import { greyForm } from './mask-form.ts';
import { readStoredMask } from './mask-png.ts';
import { encodeStoredMask } from './mask-writing.ts';

/** The folder beside the masks of a prediction in which it lies. */
export const surenessFolder = 'sureness';

/** Where the sureness of a prediction's mask lies. */
export const surenessFile = (predictionFile: string): string =>
  path.join(path.dirname(predictionFile), surenessFolder, path.basename(predictionFile));

/** A grey PNG with the confidence above the entropy. */
export function encodeSureness({ width, height, confidence, entropy }: Sureness): Uint8Array {
  const values = new Uint8Array(2 * confidence.length);
  values.set(confidence);
  values.set(entropy, confidence.length);
  return encodeStoredMask({ width, height: 2 * height, values }, greyForm);
}

/** @throws AppError 'corrupt-file' */
export function readSureness(file: string): Sureness {
  const { width, height, values } = readStoredMask(file);
  if (height % 2 > 0) throw new AppError('corrupt-file', `${file} must hold two maps of one height, received ${height} rows`, { file });
  const cells = (width * height) / 2;
  return { width, height: height / 2, confidence: values.slice(0, cells), entropy: values.slice(cells) };
}
