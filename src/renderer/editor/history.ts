import type { MaskPatch } from '#shared/mask/patch';

/** One undoable change: the pixels before and after it, as patches over the same box. */
export interface HistoryStep {
  label: string;
  before: MaskPatch;
  after: MaskPatch;
}

const bytesOf = ({ before, after }: HistoryStep): number => before.changed.length + before.values.length + after.values.length;

/** Undo and redo, bounded by bytes. The saved state is a position in it. */
export class History {
  private readonly limitBytes: number;
  private readonly done: HistoryStep[] = [];
  private undone: HistoryStep[] = [];
  private bytes = 0;
  /** Steps that were dropped at the old end. */
  private dropped = 0;
  private savedAt: number | null = 0;

  constructor(limitBytes = 64_000_000) {
    this.limitBytes = limitBytes;
  }

  get canUndo(): boolean {
    return this.done.length > 0;
  }

  get canRedo(): boolean {
    return this.undone.length > 0;
  }

  private get position(): number {
    return this.dropped + this.done.length;
  }

  /** Whether the document differs from its file. */
  get dirty(): boolean {
    return this.savedAt !== this.position;
  }

  /** Adds a step; what had been undone is gone. The oldest steps make room, but the newest always stays. */
  push(step: HistoryStep): void {
    // A saved state among the steps now forgotten can never be reached again.
    if (this.savedAt !== null && this.savedAt > this.position) this.savedAt = null;
    this.undone = [];
    this.done.push(step);
    this.bytes += bytesOf(step);
    while (this.bytes > this.limitBytes && this.done.length > 1) {
      this.bytes -= bytesOf(this.done.shift()!);
      this.dropped++;
    }
  }

  /** @returns the patch that takes the newest step back */
  undo(): HistoryStep | null {
    const step = this.done.pop();
    if (!step) return null;
    this.bytes -= bytesOf(step);
    this.undone.push(step);
    return step;
  }

  redo(): HistoryStep | null {
    const step = this.undone.pop();
    if (!step) return null;
    this.bytes += bytesOf(step);
    this.done.push(step);
    return step;
  }

  /** The document's present state is in its file. */
  markSaved(position = this.position): void {
    this.savedAt = position;
  }

  /** The present position, to be given to `markSaved` when a save that begins now is done. */
  mark(): number {
    return this.position;
  }
}
