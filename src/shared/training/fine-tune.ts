import { sameJson } from '../same-json.ts';
import type { FineTuneConfig, RunConfig } from './run-config.ts';

/** Of a recipe's own rate: loaded weights are near where they should be. */
const rateShare = 0.1;
/** From this share of the rate that weights were trained with on, they forget what they have learnt (measured, docs/benchmarks.md). */
const forgettingShare = 0.25;

const fineTuneSchedule = { kind: 'cosine', floor: 0.05 } as const;

/**
 * A recipe that goes on from loaded weights without losing what they know: a tenth of the rate, which rises over an epoch and falls
 * to the end, and batch norm as the weights know it. One that is such a recipe already keeps its rate.
 */
export function fineTuned(config: RunConfig): RunConfig {
  const share = config.fineTune.batchNorm === 'running' ? 1 : rateShare;
  return {
    ...config,
    optimizer: { ...config.optimizer, learningRate: Number((share * config.optimizer.learningRate).toPrecision(6)) },
    schedule: { ...fineTuneSchedule },
    warmUpEpochs: 1,
    fineTune: { ...config.fineTune, batchNorm: 'running' },
  };
}

/** The rate at which a recipe's network learns from nothing: its own, or what it has a share of as `fineTuned` made it. */
export function fullRateOf({ optimizer: { learningRate }, fineTune: { batchNorm }, schedule, warmUpEpochs }: RunConfig): number {
  const isFineTuned = batchNorm === 'running' && warmUpEpochs === 1 && sameJson(schedule, fineTuneSchedule);
  return Number((learningRate / (isFineTuned ? rateShare : 1)).toPrecision(6));
}

/** Why a recipe would forget what loaded weights know; null where it would not. @param trainedAt rate of the recipe they were made with */
export function forgetting({ optimizer: { learningRate } }: RunConfig, trainedAt: number): string | null {
  if (learningRate < forgettingShare * trainedAt) return null;
  return (
    `A rate of ${learningRate} is that of a start from nothing: much of what these weights know would be lost in the first epochs. ` +
    `Weights that are loaded learn on with about ${Number((rateShare * trainedAt).toPrecision(2))}.`
  );
}

const stages = ['stage1', 'stage2', 'stage3'] as const;

/** What the names of frozen tensors begin with. */
export function frozenPrefixes({ freeze }: FineTuneConfig): string[] {
  if (freeze === 'none') return [];
  if (freeze === 'backbone') return ['backbone.'];
  const last = freeze === 'stem' ? 0 : stages.indexOf(freeze) + 1;
  return ['backbone.conv1', 'backbone.bn1', ...stages.slice(0, last).map((_, index) => `backbone.layer${index + 1}.`)];
}
