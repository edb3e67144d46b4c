// Several large pictures or masks at once would fill the memory: they are read one after the other, in all threads.
import { locks } from 'node:worker_threads';
import { lookAt } from './file-identity.ts';
import { withPlainFile } from './plain-file.ts';

const largePixels = 24e6;
const largeBytes = 24e6;
const headBytes = 4096;

/** Pixels that a file's first bytes claim; 0 where they tell none. */
function claimedPixels(head: Buffer): number {
  if (head.toString('latin1', 1, 4) === 'PNG' && head.length >= 24) return head.readUInt32BE(16) * head.readUInt32BE(20);
  return jpegPixels(head);
}

/** A JPEG's size stands in the first of its frames' heads. */
function jpegPixels(head: Buffer): number {
  if (head[0] !== 0xff || head[1] !== 0xd8) return 0;
  for (let at = 2; at + 9 < head.length && head[at] === 0xff; at += 2 + head.readUInt16BE(at + 2)) {
    const isFrame = head[at + 1] >= 0xc0 && head[at + 1] <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(head[at + 1]);
    if (isFrame) return head.readUInt16BE(at + 5) * head.readUInt16BE(at + 7);
  }
  return Infinity;
}

function isLarge(file: string): boolean {
  try {
    if ((lookAt(file)?.size ?? 0) >= largeBytes) return true;
    const head = withPlainFile(file, ({ size, read }) => read(0, Math.min(size, headBytes)));
    return claimedPixels(Buffer.from(head)) >= largePixels;
  } catch {
    // Whoever reads it tells what is wrong.
    return false;
  }
}

/** Works with a picture or a mask; with a large one when no other large one is worked with. */
export const inTurn = <T>(file: string, work: () => T | Promise<T>): Promise<T> =>
  isLarge(file) ? locks.request('a large picture', async () => work()) : Promise.resolve().then(work);
