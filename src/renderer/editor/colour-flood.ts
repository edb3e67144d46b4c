import { pixelsWhere } from './cells.ts';
import type { Region, Size } from './region.ts';
import { colourDistance, type PhotoMap } from './vision.ts';

/** Nothing is further from a colour than this. */
const furthest = 255;

/**
 * What hangs together with a cell in colour: for each cell the tolerance from which on it is reached. It grows with the tolerance that
 * is asked for, so that a hand which turns the tolerance up and down waits for nothing twice.
 */
export class ColourFlood {
  private readonly photo: PhotoMap;
  private readonly seed: readonly [number, number, number];
  /** 0 where nothing has come by, else the tolerance from which on the cell is reached, and 1. */
  private readonly reached: Uint8Array;
  /** Cells beside what is reached, by the tolerance that reaches them. */
  private readonly waiting: number[][] = Array.from({ length: furthest + 1 }, () => []);
  private box: { left: number; top: number; right: number; bottom: number };

  constructor(photo: PhotoMap, seed: number) {
    this.photo = photo;
    this.seed = colourAround(photo, seed);
    this.reached = new Uint8Array(photo.width * photo.height);
    const [x, y] = [seed % photo.width, Math.floor(seed / photo.width)];
    this.box = { left: x, top: y, right: x, bottom: y };
    this.reached[seed] = 1;
    this.waiting[0].push(seed);
  }

  /** How far a cell is from the seed's colour. */
  private distance(cell: number): number {
    const { lab } = this.photo;
    const [l, a, b] = this.seed;
    return Math.min(furthest - 1, Math.round(colourDistance(lab[cell * 3] - l, lab[cell * 3 + 1] - a, lab[cell * 3 + 2] - b)));
  }

  private grow(tolerance: number): void {
    for (let level = 0; level <= tolerance; level++) {
      const cells = this.waiting[level];
      // Cells of this level that are found on the way come to its end.
      for (let i = 0; i < cells.length; i++) this.take(cells[i], level);
      cells.length = 0;
    }
  }

  private take(cell: number, level: number): void {
    const { width, height } = this.photo;
    const [x, y] = [cell % width, Math.floor(cell / width)];
    const { box } = this;
    [box.left, box.right] = [Math.min(box.left, x), Math.max(box.right, x)];
    [box.top, box.bottom] = [Math.min(box.top, y), Math.max(box.bottom, y)];
    if (x > 0) this.meet(cell - 1, level);
    if (x < width - 1) this.meet(cell + 1, level);
    if (y > 0) this.meet(cell - width, level);
    if (y < height - 1) this.meet(cell + width, level);
  }

  private meet(cell: number, level: number): void {
    if (this.reached[cell] > 0) return;
    const from = Math.max(level, this.distance(cell));
    this.reached[cell] = from + 1;
    this.waiting[from].push(cell);
  }

  /** What is reached with a tolerance of 0 to 254. */
  region(tolerance: number, image: Size): Region {
    const most = Math.min(furthest - 1, Math.max(0, Math.round(tolerance)));
    this.grow(most);
    const { left, top, right, bottom } = this.box;
    const cells = { left, top, width: right - left + 1, height: bottom - top + 1 };
    return pixelsWhere(cells, image, this.photo, (cell) => this.reached[cell] > 0 && this.reached[cell] <= most + 1);
  }
}

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
