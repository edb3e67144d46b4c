import { EditHistory, type EditStep } from '#shared/mask/edit-history';
import type { Stroke } from '../editor/document.ts';

export type Move = 'undo' | 'redo';

/** A step of this window. */
type OwnStep = EditStep & { stroke: string };

/** So much is kept of what a window can take back by itself. */
const keptBytes = 64_000_000;

/**
 * The newest steps of a mask as long as they are all this window's: it knows what they were painted on, and takes them back without
 * asking. Whoever hears of another's step forgets them, since that lies on top.
 */
export class OwnSteps {
  private history = new EditHistory(0, keptBytes);

  /** Whether any is known, done or undone: the newest done, and all undone ones, are then main's too. */
  get known(): boolean {
    return this.history.nextUndo !== null || this.history.nextRedo !== null;
  }

  get undo(): OwnStep | null {
    return this.history.nextUndo as OwnStep | null;
  }

  get redo(): OwnStep | null {
    return this.history.nextRedo as OwnStep | null;
  }

  push(stroke: string, { label, patch, before }: Stroke): void {
    const { values: after, ...box } = patch;
    this.history.push({ ...box, before, after, id: this.history.nextId(), label, stroke });
  }

  move(kind: Move): void {
    this.history[kind]();
  }

  forget(): void {
    this.history = new EditHistory(0, keptBytes);
  }
}
