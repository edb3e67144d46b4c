import type { MaskPatch } from '#shared/mask/patch';
import type { Size } from './region.ts';
import type { Box } from './units.ts';

/** Pixels on a side of a tile. */
const side = 64;

/** What pixels were before a stroke, of the tiles that it touches: a small stroke on a large mask costs what it covers. */
export class BeforeTiles {
  private readonly ids: Uint8Array;
  private readonly size: Size;
  private readonly across: number;
  private readonly tiles = new Map<number, Uint8Array>();
  /** By the same tiles: where the stroke went over what has its class already, one byte a pixel. */
  private readonly affirmed = new Map<Uint8Array, Uint8Array>();

  /** @param ids the mask, which is going to be painted on */
  constructor(ids: Uint8Array, size: Size) {
    this.ids = ids;
    this.size = size;
    this.across = Math.ceil(size.width / side);
  }

  /** Keeps what is in a box now, of the tiles that are not kept yet. It must lie in the mask. */
  keep({ left, top, width, height }: Box): void {
    const [lastColumn, lastRow] = [Math.floor((left + width - 1) / side), Math.floor((top + height - 1) / side)];
    for (let row = Math.floor(top / side); row <= lastRow; row++)
      for (let column = Math.floor(left / side); column <= lastColumn; column++) {
        const tile = row * this.across + column;
        if (!this.tiles.has(tile)) this.tiles.set(tile, this.copy(column, row));
      }
  }

  private copy(column: number, row: number): Uint8Array {
    const tile = new Uint8Array(side * side);
    this.eachRow(column, row, (at, from, count) => tile.set(this.ids.subarray(from, from + count), at));
    return tile;
  }

  /** Visits the rows of a tile. @param visit gets the row's place in the tile, that in the mask, and its pixels */
  private eachRow(column: number, row: number, visit: (at: number, from: number, count: number) => void): void {
    const count = Math.min(side, this.size.width - column * side);
    const rows = Math.min(side, this.size.height - row * side);
    for (let y = 0; y < rows; y++) visit(y * side, (row * side + y) * this.size.width + column * side, count);
  }

  private place(index: number): { tile: Uint8Array | undefined; at: number } {
    const [x, y] = [index % this.size.width, Math.floor(index / this.size.width)];
    const tile = this.tiles.get(Math.floor(y / side) * this.across + Math.floor(x / side));
    return { tile, at: (y % side) * side + (x % side) };
  }

  /** What a pixel was: what it is, where nothing was kept. */
  at(index: number): number {
    const { tile, at } = this.place(index);
    return tile ? tile[at] : this.ids[index];
  }

  /** Another has changed what lies below the stroke. */
  put(index: number, id: number): void {
    const { tile, at } = this.place(index);
    if (tile) tile[at] = id;
  }

  /** The stroke goes over pixels of a row that have its class already. They must lie in what is kept. */
  affirm(from: number, count: number): void {
    const box = { left: from % this.size.width, top: Math.floor(from / this.size.width), width: count, height: 1 };
    this.eachSpan(box, (tile, at, _, __, pixels) => {
      let marks = this.affirmed.get(tile);
      if (!marks) this.affirmed.set(tile, (marks = new Uint8Array(side * side)));
      marks.fill(1, at, at + pixels);
    });
  }

  /** Where the stroke went over what had its class before it, in a box; null for nowhere. */
  affirmation(box: Box): MaskPatch | null {
    if (this.affirmed.size === 0) return null;
    const changed = new Uint8Array(Math.ceil((box.width * box.height) / 8));
    // No more than the box has: a list that grows would take eight times the room.
    const values = new Uint8Array(box.width * box.height);
    let count = 0;
    this.eachSpan(box, (tile, at, from, bit, pixels) => {
      const marks = this.affirmed.get(tile);
      if (!marks) return;
      for (let i = 0; i < pixels; i++) {
        // What the stroke itself has painted, and gone over again, is a change.
        if (!marks[at + i] || tile[at + i] !== this.ids[from + i]) continue;
        changed[(bit + i) >> 3] |= 1 << ((bit + i) & 7);
        values[count++] = this.ids[from + i];
      }
    });
    return count > 0 ? { ...box, changed, values: values.slice(0, count) } : null;
  }

  /** What has changed since in a box that all of it lies in, and what that was before; null where nothing has. */
  change(box: Box): { patch: MaskPatch; before: Uint8Array } | null {
    const { ids } = this;
    const changed = new Uint8Array(Math.ceil((box.width * box.height) / 8));
    let count = 0;
    this.eachSpan(box, (tile, at, from, bit, pixels) => {
      for (let x = 0; x < pixels; x++) {
        if (tile[at + x] === ids[from + x]) continue;
        changed[(bit + x) >> 3] |= 1 << ((bit + x) & 7);
        count++;
      }
    });
    if (count === 0) return null;
    const [before, values] = [new Uint8Array(count), new Uint8Array(count)];
    let position = 0;
    this.eachSpan(box, (tile, at, from, _, pixels) => {
      for (let x = 0; x < pixels; x++) {
        if (tile[at + x] === ids[from + x]) continue;
        before[position] = tile[at + x];
        values[position++] = ids[from + x];
      }
    });
    return { patch: { ...box, changed, values }, before };
  }

  /**
   * Visits a box row by row, each row by the tiles that were kept.
   * @param visit gets a tile, where in it and in the mask the pixels begin, their place in the box, and how many they are
   */
  private eachSpan(box: Box, visit: (tile: Uint8Array, at: number, from: number, bit: number, pixels: number) => void): void {
    const right = box.left + box.width;
    for (let y = box.top; y < box.top + box.height; y++)
      for (let x = box.left, until; x < right; x = until) {
        const column = Math.floor(x / side);
        until = Math.min(right, (column + 1) * side);
        const tile = this.tiles.get(Math.floor(y / side) * this.across + column);
        const bit = (y - box.top) * box.width + x - box.left;
        if (tile) visit(tile, (y % side) * side + (x % side), y * this.size.width + x, bit, until - x);
      }
  }

  /** Visits every pixel of the tiles that were kept, with what it was. */
  forEach(visit: (index: number, id: number) => void): void {
    for (const [number, tile] of this.tiles)
      this.eachRow(number % this.across, Math.floor(number / this.across), (at, from, count) => {
        for (let x = 0; x < count; x++) visit(from + x, tile[at + x]);
      });
  }
}
