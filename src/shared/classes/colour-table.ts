import type { ClassInfo } from './class-info.ts';

const hatchColours = [0xff_ff_00_ff, 0xff_00_00_00] as const;

/** Two tables of colours for the stripes of a hatch, which ids outside the class set have. */
export function hatchedTables(table: Uint32Array, foreign: Iterable<number>): [Uint32Array, Uint32Array] {
  const [even, odd] = [table.slice(), table.slice()];
  for (const id of foreign) [even[id], odd[id]] = hatchColours;
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
