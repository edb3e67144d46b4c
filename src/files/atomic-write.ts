import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { AppError } from '#shared/errors';

let counter = 0;

/**
 * Writes a file whole or not at all: to a temporary file beside it, synced, then renamed.
 * @throws AppError 'disk-full' or 'read-only' naming the file; the old file is then as it was
 */
export function writeAtomic(file: string, content: Uint8Array | string | readonly Uint8Array[]): void {
  const temporary = path.join(path.dirname(file), `.${path.basename(file)}.${process.pid}-${counter++}.tmp`);
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    const handle = openSync(temporary, 'w');
    try {
      const parts: readonly Uint8Array[] = Array.isArray(content)
        ? content
        : [typeof content === 'string' ? Buffer.from(content) : (content as Uint8Array)];
      for (const part of parts) writeAll(handle, part);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw asFileError(error, file);
  }
}

function writeAll(handle: number, part: Uint8Array): void {
  for (let offset = 0; offset < part.length;) offset += writeSync(handle, part, offset, Math.min(part.length - offset, 1 << 28));
}

/** Whether a name is that of a file which a killed process left half written. */
export const isTemporary = (name: string): boolean => /^\..+\.\d+-\d+\.tmp$/.test(name);

/** A file system error as one a person can act on; anything else as it is. */
export function asFileError(error: unknown, file: string): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOSPC' || code === 'EDQUOT') return new AppError('disk-full', `${file} could not be written: the disk is full`, { file });
  if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM')
    return new AppError('read-only', `${file} could not be written: no permission`, { file });
  if (code === 'ENOENT') return new AppError('not-found', `${file} does not exist`, { file });
  return error;
}
