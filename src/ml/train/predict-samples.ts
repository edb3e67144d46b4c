import path from 'node:path';
import { writeAtomic } from '#files/atomic-write';
import { encodePredictedIds, encodeValues, type LabelMask } from '#files/mask-png';
import { encodeSureness, surenessFile } from '#files/sureness-png';
import type { MaskFormat } from '#shared/classes/class-info';
import { inputSizeOf, learntSizeOf } from '#shared/training/input-size';
import { formatFor } from '#shared/classes/class-map';
import { AppError } from '#shared/errors';
import { predictionNames } from '#shared/data/prediction-names';
import { Confusion } from '#shared/metrics/confusion';
import { shapeCounts } from '#shared/metrics/shape-scores';
import { suspiciousPixels, thinned } from '#shared/metrics/sureness';
import type { ImageScore, PredictJob, TrainerEvent } from '#shared/training/messages';
import type { SamplePool } from '../data/sample-pool.ts';
import { choosePrecision } from '../tensor/choose-precision.ts';
import type { Model } from '../weights/checkpoint.ts';
import { loadedNetwork } from '../weights/loaded-network.ts';
import { Stopped, type Control } from './control.ts';
import { predictSample, prepareSample, type Prediction } from './predict.ts';

/** How the job's labels are read: as the classes of the network. @throws AppError 'invalid-argument' with both class lists */
export function labelFormat(
  { checkpoint, classes, maskFormat }: Pick<PredictJob, 'checkpoint' | 'classes' | 'maskFormat'>,
  model: Model,
): MaskFormat | null {
  if (!classes || !maskFormat) return null;
  return formatFor(checkpoint, model.classes, classes, maskFormat);
}

/** Encodes predictions as the job wants them. */
function encoderOf({ classes }: Model, write: PredictJob['write'], emit: (event: TrainerEvent) => void): (mask: LabelMask) => Uint8Array {
  const values = classes.map(({ value }) => value);
  if (write === 'values' && values.every((value) => value !== undefined)) return (mask) => encodeValues(mask, classes);
  if (write === 'values')
    emit({ type: 'log', text: 'The checkpoint does not know the stored values of its classes: masks hold class ids.' });
  return (mask) => encodePredictedIds(mask, classes);
}

/**
 * Predicts every sample of the job; scores those with a label and writes the masks where asked to.
 * @param checkpoint the job's network @param pool reads labels as `labelFormat` says
 */
export async function predictSamples(
  job: PredictJob,
  checkpoint: Model,
  pool: SamplePool,
  control: Control,
  emit: (event: TrainerEvent) => void,
): Promise<void> {
  const numClasses = checkpoint.classes.length;
  const choice = choosePrecision(job.precision ?? checkpoint.config.precision, job.preferred);
  emit({ type: 'precision', ...choice });
  const net = loadedNetwork(checkpoint, choice.precision);
  try {
    const { config } = checkpoint;
    const loss = { classWeights: null };
    const evaluation = job.evaluation ?? config.evaluation;
    const predictOptions = {
      inputSize: inputSizeOf(config, evaluation),
      evaluation,
      learnt: learntSizeOf(config),
      temperature: checkpoint.temperature,
      sureness: true,
      loss,
      // Of a large photo there may be hundreds.
      between: async () => {
        await control.breathe();
        if (control.stopRequested) throw new Stopped();
      },
    };
    const encode = encoderOf(checkpoint, job.write, emit);
    const stopped = () => emit({ type: 'done', reason: 'stopped', epoch: checkpoint.epoch });
    let done = 0;
    const names = job.names ?? predictionNames(job.samples.map(({ id }) => id));
    for (const [index, sample] of job.samples.entries()) {
      const next = job.samples.at(index + 1);
      if (next) prepareSample(pool, next, predictOptions);
      await control.breathe();
      if (control.stopRequested) return stopped();
      done++;
      const prediction = await predictSample(net, pool, sample, predictOptions).catch((error: unknown) => {
        if (error instanceof Stopped) return error;
        // One bad file is reported and the rest goes on.
        if (!(error instanceof AppError)) throw error;
        emit({ type: 'skipped', id: sample.id, reason: error.message, done, total: job.samples.length });
        return null;
      });
      if (prediction instanceof Stopped) return stopped();
      if (!prediction) continue;
      const { source, ids } = prediction;
      const sureness = prediction.sureness!;
      const file = job.outDir ? path.join(job.outDir, names[index]) : null;
      if (file && job.writeSureness) writeAtomic(surenessFile(file), encodeSureness(thinned(sureness)));
      if (file) writeAtomic(file, encode({ width: source.width, height: source.height, ids }));
      emit({ type: 'scored', score: { id: sample.id, ...scoreOf(prediction, numClasses), file }, done, total: job.samples.length });
    }
    emit({ type: 'done', reason: 'finished', epoch: checkpoint.epoch });
  } finally {
    net.dispose();
  }
}

/** How well a prediction agrees with its label, and how sure it is. */
function scoreOf({ source, ids, sureness, loss }: Prediction, numClasses: number): Omit<ImageScore, 'id' | 'file'> {
  const { confidence, entropy } = sureness!;
  const uncertainty = entropy.reduce((sum, value) => sum + value, 0) / (255 * entropy.length);
  const { labels } = source;
  if (!labels) return { confusion: null, uncertainty, loss: null, suspicious: null, shapes: null };
  const confusion = new Confusion(numClasses);
  confusion.add(labels, ids);
  return {
    confusion: [...confusion.counts],
    uncertainty,
    loss: loss && loss.weight > 0 ? loss.sum / loss.weight : null,
    suspicious: suspiciousPixels(labels, ids, confidence),
    shapes: shapeCounts(labels, ids, source, numClasses),
  };
}
