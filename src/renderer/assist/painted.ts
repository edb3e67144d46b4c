import { voidId } from '#shared/mask/void-id';
import { forEachChanged, type MaskPatch } from '#shared/mask/patch';
import { Random } from '#shared/random';
import type { Size } from '../editor/region.ts';
import { pixelsOfStroke, type Example } from './live-model.ts';

/** Strokes that are learned from at most, the newest. */
const mostExamples = 400;

/** What a person and the assistant have painted on an image since it was opened: what to learn from, and what to leave alone. */
export class Painted {
  /** Cells of the proposal that a person has painted: 0 for none, else the class id and 1. */
  readonly fixed: Uint8Array;
  /** Cells that the assistant has painted, likewise. */
  private readonly own: Uint8Array;
  private examples: Example[] = [];
  private readonly image: Size;
  private readonly cells: Size;
  private readonly random = Random.named('examples', 1);

  constructor(image: Size, cells: Size) {
    [this.image, this.cells] = [image, cells];
    this.fixed = new Uint8Array(cells.width * cells.height);
    this.own = new Uint8Array(cells.width * cells.height);
  }

  private cellOf(pixel: number): number {
    const [x, y] = [pixel % this.image.width, Math.floor(pixel / this.image.width)];
    const row = Math.floor((y * this.cells.height) / this.image.height);
    return row * this.cells.width + Math.floor((x * this.cells.width) / this.image.width);
  }

  /** A person has painted. */
  add(patch: MaskPatch): void {
    const drawn = new Map<number, { pixels: number[]; of: number }>();
    forEachChanged(patch, this.image.width, (pixel, position) => {
      const id = patch.values[position];
      this.fixed[this.cellOf(pixel)] = id === voidId ? 0 : id + 1;
      if (id === voidId) return;
      const sample = drawn.get(id) ?? { pixels: [], of: 0 };
      drawn.set(id, sample);
      // Each pixel is as likely to be kept as any other, however many there are (a reservoir).
      const place = sample.of++ < pixelsOfStroke ? sample.of - 1 : this.random.integer(sample.of);
      if (place < pixelsOfStroke) sample.pixels[place] = pixel;
    });
    for (const [id, { pixels }] of drawn) this.examples.push({ id, pixels });
    this.examples = this.examples.slice(-mostExamples);
  }

  /** The assistant has painted. */
  addOwn(patch: MaskPatch): void {
    forEachChanged(patch, this.image.width, (pixel, position) => (this.own[this.cellOf(pixel)] = patch.values[position] + 1));
  }

  /** Whether the assistant may paint over a cell that holds an id now: nothing is labelled there, or it has done so itself. */
  mayPaint(cell: number, id: number): boolean {
    return id === voidId || this.own[cell] === id + 1;
  }

  /** Forgets what was taken back or painted over since. @param ids the mask as it is @returns what is left to learn from */
  current(ids: Uint8Array): Example[] {
    this.examples = this.examples.filter(({ id, pixels }) => pixels.some((pixel) => ids[pixel] === id));
    const { width, height } = this.cells;
    const [across, down] = [this.image.width / width, this.image.height / height];
    for (let row = 0, cell = 0; row < height; row++) {
      const from = Math.floor((row + 0.5) * down) * this.image.width;
      for (let column = 0; column < width; column++, cell++)
        if (this.fixed[cell] > 0 && across === 1 && ids[from + column] !== this.fixed[cell] - 1) this.fixed[cell] = 0;
    }
    return this.examples;
  }
}
