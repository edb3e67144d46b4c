import { cellAt, pixelsOfCells, pixelsWhere } from './cells.ts';
import type { Looked, Region, Size } from './region.ts';
import type { Box } from './units.ts';
import { colourDistance, type PhotoMap } from './vision.ts';

/** Nothing is further from a colour than this. */
const furthest = 255;

/** Cells between two looks at the clock. */
const cellsALook = 4096;

/**
 * What hangs together with a cell in colour: for each cell the tolerance from which on it is reached. It grows with the tolerance that
 * is asked for, so that a hand which turns the tolerance up and down waits for nothing twice.
 */
export class ColourFlood {
  private readonly photo: PhotoMap;
  private readonly l: number;
  private readonly a: number;
  private readonly b: number;
  /** 0 where nothing has come by, else the tolerance from which on the cell is reached, and 1. */
  private readonly reached: Uint8Array;
  /** Cells beside what is reached, by the tolerance that reaches them. */
  private readonly waiting: number[][] = Array.from({ length: furthest + 1 }, () => []);
  private box: { left: number; top: number; right: number; bottom: number };

  constructor(photo: PhotoMap, seed: number) {
    this.photo = photo;
    [this.l, this.a, this.b] = colourAround(photo, seed);
    this.reached = new Uint8Array(photo.width * photo.height);
    const [x, y] = [seed % photo.width, Math.floor(seed / photo.width)];
    this.box = { left: x, top: y, right: x, bottom: y };
    this.reached[seed] = 1;
    this.waiting[0].push(seed);
  }

  /** @returns whether all is reached that can be */
  private grow(tolerance: number, within: number): boolean {
    const end = performance.now() + within;
    let taken = 0;
    for (let level = 0; level <= tolerance; level++) {
      const cells = this.waiting[level];
      // Cells of this level that are found on the way come to its end.
      while (cells.length > 0) {
        if (++taken % cellsALook === 0 && performance.now() > end) return false;
        this.take(cells.pop()!, level);
      }
    }
    return true;
  }

  private take(cell: number, level: number): void {
    const { box, photo } = this;
    const { width, height } = photo;
    const y = Math.floor(cell / width);
    const x = cell - y * width;
    if (x < box.left) box.left = x;
    if (x > box.right) box.right = x;
    if (y < box.top) box.top = y;
    if (y > box.bottom) box.bottom = y;
    if (x > 0) this.meet(cell - 1, level);
    if (x < width - 1) this.meet(cell + 1, level);
    if (y > 0) this.meet(cell - width, level);
    if (y < height - 1) this.meet(cell + width, level);
  }

  private meet(cell: number, level: number): void {
    if (this.reached[cell] > 0) return;
    const { lab } = this.photo;
    const at = cell * 3;
    const distance = Math.round(colourDistance(lab[at] - this.l, lab[at + 1] - this.a, lab[at + 2] - this.b));
    const from = Math.min(furthest - 1, Math.max(level, distance));
    this.reached[cell] = from + 1;
    this.waiting[from].push(cell);
  }

  /** What is reached with a tolerance of 0 to 254. */
  region(tolerance: number, image: Size): Region {
    const most = levelOf(tolerance);
    this.grow(most, Infinity);
    return pixelsWhere(this.cells, image, this.photo, (cell) => this.reached[cell] > 0 && this.reached[cell] <= most + 1);
  }

  /**
   * The same, to look at: it costs what is looked at. It holds until more is reached.
   * @param within milliseconds after which it is what has been reached by then
   */
  looked(tolerance: number, image: Size, within = Infinity): Looked & { complete: boolean } {
    const most = levelOf(tolerance);
    const complete = this.grow(most, within);
    const has = (x: number, y: number) => {
      const reached = this.reached[cellAt(x, y, image, this.photo)];
      return reached > 0 && reached <= most + 1;
    };
    return { box: pixelsOfCells(this.cells, image, this.photo), has, complete };
  }

  /** The box of what is reached. */
  private get cells(): Box {
    const { left, top, right, bottom } = this.box;
    return { left, top, width: right - left + 1, height: bottom - top + 1 };
  }
}

const levelOf = (tolerance: number): number => Math.min(furthest - 1, Math.max(0, Math.round(tolerance)));

/** The mean colour of a cell and those around it: one cell may be noise. */
function colourAround({ width, height, lab }: PhotoMap, cell: number): [number, number, number] {
  const sums: [number, number, number] = [0, 0, 0];
  const [x, y] = [cell % width, Math.floor(cell / width)];
  let count = 0;
  for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++)
    for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++, count++)
      for (let c = 0; c < 3; c++) sums[c] += lab[(v * width + u) * 3 + c];
  return [sums[0] / count, sums[1] / count, sums[2] / count];
}
