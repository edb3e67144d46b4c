import type { DatasetInfo } from '#shared/contract/datasets';
import type { Toasts } from './toasts.svelte.ts';

/** What of a window it works with. */
export interface WayBackWindow {
  readonly dataset: DatasetInfo | null;
  readonly toasts: Toasts;
  attempt(work: () => Promise<unknown>): Promise<boolean>;
}

/** Something that was done and can be taken back. */
interface Done {
  /** The data set that it was done to. */
  of: DatasetInfo | null;
  /** What has happened, in words. */
  text: string;
  /** @throws what keeps it from being taken back, which is told */
  back: () => Promise<unknown>;
}

/** Offers to take something back. It is not done to another data set: where another is open by then, it is offered for later. */
export function offerBack(session: WayBackWindow, { of, text, back }: Done): void {
  const { toasts } = session;
  const run = () => {
    if (session.dataset?.id === of?.id) return void session.attempt(back);
    const place = of ? `it is of ${of.path}, and another data set is open now: open that one, then undo` : 'a data set is open now';
    toasts.show('error', `Nothing was taken back: ${place}. What was done: ${text}`, { label: 'Undo', run });
  };
  toasts.show('info', text, { label: 'Undo', run });
}
