import type { ImagePoint } from './units.ts';

/**
 * The points of a line without those that lie within a distance of it; the first and the last stay.
 * @param tolerance in pixels of the image
 * @see Douglas and Peucker, 1973
 */
export function simplify(points: readonly ImagePoint[], tolerance: number): ImagePoint[] {
  if (points.length < 3) return [...points];
  const [a, b] = [points[0], points.at(-1)!];
  const length = Math.hypot(b.x - a.x, b.y - a.y);
  let [furthest, most] = [0, 0];
  points.forEach(({ x, y }, i) => {
    const away = length === 0 ? Math.hypot(x - a.x, y - a.y) : Math.abs((b.x - a.x) * (a.y - y) - (a.x - x) * (b.y - a.y)) / length;
    if (away > most) [furthest, most] = [i, away];
  });
  if (most <= tolerance) return [a, b];
  return [...simplify(points.slice(0, furthest + 1), tolerance).slice(0, -1), ...simplify(points.slice(furthest), tolerance)];
}
