import type { RunSummary } from '#shared/contract/runs';
import type { PredictionInfo } from '#shared/contract/review';

/** What a split is to the run that is scored on it, and what follows for who fixes its labels; null where that is not known. */
export function splitRole(run: RunSummary | undefined, { split, protocol }: PredictionInfo): string | null {
  // The model that comes with the workbench has learnt elsewhere; a run with a fold says so in its protocol.
  if (!run || /^starter(-|$)/.test(run.id) || protocol.split !== split) return null;
  if (split === 'train') return 'The run has learnt from these images: this is no score of what it does elsewhere.';
  if (split !== 'val') return null;
  const chosen = run.bestEpoch === null ? '' : '; its best epoch was chosen by them';
  return `The run does not learn from these images${chosen}. Fixed, they make scores truer; train teaches it.`;
}

/** Which weights of a run a prediction was made with. */
export function weightsText(run: RunSummary | undefined, hasNewer: boolean): string | null {
  // What is the best epoch may be another one by now while it goes on.
  if (!run || run.status === 'running' || run.status === 'paused') return null;
  if (hasNewer) return 'weights of an earlier epoch';
  return run.bestEpoch === null ? 'last weights' : `best weights, epoch ${run.bestEpoch}`;
}
