// Files of a data set come from anywhere. What is read of one is a plain file of a bounded size: no link that leads elsewhere, no pipe that
// never ends, no device.
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { limitRemedy } from '#shared/data/read-limits';
import { AppError } from '#shared/errors';
import { asReadError } from './atomic-write.ts';
import { lookAt } from './file-identity.ts';
import { linkRefusal, linkTarget } from './link-target.ts';
import { readLimits } from './read-limits.ts';

/** A file of any size that is read in parts: one above 2 GiB does not fit one buffer. */
export interface OpenedFile {
  size: number;
  /** @throws AppError 'corrupt-file' if the file ends before */
  read: (begin: number, length: number) => Uint8Array;
}

export interface PlainFileOptions {
  /** Follows a link: for a file that a person has named, never for one that was found. */
  follow?: boolean;
  /** The most bytes that the file may have; none without it. */
  limitBytes?: number;
  /** What to do about a larger one, in words. */
  remedy?: string;
}

const partBytes = 1 << 30;
const megabyte = 1e6;
/** Settings, lists and descriptions in JSON. */
export const textLimit = 16 * megabyte;

const kindOf = (stat: Stats): string =>
  stat.isDirectory() ? 'a folder' : stat.isFIFO() ? 'a pipe' : stat.isSocket() ? 'a socket' : 'a device';

const linkError = (file: string): AppError => new AppError('forbidden', linkRefusal(file), { file });

/** What keeps something from being read as a plain file, before it is opened; null if nothing does. */
function refusal(file: string, stat: Stats, isNamed = false): AppError | null {
  if (stat.isFile()) return null;
  if (isNamed) return new AppError('invalid-argument', `${file} is ${kindOf(stat)}, and a file must be named`, { file });
  // A folder may hold anybody's work.
  const way = stat.isDirectory() ? 'name a file, or put the folder elsewhere' : 'remove it';
  return new AppError('forbidden', `${file} is ${kindOf(stat)}, and a plain file must be there: ${way}`, { file });
}

/** Flags that neither wait for a pipe's other end nor follow a link. */
const flagsOf = (follow: boolean): number => constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (follow ? 0 : (constants.O_NOFOLLOW ?? 0));

/**
 * The file to open: a link's target where it may be followed. Opening a device may do something: it is looked at first.
 * @throws AppError 'forbidden'
 */
function pathToOpen(file: string, follow: boolean): string {
  if (follow) return file;
  const found = lookAt(file);
  const target = found?.isSymbolicLink() ? linkTarget(file) : file;
  if (target === null) throw linkError(file);
  const stat = target === file ? found : lookAt(target);
  const refused = stat && refusal(file, stat);
  if (refused) throw refused;
  return target;
}

const openingError = (error: unknown, file: string): unknown =>
  (error as NodeJS.ErrnoException).code === 'ELOOP' ? linkError(file) : asReadError(error, file);

function openPlain(file: string, follow: boolean): number {
  try {
    return openSync(pathToOpen(file, follow), flagsOf(follow));
  } catch (error) {
    throw openingError(error, file);
  }
}

/** @throws AppError 'forbidden' or 'too-large' of an opened file */
function assertPlain(file: string, stat: Stats, { limitBytes = Infinity, remedy, follow }: PlainFileOptions): void {
  const refused = refusal(file, stat, follow);
  if (refused) throw refused;
  if (stat.size > limitBytes) throw tooLarge(file, stat.size, limitBytes, remedy);
}

/**
 * Opens a plain file for as long as `work` takes.
 * @throws AppError 'not-found', 'read-only', 'forbidden' if it is no plain file, 'too-large', naming the file
 */
export function withPlainFile<T>(file: string, work: (opened: OpenedFile) => T, options: PlainFileOptions = {}): T {
  const handle = openPlain(file, options.follow ?? false);
  try {
    const stat = fstatSync(handle);
    assertPlain(file, stat, options);
    return work({ size: stat.size, read: (begin, length) => readPart(handle, file, begin, length) });
  } finally {
    closeSync(handle);
  }
}

/** Reads a plain file whole without keeping this thread. @throws as `withPlainFile` */
export async function readPlainFileAsync(file: string, options: PlainFileOptions & { limitBytes: number }): Promise<Uint8Array> {
  const { follow = false } = options;
  let handle: FileHandle | null = null;
  try {
    handle = await open(pathToOpen(file, follow), flagsOf(follow));
    assertPlain(file, await handle.stat(), options);
    return await handle.readFile();
  } catch (error) {
    throw openingError(error, file);
  } finally {
    await handle?.close();
  }
}

const inMegabytes = (bytes: number): string => `${(bytes / megabyte).toLocaleString('en', { maximumFractionDigits: 1 })} MB`;

const tooLarge = (file: string, size: number, limit: number, remedy = 'it is not what it should be: remove it'): AppError =>
  new AppError('too-large', `${file} has ${inMegabytes(size)}, and at most ${inMegabytes(limit)} are read: ${remedy}`, { file });

function readPart(handle: number, file: string, begin: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length;) {
    const count = readSync(handle, bytes, done, Math.min(length - done, partBytes), begin + done);
    if (count === 0) throw new AppError('corrupt-file', `${file} ends at byte ${begin + done}, before what it says it holds`, { file });
    done += count;
  }
  return bytes;
}

/** Reads a plain file whole. @throws as `withPlainFile` */
export const readPlainFile = (file: string, options: PlainFileOptions & { limitBytes: number }): Uint8Array =>
  withPlainFile(file, ({ size, read }) => read(0, size), options);

/** An image or a mask may be as large as a person lets it be. */
const pictureOptions = (): PlainFileOptions & { limitBytes: number } => ({
  limitBytes: readLimits().megabytes * megabyte,
  remedy: limitRemedy('Largest file', '--max-megabytes'),
});

/** Reads an image or a mask whole. @throws as `withPlainFile` */
export const readPictureFile = (file: string): Uint8Array => readPlainFile(file, pictureOptions());

/** The same without keeping this thread. */
export const readPictureFileAsync = (file: string): Promise<Uint8Array> => readPlainFileAsync(file, pictureOptions());
