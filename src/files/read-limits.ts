import { limitRemedy, standardLimits, type ReadLimits } from '#shared/data/read-limits';
import { AppError } from '#shared/errors';

let current = standardLimits;
/** The folders that are being read: links may lead into them as well. */
const beingRead = new Set<{ folder: string }>();

/** The limits that this process or thread reads under. */
export const readLimits = (): ReadLimits =>
  beingRead.size === 0
    ? current
    : { ...current, linkedFolders: [...current.linkedFolders, ...Array.from(beingRead, ({ folder }) => folder)] };

/** Sets them. Only the entry of a process or thread does: a task brings the limits of who gave it. */
export function useReadLimits(limits: ReadLimits): void {
  current = limits;
}

/** Lets links lead into a folder that is being read. @returns what ends that for this reader, whoever else reads it */
export function letLinksInto(folder: string): () => void {
  const reader = { folder };
  beingRead.add(reader);
  return () => void beingRead.delete(reader);
}

const remedy = limitRemedy('Largest picture', '--max-megapixels');

/** @throws AppError 'too-large' naming the file, its size and the limit */
export function assertPixels(file: string, width: number, height: number): void {
  const { megapixels } = current;
  if (width * height <= megapixels * 1e6) return;
  const size = `${width} x ${height}, which is ${((width * height) / 1e6).toFixed(0)} megapixels`;
  throw new AppError('too-large', `${file} is ${size}, and at most ${megapixels} are read: ${remedy}`, { file });
}

/** Bytes of a decoded picture for each pixel that a person lets it have: four of eight bits. */
const bytesAPixel = 4;

/** @throws AppError 'too-large' if a picture takes more memory than the largest of eight bits */
export function assertDecodedBytes(file: string, bytes: number): void {
  const most = current.megapixels * 1e6 * bytesAPixel;
  if (bytes <= most) return;
  const size = `${(bytes / 1e6).toFixed(0)} MB once it is decoded, and at most ${most / 1e6} MB are`;
  throw new AppError('too-large', `${file} takes ${size}: ${remedy}`, { file });
}
