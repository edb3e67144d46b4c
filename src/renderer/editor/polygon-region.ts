import { boxAround, clipBox, type Region, type Size } from './region.ts';
import type { ImagePoint } from './units.ts';

interface Crossing {
  x: number;
  /** 1 where the outline goes down, -1 where it goes up. */
  turn: number;
}

/**
 * The pixels whose centre lies inside an outline. One that crosses itself is filled whole (rule of non-zero winding).
 * @returns null if fewer than 3 points or none inside the mask
 */
export function polygonRegion(points: readonly ImagePoint[], size: Size): Region | null {
  if (points.length < 3) return null;
  const box = clipBox(boxAround(points), size);
  if (!box) return null;
  const selected = new Uint8Array(box.width * box.height);
  const edges = points.map((a, i) => [a, points[(i + 1) % points.length]] as const);
  for (let row = 0; row < box.height; row++) {
    let winding = 0;
    let begin = 0;
    for (const { x, turn } of crossingsAt(edges, box.top + row + 0.5)) {
      if (winding === 0) begin = x;
      winding += turn;
      if (winding === 0) select(begin, x, row);
    }
  }
  return { box, selected };

  function select(begin: number, end: number, row: number): void {
    const from = Math.max(0, Math.ceil(begin - box!.left - 0.5));
    const to = Math.min(box!.width, Math.ceil(end - box!.left - 0.5));
    if (to > from) selected.fill(1, row * box!.width + from, row * box!.width + to);
  }
}

/** Where a horizontal line crosses the outline, from left to right. */
function crossingsAt(edges: readonly (readonly [ImagePoint, ImagePoint])[], y: number): Crossing[] {
  const crossings: Crossing[] = [];
  for (const [a, b] of edges)
    if (a.y <= y !== b.y <= y) crossings.push({ x: a.x + ((y - a.y) / (b.y - a.y)) * (b.x - a.x), turn: a.y <= y ? 1 : -1 });
  return crossings.sort((p, q) => p.x - q.x);
}
