import { closeSync, openSync, readSync } from 'node:fs';
import { AppError } from '#shared/errors';
import { checkConfig } from '#shared/training/presets';
import type { RunConfig } from '#shared/training/run-config';
import { asFileError } from './atomic-write.ts';

const headerLimit = 100_000_000;

/** Reads a checkpoint's settings without its tensors. @throws AppError 'not-found' or 'corrupt-file' naming the file */
export function readCheckpointHeader(file: string): { config: RunConfig } {
  let handle: number;
  try {
    handle = openSync(file, 'r');
  } catch (error) {
    throw asFileError(error, file);
  }
  try {
    const length = Buffer.alloc(8);
    readSync(handle, length, 0, 8, 0);
    const size = Number(length.readBigUInt64LE());
    if (size < 2 || size > headerLimit) throw new Error(`its header claims ${size} bytes`);
    const header = Buffer.alloc(size);
    readSync(handle, header, 0, size, 8);
    const { __metadata__: metadata } = JSON.parse(header.toString('utf8')) as { __metadata__?: Record<string, string> };
    return { config: checkConfig(JSON.parse(metadata?.config ?? 'null')) };
  } catch (error) {
    throw error instanceof AppError
      ? error
      : new AppError('corrupt-file', `${file} is not a checkpoint: ${(error as Error).message}`, { file });
  } finally {
    closeSync(handle);
  }
}
