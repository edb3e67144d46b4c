import type { Sureness } from '#shared/metrics/sureness';

/** From nothing, which shows the photo, over yellow to red: 32-bit pixels, red in the lowest byte. */
export const heatTable = Uint32Array.from({ length: 256 }, (_, value) => {
  const share = value / 255;
  const alpha = Math.round(225 * Math.min(1, 2 * share));
  const green = Math.round(220 * (1 - Math.max(0, 2 * share - 1)));
  return ((alpha << 24) | (30 << 16) | (green << 8) | 255) >>> 0;
});

/** How unsure a network is at each cell, 0 to 255. */
export function heatOf({ width, height, confidence, entropy }: Sureness, by: 'confidence' | 'entropy') {
  return { width, height, values: by === 'entropy' ? entropy : confidence.map((value) => 255 - value) };
}
