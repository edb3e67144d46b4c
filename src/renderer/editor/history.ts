import type { MaskPatch } from '#shared/mask/patch';

/** One undoable change: the pixels before and after it, as patches over the same box. */
export interface HistoryStep {
  label: string;
  before: MaskPatch;
  after: MaskPatch;
}

interface Numbered extends HistoryStep {
  /** Never used twice: a state is named by its newest step. */
  id: number;
}

const bytesOf = ({ before, after }: HistoryStep): number => before.changed.length + before.values.length + after.values.length;

/** Undo and redo, bounded by bytes. The saved state is a position in it. */
export class History {
  private readonly limitBytes: number;
  private readonly done: Numbered[] = [];
  private undone: Numbered[] = [];
  private bytes = 0;
  private lastId = 0;
  /** The state below the oldest step kept. */
  private floor = 0;
  private savedAt = 0;

  constructor(limitBytes = 64_000_000) {
    this.limitBytes = limitBytes;
  }

  get canUndo(): boolean {
    return this.done.length > 0;
  }

  get canRedo(): boolean {
    return this.undone.length > 0;
  }

  /** Whether the document differs from its file. */
  get dirty(): boolean {
    return this.savedAt !== this.mark();
  }

  /** Adds a step; what had been undone is gone. The oldest steps make room, but the newest always stays. */
  push(step: HistoryStep): void {
    this.undone = [];
    this.done.push({ ...step, id: ++this.lastId });
    this.bytes += bytesOf(step);
    while (this.bytes > this.limitBytes && this.done.length > 1) {
      const oldest = this.done.shift()!;
      this.bytes -= bytesOf(oldest);
      this.floor = oldest.id;
    }
  }

  /** @returns the newest step, to be taken back */
  undo(): HistoryStep | null {
    const step = this.done.pop();
    if (!step) return null;
    this.bytes -= bytesOf(step);
    this.undone.push(step);
    return step;
  }

  /** @returns the step undone last, to be done again */
  redo(): HistoryStep | null {
    const step = this.undone.pop();
    if (!step) return null;
    this.bytes += bytesOf(step);
    this.done.push(step);
    return step;
  }

  /** The state that `mark` named is in the file. @param mark -1 for a file that holds none of the states */
  markSaved(mark = this.mark()): void {
    this.savedAt = mark;
  }

  /** Names the present state, to be given to `markSaved` when a save that begins now is done. */
  mark(): number {
    return this.done.at(-1)?.id ?? this.floor;
  }
}
