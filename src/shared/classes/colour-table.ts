import { voidId } from '../mask/void-id.ts';
import type { ClassInfo } from './class-info.ts';

const hatchColours = [0xff_ff_00_ff, 0xff_00_00_00] as const;

/** Two tables of colours for the stripes of a hatch, which ids above those of classes have. @param classes how many there are */
export function hatchedTables(table: Uint32Array, classes: number): [Uint32Array, Uint32Array] {
  const [even, odd] = [table.slice(), table.slice()];
  even.fill(hatchColours[0], classes, voidId);
  odd.fill(hatchColours[1], classes, voidId);
  return [even, odd];
}

const voidColours = [0x66_ff_ff_ff, 0x66_00_00_00] as const;

/** Tables for the stripes of a hatch that what is not labelled has. */
export function voidHatched(table: Uint32Array): [Uint32Array, Uint32Array] {
  const [even, odd] = [table.slice(), table.slice()];
  [even[voidId], odd[voidId]] = voidColours;
  return [even, odd];
}

/** Class colours as 32-bit pixels (red in the lowest byte); ids without a class (void) are transparent, and so are hidden classes. */
export function colourTable(classes: readonly ClassInfo[], hidden: ReadonlySet<number> = new Set()): Uint32Array {
  const table = new Uint32Array(256);
  for (const {
    id,
    color: [red, green, blue],
  } of classes)
    if (!hidden.has(id)) table[id] = (255 << 24) | (blue << 16) | (green << 8) | red;
  return table;
}
