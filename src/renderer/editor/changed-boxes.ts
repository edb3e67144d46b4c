import type { MaskPatch } from '#shared/mask/patch';
import type { Box } from './units.ts';

/** A box of fewer pixels is drawn as it is. */
const smallPixels = 250_000;
/** Bands of rows that a larger one is cut into. */
const bands = 64;

/**
 * Boxes that the changed pixels of a patch lie in. A long stroke aslant covers little of its box: cut into bands, little more than the
 * stroke is drawn.
 */
export function changedBoxes(patch: Omit<MaskPatch, 'values'>): Box[] {
  const { left, top, width, height } = patch;
  if (width * height < smallPixels) return [{ left, top, width, height }];
  const rows = Math.ceil(height / bands);
  const boxes: Box[] = [];
  for (let row = 0; row < height; row += rows) {
    const until = Math.min(height, row + rows);
    const [first, last] = columnsOf(patch, row, until);
    if (first <= last) boxes.push({ left: left + first, top: top + row, width: last - first + 1, height: until - row });
  }
  return boxes;
}

/** The first and the last column with a changed pixel, give or take seven; none where the first lies after the last. */
function columnsOf({ width, changed }: Omit<MaskPatch, 'values'>, fromRow: number, toRow: number): [number, number] {
  let [first, last] = [width, -1];
  for (let row = fromRow; row < toRow; row++) {
    const begin = row * width;
    const [firstByte, lastByte] = [begin >> 3, (begin + width - 1) >> 3];
    // Only what lies outside of what is known is looked at; bytes at both ends have bits of the rows beside them.
    for (let byte = firstByte; byte <= lastByte && byte * 8 - begin < first; byte++)
      if (changed[byte]) first = Math.max(0, byte * 8 - begin);
    for (let byte = lastByte; byte >= firstByte && byte * 8 + 7 - begin > last; byte--)
      if (changed[byte]) last = Math.min(width - 1, byte * 8 + 7 - begin);
  }
  return [first, last];
}
