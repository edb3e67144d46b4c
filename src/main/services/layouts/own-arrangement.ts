// What a person says of a data set is kept in one small file in it.
import { rmSync } from 'node:fs';
import path from 'node:path';
import { isThere, lookAt } from '#files/file-identity';
import { readJsonFile } from '#files/json-file';
import { asFileError, writeAtomic } from '#files/atomic-write';
import { replaceFile } from '#files/replace-file';
import { readPlainFile } from '#files/plain-file';
import { isWritable } from '#files/writable';
import { AppError } from '#shared/errors';
import { readingName } from './kept-reading.ts';
import { arrangementSchema, soundArrangement, type Arrangement } from '#shared/data/arrangement';

export const arrangementFile = 'encnet.json';

/** Splits name each image of large data sets. */
const limitBytes = 128e6;

/**
 * Where what a person says of a data set is kept, that which is read first: in it, or in the workbench's own folder for it where it may
 * not be written.
 * @param aside that folder; none where there is no workbench
 */
function placesOf(folder: string, aside?: string): [string, ...string[]] {
  if (aside === undefined) return [folder];
  return isWritable(folder) ? [folder, aside] : [aside, folder];
}

/** What is kept in one of these places; null where nothing is. @throws AppError as `readJsonFile` */
function arrangementIn(place: string): Arrangement | null {
  const file = path.join(place, arrangementFile);
  return isThere(file) ? readJsonFile(file, arrangementSchema, 'how a data set is read', { isByHand: true, limitBytes }) : null;
}

/**
 * What a person said of a data set; null where nobody did.
 * @param aside as `placesOf`
 * @param fits whether what is kept aside is of what the folder holds: another disk may be in its place by now
 * @throws AppError as `readJsonFile`
 */
export function ownArrangement(
  folder: string,
  aside?: string,
  fits: (arrangement: Arrangement) => boolean = () => true,
): Arrangement | null {
  for (const place of placesOf(folder, aside)) {
    const kept = arrangementIn(place);
    if (kept && (place === folder || fits(kept))) return kept;
  }
  return null;
}

/** Whether something is kept in the workbench's own folder for a data set. */
export const isKept = (aside: string): boolean => isThere(path.join(aside, arrangementFile));

/** As any file of a person's own; one of several names is parted from them, since each tells of its own folder. */
const put = (file: string, content: Uint8Array): void =>
  (lookAt(file)?.nlink ?? 1) > 1 ? writeAtomic(file, content) : replaceFile(file, content);

/** Keeps in a data set what a person said of it. @throws AppError 'disk-full', 'read-only', 'too-large' */
export function keepArrangement(folder: string, arrangement: Arrangement): void {
  const file = path.join(folder, arrangementFile);
  const content = new TextEncoder().encode(`${JSON.stringify(soundArrangement(arrangement), null, 2)}\n`);
  if (content.length > limitBytes) {
    const size = `${Math.ceil(content.length / 1e6)} MB, and at most ${limitBytes / 1e6} are read`;
    throw new AppError('too-large', `${file} would have ${size}: split by folders or by lists instead`, { file });
  }
  put(file, content);
}

/**
 * Keeps what a person said of a data set in the place that is read first, and there alone; null forgets it wherever it may be written.
 * @param held whether another workbench has the data set, asked where it would be written in it
 * @returns what puts back everything that was kept before
 * @throws AppError 'disk-full', 'read-only': what was kept is then as it was
 */
export function keepFor(folder: string, aside: string, arrangement: Arrangement | null, held: () => boolean): () => void {
  const places = placesOf(folder, aside);
  if (places[0] === folder && held())
    throw new AppError('read-only', `${folder} is open in another workbench: change how it is read there, or close it there`);
  // What was said when the folder could not be written is not to come up again when it is so once more.
  const isGone = (place: string) => (arrangement ? place === aside && place !== places[0] : place === aside || places[0] === folder);
  const arrangements = places.map((place) => ({ file: path.join(place, arrangementFile), goes: isGone(place) }));
  // What was said is forgotten with how masks were read by it.
  const besides = arrangement ? [] : [...(places[0] === folder ? [path.join(folder, '.encnet')] : []), aside];
  const kept = [...arrangements, ...besides.map((place) => ({ file: path.join(place, readingName), goes: true }))];
  const before = kept.map(({ file }) => bytesOf(file));
  const putBack = () =>
    kept.forEach(({ file }, at) => {
      const [was, now] = [before[at], bytesOf(file)];
      if (was === undefined || (was && now ? Buffer.compare(was, now) === 0 : was === now)) return;
      if (was) put(file, was);
      else remove(file);
    });
  try {
    if (arrangement) keepArrangement(places[0], arrangement);
    for (const [at, { file, goes }] of kept.entries()) if (goes && before[at] !== null) remove(file);
  } catch (error) {
    putBack();
    throw error;
  }
  return putBack;
}

/** The bytes of a file; null if it is not there, undefined if it cannot be read. */
function bytesOf(file: string): Uint8Array | null | undefined {
  if (!isThere(file)) return null;
  try {
    return readPlainFile(file, { limitBytes });
  } catch {
    // It is left as it is.
    return undefined;
  }
}

function remove(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch (error) {
    throw asFileError(error, file);
  }
}
