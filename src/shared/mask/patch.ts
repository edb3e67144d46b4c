import { AppError } from '../errors.ts';

/** Changed pixels of one edit: a box, which of its pixels changed, and their new class ids in order. */
export interface MaskPatch extends PatchBox {
  /** One bit a pixel of the box, row-major, lowest bit first. */
  changed: Uint8Array;
  /** New class ids of the changed pixels, row-major. */
  values: Uint8Array;
}

/** A patch on its way between main and a window: a large one travels with its bytes as raw deflate. */
export interface WirePatch extends MaskPatch {
  packed?: boolean;
}

/** From how many bytes on a patch is packed. */
const packFrom = 1_000_000;

/** A patch for its way; a large one is packed. @param deflate packs bytes as raw deflate, as the side it is on does */
export async function packPatch(patch: MaskPatch, deflate: (bytes: Uint8Array) => Promise<Uint8Array>): Promise<WirePatch> {
  if (patch.changed.length + patch.values.length < packFrom) return patch;
  return { ...patch, changed: await deflate(patch.changed), values: await deflate(patch.values), packed: true };
}

export interface PatchBox {
  left: number;
  top: number;
  width: number;
  height: number;
}

export interface MaskSize {
  width: number;
  height: number;
}

/** Pixels visited before others get their turn: some milliseconds. */
const pixelsATurn = 500_000;

/** Gets changed pixels that follow one another in a row: the first one's index in the mask, its position among the changed, how many. */
type VisitRun = (index: number, position: number, count: number) => void;

/** Visits the changed pixels of some rows of a patch. @returns the position of the first changed pixel after them */
function visitRows(
  { left, top, width, changed }: Omit<MaskPatch, 'values'>,
  maskWidth: number,
  [fromRow, toRow]: readonly [number, number],
  position: number,
  visit: VisitRun,
): number {
  for (let row = fromRow; row < toRow; row++) {
    const begin = row * width;
    const start = (top + row) * maskWidth + left;
    for (let column = 0; column < width;) {
      column = endOfRun(changed, begin, column, width, 0);
      const end = endOfRun(changed, begin, column, width, 1);
      if (end > column) visit(start + column, position, end - column);
      position += end - column;
      column = end;
    }
  }
  return position;
}

/** The first column from one on whose bit is another. @param begin the bit of the row's first column */
function endOfRun(bits: Uint8Array, begin: number, column: number, width: number, value: 0 | 1): number {
  const alike = value === 0 ? 0 : 0xff;
  while (column < width) {
    const bit = begin + column;
    // Eight at once: of a large box most bytes are all of one kind.
    if ((bit & 7) === 0 && column + 8 <= width && bits[bit >> 3] === alike) column += 8;
    else if (((bits[bit >> 3] >> (bit & 7)) & 1) === value) column++;
    else break;
  }
  return column;
}

/** Visits every changed pixel, run by run. */
export function forEachRun(patch: Omit<MaskPatch, 'values'>, maskWidth: number, visit: VisitRun): void {
  visitRows(patch, maskWidth, [0, patch.height], 0, visit);
}

/** Gets a changed pixel's index in the mask and its position among the changed. */
type VisitPixel = (index: number, position: number) => void;

const eachOf =
  (visit: VisitPixel): VisitRun =>
  (index, position, count) => {
    for (let i = 0; i < count; i++) visit(index + i, position + i);
  };

/** Visits every changed pixel. */
export function forEachChanged(patch: Omit<MaskPatch, 'values'>, maskWidth: number, visit: VisitPixel): void {
  forEachRun(patch, maskWidth, eachOf(visit));
}

/** The same in turns of a few milliseconds, so that a very large patch keeps nothing else waiting. */
export async function forEachChangedInTurns(
  patch: Omit<MaskPatch, 'values'>,
  maskWidth: number,
  visit: VisitPixel,
  breathe: () => Promise<void>,
): Promise<void> {
  const visitRun = eachOf(visit);
  const rows = Math.max(1, Math.floor(pixelsATurn / patch.width));
  let position = 0;
  for (let row = 0; row < patch.height; row += rows) {
    if (row > 0) await breathe();
    position = visitRows(patch, maskWidth, [row, Math.min(patch.height, row + rows)], position, visitRun);
  }
}

function countBits(bytes: Uint8Array, bits: number): number {
  let count = 0;
  const whole = bits >> 3;
  for (let i = 0; i < whole; i++) for (let byte = bytes[i]; byte; byte &= byte - 1) count++;
  for (let bit = whole * 8; bit < bits; bit++) if (bytes[bit >> 3] & (1 << (bit & 7))) count++;
  return count;
}

/** @throws AppError 'invalid-argument' if a box does not lie in the mask */
export function assertBox({ left, top, width, height }: PatchBox, size: MaskSize): void {
  const inside =
    [left, top, width, height].every(Number.isInteger) &&
    left >= 0 &&
    top >= 0 &&
    width > 0 &&
    height > 0 &&
    left + width <= size.width &&
    top + height <= size.height;
  if (inside) return;
  throw new AppError(
    'invalid-argument',
    `patch must lie in the mask of ${size.width} x ${size.height}, received ${width} x ${height} at ${left}, ${top}`,
  );
}

/** @throws AppError 'invalid-argument' if a patch has not the bits of its box, or not one value for each changed pixel */
function assertCounts({ width, height, changed, values }: MaskPatch, count: number): void {
  const bytes = Math.ceil((width * height) / 8);
  if (changed.length !== bytes) {
    throw new AppError('invalid-argument', `patch must have ${bytes} bytes of changed bits, received ${changed.length}`);
  }
  if (values.length !== count) {
    throw new AppError('invalid-argument', `patch must have a value for each of its ${count} changed pixels, received ${values.length}`);
  }
}

/** @throws AppError 'invalid-argument' if a patch does not lie in the mask, or has not one value for each changed pixel */
export function assertPatch(patch: MaskPatch, size: MaskSize): void {
  assertBox(patch, size);
  assertCounts(patch, countBits(patch.changed, patch.width * patch.height));
}

/** The same in turns of a few milliseconds. */
export async function assertPatchInTurns(patch: MaskPatch, size: MaskSize, breathe: () => Promise<void>): Promise<void> {
  assertBox(patch, size);
  const bits = patch.width * patch.height;
  let count = 0;
  for (let from = 0; from < bits; from += pixelsATurn) {
    if (from > 0) await breathe();
    const length = Math.min(pixelsATurn, bits - from);
    count += countBits(patch.changed.subarray(from >> 3, (from + length + 7) >> 3), length);
  }
  assertCounts(patch, count);
}

/** Writes a patch into `ids`. @throws AppError 'invalid-argument' as `assertPatch` */
export function applyPatch(ids: Uint8Array, size: MaskSize, patch: MaskPatch): void {
  assertPatch(patch, size);
  forEachRun(patch, size.width, (index, position, count) => ids.set(patch.values.subarray(position, position + count), index));
}

/** Whether two lists of ids are the same. */
export function sameIds(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
