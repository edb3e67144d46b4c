// A painter's canvas for scenes: colour with antialiasing, class ids without.
import type { Random } from '../../src/shared/random.ts';

export type Rgb = readonly [number, number, number];
export interface Point {
  x: number;
  y: number;
}
/** Colour of a point; shades and textures live here. */
export type Shade = (x: number, y: number) => Rgb;

const samples = [
  [0.25, 0.25],
  [0.75, 0.25],
  [0.25, 0.75],
  [0.75, 0.75],
] as const;

export class Raster {
  readonly width: number;
  readonly height: number;
  readonly color: Float32Array;
  readonly ids: Uint8Array;

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    this.color = new Float32Array(width * height * 3);
    this.ids = new Uint8Array(width * height);
  }

  /** Paints what `inside` holds within a box. A class id of null leaves the mask as it is (markings, windows, shadows). */
  paint(
    box: { left: number; top: number; right: number; bottom: number },
    inside: (x: number, y: number) => boolean,
    id: number | null,
    shade: Shade,
    opacity = 1,
  ): void {
    const [x0, y0] = [Math.max(0, Math.floor(box.left)), Math.max(0, Math.floor(box.top))];
    const [x1, y1] = [Math.min(this.width, Math.ceil(box.right)), Math.min(this.height, Math.ceil(box.bottom))];
    for (let y = y0; y < y1; y++) {
      for (let x = x0; x < x1; x++) {
        const covered = samples.filter(([dx, dy]) => inside(x + dx, y + dy)).length / samples.length;
        if (covered === 0) continue;
        const index = y * this.width + x;
        const color = shade(x, y);
        for (let c = 0; c < 3; c++) this.color[index * 3 + c] += (color[c] - this.color[index * 3 + c]) * covered * opacity;
        if (id !== null && inside(x + 0.5, y + 0.5)) this.ids[index] = id;
      }
    }
  }

  polygon(points: readonly Point[], id: number | null, shade: Shade, opacity = 1): void {
    const xs = points.map(({ x }) => x);
    const ys = points.map(({ y }) => y);
    this.paint(
      { left: Math.min(...xs), right: Math.max(...xs), top: Math.min(...ys), bottom: Math.max(...ys) },
      (x, y) => insidePolygon(points, x, y),
      id,
      shade,
      opacity,
    );
  }

  rect(left: number, top: number, width: number, height: number, id: number | null, shade: Shade, opacity = 1): void {
    this.paint(
      { left, top, right: left + width, bottom: top + height },
      (x, y) => x >= left && x < left + width && y >= top && y < top + height,
      id,
      shade,
      opacity,
    );
  }

  ellipse(cx: number, cy: number, rx: number, ry: number, id: number | null, shade: Shade, opacity = 1): void {
    this.paint(
      { left: cx - rx, right: cx + rx, top: cy - ry, bottom: cy + ry },
      (x, y) => ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 <= 1,
      id,
      shade,
      opacity,
    );
  }

  /** A line with round ends. */
  line(a: Point, b: Point, thickness: number, id: number | null, shade: Shade): void {
    const r = thickness / 2;
    const [dx, dy] = [b.x - a.x, b.y - a.y];
    const length2 = Math.max(1e-6, dx * dx + dy * dy);
    const inside = (x: number, y: number) => {
      const t = Math.min(1, Math.max(0, ((x - a.x) * dx + (y - a.y) * dy) / length2));
      return (x - a.x - t * dx) ** 2 + (y - a.y - t * dy) ** 2 <= r * r;
    };
    this.paint(
      { left: Math.min(a.x, b.x) - r, right: Math.max(a.x, b.x) + r, top: Math.min(a.y, b.y) - r, bottom: Math.max(a.y, b.y) + r },
      inside,
      id,
      shade,
    );
  }

  /** Light of the day, vignette and sensor noise, as RGB bytes. */
  finish(light: Rgb, noise: number, random: Random): Uint8Array {
    return Uint8Array.from(this.color, (value, i) => {
      const pixel = Math.floor(i / 3);
      const [x, y] = [(pixel % this.width) / this.width - 0.5, Math.floor(pixel / this.width) / this.height - 0.5];
      const vignette = 1 - 0.35 * (x * x + y * y);
      return Math.max(0, Math.min(255, Math.round(value * light[i % 3] * vignette + noise * (random.next() + random.next() - 1))));
    });
  }
}

function insidePolygon(points: readonly Point[], x: number, y: number): boolean {
  let inside = false;
  for (let i = 0, j = points.length - 1; i < points.length; j = i++) {
    const [a, b] = [points[i], points[j]];
    if (a.y > y !== b.y > y && x < ((b.x - a.x) * (y - a.y)) / (b.y - a.y) + a.x) inside = !inside;
  }
  return inside;
}

/** A smooth value in [-1, 1] that depends on the place alone: texture without storage. */
export function wobble(x: number, y: number, seed: number): number {
  const hash = (a: number, b: number) => {
    const s = Math.sin(a * 127.1 + b * 311.7 + seed * 74.7) * 43758.5453;
    return 2 * (s - Math.floor(s)) - 1;
  };
  const [ix, iy] = [Math.floor(x), Math.floor(y)];
  const [u, v] = [x - ix, y - iy];
  const top = hash(ix, iy) + (hash(ix + 1, iy) - hash(ix, iy)) * u;
  const bottom = hash(ix, iy + 1) + (hash(ix + 1, iy + 1) - hash(ix, iy + 1)) * u;
  return top + (bottom - top) * v;
}

export const tint = (color: Rgb, factor: number): Rgb => [color[0] * factor, color[1] * factor, color[2] * factor];
export const flat =
  (color: Rgb): Shade =>
  () =>
    color;
/** A colour with fine and coarse texture. */
export const rough =
  (color: Rgb, amount: number, scale: number, seed: number): Shade =>
  (x, y) =>
    tint(color, 1 + amount * (0.6 * wobble(x / scale, y / scale, seed) + 0.4 * wobble(x, y, seed + 1)));
