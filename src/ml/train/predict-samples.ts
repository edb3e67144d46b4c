import path from 'node:path';
import { writeAtomic } from '#files/atomic-write';
import { encodeIds } from '#files/mask-png';
import { AppError } from '#shared/errors';
import { Confusion } from '#shared/metrics/confusion';
import type { PredictJob, TrainerEvent } from '#shared/training/messages';
import type { SamplePool } from '../data/sample-pool.ts';
import { EncNet } from '../models/encnet.ts';
import { readModel } from '../weights/checkpoint.ts';
import type { Control } from './control.ts';
import { predictSample, prepareSample } from './predict.ts';

/** Predicts every sample of the job; scores those with a label and writes the masks where asked to. */
export async function predictSamples(
  job: PredictJob,
  pool: SamplePool,
  control: Control,
  emit: (event: TrainerEvent) => void,
): Promise<void> {
  const checkpoint = readModel(job.checkpoint);
  const numClasses = checkpoint.classes.length;
  const names = (classes: readonly { name: string }[]) => classes.map(({ name }) => name).join(', ');
  if (job.classes && names(job.classes) !== names(checkpoint.classes)) {
    throw new AppError(
      'invalid-argument',
      `${job.checkpoint} predicts the classes ${names(checkpoint.classes)}; the data set has ${names(job.classes)}`,
    );
  }
  const net = new EncNet(checkpoint.config.model, numClasses, 0);
  try {
    net.parameters.load(checkpoint.model);
    const { config } = checkpoint;
    const looking = { inputSize: config.evaluationSize, evaluation: job.evaluation ?? config.evaluation, uncertainty: true };
    const palette = checkpoint.classes.map(({ color }) => color);
    let done = 0;
    for (const [index, sample] of job.samples.entries()) {
      const next = job.samples.at(index + 1);
      if (next) prepareSample(pool, next, looking);
      await control.breathe();
      if (control.stopRequested) return emit({ type: 'done', reason: 'stopped', epoch: checkpoint.epoch });
      done++;
      const prediction = await predictSample(net, pool, sample, looking).catch((error: unknown) => {
        // One bad file is reported and the rest goes on.
        if (!(error instanceof AppError)) throw error;
        emit({ type: 'skipped', id: sample.id, reason: error.message, done, total: job.samples.length });
        return null;
      });
      if (!prediction) continue;
      const { source, ids, uncertainty } = prediction;
      const file = job.outDir ? path.join(job.outDir, `${path.basename(sample.id)}.png`) : null;
      if (file) writeAtomic(file, encodeIds({ width: source.width, height: source.height, ids }, palette));
      emit({
        type: 'scored',
        score: { id: sample.id, confusion: confusionOf(source.labels, ids, numClasses), uncertainty: uncertainty ?? 0, file },
        done,
        total: job.samples.length,
      });
    }
    emit({ type: 'done', reason: 'finished', epoch: checkpoint.epoch });
  } finally {
    net.dispose();
  }
}

function confusionOf(labels: Uint8Array | null, ids: Uint8Array, numClasses: number): number[] | null {
  if (!labels) return null;
  const confusion = new Confusion(numClasses);
  confusion.add(labels, ids);
  return [...confusion.counts];
}
