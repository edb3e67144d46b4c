import path from 'node:path';
import { writeAtomic } from '#files/atomic-write';
import { isThere } from '#files/file-identity';
import { readPictureFile } from '#files/plain-file';
import { revisionOf } from '#files/revision';
import type { Sample } from '#shared/data/sample';
import { unlessRefused } from '#shared/errors';

/**
 * Copies a sample's mask into the run's folder, once by its content, so that the run and its resumes train on exactly that one
 * whatever is edited meanwhile. A mask that cannot be read is left to the first reading, which names it.
 */
export function keepMask(sample: Sample, folder: string): Sample {
  if (!sample.maskFile || !isThere(sample.maskFile)) return sample;
  const content = readable(sample.maskFile);
  if (content === null) return sample;
  const revision = revisionOf(content);
  const maskFile = keptMask(folder, revision);
  if (!isThere(maskFile)) writeAtomic(maskFile, content);
  return { ...sample, maskFile, revision };
}

const readable = (maskFile: string): Uint8Array | null => unlessRefused(() => readPictureFile(maskFile), null);

/** Where a run outside a workbench keeps a mask. */
export const keptMask = (folder: string, revision: string): string => path.join(folder, 'masks', `${revision}.png`);
