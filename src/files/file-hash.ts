import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';

/** sha256 (hex) of a file, read piece by piece: weight files are large. */
export function hashOfFile(file: string): string {
  const [hash, piece, handle] = [createHash('sha256'), Buffer.alloc(1 << 20), openSync(file, 'r')];
  try {
    for (let bytes; (bytes = readSync(handle, piece)) > 0;) hash.update(piece.subarray(0, bytes));
  } finally {
    closeSync(handle);
  }
  return hash.digest('hex');
}
