// A coarser grid over an image: which cell a pixel lies in, and which pixels a cell has.
import { clipBox, type Size } from './region.ts';
import type { Box } from './units.ts';

/** The cell that a pixel of the image lies in. */
export const cellAt = (x: number, y: number, image: Size, cells: Size): number =>
  Math.floor((y * cells.height) / image.height) * cells.width + Math.floor((x * cells.width) / image.width);

/** The same, for a pixel by its index. */
export const cellOf = (pixel: number, image: Size, cells: Size): number =>
  cellAt(pixel % image.width, Math.floor(pixel / image.width), image, cells);

/** The pixels of the image that a box of cells touches. */
export function pixelsOfCells({ left, top, width, height }: Box, image: Size, cells: Size): Box {
  const [across, down] = [image.width / cells.width, image.height / cells.height];
  const [x, y] = [Math.floor(left * across), Math.floor(top * down)];
  const box = { left: x, top: y, width: Math.ceil((left + width) * across) - x, height: Math.ceil((top + height) * down) - y };
  return clipBox(box, image)!;
}
