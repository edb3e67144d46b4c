import { valuesIn, type Region, type Size } from './region.ts';
import type { ImagePoint } from './units.ts';

/** The connected pixels (4 neighbours) that have the class of the pixel at `at`. @returns null beyond the mask */
export function floodRegion(ids: Uint8Array, size: Size, at: ImagePoint): Region | null {
  const [startX, startY] = [Math.floor(at.x), Math.floor(at.y)];
  if (startX < 0 || startY < 0 || startX >= size.width || startY >= size.height) return null;
  const { width, height } = size;
  const target = ids[startY * width + startX];
  const seen = new Uint8Array(ids.length);
  const starts = [startY * width + startX];
  let [minX, maxX, minY, maxY] = [startX, startX, startY, startY];
  /** Puts down where runs of the target begin in a row, between two columns. */
  const look = (y: number, from: number, to: number) => {
    for (let index = y * width + from, inRun = false; index <= y * width + to; index++) {
      const belongs = ids[index] === target && !seen[index];
      if (belongs && !inRun) starts.push(index);
      inRun = belongs;
    }
  };
  while (starts.length > 0) {
    const start = starts.pop()!;
    if (seen[start]) continue;
    const y = Math.floor(start / width);
    let [from, to] = [start, start];
    while (from > y * width && ids[from - 1] === target) from--;
    while (to < (y + 1) * width - 1 && ids[to + 1] === target) to++;
    seen.fill(1, from, to + 1);
    const [left, right] = [from - y * width, to - y * width];
    [minX, maxX] = [Math.min(minX, left), Math.max(maxX, right)];
    [minY, maxY] = [Math.min(minY, y), Math.max(maxY, y)];
    if (y > 0) look(y - 1, left, right);
    if (y < height - 1) look(y + 1, left, right);
  }
  const box = { left: minX, top: minY, width: maxX - minX + 1, height: maxY - minY + 1 };
  return { box, selected: valuesIn(seen, size, box) };
}
