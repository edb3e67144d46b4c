import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { threadId } from 'node:worker_threads';
import { AppError } from '#shared/errors';

let counter = 0;
/** Letters of the file's own name in that of its temporary one: together they must not be longer than a name may be. */
const readable = 40;

/** A name beside the file that no other process or thread uses, and that the next start clears away. */
export function temporaryName(file: string): string {
  const name = `.${path.basename(file).slice(0, readable)}.${process.pid}-${threadId}-${counter++}.tmp`;
  return path.join(path.dirname(file), name);
}

const passing = new Set(['EPERM', 'EACCES', 'EBUSY']);
const retries = 40;
const retryMs = 25;

/** Makes what was done to a folder's names survive a power cut, where its system lets that be asked for. */
function syncFolder(folder: string): void {
  let handle: number | null = null;
  try {
    handle = openSync(folder, 'r');
    fsyncSync(handle);
  } catch {
    // Windows, and some network disks, know no such thing: they order it themselves.
  } finally {
    if (handle !== null) closeSync(handle);
  }
}

/**
 * Renames over a file, for good. On Windows a virus scanner or an indexer holds files for moments, and the rename fails as if it were
 * forbidden: there it is tried again for a second.
 * @param rename the system's, and what a test puts in its place
 */
export function renameOver(from: string, to: string, { platform = process.platform, rename = renameSync } = {}): void {
  for (let attempt = 0; ; attempt++) {
    try {
      rename(from, to);
      return syncFolder(path.dirname(to));
    } catch (error) {
      const again = platform === 'win32' && attempt < retries && passing.has((error as NodeJS.ErrnoException).code ?? '');
      if (!again) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, retryMs);
    }
  }
}

/**
 * Writes a file whole or not at all: to a temporary file beside it, synced, then renamed.
 * @param prepare gets the open temporary file before it takes the name
 * @throws AppError 'disk-full' or 'read-only' naming the file; the old file is then as it was
 */
export function writeAtomic(
  file: string,
  content: Uint8Array | string | readonly Uint8Array[],
  prepare: (handle: number) => void = () => undefined,
): void {
  const temporary = temporaryName(file);
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    const handle = openSync(temporary, 'w');
    try {
      const parts: readonly Uint8Array[] = Array.isArray(content)
        ? content
        : [typeof content === 'string' ? Buffer.from(content) : (content as Uint8Array)];
      for (const part of parts) writeAll(handle, part);
      prepare(handle);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameOver(temporary, file);
  } catch (error) {
    removeQuietly(temporary);
    throw asFileError(error, file);
  }
}

/** Takes a temporary file away; what kept it from being written may keep it from that too, and is what is told. */
function removeQuietly(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // The next start clears what is left.
  }
}

/** Writes all of it where the file is now. */
export function writeAll(handle: number, part: Uint8Array): void {
  for (let offset = 0; offset < part.length;) offset += writeSync(handle, part, offset, Math.min(part.length - offset, 1 << 28));
}

/** Whether a name is that of a file which a killed process left half written. */
export const isTemporary = (name: string): boolean => /^\..+\.\d+(-\d+){1,2}\.tmp$/.test(name);

/** A file system error of writing as one a person can act on; anything else as it is. */
export function asFileError(error: unknown, file: string): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOSPC' || code === 'EDQUOT') return new AppError('disk-full', `${file} could not be written: the disk is full`, { file });
  if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM')
    return new AppError('read-only', `${file} could not be written: no permission`, { file });
  if (code === 'ENOTDIR' || code === 'EEXIST') {
    return new AppError('read-only', `${file} could not be written: a file is where a folder must be, on the way there`, { file });
  }
  if (code === 'ENAMETOOLONG') return new AppError('invalid-argument', `${file.slice(0, 200)} … is longer than a name may be`, { file });
  if (code === 'ENOENT') return new AppError('not-found', `${file} does not exist`, { file });
  return error;
}

/** The same of a file or folder that was to be read. */
export function asReadError(error: unknown, file: string): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code !== 'EACCES' && code !== 'EPERM') return asFileError(error, file);
  return new AppError('read-only', `${file} could not be read: no permission. Allow yourself to read it`, { file });
}
