import type { ClassInfo } from '#shared/classes/class-info';
import { colourTable } from '#shared/classes/colour-table';

/** Class ids as RGBA pixels in the classes' colours; void is transparent. */
export function colourMask(ids: Uint8Array, classes: readonly ClassInfo[]): Uint8Array {
  const table = colourTable(classes);
  const pixels = new Uint32Array(ids.length);
  for (let i = 0; i < ids.length; i++) pixels[i] = table[ids[i]];
  return new Uint8Array(pixels.buffer);
}
