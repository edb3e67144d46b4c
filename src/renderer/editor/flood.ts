import type { Region, Size } from './region.ts';
import type { ImagePoint } from './units.ts';

/** The connected pixels (4 neighbours) that have the class of the pixel at `at`. @returns null beyond the mask */
export function floodRegion(ids: Uint8Array, size: Size, at: ImagePoint): Region | null {
  const [startX, startY] = [Math.floor(at.x), Math.floor(at.y)];
  if (startX < 0 || startY < 0 || startX >= size.width || startY >= size.height) return null;
  const { width, height } = size;
  const target = ids[startY * width + startX];
  const seen = new Uint8Array(ids.length);
  const stack = [startY * width + startX];
  let [minX, maxX, minY, maxY] = [startX, startX, startY, startY];
  seen[stack[0]] = 1;
  const visit = (index: number) => {
    if (seen[index] || ids[index] !== target) return;
    seen[index] = 1;
    stack.push(index);
  };
  while (stack.length > 0) {
    const index = stack.pop()!;
    const [x, y] = [index % width, Math.floor(index / width)];
    minX = Math.min(minX, x);
    maxX = Math.max(maxX, x);
    minY = Math.min(minY, y);
    maxY = Math.max(maxY, y);
    if (x > 0) visit(index - 1);
    if (x < width - 1) visit(index + 1);
    if (y > 0) visit(index - width);
    if (y < height - 1) visit(index + width);
  }
  const box = { left: minX, top: minY, width: maxX - minX + 1, height: maxY - minY + 1 };
  const selected = new Uint8Array(box.width * box.height);
  for (let y = 0; y < box.height; y++) selected.set(seen.subarray((minY + y) * width + minX, (minY + y) * width + maxX + 1), y * box.width);
  return { box, selected };
}
