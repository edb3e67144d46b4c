import { isThere } from '#files/file-identity';
import { AppError } from '#shared/errors';
import type { MaskFormat } from '#shared/classes/class-info';
import { forEachChangedInTurns, type MaskSize } from '#shared/mask/patch';
import type { Workers } from '../workers/workers.ts';
import { breathe } from '../turns.ts';
import type { Unsaved } from './journal-reading.ts';
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
 * today, of which only those pixels change that were left another than they were. No mask file is changed.
 * @returns its revision in the store
 * @throws AppError as `readMask`, 'not-found' where it was a mask of the store that is gone, or if the store cannot be written
 */
export async function keepUnsaved(
  { revision, replay, staged, kinds }: Unsaved,
  { maskFile, size, format, store, workers }: Place,
): Promise<string> {
  if (staged !== null && isThere(revisionFile(store, staged))) return staged;
  if (replay.length === 0)
    throw new AppError('not-found', `The mask ${staged} that was made of what was painted is not in ${store} any more`, { file: store });
  const kept = revision === null ? null : revisionFile(store, revision);
  const base = kept && isThere(kept) ? kept : maskFile;
  const { values, snapshot, form } = await workers.run('readMask', { maskFile: base, ...size, format, known: kinds });
  const painted = new Uint8Array(values.length);
  const first = new Uint8Array(values.length);
  for (const { step, side } of replay) {
    const other = step[side === 'after' ? 'before' : 'after'];
    await forEachChangedInTurns(
      step,
      size.width,
      (index, position) => {
        if (painted[index] === 0) [painted[index], first[index]] = [1, other[position]];
        values[index] = step[side][position];
      },
      breathe,
    );
  }
  // What undo has taken back is as it was, whatever file it is now.
  for (let index = 0; index < values.length; index++)
    if (painted[index] === 1 && values[index] === first[index]) values[index] = snapshot[index];
  return workers.run('keepEdited', { ...size, values, form, store });
}
