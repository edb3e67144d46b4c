// A data set in a zip is unpacked beside it: images, masks and lists, and nothing that lies outside or is anything else.
import { isUtf8 } from 'node:buffer';
import { createWriteStream, existsSync, mkdirSync, statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import path from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import { getFileNameLowLevel, openPromise, type Entry, type ZipFile } from 'yauzl';
import { asFileError, asReadError, writeAtomic } from '#files/atomic-write';
import { isThere } from '#files/file-identity';
import { linesOf } from '#files/text-lines';
import { imagePattern, maskPattern } from '#shared/data/image-names';
import { isFolder } from './folder-view.ts';
import { datasetFolder } from './recognise.ts';
import { makeFolder } from '#files/whole-or-not';
import { withPlainFile } from '#files/plain-file';
import { AppError, messageOf } from '#shared/errors';

/** What of an archive is taken: pictures, and the lists beside them. */
const takenPattern = /\.(txt|csv|json|lst)$/i;
const foreignParts = /(^|\/)(\.|__MACOSX\/)/;
/** What of an archive is unpacked at most. */
export interface ZipLimits {
  entries: number;
  /** No published set of street scenes is larger than what is usual here; beyond it an archive was made to fill a disk. */
  bytes: number;
  /** Bytes of one file: what a person lets the largest picture have is asked when it is read. */
  ofOne: number;
}

const usualLimits: ZipLimits = { entries: 500_000, bytes: 200e9, ofOne: 2e9 };

export interface UnzipOptions {
  limits?: ZipLimits;
  onProgress?: (done: number, total: number) => void;
  signal?: AbortSignal;
}

/** Whether a path names a zip, by its ending; a folder may be called so too. */
export const isZip = (file: string): boolean => /\.zip$/i.test(file) && !isFolder(file);

/** Names that are tried for the folder beside a zip, where others are taken by something else. */
const mostNames = 50;
/** Files that are looked for in a folder to tell whether it is what a zip holds. */
const comparedFiles = 3000;

/**
 * Unpacks a zip into a folder of its name beside it, whole or not at all. One that holds its files is taken as it is, since masks
 * in it may have been painted; beside one that holds something else a number is put behind the name.
 * @returns the folder that holds the data set: where all lies in one folder inside, that
 * @throws AppError 'corrupt-file' naming the zip and the rule, 'too-large', 'conflict', 'cancelled', 'disk-full', 'read-only'
 */
export async function unzipBeside(file: string, options: UnzipOptions = {}): Promise<string> {
  const base = file.replace(/\.zip$/i, '');
  for (let number = 1; number <= mostNames; number++) {
    const target = number === 1 ? base : `${base}-${number}`;
    if (!existsSync(target)) await unzipTo(file, target, options);
    else if (!isFolder(target) || !(await holdsAllOf(target, file))) continue;
    return datasetFolder(target);
  }
  throw new AppError('conflict', `${base} and ${mostNames - 1} folders with numbers behind it hold something else: move them away`, {
    file,
  });
}

/** Says of a folder that it was unpacked here, and from what: a person may have corrected its lists since. */
const markName = '.encnet-unzipped';
const markOf = (file: string): string => `${path.basename(file)} ${statSync(file).size}`;

function markIn(folder: string): string | null {
  const file = path.join(folder, markName);
  return isThere(file) ? (linesOf(file, { most: 10, longest: 16_384 })[0] ?? null) : null;
}

/** Whether a folder holds the files of a zip: all of them, or most where it was unpacked here, since a person may have thrown some out. */
async function holdsAllOf(folder: string, file: string): Promise<boolean> {
  const zip = await opened(file);
  try {
    const isOwn = markOf(file) === markIn(folder);
    let [compared, missed] = [0, 0];
    for await (const entry of zip.eachEntry()) {
      const name = nameOf(entry);
      if (!isTaken(entry, name, usualLimits)) continue;
      // Names were read otherwise before.
      const [found] = [name, entry.fileName].flatMap((each) => statSync(path.join(folder, each), { throwIfNoEntry: false }) ?? []);
      // A PNG may be a mask that was painted since; photos are as they were, and lists where another program has unpacked them.
      const isText = !imagePattern.test(name) && !maskPattern.test(name);
      const mayDiffer = /\.png$/i.test(name) || (isText && isOwn);
      if (!found || (!mayDiffer && found.size !== entry.uncompressedSize)) missed++;
      if (missed > 0 && !isOwn) return false;
      if (++compared === comparedFiles) break;
    }
    return compared > 0 && missed < compared / 2;
  } catch (error) {
    throw asZipError(error, file, folder);
  } finally {
    zip.close();
  }
}

/** @throws AppError as `withPlainFile`: a pipe would be waited for without an end */
async function opened(file: string): Promise<ZipFile> {
  withPlainFile(file, () => undefined, { follow: true });
  try {
    return await openPromise(file);
  } catch (error) {
    throw unreadable(file, error);
  }
}

async function unzipTo(file: string, target: string, options: UnzipOptions): Promise<void> {
  const zip = await opened(file);
  try {
    await makeFolder(target, async (partial) => {
      const taken = await unpack(zip, file, partial, options).catch((error: unknown) => {
        throw error instanceof AppError ? error : asZipError(error, file, target);
      });
      if (taken.images === 0) throw withoutImages(file, taken.zips);
      writeAtomic(path.join(partial, markName), markOf(file));
    });
  } finally {
    zip.close();
  }
}

const unreadable = (file: string, error: unknown): unknown => {
  const code = (error as NodeJS.ErrnoException).code;
  return code?.startsWith('E') ? asReadError(error, file) : notRead(file, error);
};

function notRead(file: string, error: unknown): AppError {
  const said = messageOf(error);
  const way = /unsupported compression/.test(said) ? '. Unpack it yourself, and open the folder' : '';
  return new AppError('corrupt-file', `${file} is no zip that can be read: ${said}${way}`, { file });
}

const damaged = (file: string, name: string): AppError =>
  new AppError('corrupt-file', `${file} is damaged: ${name} in it is not what was packed, by its check sum. Get the zip again`, { file });

const ofTheDisk = ['ENOSPC', 'EDQUOT', 'EACCES', 'EROFS', 'EPERM'];

/** The disk may take nothing more, or not these names; everything else is the zip's: what is packed is damaged, or its names are none. */
function asZipError(error: unknown, file: string, target: string): unknown {
  const { code, path: at } = error as NodeJS.ErrnoException;
  const named = at === undefined ? 'A file' : `"${path.basename(at)}"`;
  const elsewhere = 'Unpack the zip on a disk that takes it, and open that folder';
  if (code === 'EEXIST' || code === 'ENOTDIR' || code === 'EISDIR')
    return new AppError(
      'corrupt-file',
      `${named} of ${file} is in it twice, or in other letters that this disk takes for the same. ${elsewhere}`,
      { file },
    );
  if (code === 'ENAMETOOLONG')
    return new AppError('corrupt-file', `${named} of ${file} is a longer name than this disk takes. ${elsewhere}`, { file });
  if (code === 'EINVAL' || code === 'EILSEQ')
    return new AppError('corrupt-file', `${named} of ${file} is a name that this disk does not take. ${elsewhere}`, { file });
  if (!ofTheDisk.includes(code ?? '')) return notRead(file, error);
  const failed = asFileError(error, target);
  if (!(failed instanceof AppError) || failed.code !== 'read-only') return failed;
  return new AppError(
    'read-only',
    `${failed.message}. A zip is unpacked beside itself: copy it to a folder that can be written, and open it there`,
    { file },
  );
}

function withoutImages(file: string, zips: readonly string[]): AppError {
  const inside = zips.length > 0 ? `, but ${zips.slice(0, 3).join(', ')}: unpack the zip, and open one of these` : '';
  return new AppError('not-a-dataset', `${file} holds no image${inside}`, { file });
}

interface Unpacked {
  images: number;
  /** Zips that are in the zip. */
  zips: string[];
}

/** Left free on a disk: strokes and checkpoints are written there too. */
const reservedBytes = 500e6;

/** Bytes that may be unpacked into a folder; no bound where its disk does not tell. */
async function roomIn(folder: string): Promise<number> {
  try {
    const { blocks, bavail, bsize } = await statfs(folder);
    // Some disks of the network tell nothing.
    return blocks === 0 ? Infinity : bavail * bsize - reservedBytes;
  } catch {
    return Infinity;
  }
}

function tooMuch(file: string, bytes: number, most: number, room: number): AppError | null {
  if (bytes > most) return new AppError('too-large', `${file} unpacks to more than ${most / 1e9} GB`, { file });
  if (bytes <= room) return null;
  const free = `${Math.max(0, room / 1e9).toFixed(1)} GB`;
  const rule = `${file} unpacks to more than the ${free} that its disk has to spare (${reservedBytes / 1e6} MB are kept for your work)`;
  return new AppError('disk-full', `${rule}: free some, or unpack it yourself on another disk`, { file });
}

async function unpack(
  zip: ZipFile,
  file: string,
  into: string,
  { onProgress, signal, limits = usualLimits }: UnzipOptions,
): Promise<Unpacked> {
  const total = zip.entryCount;
  if (total > limits.entries)
    throw new AppError('too-large', `${file} holds ${total} files, and at most ${limits.entries} are unpacked`, { file });
  const room = await roomIn(into);
  let [done, images, bytes] = [0, 0, 0];
  const zips: string[] = [];
  for await (const entry of zip.eachEntry()) {
    if (signal?.aborted) throw new AppError('cancelled', 'Unpacking was cancelled');
    onProgress?.(++done, total);
    const name = nameOf(entry);
    if (/\.zip$/i.test(name)) zips.push(name);
    if (!isTaken(entry, name, limits)) continue;
    if (entry.isEncrypted())
      throw new AppError('unsupported', `${file} is protected by a password (${name}): unpack it yourself, and open the folder`, { file });
    if (name.includes('\0')) throw new AppError('corrupt-file', `${file} holds a name that no file can have`, { file });
    let sum = 0;
    // The reader looks at lengths alone.
    const checked = new Transform({
      transform(chunk: Uint8Array, _, next) {
        bytes += chunk.length;
        sum = crc32(chunk, sum);
        next(tooMuch(file, bytes, limits.bytes, room), chunk);
      },
      flush: (next) => next(sum === entry.crc32 ? null : damaged(file, name)),
    });
    const at = path.join(into, ...name.split('/'));
    mkdirSync(path.dirname(at), { recursive: true });
    // Opened by the pipeline alone: a stream that nobody listens to ends the process when it fails.
    const packed = async function* () {
      yield* await zip.openReadStreamPromise(entry);
    };
    // Two entries of one name are one file too many.
    await pipeline(packed, checked, createWriteStream(at, { flags: 'wx' }));
    if (imagePattern.test(name)) images++;
  }
  return { images, zips };
}

/** Says that a name is UTF-8. macOS and others write such names and do not say so: what is UTF-8 by its bytes is hardly anything else. */
const utf8Flag = 0x800;

/** A name from the zip's top, which some write as `./`. Its letters that lead anywhere are alike in all encodings: they were looked at. */
function nameOf({ fileName, fileNameRaw, generalPurposeBitFlag: flags, extraFields }: Entry): string {
  const name = isUtf8(fileNameRaw) ? getFileNameLowLevel(flags | utf8Flag, fileNameRaw, extraFields, false) : fileName;
  return name.replace(/^(\.\/)+/, '');
}

/** The reader has refused names that lead out of the folder. Links are not taken. */
function isTaken({ uncompressedSize, externalFileAttributes }: Entry, name: string, { ofOne }: ZipLimits): boolean {
  const isLink = ((externalFileAttributes >>> 16) & 0o170000) === 0o120000;
  const isWanted = maskPattern.test(name) || takenPattern.test(name);
  return isWanted && !isLink && !foreignParts.test(name) && !name.endsWith('/') && uncompressedSize <= ofOne;
}
