// Several large pictures or masks at once would fill the memory: they are worked with one after the other, in all threads.
import { locks } from 'node:worker_threads';
import { lookAt } from './file-identity.ts';
import { withPlainFile } from './plain-file.ts';
import { beginsAsPng } from './png/chunks.ts';

const largePixels = 24e6;
const largeBytes = 24e6;
/** A PNG's width and height stand behind its signature and its first chunk's name. */
const sizeAt = { width: 16, height: 20, end: 24 };

/** Whether a picture of this size takes its turn. */
export const isLargePicture = ({ width, height }: { width: number; height: number }): boolean => width * height >= largePixels;

/** Whether a file takes its turn before it is read, whatever is in it. */
export function isLargeFile(file: string): boolean {
  const found = lookAt(file);
  return found?.isFile() === true && found.size >= largeBytes;
}

/** The same for a mask, whose few bytes may unpack to many. */
export function isLargeMask(file: string): boolean {
  try {
    return withPlainFile(file, ({ size, read }) => size >= largeBytes || claimsMuch(Buffer.from(read(0, Math.min(size, sizeAt.end)))));
  } catch {
    // Whoever reads it tells what is wrong.
    return false;
  }
}

const claimsMuch = (head: Buffer): boolean =>
  head.length === sizeAt.end &&
  beginsAsPng(head) &&
  isLargePicture({ width: head.readUInt32BE(sizeAt.width), height: head.readUInt32BE(sizeAt.height) });

/** Does a work on something large when no other of its kind is done; anything else at once. It must not be called within itself. */
export const inTurn = <T>(isLarge: boolean, work: () => T | Promise<T>): Promise<T> =>
  isLarge ? locks.request('a large picture', async () => work()) : Promise.resolve().then(work);
