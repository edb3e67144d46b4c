import { Confusion } from '#shared/metrics/confusion';
import { inputSizeOf, learntSizeOf } from '#shared/training/input-size';
import { Random } from '#shared/random';
import type { Sample } from '#shared/data/sample';
import type { RunConfig } from '#shared/training/run-config';
import { mirror } from '../data/mirror.ts';
import type { SamplePool } from '../data/sample-pool.ts';
import { priorShifts } from '../losses/class-weights.ts';
import type { EncNet } from '../models/encnet.ts';
import { predictSample, prepareSample, type Prediction } from './predict.ts';

export interface Scores {
  confusion: Confusion;
  loss: number | null;
}

/**
 * Scores a network on labelled samples, each at its label's own resolution, void left out, one confusion over all pixels.
 * @returns the confusion, and the mean cross-entropy; null where no pixel is labelled
 * @param progress called after each image with its prediction; may wait, so that stop and pause are heard
 */
export async function evaluate(
  net: EncNet,
  pool: SamplePool,
  samples: readonly Sample[],
  config: RunConfig,
  options: {
    epoch: number;
    classWeights: readonly number[] | null;
    /** As of `PredictOptions`. */
    offsets: readonly number[] | null;
    progress: (done: number, sample: Sample, prediction: Prediction) => Promise<void>;
  },
): Promise<Scores> {
  const confusion = new Confusion(net.numClasses);
  const flipsOf = (sample: Sample) => {
    const random = Random.named(`validate:${options.epoch}:${sample.id}`, config.seed);
    const flip = () => config.data.flipValidation && random.next() < 0.5;
    return { horizontal: flip(), vertical: flip() };
  };
  const { classWeights } = options;
  const { borderWeight, priorCorrection } = config.loss;
  const loss = { classWeights, borderWeight, shifts: priorShifts(classWeights, priorCorrection) };
  const optionsOf = (sample: Sample) => ({
    inputSize: inputSizeOf(config, config.evaluation),
    evaluation: config.evaluation,
    learnt: learntSizeOf(config),
    flips: flipsOf(sample),
    offsets: options.offsets,
    loss,
  });
  const total = { sum: 0, weight: 0 };
  for (const [index, sample] of samples.entries()) {
    const next = samples.at(index + 1);
    if (next) prepareSample(pool, next, optionsOf(next));
    const predictOptions = optionsOf(sample);
    const prediction = await predictSample(net, pool, sample, predictOptions);
    const { source, ids } = prediction;
    if (source.labels) confusion.add(mirror(source.labels, source.width, predictOptions.flips), ids);
    total.sum += prediction.loss?.sum ?? 0;
    total.weight += prediction.loss?.weight ?? 0;
    await options.progress(index + 1, sample, { ...prediction, ids: mirror(ids, source.width, predictOptions.flips) });
  }
  return { confusion, loss: total.weight > 0 ? total.sum / total.weight : null };
}
