import { mapClasses } from '#shared/classes/class-map';
import type { RunDetail, RunSummary } from '#shared/contract/runs';
import { foldText } from '#shared/data/folds';
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
  const rest = "what lies between them is not the networks' alone.";
  if (baseline.measured !== null && run.measured !== null && baseline.measured !== run.measured)
    return `Scored on ${run.measured}; the baseline on ${baseline.measured}: ${rest}`;
  if (isOfOther(baseline, run)) return `Scored on other images, labels or classes than the baseline: ${rest}`;
  return null;
}

const isOfOther = (a: RunSummary, b: RunSummary): boolean =>
  a.validation !== null && b.validation !== null && a.validation !== b.validation;

/**
 * That runs were not all scored alike, and how; null where their scores compare. Folds of one division are scored on a part of it each,
 * and their mean is what they are made for.
 */
export function scoredApart(runs: readonly RunDetail[]): string | null {
  const division = ({ config }: RunDetail) => (config.fold ? foldText({ ...config.fold, index: 0 }) : null);
  const [first, ...others] = runs;
  const isApart = (run: RunDetail) =>
    division(run) === null || division(run) !== division(first) ? measuredOtherwise(first.summary, run.summary) !== null : false;
  const other = others.find(isApart);
  if (!other) return null;
  const [a, b] = [first, other].map(({ summary }) => `${summary.name} on ${summary.measured ?? 'what is not known'}`);
  const same = first.summary.measured === other.summary.measured ? ', with other images, labels or classes' : '';
  return `Not all of them were scored alike: ${a}, ${b}${same}. What lies between them is not the networks' alone.`;
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
