import type { PatchBox } from './patch.ts';

/**
 * One undoable change: which pixels of a box changed, and what they held before and after; stored values where main keeps it, ids as
 * windows show them in a window.
 */
export interface EditStep extends PatchBox {
  /** Never used twice in a mask's history: a state is named by its newest step. */
  id: number;
  label: string;
  /** The stroke it is, as its window named it; null for what the workbench did. */
  stroke: string | null;
  changed: Uint8Array;
  before: Uint8Array;
  after: Uint8Array;
  /** As JSON: what codes of it stand for that are in no class set. */
  kinds?: string | undefined;
}

const bytesOf = ({ changed, before, after, kinds = '' }: EditStep): number => changed.length + before.length + after.length + kinds.length;

/** A past: the steps that lead from the floor to a state, and those that were undone from there, newest undone last. */
export interface EditSteps {
  floor: number;
  done: readonly EditStep[];
  undone: readonly EditStep[];
}

/** Undo and redo of one mask, bounded by bytes. States are named by marks, so that a saved one is known again. */
export class EditHistory {
  private readonly limitBytes: number;
  private readonly done: EditStep[] = [];
  private undone: EditStep[] = [];
  private bytes = 0;
  private lastId: number;
  /** The state below the oldest step kept. */
  private floor: number;

  /** @param floor mark of the state that it begins with */
  constructor(floor = 0, limitBytes = 64_000_000) {
    this.floor = floor;
    this.lastId = floor;
    this.limitBytes = limitBytes;
  }

  /** Whether older steps made room for newer ones. */
  truncated = false;

  /** The step that undo takes back next. */
  get nextUndo(): EditStep | null {
    return this.done.at(-1) ?? null;
  }

  /** The step that redo does next. */
  get nextRedo(): EditStep | null {
    return this.undone.at(-1) ?? null;
  }

  nextId(): number {
    return ++this.lastId;
  }

  /** Adds a step; what had been undone is gone. The oldest steps make room, but the newest always stays. */
  push(step: EditStep): void {
    this.undone = [];
    this.lastId = Math.max(this.lastId, step.id);
    this.done.push(step);
    this.bytes += bytesOf(step);
    while (this.bytes > this.limitBytes && this.done.length > 1) {
      const oldest = this.done.shift()!;
      this.bytes -= bytesOf(oldest);
      this.floor = oldest.id;
      this.truncated = true;
    }
  }

  /** @returns the newest step, to be taken back */
  undo(): EditStep | null {
    const step = this.done.pop();
    if (!step) return null;
    this.bytes -= bytesOf(step);
    this.undone.push(step);
    return step;
  }

  /** @returns the step undone last, to be done again */
  redo(): EditStep | null {
    const step = this.undone.pop();
    if (!step) return null;
    this.bytes += bytesOf(step);
    this.done.push(step);
    return step;
  }

  /** Names the present state. */
  mark(): number {
    return this.done.at(-1)?.id ?? this.floor;
  }

  /** The past as it is now, for later: what comes changes nothing of it. */
  steps(): EditSteps {
    return { floor: this.floor, done: [...this.done], undone: [...this.undone] };
  }
}
