// A coarser grid over an image: which cell a pixel lies in, and which pixels a cell has.
import { clipBox, type Region, type Size } from './region.ts';
import type { Box, ImagePoint } from './units.ts';

/** The cell that a pixel of the image lies in. */
export const cellAt = (x: number, y: number, image: Size, cells: Size): number =>
  Math.floor((y * cells.height) / image.height) * cells.width + Math.floor((x * cells.width) / image.width);

/** Tells the cell of pixels by their index; quick where they come row by row. */
export function cellsOf(image: Size, cells: Size): (pixel: number) => number {
  const columns = Int32Array.from({ length: image.width }, (_, x) => cellAt(x, 0, image, cells));
  let [begin, end, first] = [0, 0, 0];
  return (pixel) => {
    if (pixel < begin || pixel >= end) {
      const y = Math.floor(pixel / image.width);
      [begin, end, first] = [y * image.width, (y + 1) * image.width, cellAt(0, y, image, cells)];
    }
    return first + columns[pixel - begin];
  };
}

/** The pixels of the image that a box of cells touches. */
export function pixelsOfCells({ left, top, width, height }: Box, image: Size, cells: Size): Box {
  const [across, down] = [image.width / cells.width, image.height / cells.height];
  const [x, y] = [Math.floor(left * across), Math.floor(top * down)];
  const box = { left: x, top: y, width: Math.ceil((left + width) * across) - x, height: Math.ceil((top + height) * down) - y };
  return clipBox(box, image)!;
}

/** The cell that a point of the image lies in; null beyond the image. */
export function cellUnder({ x, y }: ImagePoint, image: Size, cells: Size): number | null {
  const [column, row] = [Math.floor(x), Math.floor(y)];
  return column < 0 || row < 0 || column >= image.width || row >= image.height ? null : cellAt(column, row, image, cells);
}

/** Visits the pixels of a box, row by row. @param visit gets a pixel's place in the box, and the cell that it lies in */
export function forEachCell(box: Box, image: Size, grid: Size, visit: (i: number, cell: number) => void): void {
  const columns = Int32Array.from({ length: box.width }, (_, column) => cellAt(box.left + column, 0, image, grid));
  for (let row = 0, i = 0; row < box.height; row++) {
    const first = cellAt(0, box.top + row, image, grid);
    for (let column = 0; column < box.width; column++, i++) visit(i, first + columns[column]);
  }
}

/** The pixels of an image whose cells are wanted, in the pixels of a box of cells. */
export function pixelsWhere(cells: Box, image: Size, grid: Size, wanted: (cell: number) => boolean): Region {
  const box = pixelsOfCells(cells, image, grid);
  const selected = new Uint8Array(box.width * box.height);
  forEachCell(box, image, grid, (i, cell) => (selected[i] = wanted(cell) ? 1 : 0));
  return { box, selected };
}

/** The cells that a region of an image touches. */
export function cellsTouched({ box, selected }: Region, image: Size, grid: Size): Region {
  const { columns, rows, cells } = cellsUnder(box, image, grid);
  const touched = new Uint8Array(cells.width * cells.height);
  for (let row = 0, i = 0; row < box.height; row++) {
    const first = rows[row] * cells.width;
    for (let column = 0; column < box.width; column++, i++) if (selected[i]) touched[first + columns[column]] = 1;
  }
  return { box: cells, selected: touched };
}

/** Of a region's pixels, those whose cells are selected, one byte a pixel. @param kept cells that the region touches */
export function selectedIn({ box, selected }: Region, kept: Region, image: Size, grid: Size): Uint8Array {
  const { columns, rows } = cellsUnder(box, image, grid);
  const among = new Uint8Array(selected.length);
  for (let row = 0, i = 0; row < box.height; row++) {
    const first = rows[row] * kept.box.width;
    for (let column = 0; column < box.width; column++, i++) among[i] = selected[i] && kept.selected[first + columns[column]];
  }
  return among;
}

/** The cells under a box of an image: the box that they make, and of each of its columns and rows the place therein. */
function cellsUnder(box: Box, image: Size, grid: Size): { cells: Box; columns: Int32Array; rows: Int32Array } {
  const columns = Int32Array.from({ length: box.width }, (_, x) => Math.floor(((box.left + x) * grid.width) / image.width));
  const rows = Int32Array.from({ length: box.height }, (_, y) => Math.floor(((box.top + y) * grid.height) / image.height));
  const [left, top] = [columns[0], rows[0]];
  const cells = { left, top, width: columns[box.width - 1] - left + 1, height: rows[box.height - 1] - top + 1 };
  return { cells, columns: columns.map((column) => column - left), rows: rows.map((row) => row - top) };
}

/** The size of a grid of at most so many cells over an image: its own where that is no more. */
export function gridWithin({ width, height }: Size, mostCells: number): Size {
  const scale = Math.min(1, Math.sqrt(mostCells / (width * height)));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/**
 * The places of an image's pixel centres among a grid's cells, as bilinear resizing without aligned corners has it.
 * @param length pixels along the image @param cells those along the grid @param from the first pixel @param count how many of them
 */
export function placesAmong(length: number, cells: number, from = 0, count = length) {
  const [low, high, share] = [new Int32Array(count), new Int32Array(count), new Float32Array(count)];
  for (let i = 0; i < count; i++) {
    const at = Math.min(cells - 1, Math.max(0, ((from + i + 0.5) * cells) / length - 0.5));
    low[i] = Math.floor(at);
    high[i] = Math.min(cells - 1, low[i] + 1);
    share[i] = at - low[i];
  }
  return { low, high, share };
}
