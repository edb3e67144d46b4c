import { AppError } from '#shared/errors';
import type { FindRateJob, RatePoint, TrainerEvent } from '#shared/training/messages';
import { trainingBatches, stepsPerEpoch } from '../data/batches.ts';
import type { SamplePool } from '../data/sample-pool.ts';
import { classWeights } from '../losses/class-weights.ts';
import { choosePrecision } from '../tensor/choose-precision.ts';
import type { Control } from './control.ts';
import { assertAnyLabel, gatherStatistics } from './label-statistics.ts';
import { assertNothingLoaded, RunModel } from './run-model.ts';
import { dropoutSeedOf } from './train-step.ts';

const lowest = 1e-6;
const highest = 3;
const smoothing = 0.15;
/** The search ends where the smoothed loss is this many times its lowest. */
const explosion = 3;

/** The rate of a step of the search: a straight line on a logarithmic scale. */
export const searchedRate = (step: number, steps: number): number => lowest * (highest / lowest) ** (step / Math.max(1, steps - 1));

/** A fall of this share of the loss tells something learned, and so many times what the loss wavers by before anything is. */
const leastFall = 0.05;
const clearlyMore = 3;

/** Whether the loss falls clearly to its lowest point: weights that know their task stay where they are, and waver. */
function fallsFor(points: readonly RatePoint[], valley: number): boolean {
  const before = points.slice(0, Math.max(1, Math.ceil(points.length / 4))).map(({ loss }) => loss);
  const mean = before.reduce((sum, loss) => sum + loss, 0) / before.length;
  const spread = Math.sqrt(before.reduce((sum, loss) => sum + (loss - mean) ** 2, 0) / before.length);
  return mean - points[valley].loss > Math.max(leastFall * mean, clearlyMore * spread);
}

/**
 * A rate to begin with: where the smoothed loss falls most steeply over the logarithm of the rate, which leaves room to its minimum.
 * Source: the learning-rate range test of Smith 2017, read as fastai reads it.
 * @returns null if the loss does not fall by more than it wavers
 */
export function suggestRate(points: readonly RatePoint[]): number | null {
  const valley = points.reduce((lowestSoFar, point, index) => (point.loss < points[lowestSoFar].loss ? index : lowestSoFar), 0);
  if (!fallsFor(points, valley)) return null;
  let [steepest, rate]: [number, number | null] = [0, null];
  for (let i = 2; i + 2 <= valley; i++) {
    const slope = (points[i + 2].loss - points[i - 2].loss) / Math.log(points[i + 2].learningRate / points[i - 2].learningRate);
    if (slope < steepest) [steepest, rate] = [slope, points[i].learningRate];
  }
  return rate;
}

/** Batches without end, epoch after epoch. */
async function* endlessBatches(job: FindRateJob, pool: SamplePool, control: Control) {
  const set = await gatherStatistics(pool, job.train, job.classes.length, control);
  if (control.stopRequested) return;
  if (set.samples.length === 0)
    throw new AppError(
      'invalid-argument',
      `No image of the training split can be used${set.excluded.length > 0 ? `; the first: ${set.excluded[0]}` : ''}`,
    );
  assertAnyLabel(set);
  const weights = classWeights(job.config.loss.classWeights, set.pixels, set.imagePixels);
  const steps = stepsPerEpoch(set.samples.length, job.config);
  for (let epoch = 0; steps > 0; epoch++)
    for await (const batches of trainingBatches(pool, set, job.config, epoch, 0)) yield { batches, weights };
}

/** Runs the search and reports every point with its smoothed loss, then the suggestion. */
export async function findRate(job: FindRateJob, pool: SamplePool, control: Control, emit: (event: TrainerEvent) => void): Promise<void> {
  const choice = choosePrecision(job.config.precision);
  emit({ type: 'precision', ...choice });
  if (!job.initialWeights) assertNothingLoaded(job.config);
  const model = new RunModel({ ...job.config, emaDecay: 0 }, job.classes.length, choice.precision);
  const points: RatePoint[] = [];
  let [step, lowestLoss] = [0, Infinity];
  try {
    if (job.initialWeights) for (const text of model.loadInitial(job.initialWeights, job.classes).said) emit({ type: 'log', text });
    for await (const { batches, weights } of endlessBatches(job, pool, control)) {
      await control.breathe();
      if (control.stopRequested || step >= job.steps) break;
      const learningRate = searchedRate(step, job.steps);
      const { loss, labelled } = model.step(batches, {
        loss: job.config.loss,
        classWeights: weights,
        learningRate,
        dropoutSeed: dropoutSeedOf(job.config.seed, step),
        runningNorm: job.config.fineTune.batchNorm === 'running',
      });
      if (!Number.isFinite(loss) && step === 0)
        throw new AppError(
          'trainer-failed',
          `The first step has a loss of ${loss}, at a rate of ${learningRate}: there is nothing to search`,
        );
      if (!Number.isFinite(loss)) break;
      step++;
      // Where nothing is labelled next to nothing is lost: that is no point of the curve.
      if (labelled === 0) continue;
      const before = points.at(-1)?.loss ?? loss;
      const average = before + smoothing * (loss - before);
      const point = { learningRate, loss: average };
      points.push(point);
      emit({ type: 'rate', point, done: step, total: job.steps });
      lowestLoss = Math.min(lowestLoss, average);
      if (average > explosion * lowestLoss) break;
    }
    // The noise of a few low rates falls somewhere, too.
    emit({ type: 'rate-found', suggestion: control.stopRequested ? null : suggestRate(points) });
    emit({ type: 'done', reason: control.stopRequested ? 'stopped' : 'finished', epoch: 0 });
  } finally {
    model.dispose();
  }
}
