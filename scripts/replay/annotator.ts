// A careful annotator who knows the true label: the largest wrong region of one class first, with the tool that suits it.
import { polygonRegion } from '../../src/renderer/editor/polygon-region.ts';
import { simplify } from '../../src/renderer/editor/simplify.ts';
import type { ImagePoint } from '../../src/renderer/editor/units.ts';

export interface Mask {
  width: number;
  height: number;
  ids: Uint8Array;
}

/** A connected wrong part of the image that is truly of one class. */
export interface WrongRegion {
  id: number;
  pixels: number[];
}

const neighboursOf = (pixel: number, { width, height }: Mask): number[] => {
  const x = pixel % width;
  return [
    ...(x > 0 ? [pixel - 1] : []),
    ...(x < width - 1 ? [pixel + 1] : []),
    ...(pixel >= width ? [pixel - width] : []),
    ...(pixel < width * (height - 1) ? [pixel + width] : []),
  ];
};

/** @param classes ids from here on are not labelled in the truth, and nobody labels them @param skipped pixels that were tried in vain */
export function largestWrong(truth: Mask, mask: Uint8Array, classes: number, skipped: ReadonlySet<number>): WrongRegion | null {
  const seen = new Uint8Array(mask.length);
  let largest: WrongRegion | null = null;
  for (let start = 0; start < mask.length; start++) {
    const id = truth.ids[start];
    if (seen[start] || id >= classes || id === mask[start]) continue;
    const pixels: number[] = [start];
    seen[start] = 1;
    for (let i = 0; i < pixels.length; i++)
      for (const next of neighboursOf(pixels[i], truth)) {
        if (seen[next] || truth.ids[next] !== id || mask[next] === id) continue;
        seen[next] = 1;
        pixels.push(next);
      }
    if (pixels.length > (largest?.pixels.length ?? 0) && !skipped.has(start)) largest = { id, pixels };
  }
  return largest;
}

/** How deep each pixel lies in a region, in steps from its outside. */
function depths({ pixels }: WrongRegion, size: Mask): Map<number, number> {
  const depth = new Map<number, number>();
  const inside = new Set(pixels);
  let layer = pixels.filter((pixel) => neighboursOf(pixel, size).length < 4 || neighboursOf(pixel, size).some((next) => !inside.has(next)));
  for (const pixel of layer) depth.set(pixel, 1);
  for (let d = 2; layer.length > 0; d++) {
    layer = layer.flatMap((pixel) => neighboursOf(pixel, size).filter((next) => inside.has(next) && !depth.has(next)));
    layer = [...new Set(layer)];
    for (const pixel of layer) depth.set(pixel, d);
  }
  return depth;
}

export interface StrokeAction {
  kind: 'stroke';
  points: ImagePoint[];
  diameter: number;
}

const longest = 60;

/** A straight stroke along the region from its deepest place, as wide as the place lets it be. */
export function strokeIn(region: WrongRegion, size: Mask, diameters: readonly number[]): StrokeAction {
  const depth = depths(region, size);
  const inside = new Set(region.pixels);
  const deepest = region.pixels.reduce((best, pixel) => (depth.get(pixel)! > depth.get(best)! ? pixel : best));
  const room = 2 * depth.get(deepest)! - 1;
  const diameter = diameters.filter((each) => each <= Math.max(diameters[0], room)).at(-1)!;
  const [x, y] = [deepest % size.width, Math.floor(deepest / size.width)];
  const needed = Math.max(1, Math.floor(diameter / 2));
  let best: ImagePoint[] = [{ x: x + 0.5, y: y + 0.5 }];
  let length = 0;
  for (let a = 0; a < 16; a++) {
    const [dx, dy] = [Math.cos((a * Math.PI) / 16), Math.sin((a * Math.PI) / 16)];
    const reach = (sign: number) => {
      let t = 0;
      for (; t < longest / 2; t++) {
        const [px, py] = [Math.round(x + sign * (t + 1) * dx), Math.round(y + sign * (t + 1) * dy)];
        const pixel = py * size.width + px;
        if (px < 0 || py < 0 || px >= size.width || py >= size.height || !inside.has(pixel) || depth.get(pixel)! < needed) break;
      }
      return t;
    };
    const [back, forth] = [reach(-1), reach(1)];
    if (back + forth <= length) continue;
    length = back + forth;
    best = [-back, forth].map((t) => ({ x: x + t * dx + 0.5, y: y + t * dy + 0.5 }));
  }
  return { kind: 'stroke', points: best, diameter };
}

/** The outer outline of a region along its pixels' edges, then without points that lie within `tolerance` of it (Douglas and Peucker). */
export function outlineOf({ pixels }: WrongRegion, { width }: Mask, tolerance: number): ImagePoint[] {
  const inside = new Set(pixels);
  const has = (x: number, y: number) => x >= 0 && x < width && inside.has(y * width + x);
  const start = Math.min(...pixels);
  const begin = { x: start % width, y: Math.floor(start / width) };
  const points: ImagePoint[] = [];
  let [at, dx, dy] = [begin, 1, 0];
  do {
    points.push(at);
    at = { x: at.x + dx, y: at.y + dy };
    // The region lies to the right of the way: turn right where it ends, left where it goes on.
    const ahead = {
      left: has(at.x + (dx - 1 + dy) / 2, at.y + (dy - 1 - dx) / 2),
      right: has(at.x + (dx - 1 - dy) / 2, at.y + (dy - 1 + dx) / 2),
    };
    if (!ahead.right) [dx, dy] = [-dy, dx];
    else if (ahead.left) [dx, dy] = [dy, -dx];
  } while (at.x !== begin.x || at.y !== begin.y || points.length < 4);
  const half = Math.floor(points.length / 2);
  return [
    ...simplify(points.slice(0, half + 1), tolerance).slice(0, -1),
    ...simplify([...points.slice(half), begin], tolerance).slice(0, -1),
  ];
}

export const lengthOf = (points: readonly ImagePoint[]): number =>
  points.slice(1).reduce((sum, { x, y }, i) => sum + Math.hypot(x - points[i].x, y - points[i].y), 0);

/** A line cut into pieces of at most a length where its corners allow; each begins where the one before ends. */
export function piecesOf(points: readonly ImagePoint[], longest: number): ImagePoint[][] {
  const pieces: ImagePoint[][] = [[points[0]]];
  for (const point of points.slice(1)) {
    const piece = pieces.at(-1)!;
    if (piece.length > 1 && lengthOf([...piece, point]) > longest) pieces.push([piece.at(-1)!, point]);
    else piece.push(point);
  }
  return pieces;
}

/** Pixels that an area would set right, less those that it would set wrong. */
export function gainOf(points: readonly ImagePoint[], id: number, truth: Mask, mask: Uint8Array, classes: number): number {
  const region = polygonRegion(points, truth);
  if (!region) return 0;
  let gain = 0;
  for (let row = 0, i = 0; row < region.box.height; row++)
    for (let column = 0; column < region.box.width; column++, i++) {
      const pixel = (region.box.top + row) * truth.width + region.box.left + column;
      const real = truth.ids[pixel];
      if (!region.selected[i] || real >= classes || mask[pixel] === id) continue;
      if (real === id) gain++;
      else if (mask[pixel] === real) gain--;
    }
  return gain;
}
