import type { ClassInfo } from './class-info.ts';

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
