import type { Box, ImagePoint } from './units.ts';

/** Pixels a tool wants to change: a box and which of its pixels. */
export interface Region {
  box: Box;
  /** One byte a pixel of the box, row-major; not 0 = selected. */
  selected: Uint8Array;
  /** The id that each pixel gets, where it is not the same for all of them. */
  ids?: Uint8Array;
}

/** Pixels that a tool would change, looked up one by one: of a large area not all are shown. */
export interface Looked {
  box: Box;
  /** @returns whether a pixel of the image would be changed */
  has: (x: number, y: number) => boolean;
  ids?: undefined;
}

export interface Size {
  width: number;
  height: number;
}

/** Visits a region's pixels, row by row. @param visit gets a pixel's column and row in the image, and its place in the box */
export function forEachSelected({ box, selected }: Region, visit: (x: number, y: number, i: number) => void): void {
  for (let row = 0, i = 0; row < box.height; row++)
    for (let column = 0; column < box.width; column++, i++) if (selected[i]) visit(box.left + column, box.top + row, i);
}

/** A box cut to the mask; null if nothing is left. */
export function clipBox(box: Box, size: Size): Box | null {
  const left = Math.max(0, box.left);
  const top = Math.max(0, box.top);
  const width = Math.min(size.width, box.left + box.width) - left;
  const height = Math.min(size.height, box.top + box.height) - top;
  return width > 0 && height > 0 ? { left, top, width, height } : null;
}

/** What a box of a picture holds, row-major. It must lie in the picture. */
export function valuesIn(values: Uint8Array, size: Size, { left, top, width, height }: Box): Uint8Array {
  const within = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const from = (top + y) * size.width + left;
    within.set(values.subarray(from, from + width), y * width);
  }
  return within;
}

/** The box of whole pixels around points. An outline that was drawn for minutes has more points than a call takes arguments. */
export function boxAround(points: readonly ImagePoint[]): Box {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { x, y } of points) {
    [left, right] = [Math.min(left, x), Math.max(right, x)];
    [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
  }
  [left, top] = [Math.floor(left), Math.floor(top)];
  return { left, top, width: Math.ceil(right) - left, height: Math.ceil(bottom) - top };
}
