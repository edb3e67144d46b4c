// What a person says of a data set is kept in one small file in it.
import { rmSync } from 'node:fs';
import path from 'node:path';
import { isThere } from '#files/file-identity';
import { readJsonFile } from '#files/json-file';
import { asFileError, writeAtomic } from '#files/atomic-write';
import { arrangementSchema, soundArrangement, type Arrangement } from '#shared/data/arrangement';

export const arrangementFile = 'encnet.json';

/**
 * What a person said of a data set; null where nobody did.
 * @throws AppError as `readJsonFile`
 */
export function ownArrangement(folder: string): Arrangement | null {
  const file = path.join(folder, arrangementFile);
  return isThere(file) ? readJsonFile(file, arrangementSchema, 'how a data set is read') : null;
}

/** Forgets what a person said of a data set. @throws AppError 'read-only' */
export function forgetArrangement(folder: string): void {
  const file = path.join(folder, arrangementFile);
  try {
    rmSync(file, { force: true });
  } catch (error) {
    throw asFileError(error, file);
  }
}

/** Keeps what a person said of a data set. @throws AppError 'disk-full', 'read-only' */
export function keepArrangement(folder: string, arrangement: Arrangement): void {
  writeAtomic(path.join(folder, arrangementFile), `${JSON.stringify(soundArrangement(arrangement), null, 2)}\n`);
}
