import { voidId } from '#shared/mask/void-id';
import { assertPatch, forEachChanged, forEachRun, type MaskPatch } from '#shared/mask/patch';
import { BeforeTiles } from './before-tiles.ts';
import { changedBoxes } from './changed-boxes.ts';
import { writableIds, type Ink, type WriteWhere } from './ink.ts';
import { valuesIn, type Region, type Size } from './region.ts';
import { unionBox, type Box } from './units.ts';

type Listener = (box: Box) => void;

/** A finished stroke on its way to main. */
export interface Stroke {
  label: string;
  patch: MaskPatch;
  /** What its pixels were before it, in the order of its values. */
  before: Uint8Array;
}

/** An open stroke: what every touched pixel was before it. */
interface OpenStroke {
  label: string;
  before: BeforeTiles;
  box: Box | null;
  /** Where it has been, whether that changed anything or not. */
  reach: Box | null;
  /** Ids that it was kept from painting over. */
  spared: Set<number>;
}

/**
 * A label mask as a window shows it. Tools only compute regions; `paint` is the one routine that writes, drops unchanged pixels,
 * records and tells what to repaint. Main owns the mask: finished strokes go there, and what others did comes from there.
 */
export class MaskDocument {
  readonly size: Size;
  readonly ids: Uint8Array;
  /** Pixels of each class id, kept as they change: counting a large mask at every move of the pointer would stop the hand. */
  readonly pixels = new Float64Array(256);
  private readonly listeners = new Set<Listener>();
  private readonly committed = new Set<(stroke: Stroke) => void>();
  private readonly affirmedListeners = new Set<(patch: MaskPatch, alone: boolean) => void>();
  private readonly sparedListeners = new Set<(ids: number[]) => void>();
  private locked: ReadonlySet<number> = new Set();
  private where: WriteWhere = { on: 'all' };
  private writable = writableIds(this.where, this.locked);
  private stroke: OpenStroke | null = null;

  /** What is not in the class set, in words by its id: shown as that, and changed only where it is painted over. */
  foreign: ReadonlyMap<number, string>;

  /** @param ids of classes and of foreign pixels, row-major; the document takes them over */
  constructor(ids: Uint8Array, size: Size, foreign: ReadonlyMap<number, string> = new Map()) {
    this.ids = ids;
    this.size = size;
    this.foreign = foreign;
    this.count();
  }

  private count(): void {
    this.pixels.fill(0);
    this.tally(this.ids, 1);
  }

  /** Counts pixels in, or out. Neighbours are mostly alike: run by run. */
  private tally(ids: Uint8Array, sign: 1 | -1): void {
    for (let from = 0, to = 1; from < ids.length; from = to++) {
      while (to < ids.length && ids[to] === ids[from]) to++;
      this.pixels[ids[from]] += sign * (to - from);
    }
  }

  private put(index: number, id: number): void {
    this.pixels[this.ids[index]]--;
    this.pixels[id]++;
    this.ids[index] = id;
  }

  /** Calls back with every box that needs repainting. */
  onChange(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Calls back with every finished stroke. */
  onCommit(listener: (stroke: Stroke) => void): () => void {
    this.committed.add(listener);
    return () => this.committed.delete(listener);
  }

  /**
   * Calls back with what a person's stroke went over that had its class before: nothing changes by it, but it was said.
   * @param listener is told besides whether the stroke has changed nothing at all
   */
  onAffirm(listener: (patch: MaskPatch, alone: boolean) => void): () => void {
    this.affirmedListeners.add(listener);
    return () => this.affirmedListeners.delete(listener);
  }

  /** Calls back when a stroke has changed nothing, since what it covers may not be painted over. */
  onSpared(listener: (ids: number[]) => void): () => void {
    this.sparedListeners.add(listener);
    return () => this.sparedListeners.delete(listener);
  }

  /** Pixels of these ids are not painted over. */
  setLocked(locked: ReadonlySet<number>): void {
    this.locked = new Set(locked);
    this.writable = writableIds(this.where, this.locked);
  }

  /** Where tools may write. */
  setWhere(where: WriteWhere): void {
    this.where = where;
    this.writable = writableIds(where, this.locked);
  }

  /** Whether pixels of an id may be painted over. */
  mayPaint(id: number): boolean {
    return this.writable[id] > 0;
  }

  /** The ids in a box, row-major. It must lie in the mask. */
  within(box: Box): Uint8Array {
    return valuesIn(this.ids, this.size, box);
  }

  get strokeOpen(): boolean {
    return this.stroke !== null;
  }

  /** Opens a stroke: all painting until `endStroke` is one undo step. */
  beginStroke(label: string): void {
    this.endStroke();
    this.stroke = { label, before: new BeforeTiles(this.ids, this.size), box: null, reach: null, spared: new Set() };
  }

  /** Paints a region as one stroke, done at once. */
  paintStroke(label: string, region: Region | null, ink: Ink, writable?: Uint8Array): void {
    this.beginStroke(label);
    this.paint(region, ink, writable);
    this.endStroke();
  }

  /**
   * Writes into a region. What has the id already, and what may not be painted over, stays as it is.
   * @param writable which ids may be painted over, one byte an id; those that a person has said unless told
   */
  paint(region: Region | null, ink: Ink, writable: Uint8Array = this.writable): void {
    if (!region) return;
    const own = this.stroke === null;
    if (own) this.beginStroke('Paint');
    const { stroke } = this;
    stroke!.reach = unionBox(stroke!.reach, region.box);
    if (this.affirmedListeners.size > 0) this.affirm(region, ink);
    if (this.write(region, ink, writable)) {
      stroke!.box = unionBox(stroke!.box, region.box);
      this.announce(region.box);
    }
    if (own) this.endStroke();
  }

  /** Keeps in mind where a person's own ink goes over pixels of its class. */
  private affirm({ box, selected, ids: each }: Region, { id, only }: Ink): void {
    if (each || only !== undefined || id === voidId) return;
    const { before } = this.stroke!;
    before.keep(box);
    for (let row = 0; row < box.height; row++) {
      const [first, place] = [(box.top + row) * this.size.width + box.left, row * box.width];
      for (let from = 0; from < box.width; from++) {
        const begin = from;
        while (from < box.width && selected[place + from] && this.ids[first + from] === id) from++;
        if (from > begin) before.affirm(first + begin, from - begin);
      }
    }
  }

  /** @returns whether anything changed */
  private write({ box, selected, ids: each }: Region, { id: one, only }: Ink, writable: Uint8Array): boolean {
    const { ids } = this;
    const { before, spared } = this.stroke!;
    before.keep(box);
    let changed = false;
    for (let row = 0; row < box.height; row++) {
      const [first, place] = [(box.top + row) * this.size.width + box.left, row * box.width];
      for (let from = 0, to = 0; from < box.width; from = to) {
        const [old, id, isIn] = [ids[first + from], each ? each[place + from] : one, selected[place + from]];
        do to++;
        while (to < box.width && selected[place + to] === isIn && ids[first + to] === old && (!each || each[place + to] === id));
        if (!isIn || old === id || (only !== undefined && old !== only)) continue;
        if (!writable[old]) spared.add(old);
        else {
          ids.fill(id, first + from, first + to);
          this.pixels[old] -= to - from;
          this.pixels[id] += to - from;
          changed = true;
        }
      }
    }
    return changed;
  }

  /** Gives every pixel of one id another one, as one stroke: a person says so of these pixels, wherever tools may write. */
  relabel(from: number, to: number): void {
    const whole = { box: { left: 0, top: 0, ...this.size }, selected: new Uint8Array(this.ids.length).fill(1) };
    this.paintStroke('Relabel', whole, { id: to, only: from }, writableIds({ on: 'all' }, this.locked));
  }

  /** Closes the stroke and hands it on, unless it changed nothing. */
  endStroke(): void {
    const { stroke } = this;
    this.stroke = null;
    if (!stroke) return;
    const affirmed = stroke.reach && stroke.before.affirmation(stroke.reach);
    if (affirmed) for (const listener of this.affirmedListeners) listener(affirmed, !stroke.box);
    if (!stroke.box && stroke.spared.size > 0) for (const listener of this.sparedListeners) listener([...stroke.spared]);
    if (!stroke.box) return;
    const change = stroke.before.change(stroke.box);
    if (change) for (const listener of this.committed) listener({ label: stroke.label, ...change });
  }

  /** Rolls an open stroke back. @returns whether one was open */
  cancelStroke(): boolean {
    const { stroke } = this;
    this.stroke = null;
    if (!stroke) return false;
    stroke.before.forEach((index, id) => this.ids[index] !== id && this.put(index, id));
    if (stroke.box) this.announce(stroke.box);
    return true;
  }

  /**
   * Takes over a change of the mask that main has made, in main's order. Strokes of this window that main has not done yet come after
   * it, so what they cover stays as they painted it; the open stroke stays on top of everything.
   * @param pending strokes of this window that main has not done yet
   * @throws AppError 'invalid-argument' if the patch does not lie in the mask
   */
  applyRemote(patch: MaskPatch, pending: readonly MaskPatch[]): void {
    assertPatch(patch, this.size);
    const covered = this.coverage(patch, pending);
    const { stroke, ids } = this;
    if (!covered && !stroke) this.putRuns(patch);
    else
      forEachChanged(patch, this.size.width, (index, position) => {
        if (covered?.[placeIn(patch, index, this.size)]) return;
        const value = patch.values[position];
        const painted = stroke !== null && stroke.before.at(index) !== ids[index];
        stroke?.before.put(index, value);
        if (!painted) this.put(index, value);
      });
    for (const box of changedBoxes(patch)) this.announce(box);
  }

  /** Whether it holds something that is in no class and has no name in `foreign`. @param classes how many there are */
  hasUnnamed(classes: number): boolean {
    return this.pixels.some((count, id) => count > 0 && id >= classes && id !== voidId && !this.foreign.has(id));
  }

  private putRuns(patch: MaskPatch): void {
    forEachRun(patch, this.size.width, (index, position, count) => {
      if (count === 1) return this.put(index, patch.values[position]);
      const values = patch.values.subarray(position, position + count);
      this.tally(this.ids.subarray(index, index + count), -1);
      this.tally(values, 1);
      this.ids.set(values, index);
    });
  }

  /** Which pixels of a box pending strokes cover, one byte a pixel; null for none. */
  private coverage(box: Box, pending: readonly MaskPatch[]): Uint8Array | null {
    const near = pending.filter((other) => overlaps(box, other));
    if (near.length === 0) return null;
    const covered = new Uint8Array(box.width * box.height);
    for (const other of near)
      forEachChanged(other, this.size.width, (index) => {
        const place = placeIn(box, index, this.size);
        if (place >= 0) covered[place] = 1;
      });
    return covered;
  }

  /** Takes over the whole mask as main has it, with this window's pending strokes on top; an open stroke is rolled back. */
  reset(ids: Uint8Array, pending: readonly MaskPatch[]): void {
    this.cancelStroke();
    this.ids.set(ids);
    for (const patch of pending) this.putRuns(patch);
    this.count();
    this.announce({ left: 0, top: 0, ...this.size });
  }

  private announce(box: Box): void {
    for (const listener of this.listeners) listener(box);
  }
}

const overlaps = (a: Box, b: Box): boolean =>
  a.left < b.left + b.width && b.left < a.left + a.width && a.top < b.top + b.height && b.top < a.top + a.height;

/** Where in a box a pixel of the mask lies, row-major; -1 where it does not. */
function placeIn({ left, top, width, height }: Box, index: number, size: Size): number {
  const y = Math.floor(index / size.width);
  const [row, column] = [y - top, index - y * size.width - left];
  return row >= 0 && row < height && column >= 0 && column < width ? row * width + column : -1;
}
