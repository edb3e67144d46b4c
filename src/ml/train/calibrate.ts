import { AppError } from '#shared/errors';
import { voidId } from '#shared/mask/void-id';
import { fitTemperature, reliabilityOf, type Evidence } from '#shared/metrics/calibration';
import type { CalibrateJob, TrainerEvent } from '#shared/training/messages';
import { plainEvaluation } from '#shared/training/run-config';
import type { SamplePool } from '../data/sample-pool.ts';
import { EncNet } from '../models/encnet.ts';
import { choosePrecision } from '../tensor/choose-precision.ts';
import { tf } from '../tensor/runtime.ts';
import { writeModel, type Model } from '../weights/checkpoint.ts';
import type { Control } from './control.ts';
import { scoresOf } from './predict.ts';

/** Labelled pixels that are looked at, spread over all images: more of them change the temperature in its fourth digit. */
const mostPixels = 400_000;

/** Labelled pixels of an image, `wanted` of them at most, evenly spread. */
function somePixels(labels: Uint8Array, wanted: number): Int32Array {
  const labelled: number[] = [];
  for (let pixel = 0; pixel < labels.length; pixel++) if (labels[pixel] !== voidId) labelled.push(pixel);
  const step = Math.max(1, labelled.length / wanted);
  return Int32Array.from({ length: Math.min(wanted, labelled.length) }, (_, i) => labelled[Math.floor(i * step)]);
}

const joined = (parts: readonly Evidence[], classes: number): Evidence => ({
  logits: Float32Array.from(parts.flatMap(({ logits }) => [...logits])),
  labels: Uint8Array.from(parts.flatMap(({ labels }) => [...labels])),
  classes,
});

/**
 * Finds the temperature at which a network is as sure as it is right, and tells how much that mends: on every second image with the
 * temperature of the others, so that it is not judged by what it was fitted to; then once more on all.
 * @param pool reads labels as the network's classes @throws AppError 'invalid-argument' if there are fewer than two labelled images
 */
export async function calibrate(
  job: CalibrateJob,
  checkpoint: Model,
  pool: SamplePool,
  control: Control,
  emit: (event: TrainerEvent) => void,
): Promise<void> {
  const classes = checkpoint.classes.length;
  const choice = choosePrecision(job.precision ?? checkpoint.config.precision);
  emit({ type: 'precision', ...choice });
  const net = new EncNet(checkpoint.config.model, classes, 0, choice.precision);
  const parts: Evidence[] = [];
  try {
    net.parameters.load(checkpoint.model);
    for (const [index, sample] of job.samples.entries()) {
      await control.breathe();
      if (control.stopRequested) return emit({ type: 'done', reason: 'stopped', epoch: checkpoint.epoch });
      const options = { inputSize: checkpoint.config.evaluationSize, evaluation: plainEvaluation };
      const { source, scores } = await scoresOf(net, pool, sample, options);
      const pixels = somePixels(source.labels ?? new Uint8Array(0), Math.ceil(mostPixels / job.samples.length));
      const logits = tf.tidy(() => tf.gather(tf.reshape(scores, [-1, classes]), tf.tensor1d(pixels, 'int32')));
      scores.dispose();
      if (pixels.length > 0)
        parts.push({ logits: logits.dataSync<'float32'>().slice(), labels: Uint8Array.from(pixels, (at) => source.labels![at]), classes });
      logits.dispose();
      emit({ type: 'looked-at', done: index + 1, total: job.samples.length });
    }
  } finally {
    net.dispose();
  }
  if (parts.length < 2) throw new AppError('invalid-argument', 'A temperature needs at least two labelled images: choose another split');
  const half = (first: number) =>
    joined(
      parts.filter((_, index) => index % 2 === first),
      classes,
    );
  const [fitted, held] = [half(0), half(1)];
  const temperature = fitTemperature(joined(parts, classes));
  emit({
    type: 'calibrated',
    temperature,
    before: reliabilityOf(held, 1),
    after: reliabilityOf(held, fitTemperature(fitted)),
    images: parts.length,
  });
  if (job.outFile) writeModel(job.outFile, { ...checkpoint, config: { ...checkpoint.config, temperature } }, 'F32');
  emit({ type: 'done', reason: 'finished', epoch: checkpoint.epoch });
}
