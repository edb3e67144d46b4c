import { voidId } from '#shared/mask/void-id';
import { forEachRun, type MaskPatch } from '#shared/mask/patch';
import { Random } from '#shared/random';
import { cellsOf, pixelsOfCells } from '../editor/cells.ts';
import type { Size } from '../editor/region.ts';
import { pixelsOfStroke, type Example } from './live-model.ts';

/** Strokes that are learned from at most, the newest. */
const mostExamples = 400;

/** What a person and the assistant have painted on an image since it was opened: what to learn from, and what to leave alone. */
export class Painted {
  /** Cells of the proposal that a person has painted: 0 for none, else the id and 1, of void too. As the mask was at the last look. */
  readonly fixed: Uint16Array;
  /** The same with what was taken back since: it comes back with redo. */
  private readonly said: Uint16Array;
  /** What the assistant has painted last, by pixel; void for nothing: beside it in a cell may lie what a person has labelled. */
  private own: Uint8Array | null = null;
  private examples: Example[] = [];
  /** Those of them that were there at the last look, and came since. */
  private alive: Example[] = [];
  private readonly image: Size;
  private readonly cells: Size;
  private readonly cellOf: (pixel: number) => number;
  private readonly random = Random.named('examples', 1);

  constructor(image: Size, cells: Size) {
    [this.image, this.cells] = [image, cells];
    this.cellOf = cellsOf(image, cells);
    this.fixed = new Uint16Array(cells.width * cells.height);
    this.said = this.fixed.slice();
  }

  /** A person has painted. @param keepsCleared whether what is not labelled now stays so */
  add(patch: MaskPatch, keepsCleared = false): void {
    const drawn = new Map<number, { pixels: number[]; of: number }>();
    this.forEachCell(patch, (cell, id, pixel) => {
      this.say(cell, id === voidId && !keepsCleared ? 0 : id + 1);
      if (id === voidId) return;
      const sample = drawn.get(id) ?? { pixels: [], of: 0 };
      drawn.set(id, sample);
      // Each of them is as likely to be kept as any other, however many there are (a reservoir).
      const place = sample.of++ < pixelsOfStroke ? sample.of - 1 : this.random.integer(sample.of);
      if (place < pixelsOfStroke) sample.pixels[place] = pixel;
    });
    for (const [id, { pixels }] of drawn) {
      this.examples.push({ id, pixels });
      this.alive.push({ id, pixels });
    }
    // What was taken back goes first: it is there for redo alone.
    if (this.examples.length > mostExamples) this.examples = this.alive.slice(-mostExamples);
  }

  /** A person's stroke went over pixels that had its class already: they keep it. @param teaches whether that is all that it did */
  affirm(patch: MaskPatch, teaches: boolean): void {
    if (teaches) this.add(patch);
    else this.forEachCell(patch, (cell, id) => this.say(cell, id + 1));
  }

  private say(cell: number, what: number): void {
    this.said[cell] = what;
    this.fixed[cell] = what;
  }

  /** The assistant has painted: what was taken back before that is not to be taken for a person's where it looks the same now. */
  addOwn(patch: MaskPatch): void {
    this.said.set(this.fixed);
    this.examples = this.alive.slice();
    const own = (this.own ??= new Uint8Array(this.image.width * this.image.height).fill(voidId));
    forEachRun(patch, this.image.width, (index, position, count) => own.set(patch.values.subarray(position, position + count), index));
  }

  /** Visits what is painted, row by row. Of a very large image pixels of a cell that follow one another say the same: they count once. */
  private forEachCell(patch: MaskPatch, visit: (cell: number, id: number, pixel: number) => void): void {
    forEachRun(patch, this.image.width, (index, position, count) => {
      let [lastCell, lastId] = [-1, -1];
      for (let i = 0; i < count; i++) {
        const [cell, id] = [this.cellOf(index + i), patch.values[position + i]];
        if (cell === lastCell && id === lastId) continue;
        [lastCell, lastId] = [cell, id];
        visit(cell, id, index + i);
      }
    });
  }

  /** Whether the assistant may paint over a pixel that has an id now: nothing is labelled there, or it has done so itself. */
  mayPaint(pixel: number, id: number): boolean {
    return id === voidId || this.own?.[pixel] === id;
  }

  /** Looks which of it is there: what was taken back or painted over is not. @param ids the mask as it is @returns what to learn from */
  current(ids: Uint8Array): Example[] {
    const { fixed, said } = this;
    for (let cell = 0; cell < said.length; cell++) if (said[cell] > 0) fixed[cell] = this.holds(cell, said[cell] - 1, ids) ? said[cell] : 0;
    const left = this.examples.map(({ id, pixels }) => ({ id, pixels: pixels.filter((pixel) => ids[pixel] === id) }));
    this.alive = left.filter(({ pixels }) => pixels.length > 0);
    return this.alive.slice();
  }

  /** Whether any pixel of a cell has an id. */
  private holds(cell: number, id: number, ids: Uint8Array): boolean {
    const at = { left: cell % this.cells.width, top: Math.floor(cell / this.cells.width), width: 1, height: 1 };
    const { left, top, width, height } = pixelsOfCells(at, this.image, this.cells);
    for (let y = top; y < top + height; y++) {
      const row = y * this.image.width;
      for (let x = left; x < left + width; x++) if (ids[row + x] === id) return true;
    }
    return false;
  }
}
