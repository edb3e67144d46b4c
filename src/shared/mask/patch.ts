import { AppError } from '../errors.ts';

/** Changed pixels of one edit: a box, which of its pixels changed, and their new class ids in order. */
export interface MaskPatch {
  left: number;
  top: number;
  width: number;
  height: number;
  /** One bit a pixel of the box, row-major, lowest bit first. */
  changed: Uint8Array;
  /** New class ids of the changed pixels, row-major. */
  values: Uint8Array;
}

export interface MaskSize {
  width: number;
  height: number;
}

/** Visits every changed pixel. @param visit gets the pixel's index in the mask and its position among the changed */
export function forEachChanged(patch: MaskPatch, maskWidth: number, visit: (index: number, position: number) => void): void {
  let position = 0;
  for (let bit = 0; bit < patch.width * patch.height; bit++) {
    if (!(patch.changed[bit >> 3] & (1 << (bit & 7)))) continue;
    const y = patch.top + Math.floor(bit / patch.width);
    visit(y * maskWidth + patch.left + (bit % patch.width), position++);
  }
}

/** Writes a patch into `ids`. @throws AppError 'invalid-argument' if it does not lie in the mask */
export function applyPatch(ids: Uint8Array, size: MaskSize, patch: MaskPatch): void {
  const { left, top, width, height } = patch;
  const inside =
    [left, top, width, height].every(Number.isInteger) &&
    left >= 0 &&
    top >= 0 &&
    width > 0 &&
    height > 0 &&
    left + width <= size.width &&
    top + height <= size.height &&
    patch.changed.length >= Math.ceil((width * height) / 8);
  if (!inside) {
    throw new AppError(
      'invalid-argument',
      `patch must lie in the mask of ${size.width} x ${size.height}, received ${width} x ${height} at ${left}, ${top}`,
    );
  }
  forEachChanged(patch, size.width, (index, position) => (ids[index] = patch.values[position]));
}

/**
 * The patches there and back between two states of a mask within a box; unchanged pixels are dropped.
 * @returns null if nothing changed
 */
export function diffPatches(
  before: Uint8Array,
  after: Uint8Array,
  size: MaskSize,
  box: Pick<MaskPatch, 'left' | 'top' | 'width' | 'height'>,
): { before: MaskPatch; after: MaskPatch } | null {
  const changed = new Uint8Array(Math.ceil((box.width * box.height) / 8));
  const old: number[] = [];
  const now: number[] = [];
  for (let y = 0, bit = 0; y < box.height; y++) {
    for (let x = 0; x < box.width; x++, bit++) {
      const index = (box.top + y) * size.width + box.left + x;
      if (before[index] === after[index]) continue;
      changed[bit >> 3] |= 1 << (bit & 7);
      old.push(before[index]);
      now.push(after[index]);
    }
  }
  if (now.length === 0) return null;
  return { before: { ...box, changed, values: Uint8Array.from(old) }, after: { ...box, changed, values: Uint8Array.from(now) } };
}
