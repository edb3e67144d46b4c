// What a person says of a data set is kept in one small file in it.
import { rmSync } from 'node:fs';
import path from 'node:path';
import { isThere } from '#files/file-identity';
import { readJsonFile } from '#files/json-file';
import { asFileError, writeAtomic } from '#files/atomic-write';
import { isWritable } from '#files/writable';
import { arrangementSchema, soundArrangement, type Arrangement } from '#shared/data/arrangement';

export const arrangementFile = 'encnet.json';

/**
 * Where what a person says of a data set is kept, that which is read first: in it, or in the workbench's own folder for it where it may
 * not be written.
 * @param aside that folder; none where there is no workbench
 */
export function placesOf(folder: string, aside?: string): [string, ...string[]] {
  if (aside === undefined) return [folder];
  return isWritable(folder) ? [folder, aside] : [aside, folder];
}

/** What is kept in one of these places; null where nothing is. @throws AppError as `readJsonFile` */
export function arrangementIn(place: string): Arrangement | null {
  const file = path.join(place, arrangementFile);
  return isThere(file) ? readJsonFile(file, arrangementSchema, 'how a data set is read') : null;
}

/** What a person said of a data set; null where nobody did. @param aside as `placesOf` @throws AppError as `readJsonFile` */
export function ownArrangement(folder: string, aside?: string): Arrangement | null {
  for (const place of placesOf(folder, aside)) {
    const kept = arrangementIn(place);
    if (kept) return kept;
  }
  return null;
}

/** Keeps what a person said of a data set; null forgets it. @throws AppError 'disk-full', 'read-only' */
export function keepArrangement(place: string, arrangement: Arrangement | null): void {
  const file = path.join(place, arrangementFile);
  if (arrangement) writeAtomic(file, `${JSON.stringify(soundArrangement(arrangement), null, 2)}\n`);
  else if (isThere(file)) remove(file);
}

function remove(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch (error) {
    throw asFileError(error, file);
  }
}
