/** Mirrors a row-major label image. @returns the same array if nothing is flipped */
export function mirror(labels: Uint8Array, width: number, flips: { horizontal: boolean; vertical: boolean }): Uint8Array {
  if (!flips.horizontal && !flips.vertical) return labels;
  const height = labels.length / width;
  const out = new Uint8Array(labels.length);
  for (let y = 0; y < height; y++) {
    const row = (flips.vertical ? height - 1 - y : y) * width;
    for (let x = 0; x < width; x++) out[y * width + x] = labels[row + (flips.horizontal ? width - 1 - x : x)];
  }
  return out;
}
