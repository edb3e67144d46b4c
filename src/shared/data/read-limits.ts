import { z } from 'zod';

/** How far the reading of a data set goes: what lies beyond is refused before it is opened or fills the memory. */
export const readLimitsSchema = z.strictObject({
  /** Pixels of an image or a mask, in millions. */
  megapixels: z.number().min(1).max(2000),
  /** Bytes of an image or a mask, in millions. */
  megabytes: z.number().min(1).max(2000),
  /** Folders outside a data set that its links may lead to. */
  linkedFolders: z.array(z.string().min(1).max(4096)).max(20),
});

export type ReadLimits = z.infer<typeof readLimitsSchema>;

/** Larger than any street camera's picture, and small enough that one decoded picture fits any machine. */
export const standardLimits: ReadLimits = { megapixels: 100, megabytes: 200, linkedFolders: [] };

/** How a person raises a limit, at the end of every sentence that tells of one. */
export const limitRemedy = (limit: 'Largest picture' | 'Largest file', option: '--max-megapixels' | '--max-megabytes'): string =>
  `raise "${limit}" in Settings (${option} on the command line) if it is meant to be so large`;
