// Regions between two points: boxes, ellipses, lines and what a square brush covers.
import { polygonRegion } from './polygon-region.ts';
import { clipBox, type Region, type Size } from './region.ts';
import { capsule } from './stamp.ts';
import type { Box, ImagePoint, ImagePx } from './units.ts';

/** The pixels from the one under `a` to the one under `b`. */
export function boxBetween(a: ImagePoint, b: ImagePoint): Box {
  const [left, top] = [Math.floor(Math.min(a.x, b.x)), Math.floor(Math.min(a.y, b.y))];
  return { left, top, width: Math.floor(Math.max(a.x, b.x)) - left + 1, height: Math.floor(Math.max(a.y, b.y)) - top + 1 };
}

/** The corners of a box between two points. */
export const boxOutline = (a: ImagePoint, b: ImagePoint): ImagePoint[] => [a, { x: b.x, y: a.y }, b, { x: a.x, y: b.y }];

/** A box with a corner pixel under each point, cut to the mask; null where nothing is left. */
export function rectangle(a: ImagePoint, b: ImagePoint, size: Size): Region | null {
  const box = clipBox(boxBetween(a, b), size);
  return box && { box, selected: new Uint8Array(box.width * box.height).fill(1) };
}

/** The pixels whose centre lies in the ellipse that touches the sides of that box. */
export function ellipse(a: ImagePoint, b: ImagePoint, size: Size): Region | null {
  const whole = boxBetween(a, b);
  const box = clipBox(whole, size);
  if (!box) return null;
  const [rx, ry] = [whole.width / 2, whole.height / 2];
  const [cx, cy] = [whole.left + rx, whole.top + ry];
  const selected = new Uint8Array(box.width * box.height);
  for (let row = 0; row < box.height; row++) {
    const dy = (box.top + row + 0.5 - cy) / ry;
    const half = rx * Math.sqrt(Math.max(0, 1 - dy * dy));
    const from = Math.max(0, Math.ceil(cx - half - box.left - 0.5));
    const to = Math.min(box.width, Math.floor(cx + half - box.left - 0.5) + 1);
    if (to > from) selected.fill(1, row * box.width + from, row * box.width + to);
  }
  return { box, selected };
}

/** A line of a width with straight ends, as poles and road markings are; of 1 px without gaps. */
export function line(a: ImagePoint, b: ImagePoint, width: ImagePx, size: Size): Region | null {
  const length = Math.hypot(b.x - a.x, b.y - a.y);
  if (width <= 1 || length === 0) return capsule(a, b, Math.max(0.5, width / 2), size);
  return polygonRegion(lineOutline(a, b, width), size);
}

/** The corners of such a line. */
export function lineOutline(a: ImagePoint, b: ImagePoint, width: ImagePx): ImagePoint[] {
  const length = Math.hypot(b.x - a.x, b.y - a.y) || 1;
  const [nx, ny] = [(-(b.y - a.y) / length) * (width / 2), ((b.x - a.x) / length) * (width / 2)];
  return [
    { x: a.x + nx, y: a.y + ny },
    { x: b.x + nx, y: b.y + ny },
    { x: b.x - nx, y: b.y - ny },
    { x: a.x - nx, y: a.y - ny },
  ];
}

/** The box that a square brush of `width` px covers at a point: whole pixels, the pointer in its middle. */
export function squareAt(at: ImagePoint, width: ImagePx): Box {
  return { left: Math.round(at.x - width / 2), top: Math.round(at.y - width / 2), width, height: width };
}

/** What a square brush covers on its way from `a` to `b`. */
export function squareSweep(a: ImagePoint, b: ImagePoint, width: ImagePx, size: Size): Region | null {
  const corners = [squareAt(a, width), squareAt(b, width)].flatMap(({ left, top }) => [
    { x: left, y: top },
    { x: left + width, y: top },
    { x: left, y: top + width },
    { x: left + width, y: top + width },
  ]);
  return polygonRegion(convexHull(corners), size);
}

/** The convex hull, by the monotone chain of Andrew (1979). */
function convexHull(points: readonly ImagePoint[]): ImagePoint[] {
  const sorted = [...points].sort((p, q) => p.x - q.x || p.y - q.y);
  const half = (from: readonly ImagePoint[]) => {
    const chain: ImagePoint[] = [];
    for (const point of from) {
      while (chain.length >= 2 && turn(chain.at(-2)!, chain.at(-1)!, point) <= 0) chain.pop();
      chain.push(point);
    }
    return chain.slice(0, -1);
  };
  return [...half(sorted), ...half(sorted.toReversed())];
}

const turn = (o: ImagePoint, a: ImagePoint, b: ImagePoint): number => (a.x - o.x) * (b.y - o.y) - (a.y - o.y) * (b.x - o.x);
