import type { MaskSize, PatchBox } from './patch.ts';

/** Pixels or cells that are connected over their edges and have the same key. */
export interface Part {
  key: number;
  box: PatchBox;
  cells: number;
}

/**
 * Connected parts (4 neighbours) of what has the same key, in the order of their first cell.
 * @param keys one a cell, row-major @param none the key of cells that are in no part
 * @returns the part of each cell, -1 for none, and the parts
 */
export function connectedParts(
  keys: Uint8Array | Uint16Array,
  { width, height }: MaskSize,
  none: number,
): { partOf: Int32Array; parts: Part[] } {
  const partOf = new Int32Array(width * height).fill(-1);
  const parts: Part[] = [];
  const stack = new Int32Array(width * height);
  for (let start = 0; start < keys.length; start++) {
    const key = keys[start];
    if (key === none || partOf[start] >= 0) continue;
    const part = parts.length;
    let [depth, cells] = [0, 0];
    let [left, top, right, bottom] = [width, height, 0, 0];
    const reach = (cell: number) => {
      if (keys[cell] !== key || partOf[cell] >= 0) return;
      partOf[cell] = part;
      stack[depth++] = cell;
    };
    reach(start);
    while (depth > 0) {
      const cell = stack[--depth];
      const [x, y] = [cell % width, Math.floor(cell / width)];
      cells++;
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < top) top = y;
      if (y > bottom) bottom = y;
      if (x > 0) reach(cell - 1);
      if (x < width - 1) reach(cell + 1);
      if (y > 0) reach(cell - width);
      if (y < height - 1) reach(cell + width);
    }
    parts.push({ key, box: { left, top, width: right - left + 1, height: bottom - top + 1 }, cells });
  }
  return { partOf, parts };
}
