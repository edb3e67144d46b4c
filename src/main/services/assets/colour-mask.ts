import type { ClassInfo } from '#shared/classes/class-info';

/** Class ids as RGBA pixels in the classes' colours; void is transparent. */
export function colourMask(ids: Uint8Array, classes: readonly ClassInfo[]): Uint8Array {
  const table = new Uint32Array(256);
  for (const {
    id,
    color: [red, green, blue],
  } of classes)
    table[id] = (255 << 24) | (blue << 16) | (green << 8) | red;
  const pixels = new Uint32Array(ids.length);
  for (let i = 0; i < ids.length; i++) pixels[i] = table[ids[i]];
  return new Uint8Array(pixels.buffer);
}
