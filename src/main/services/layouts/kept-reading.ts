// How the masks of a data set were read when it was open last. Looking anew tells the same where masks tell it; where they fit two
// readings, as a few strokes on black do, what was painted by one is not to be read by the other.
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { asReadError, writeAtomic } from '#files/atomic-write';
import { isThere } from '#files/file-identity';
import { readJsonFile } from '#files/json-file';
import { arrangementSchema, type Arrangement } from '#shared/data/arrangement';
import { AppError } from '#shared/errors';
import { isFolder } from './folder-view.ts';

/** Lies in the workbench's own folder for a data set. */
export const readingName = 'reading.json';

const { classes, masks } = arrangementSchema.shape;
const readingSchema = z.strictObject({
  version: z.literal(1),
  classes,
  masks,
  /** Whether there were masks that it was seen by. */
  seen: z.boolean(),
});
export type KeptReading = Pick<Arrangement, 'classes' | 'masks'>;

const readingIn = (file: string) => readJsonFile(file, readingSchema, 'how masks were read');

/**
 * @param file where it is kept
 * @param seen whether there were masks
 * @throws AppError as `writeAtomic`, and 'corrupt-file' where another one is there that is damaged: it is left for a person to see
 */
export function keepReading(file: string, { classes: source, masks: by }: Arrangement, seen: boolean): void {
  if (isThere(file)) readingIn(file);
  writeAtomic(file, new TextEncoder().encode(`${JSON.stringify({ version: 1, classes: source, masks: by, seen })}\n`));
}

/** @throws AppError 'read-only' if it cannot be looked at */
function haveMasksBeenWritten(folder: string): boolean {
  const revisions = path.join(folder, 'revisions');
  if (!isFolder(revisions)) return false;
  try {
    return readdirSync(revisions).length > 0;
  } catch (error) {
    throw asReadError(error, revisions);
  }
}

/**
 * What is kept in the first of these folders that has any; null where no mask has been read or written by it.
 * @param folders the workbench's own for a data set
 * @param tell hears why one is not used
 */
export function keptReading(folders: readonly string[], tell: (text: string) => void): KeptReading | null {
  const folder = folders.find((each) => isThere(path.join(each, readingName)));
  if (folder === undefined) return null;
  try {
    const { seen, ...kept } = readingIn(path.join(folder, readingName));
    return seen || haveMasksBeenWritten(folder) ? kept : null;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const remedy = error.code === 'corrupt-file' ? ': remove the file' : '';
    tell(`${error.message}; how masks are read is looked for anew${remedy}`);
    return null;
  }
}
