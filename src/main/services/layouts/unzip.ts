// A data set in a zip is unpacked beside it: images, masks and lists, and nothing that lies outside or is anything else.
import { createWriteStream, existsSync, mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { openPromise, type Entry, type ZipFile } from 'yauzl';
import { asFileError } from '#files/atomic-write';
import { imagePattern } from '#files/image-files';
import { isFolder } from './folder-view.ts';
import { makeFolder } from '#files/whole-or-not';
import { AppError, messageOf } from '#shared/errors';

/** What of an archive is taken: pictures, and the lists beside them. */
const takenPattern = /\.(txt|csv|json|lst)$/i;
const foreignParts = /(^|\/)(\.|__MACOSX\/)/;
const mostEntries = 500_000;
/** No published set of street scenes is larger; beyond it an archive was made to fill a disk. */
const mostBytes = 200e9;
/** Bytes of one file: what a person lets the largest picture have is asked when it is read. */
const mostOfOne = 2e9;

export interface UnzipOptions {
  onProgress?: (done: number, total: number) => void;
  signal?: AbortSignal;
}

/** Whether a path names a zip, by its ending; a folder may be called so too. */
export const isZip = (file: string): boolean => /\.zip$/i.test(file) && !isFolder(file);

/**
 * Unpacks a zip into a folder of its name beside it, whole or not at all; one that is there already is taken as it is.
 * @returns the folder that holds the data set: where all lies in one folder inside, that
 * @throws AppError 'corrupt-file' naming the zip and the rule, 'too-large', 'conflict', 'cancelled', 'disk-full', 'read-only'
 */
export async function unzipBeside(file: string, options: UnzipOptions = {}): Promise<string> {
  const target = file.replace(/\.zip$/i, '');
  if (!existsSync(target)) await unzipTo(file, target, options);
  if (!isFolder(target))
    throw new AppError('conflict', `${target} is a file, and ${file} would be unpacked there: move it away`, { file: target });
  return innermost(target);
}

async function unzipTo(file: string, target: string, options: UnzipOptions): Promise<void> {
  const zip = await openPromise(file).catch((error: unknown) => {
    throw unreadable(file, error);
  });
  try {
    await makeFolder(target, async (partial) => {
      const taken = await unpack(zip, file, partial, options).catch((error: unknown) => {
        throw error instanceof AppError ? error : asZipError(error, file, target);
      });
      if (taken === 0) throw new AppError('not-a-dataset', `${file} holds no image`, { file });
    });
  } finally {
    zip.close();
  }
}

const unreadable = (file: string, error: unknown): unknown => {
  const code = (error as NodeJS.ErrnoException).code;
  return code?.startsWith('E') ? asFileError(error, file) : notRead(file, error);
};

const notRead = (file: string, error: unknown): AppError =>
  new AppError('corrupt-file', `${file} is no zip that can be read: ${messageOf(error)}`, { file });

const ofTheDisk = ['ENOSPC', 'EDQUOT', 'EACCES', 'EROFS', 'EPERM'];

/** The disk may take nothing more; everything else is the zip's: what is packed is damaged, or its names are none or there twice. */
const asZipError = (error: unknown, file: string, target: string): unknown =>
  ofTheDisk.includes(String((error as NodeJS.ErrnoException).code)) ? asFileError(error, target) : notRead(file, error);

async function unpack(zip: ZipFile, file: string, into: string, { onProgress, signal }: UnzipOptions): Promise<number> {
  const total = zip.entryCount;
  if (total > mostEntries)
    throw new AppError('too-large', `${file} holds ${total} files, and at most ${mostEntries} are unpacked`, { file });
  let [done, images, bytes] = [0, 0, 0];
  for await (const entry of zip.eachEntry()) {
    if (signal?.aborted) throw new AppError('cancelled', 'Unpacking was cancelled');
    onProgress?.(++done, total);
    if (!isTaken(entry)) continue;
    if (entry.fileName.includes('\0')) throw new AppError('corrupt-file', `${file} holds a name that no file can have`, { file });
    const counted = new Transform({
      transform(chunk: Uint8Array, _, next) {
        bytes += chunk.length;
        next(bytes > mostBytes ? new AppError('too-large', `${file} unpacks to more than ${mostBytes / 1e9} GB`, { file }) : null, chunk);
      },
    });
    const at = path.join(into, ...entry.fileName.split('/'));
    mkdirSync(path.dirname(at), { recursive: true });
    // Opened by the pipeline alone: a stream that nobody listens to ends the process when it fails.
    const packed = async function* () {
      yield* await zip.openReadStreamPromise(entry);
    };
    // Two entries of one name are one file too many.
    await pipeline(packed, counted, createWriteStream(at, { flags: 'wx' }));
    if (imagePattern.test(entry.fileName)) images++;
  }
  return images;
}

/** The reader has refused names that lead out of the folder. Links and what is encrypted are not taken. */
function isTaken({ fileName, uncompressedSize, externalFileAttributes }: Entry): boolean {
  const isLink = ((externalFileAttributes >>> 16) & 0o170000) === 0o120000;
  const isWanted = imagePattern.test(fileName) || takenPattern.test(fileName);
  return isWanted && !isLink && !foreignParts.test(fileName) && !fileName.endsWith('/') && uncompressedSize <= mostOfOne;
}

/** Below a folder that holds one folder and nothing else. */
function innermost(folder: string): string {
  const entries = readdirSync(folder, { withFileTypes: true }).filter(({ name }) => !name.startsWith('.'));
  return entries.length === 1 && entries[0].isDirectory() ? innermost(path.join(folder, entries[0].name)) : folder;
}
