import type { DatasetInfo } from '#shared/contract/datasets';
import type { Toasts } from './toasts.svelte.ts';

/** What of a window it works with. */
export interface WayBackWindow {
  readonly dataset: DatasetInfo | null;
  /** Whether the workbench has another data set open by now. */
  readonly isAway: boolean;
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
  /** How it is taken back once its data set has been closed, where the offer does not outlast that. */
  afterwards?: string;
  /** Whether it is taken back as a whole or not at all, so that it can be tried again where something kept it. */
  again?: boolean;
}

/** Offers to take something back. It is not done to another data set: where another is open by then, it is offered for later. */
export function offerBack(session: WayBackWindow, { of, text, back, afterwards, again = false }: Done): void {
  const { toasts } = session;
  const offer = { label: 'Undo', run };
  function run() {
    if (session.dataset?.id === of?.id && !session.isAway) return void take();
    const what = `Nothing was taken back: it is of ${of?.path}, and another data set is open now`;
    if (afterwards) toasts.show('error', `${what}. ${afterwards}`);
    else toasts.show('error', `${what}: open that one, then undo. What was done: ${text}`, offer);
  }
  /** What keeps it from being taken back may be gone later. */
  async function take() {
    if (!(await session.attempt(back)) && again) toasts.show('info', text, offer);
  }
  toasts.show('info', text, offer);
}
