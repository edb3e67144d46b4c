import { createHash } from 'node:crypto';
import type { RunState } from '#files/checkpoint-metadata';
import type { Sample } from '#shared/data/sample';
import { AppError } from '#shared/errors';
import type { TrainJob, TrainerEvent } from '#shared/training/messages';
import { batchesOf, stepsPerEpoch } from '../data/batches.ts';
import type { SamplePool } from '../data/sample-pool.ts';
import { classWeights } from '../losses/class-weights.ts';
import type { Control } from './control.ts';
import { keepMask } from './kept-masks.ts';
import { assertAnyLabel, gatherStatistics, hasAnyLabel, type LabelStatistics } from './label-statistics.ts';
import { assertSameSamples } from './resume-guard.ts';
import type { RunFiles } from './run-files.ts';
import { ValidationStrip } from './validation-strip.ts';

/** What a run trains on, once every sample has been read. */
export interface RunData {
  train: LabelStatistics;
  validation: readonly Sample[];
  classWeights: number[] | null;
  steps: number;
  strip: ValidationStrip;
}

/** The run that reads: whose job it is, what it may stop for, and where it writes. */
export interface Reader {
  readonly job: TrainJob;
  readonly pool: SamplePool;
  readonly control: Control;
  readonly files: RunFiles;
  emit: (event: TrainerEvent) => void;
  /** Lets messages in, and waits while the run is paused. */
  breathe: () => Promise<void>;
  /** To be called before whatever writes. @throws AppError if the run's folder has another owner */
  assertOurs: () => void;
}

/** Changes with what is told of the samples of each split, and with their order. */
function fingerprintOf(splits: readonly (readonly string[])[]): string {
  const hash = createHash('sha256');
  for (const told of splits) hash.update(`${told.join('\n')}\n\n`);
  return hash.digest('hex').slice(0, 16);
}

/** Samples with masks of the run's own, where it keeps them; those of before a stop. */
async function keep(reader: Reader, samples: readonly Sample[]): Promise<readonly Sample[]> {
  const { keepMasks, outDir } = reader.job;
  if (!keepMasks) return samples;
  const kept: Sample[] = [];
  for (const sample of samples) {
    await reader.breathe();
    if (reader.control.stopRequested) break;
    reader.assertOurs();
    kept.push(keepMask(sample, outDir));
  }
  return kept;
}

/** Keeps what the run trains on, or holds it against what it trained on before. */
function recordSamples(reader: Reader, state: RunState, train: LabelStatistics, validation: LabelStatistics): void {
  const { job, files } = reader;
  const splits = [train, validation];
  const now = {
    train: train.samples.length,
    validation: validation.samples.length,
    fingerprint: fingerprintOf(splits.map(({ samples }) => samples.map(({ id, revision }) => `${id} ${revision ?? '-'}`))),
    content: fingerprintOf(splits.map(({ revisions }) => revisions)),
  };
  if (job.resumeFrom) assertSameSamples(job.resumeFrom, state.data, now);
  reader.assertOurs();
  if (!state.data || !files.hasSamples) files.writeSamples(train.samples, validation.samples);
  state.data = now;
}

/** @throws AppError 'invalid-argument' naming the first image that was left out, where a split has none that can be used */
function assertSome(split: string, { samples, excluded }: LabelStatistics): void {
  if (samples.length > 0) return;
  const why = excluded.length > 0 ? `; the first: ${excluded[0]}` : ': it has no labelled image';
  throw new AppError('invalid-argument', `No image of the ${split} split can be used${why}`);
}

/** Tells what is left out and what will do nothing. @throws AppError 'invalid-argument' where there is nothing to learn from */
function tellOfSamples({ emit, job: { config } }: Reader, train: LabelStatistics, validation: LabelStatistics): void {
  const log = (text: string) => emit({ type: 'log', text });
  for (const reason of [...train.excluded, ...validation.excluded]) log(`left out: ${reason}`);
  assertSome('training', train);
  assertSome('validation', validation);
  assertAnyLabel(train);
  if (!hasAnyLabel(validation)) log('warning: no pixel of the validation images is labelled, so there is nothing to score on');
  const batches = batchesOf(train.samples.length, config);
  if (config.data.mix !== 'none' && batches.includes(1)) {
    const what = batches.every((images) => images === 1) ? 'does nothing' : 'leaves that image as it is';
    log(`warning: nothing is mixed in a batch of one: data.mix "${config.data.mix}" ${what}`);
  }
}

/**
 * Reads every sample of a run, and holds them against those of before a stop.
 * @returns null if stopped on the way
 * @throws AppError 'invalid-argument' as `tellOfSamples` and `assertSameSamples` do
 */
export async function readRunData(reader: Reader, state: RunState): Promise<RunData | null> {
  const { job, pool, control, files } = reader;
  const { config } = job;
  const gather = (samples: readonly Sample[]) => gatherStatistics(pool, samples, job.classes.length, control, () => reader.breathe());
  const samples = { train: await keep(reader, job.train), validation: await keep(reader, job.validation) };
  if (control.stopRequested) return null;
  // A run that is stopped while it reads goes on with these all the same.
  reader.assertOurs();
  if (!state.data) files.writeSamples(samples.train, samples.validation);
  const [train, validation] = [await gather(samples.train), await gather(samples.validation)];
  if (control.stopRequested) return null;
  tellOfSamples(reader, train, validation);
  recordSamples(reader, state, train, validation);
  return {
    train,
    validation: validation.samples,
    steps: stepsPerEpoch(train.samples.length, config),
    classWeights: classWeights(config.loss.classWeights, train.pixels, train.imagePixels),
    strip: new ValidationStrip(validation.samples, job.outDir, job.classes, job.watched),
  };
}
