import type { PhotoMap } from '../editor/vision.ts';

/** Linear light of each sRGB byte (IEC 61966-2-1). */
const linear = Float32Array.from({ length: 256 }, (_, byte) => {
  const share = byte / 255;
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
});

/** The function of CIELAB, by thousandths: colours need to be no finer than a byte. */
const steps = 4096;
const cube = Float32Array.from({ length: steps + 1 }, (_, step) => {
  const t = step / steps;
  return t > (6 / 29) ** 3 ? Math.cbrt(t) : t / (3 * (6 / 29) ** 2) + 4 / 29;
});
const cubeOf = (t: number): number => cube[Math.min(steps, Math.round(t * steps))];

/** @param rgba four bytes a cell, row-major @returns CIELAB under D65, three bytes a cell */
export function labOf(rgba: Uint8Array | Uint8ClampedArray, cells: number): Uint8ClampedArray {
  const lab = new Uint8ClampedArray(cells * 3);
  for (let cell = 0; cell < cells; cell++) {
    const [r, g, b] = [linear[rgba[cell * 4]], linear[rgba[cell * 4 + 1]], linear[rgba[cell * 4 + 2]]];
    const fx = cubeOf((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047);
    const fy = cubeOf(0.2126729 * r + 0.7151522 * g + 0.072175 * b);
    const fz = cubeOf((0.0193339 * r + 0.119192 * g + 0.9503041 * b) / 1.08883);
    lab[cell * 3] = (116 * fy - 16) * 2.55;
    lab[cell * 3 + 1] = 500 * (fx - fy) + 128;
    lab[cell * 3 + 2] = 200 * (fy - fz) + 128;
  }
  return lab;
}

/** Noise goes and edges stay: the median of each channel over a cross of five cells. */
export function withoutNoise(lab: Uint8ClampedArray, width: number, height: number): Uint8Array {
  const calm = new Uint8Array(lab.length);
  for (let y = 0; y < height; y++) {
    const [up, down] = [y > 0 ? -width * 3 : 0, y < height - 1 ? width * 3 : 0];
    for (let x = 0; x < width; x++) {
      const [left, right] = [x > 0 ? -3 : 0, x < width - 1 ? 3 : 0];
      const at = (y * width + x) * 3;
      for (let i = at; i < at + 3; i++) calm[i] = medianOf5(lab[i], lab[i + up], lab[i + down], lab[i + left], lab[i + right]);
    }
  }
  return calm;
}

/** The larger of the two lower ones and the smaller of the two higher ones hold the median with the fifth. */
function medianOf5(e: number, a: number, b: number, c: number, d: number): number {
  const low = Math.max(Math.min(a, b), Math.min(c, d));
  const high = Math.min(Math.max(a, b), Math.max(c, d));
  return Math.max(Math.min(low, high), Math.min(e, Math.max(low, high)));
}

/** @param rgba four bytes a cell, row-major */
export function photoMapOf({ data, width, height }: { data: Uint8ClampedArray; width: number; height: number }): PhotoMap {
  return { width, height, lab: withoutNoise(labOf(data, width * height), width, height) };
}
