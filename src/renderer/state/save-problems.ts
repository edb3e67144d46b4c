import type { EditProblem, EditState } from '#shared/contract/edits';
import type { Toasts } from './toasts.svelte.ts';

/**
 * Says what keeps masks from being saved, of every image and whatever is open in this window: what was painted is a person's,
 * also when they have gone on to the next image.
 */
export class SaveProblems {
  private readonly toasts: Toasts;
  private readonly resolve: (imageId: string, keep: 'mine' | 'theirs') => void;
  /** What is told now, by image. */
  private readonly told = new Map<string, string>();

  /** @param resolve ends a conflict as a person chooses */
  constructor(toasts: Toasts, resolve: (imageId: string, keep: 'mine' | 'theirs') => void) {
    this.toasts = toasts;
    this.resolve = resolve;
  }

  take({ imageId, problem }: EditState): void {
    const text = problem && textOf(imageId, problem);
    const before = this.told.get(imageId);
    // A choice that a person has waved away is offered again: without it the mask is never saved.
    const isShown = problem?.kind !== 'conflict' || this.toasts.shows(before ?? '');
    if (before === (text ?? undefined) && isShown) return;
    if (before) this.toasts.dismissText(before);
    if (!problem || !text) return void this.told.delete(imageId);
    this.told.set(imageId, text);
    const ways = [
      { label: 'Keep mine', run: () => this.resolve(imageId, 'mine') },
      { label: 'Take theirs', run: () => this.resolve(imageId, 'theirs') },
    ];
    this.toasts.show('error', text, ...(problem.kind === 'conflict' ? ways : []));
  }

  /** Holds what is told against what is so now. @param states of the masks that are not saved */
  retake(states: readonly EditState[]): void {
    const now = new Set(states.map(({ imageId }) => imageId));
    for (const imageId of [...this.told.keys()]) if (!now.has(imageId)) this.forget(imageId);
    for (const state of states) this.take(state);
  }

  private forget(imageId: string): void {
    this.toasts.dismissText(this.told.get(imageId)!);
    this.told.delete(imageId);
  }
}

function textOf(imageId: string, { kind, text }: EditProblem): string {
  return kind === 'conflict' ? text : `The mask of ${imageId} is not saved: ${text}. It is tried again by itself.`;
}
