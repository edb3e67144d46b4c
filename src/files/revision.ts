import { createHash } from 'node:crypto';

/** The revision of a mask: sha256 of its file, shortened. */
export function maskRevision(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 16);
}
