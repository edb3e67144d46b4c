import type { PredictionProgress } from '#shared/contract/review';
import type { RunSummary } from '#shared/contract/runs';
import { notify } from './browser.ts';
import type { Toasts } from './toasts.svelte.ts';

/** What of a window it works with. */
interface EndWindow {
  readonly place: string;
  readonly runs: readonly RunSummary[];
  readonly toasts: Toasts;
  go(place: 'review', target?: { runId: string }): void;
}

/** What failed or was left out is told wherever one is; that all is done, where Review does not show it. */
function tellPredicted(window: EndWindow, { runId, split, state, message }: PredictionProgress): void {
  const { toasts } = window;
  if (state === 'cancelled') return;
  const name = window.runs.find(({ id }) => id === runId)?.name ?? 'a run';
  const failed = state === 'failed';
  const text = failed ? `Predicting ${split} by "${name}": ${message ?? 'no reason was given.'}` : `${split} is predicted by "${name}".`;
  const show = { label: 'Review', run: () => window.go('review', { runId }) };
  if (failed || message) toasts.keep('error', failed ? text : message!, ...(window.place === 'review' ? [] : [show]));
  if (window.place === 'review') return;
  notify(failed ? 'Prediction failed' : 'Prediction done', text);
  if (!failed) toasts.keep('info', text, show);
}

/** Hears how a prediction goes, and tells its end once: what had ended before this window saw it go is no news. */
export function predictionEnds(window: EndWindow): (progress: PredictionProgress) => void {
  let going: string | null = null;
  return (progress) => {
    const ended = progress.state !== 'running' && going === progress.predictionId;
    going = progress.state === 'running' ? progress.predictionId : null;
    if (ended) tellPredicted(window, progress);
  };
}
