import { mapClasses } from '#shared/classes/class-map';
import type { RunDetail, RunSummary } from '#shared/contract/runs';
import { difference } from '#shared/metrics/split-change';
import type { EpochMetrics } from '#shared/training/messages';

/** A score of a baseline and of another run; null where there is none. */
export interface ScorePair {
  name: string;
  before: number | null;
  now: number | null;
  change: number | null;
}

/** That two runs were scored in different ways, and in which; null where their scores compare. */
export function measuredOtherwise(baseline: RunSummary, run: RunSummary): string | null {
  if (baseline.measured === null || run.measured === null || baseline.measured === run.measured) return null;
  return `Scored on ${run.measured}; the baseline on ${baseline.measured}: what lies between them is not the networks' alone.`;
}

/** The epoch that a run's best score is of. */
const bestOf = ({ summary, epochs }: RunDetail): EpochMetrics | undefined => epochs.find(({ epoch }) => epoch === summary.bestEpoch);

/** The best epochs of two runs held against each other: mIoU, then each class of the second by its name. */
export function againstBaseline(baseline: RunDetail, run: RunDetail): ScorePair[] {
  const [before, now] = [bestOf(baseline), bestOf(run)];
  const pair = (name: string, one: number | null | undefined, other: number | null | undefined): ScorePair => {
    const [a, b] = [one ?? null, other ?? null];
    return { name, before: a, now: b, change: difference(a, b) };
  };
  const { ids } = mapClasses(run.classes, baseline.classes);
  return [
    pair('mIoU', before?.miou, now?.miou),
    ...run.classes.map(({ id, name }) => pair(name, ids[id] < 0 ? null : before?.perClassIou[ids[id]], now?.perClassIou[id])),
  ];
}
