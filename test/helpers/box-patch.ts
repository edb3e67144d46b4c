// Knows no test runner: benchmarks and soaks take it as well.
import type { MaskPatch } from '#shared/mask/patch';

/** A patch of whole pixels of one value. */
export function box(left: number, top: number, width: number, height: number, value: number): MaskPatch {
  const count = width * height;
  const changed = new Uint8Array(Math.ceil(count / 8)).fill(255);
  // Bits behind the last pixel are unset.
  if (count % 8 > 0) changed[changed.length - 1] = (1 << (count % 8)) - 1;
  return { left, top, width, height, changed, values: new Uint8Array(count).fill(value) };
}
