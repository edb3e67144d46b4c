import { isThere } from '#files/file-identity';
import type { MaskFormat } from '#shared/classes/class-info';
import type { MaskSize } from '#shared/mask/patch';
import type { Workers } from '../workers/workers.ts';
import type { Unsaved } from './journal-reading.ts';
import { applyStep } from './mask-values.ts';
import { revisionFile } from './revision-store.ts';

interface Place {
  /** The mask as it is now. */
  maskFile: string;
  size: MaskSize;
  format: MaskFormat;
  /** Folder of revisions. */
  store: string;
  workers: Workers;
}

/**
 * Makes a mask of what was painted and never saved: on the file that it was painted on, or, where that is kept no more, on the one of
 * today. No mask file is changed.
 * @returns its revision in the store
 * @throws AppError as `readMask`, or if the store cannot be written
 */
export async function keepUnsaved(
  { revision, replay, kinds }: Unsaved,
  { maskFile, size, format, store, workers }: Place,
): Promise<string> {
  const kept = revision === null ? null : revisionFile(store, revision);
  const base = kept && isThere(kept) ? kept : maskFile;
  const { values, form } = await workers.run('readMask', { maskFile: base, ...size, format, known: kinds });
  for (const { step, side } of replay) await applyStep(values, size.width, step, side);
  return workers.run('keepEdited', { ...size, values, form, store });
}
