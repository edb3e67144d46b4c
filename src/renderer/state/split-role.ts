import { counted } from '#shared/counted';
import type { PredictionInfo, ReviewResult } from '#shared/contract/review';
import type { RunSummary } from '#shared/contract/runs';
import { isStarter } from '#shared/training/start-weights';

/** What a split is to the run that is scored on it, and what follows for who fixes its labels; null where that is not known. */
export function splitRole(run: RunSummary | undefined, { prediction, images, learntFrom }: ReviewResult): string | null {
  const { split, protocol } = prediction;
  // The model that comes with the workbench has learnt elsewhere; a run with a fold says so in its protocol.
  if (!run || isStarter(run.id) || protocol.split !== split) return null;
  const noScore = 'this is no score of what it does elsewhere.';
  if (learntFrom === null ? split === 'train' : learntFrom > 0 && learntFrom === images.length)
    return `The run has learnt from these images: ${noScore}`;
  // A split that was made anew has images that were of another when the run began.
  if (learntFrom !== null && learntFrom > 0)
    return `The run has learnt from ${learntFrom} of these ${counted(images.length, 'image')}: ${noScore}`;
  if (split !== 'val') return null;
  const chosen = run.bestEpoch === null ? '' : '; its best epoch was chosen by them';
  const what = 'Fixed labels here make its scores right; what it learns from is fixed in train.';
  return `The run does not learn from these images${chosen}. ${what}`;
}

/** Which weights of a run a prediction was made with. */
export function weightsText(run: RunSummary | undefined, { weights }: PredictionInfo, hasNewer: boolean): string | null {
  if (weights) return `${weights.role} weights${weights.epoch === null ? '' : `, epoch ${weights.epoch}`}`;
  // Of predictions of before it was kept: what is the best epoch may be another one by now while the run goes on.
  if (!run || run.status === 'running' || run.status === 'paused') return null;
  if (hasNewer) return 'weights of an earlier epoch';
  return run.bestEpoch === null ? 'last weights' : `best weights, epoch ${run.bestEpoch}`;
}
