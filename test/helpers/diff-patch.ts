import { forEachChanged, type MaskPatch, type MaskSize, type PatchBox } from '#shared/mask/patch';

/**
 * What has changed within a box of a mask.
 * @param before the ids of the box as they were, row-major
 * @param after the whole mask as it is
 * @returns null if nothing changed
 */
export function diffPatch(before: Uint8Array, after: Uint8Array, size: MaskSize, box: PatchBox): MaskPatch | null {
  const changed = new Uint8Array(Math.ceil((box.width * box.height) / 8));
  let count = 0;
  for (let y = 0, bit = 0; y < box.height; y++) {
    let index = (box.top + y) * size.width + box.left;
    for (let x = 0; x < box.width; x++, bit++, index++) {
      if (before[bit] === after[index]) continue;
      changed[bit >> 3] |= 1 << (bit & 7);
      count++;
    }
  }
  if (count === 0) return null;
  const values = new Uint8Array(count);
  forEachChanged({ ...box, changed }, size.width, (index, position) => (values[position] = after[index]));
  return { ...box, changed, values };
}
