import { clipBox, type Region, type Size } from './region.ts';
import type { ImagePoint, ImagePx } from './units.ts';

/**
 * The pixels whose centre lies within `radius` of the segment from `a` to `b`: the brush between two pointer events.
 * A radius of 0.5 paints the single pixel under the pointer.
 */
export function capsule(a: ImagePoint, b: ImagePoint, radius: ImagePx, size: Size): Region | null {
  if (radius <= 0.5) return singlePixels(a, b, size);
  const left = Math.floor(Math.min(a.x, b.x) - radius);
  const top = Math.floor(Math.min(a.y, b.y) - radius);
  const box = clipBox(
    { left, top, width: Math.ceil(Math.max(a.x, b.x) + radius) - left, height: Math.ceil(Math.max(a.y, b.y) + radius) - top },
    size,
  );
  if (!box) return null;
  const selected = new Uint8Array(box.width * box.height);
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const length2 = dx * dx + dy * dy;
  for (let row = 0, i = 0; row < box.height; row++) {
    const py = box.top + row + 0.5 - a.y;
    for (let column = 0; column < box.width; column++, i++) {
      const px = box.left + column + 0.5 - a.x;
      const t = length2 > 0 ? Math.min(1, Math.max(0, (px * dx + py * dy) / length2)) : 0;
      const [ex, ey] = [px - t * dx, py - t * dy];
      if (ex * ex + ey * ey <= radius * radius) selected[i] = 1;
    }
  }
  return { box, selected };
}

/** The pixels on the line from a to b, one wide and without gaps (Bresenham). */
function singlePixels(a: ImagePoint, b: ImagePoint, size: Size): Region | null {
  let [x, y] = [Math.floor(a.x), Math.floor(a.y)];
  const [endX, endY] = [Math.floor(b.x), Math.floor(b.y)];
  const whole = { left: Math.min(x, endX), top: Math.min(y, endY), width: Math.abs(endX - x) + 1, height: Math.abs(endY - y) + 1 };
  const box = clipBox(whole, size);
  if (!box) return null;
  const selected = new Uint8Array(box.width * box.height);
  const [stepX, stepY] = [Math.sign(endX - x), Math.sign(endY - y)];
  const [dx, dy] = [whole.width - 1, whole.height - 1];
  for (let error = dx - dy; ;) {
    if (x >= box.left && x < box.left + box.width && y >= box.top && y < box.top + box.height)
      selected[(y - box.top) * box.width + x - box.left] = 1;
    if (x === endX && y === endY) return { box, selected };
    const twice = 2 * error;
    if (twice > -dy) {
      error -= dy;
      x += stepX;
    }
    if (twice < dx) {
      error += dx;
      y += stepY;
    }
  }
}
