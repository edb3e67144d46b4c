import { applyPatch, diffPatches, type MaskPatch } from '#shared/mask/patch';
import { History } from './history.ts';
import type { Region, Size } from './region.ts';
import { unionBox, type Box } from './units.ts';

type Listener = (box: Box) => void;

/** An open stroke: what every touched pixel was before it. */
interface Stroke {
  label: string;
  before: Uint8Array;
  box: Box | null;
}

/**
 * A label mask under edit. Tools only compute regions; `paint` is the one routine that writes, drops unchanged pixels,
 * records and tells what to repaint.
 */
export class MaskDocument {
  readonly size: Size;
  readonly ids: Uint8Array;
  readonly history: History;
  private readonly listeners = new Set<Listener>();
  private readonly committed = new Set<(patch: MaskPatch) => void>();
  private readonly locked = new Set<number>();
  private stroke: Stroke | null = null;

  /** @param ids class ids, row-major; the document takes them over */
  constructor(ids: Uint8Array, size: Size, history = new History()) {
    this.ids = ids;
    this.size = size;
    this.history = history;
  }

  /** Calls back with every box that needs repainting. */
  onChange(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Calls back with the patch of every finished change, for the journal: strokes, undo and redo alike. */
  onCommit(listener: (patch: MaskPatch) => void): () => void {
    this.committed.add(listener);
    return () => this.committed.delete(listener);
  }

  setLocked(id: number, locked: boolean): void {
    if (locked) this.locked.add(id);
    else this.locked.delete(id);
  }

  get strokeOpen(): boolean {
    return this.stroke !== null;
  }

  /** Opens a stroke: all painting until `endStroke` is one undo step. */
  beginStroke(label: string): void {
    this.endStroke();
    this.stroke = { label, before: this.ids.slice(), box: null };
  }

  /** Writes a class into a region. Pixels that have it already and pixels of locked classes stay as they are. */
  paint(region: Region | null, id: number): void {
    if (!region) return;
    const own = this.stroke === null;
    if (own) this.beginStroke('Paint');
    const { box, selected } = region;
    let changed = false;
    for (let row = 0, i = 0; row < box.height; row++) {
      let index = (box.top + row) * this.size.width + box.left;
      for (let column = 0; column < box.width; column++, i++, index++) {
        const old = this.ids[index];
        if (!selected[i] || old === id || this.locked.has(old)) continue;
        this.ids[index] = id;
        changed = true;
      }
    }
    if (changed) {
      this.stroke!.box = unionBox(this.stroke!.box, box);
      this.announce(box);
    }
    if (own) this.endStroke();
  }

  /** Writes many classes at once, such as a prediction, within the open stroke or as one of its own. */
  replace(ids: Uint8Array, label: string): void {
    this.beginStroke(label);
    this.ids.set(ids);
    const box = { left: 0, top: 0, ...this.size };
    this.stroke!.box = box;
    this.announce(box);
    this.endStroke();
  }

  /** Closes the stroke and records it, unless it changed nothing. */
  endStroke(): void {
    const { stroke } = this;
    this.stroke = null;
    if (!stroke?.box) return;
    const step = diffPatches(stroke.before, this.ids, this.size, stroke.box);
    if (!step) return;
    this.history.push({ label: stroke.label, ...step });
    this.commit(step.after);
  }

  /** Rolls an open stroke back. @returns whether one was open */
  cancelStroke(): boolean {
    const { stroke } = this;
    this.stroke = null;
    if (!stroke) return false;
    this.ids.set(stroke.before);
    if (stroke.box) this.announce(stroke.box);
    return true;
  }

  undo(): boolean {
    this.endStroke();
    return this.apply(this.history.undo()?.before);
  }

  redo(): boolean {
    this.endStroke();
    return this.apply(this.history.redo()?.after);
  }

  private apply(patch: MaskPatch | undefined): boolean {
    if (!patch) return false;
    applyPatch(this.ids, this.size, patch);
    this.announce(patch);
    this.commit(patch);
    return true;
  }

  private announce(box: Box): void {
    for (const listener of this.listeners) listener(box);
  }

  private commit(patch: MaskPatch): void {
    for (const listener of this.committed) listener(patch);
  }
}
