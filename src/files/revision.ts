import { createHash } from 'node:crypto';

/** The revision of a photo or a mask: sha256 of its file, shortened. */
export function revisionOf(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 16);
}
