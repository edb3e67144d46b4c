import { clipBox, type Region, type Size } from './region.ts';
import type { ImagePoint } from './units.ts';

/** The pixels whose centre lies inside a polygon, by the even-odd rule. @returns null if fewer than 3 points or none inside the mask */
export function polygonRegion(points: readonly ImagePoint[], size: Size): Region | null {
  if (points.length < 3) return null;
  const xs = points.map(({ x }) => x);
  const ys = points.map(({ y }) => y);
  const [left, top] = [Math.floor(Math.min(...xs)), Math.floor(Math.min(...ys))];
  const box = clipBox({ left, top, width: Math.ceil(Math.max(...xs)) - left, height: Math.ceil(Math.max(...ys)) - top }, size);
  if (!box) return null;
  const selected = new Uint8Array(box.width * box.height);
  for (let row = 0; row < box.height; row++) {
    const crossings = crossingsAt(points, box.top + row + 0.5);
    for (let pair = 0; pair + 1 < crossings.length; pair += 2) {
      const from = Math.max(0, Math.ceil(crossings[pair] - box.left - 0.5));
      const to = Math.min(box.width, Math.ceil(crossings[pair + 1] - box.left - 0.5));
      if (to > from) selected.fill(1, row * box.width + from, row * box.width + to);
    }
  }
  return { box, selected };
}

/** Where a horizontal line crosses the outline, from left to right. */
function crossingsAt(points: readonly ImagePoint[], y: number): number[] {
  const crossings: number[] = [];
  points.forEach((a, i) => {
    const b = points[(i + 1) % points.length];
    if (a.y <= y !== b.y <= y) crossings.push(a.x + ((y - a.y) / (b.y - a.y)) * (b.x - a.x));
  });
  return crossings.sort((p, q) => p - q);
}
