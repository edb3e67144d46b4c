import type { RunStatus, RunSummary } from '#shared/contract/runs';
import { notify } from './browser.ts';
import type { Toasts } from './toasts.svelte.ts';

/** What of a window it works with. */
interface EndWindow {
  readonly place: string;
  readonly toasts: Toasts;
  go(place: 'train' | 'review', target?: { runId: string }): void;
}

const words: Record<RunStatus, string> = {
  running: 'goes on',
  paused: 'is paused',
  finished: 'has finished',
  stopped: 'was stopped',
  failed: 'failed',
  interrupted: 'was interrupted',
};

/** How a run ended, in one sentence. What a person stopped has no reason of its own. */
export function endText({ name, status, reason, bestMiou, bestEpoch }: RunSummary) {
  const what = reason !== null && (status === 'stopped' || status === 'paused') ? 'could not go on' : words[status];
  const best = bestMiou === null ? '' : `, best mIoU ${bestMiou.toFixed(3)}`;
  const at = best && bestEpoch ? ` at epoch ${bestEpoch}` : '';
  const kind: 'info' | 'error' = reason === null && status !== 'failed' ? 'info' : 'error';
  return { kind, what, best, text: `The training of "${name}" ${what}${best}${at}${reason ? `: ${reason}` : '.'}` };
}

/** Tells how the run that was under way has ended: by the desktop, and in this window where other things are done in it. */
export function tellEnd(session: EndWindow, run: RunSummary): void {
  const { kind, what, best, text } = endText(run);
  notify(`Training ${what}`, `${run.name}${best}${run.reason ? `: ${run.reason}` : ''}`);
  // Train shows all of it.
  if (session.place === 'train') return;
  const show = { label: 'Show', run: () => session.go('train') };
  const review = { label: 'Review', run: () => session.go('review', { runId: run.id }) };
  // Of many in a row the last is told.
  session.toasts.dismissText('The training of');
  session.toasts.keep(kind, text, ...(run.hasCheckpoint && kind === 'info' ? [review, show] : [show]));
}
