// The trainer process: one job, then it ends. Nothing imports this file; main forks it.
import os from 'node:os';
import path from 'node:path';
import type { MaskFormat } from '#shared/classes/class-info';
import { readCheckpointHeader } from '#files/checkpoint-header';
import { useReadLimits } from '#files/read-limits';
import { AppError, messageOf, type ErrorCode } from '#shared/errors';
import { memoryAdviceFor } from '#shared/training/memory-advice';
import type { PredictJob, TrainerCommand, TrainerEvent, TrainerJob } from '#shared/training/messages';
import type { PrecisionSetting } from '#shared/training/precision';
import { SamplePool, type PoolOptions } from '../data/sample-pool.ts';
import { choosePrecision } from '../tensor/choose-precision.ts';
import { deviceName, tf, whyOnProcessor } from '../tensor/runtime.ts';
import { calibrate } from '../train/calibrate.ts';
import { Control } from '../train/control.ts';
import { findRate } from '../train/find-rate.ts';
import { fit } from '../train/fit.ts';
import { labelFormat, predictSamples } from '../train/predict-samples.ts';
import { readModel } from '../weights/checkpoint.ts';
import { exportModel } from '../weights/export-model.ts';
import { lookAtWeights } from '../weights/weight-fit.ts';

const control = new Control();

/** Resolves when the newest word has left this process, or has nobody to go to. */
let said: Promise<void> = Promise.resolve();

function emit(event: TrainerEvent): void {
  if (!process.connected) return;
  // Nobody hears it any more where the application has just died: 'disconnect' tells so as well, but later than the next word.
  said = new Promise((resolve) => process.send!(event, undefined, undefined, () => resolve()));
}

/** TensorFlow reports a failed allocation only in its message. */
function codeOf(error: unknown): ErrorCode {
  if (error instanceof AppError) return error.code;
  if (/^(ENOSPC|EDQUOT|SQLITE_FULL)$/.test(String((error as { code?: unknown } | null)?.code))) return 'disk-full';
  return /\bOOM\b|out of memory|bad_alloc|ResourceExhausted|Array buffer allocation failed/i.test(messageOf(error))
    ? 'out-of-memory'
    : 'trainer-failed';
}

/** TensorFlow's own words, without the status before them. */
const wordsOf = (error: unknown): string =>
  messageOf(error)
    .replace(/^Invalid TF_Status: \d+\s+Message: /, '')
    .split('\n')[0];

// The worker's entry lies beside this one: as source while developing, built otherwise.
const workerEntry = new URL(`./data-worker${path.extname(new URL(import.meta.url).pathname)}`, import.meta.url);

/** A pool for as long as `work` takes. */
async function withPool(
  format: MaskFormat | null,
  options: Omit<PoolOptions, 'entry'>,
  work: (pool: SamplePool) => Promise<void>,
): Promise<void> {
  const pool = new SamplePool(format, { entry: workerEntry, ...options });
  try {
    await work(pool);
  } finally {
    await pool.close();
  }
}

/** @throws AppError 'conflict' if a training has put other weights in the place of those that were asked for */
function assertAsked({ checkpoint, sha256 }: PredictJob): void {
  if (sha256 === null || readCheckpointHeader(checkpoint).sha256 === sha256) return;
  throw new AppError('conflict', `${checkpoint} was replaced by a better epoch meanwhile: predict again`, { file: checkpoint });
}

/** Each image is looked at once. */
const onePass = { workers: 1, budgetBytes: 256e6, evicts: true };

/** Before the pool's threads begin: what they do would be counted. */
const tryPrecision = (setting: PrecisionSetting): void => void choosePrecision(setting);

async function work(job: TrainerJob): Promise<void> {
  if (job.kind === 'export') {
    exportModel(job);
    emit({ type: 'done', reason: 'finished', epoch: 0 });
    return;
  }
  if (job.kind === 'look-at-weights') {
    emit({ type: 'weights', fit: lookAtWeights(job.file, job.config, job.classes) });
    emit({ type: 'done', reason: 'finished', epoch: 0 });
    return;
  }
  if (job.kind === 'predict' || job.kind === 'calibrate') {
    const model = readModel(job.checkpoint);
    if (job.kind === 'predict') assertAsked(job);
    tryPrecision(job.precision ?? model.config.precision);
    return withPool(labelFormat(job, model), onePass, (pool) =>
      job.kind === 'predict' ? predictSamples(job, model, pool, control, emit) : calibrate(job, model, pool, control, emit),
    );
  }
  if (job.kind !== 'train' || !job.resumeFrom) tryPrecision(job.config.precision);
  const { workers, cacheMb } = job.config.data;
  return withPool(job.maskFormat, { workers, budgetBytes: cacheMb * 1e6 }, (pool) =>
    job.kind === 'train' ? fit(job, pool, control, emit) : findRate(job, pool, control, emit),
  );
}

async function run(job: TrainerJob): Promise<void> {
  emit({ type: 'ready', device: deviceName(), whyNoGpu: whyOnProcessor(), tensorflow: `tfjs ${tf.version.tfjs}` });
  try {
    await work(job);
  } catch (error) {
    const code = codeOf(error);
    emit({
      type: 'failed',
      code,
      message: code === 'out-of-memory' ? `Memory ran out (${wordsOf(error)}): ${memoryAdviceFor(job)}.` : messageOf(error),
    });
    process.exitCode = 1;
  }
  // Closing the channel drops what waits in it: a slow listener must hear the last word too.
  await said;
  if (process.connected) process.disconnect();
}

process.on('message', (command: TrainerCommand) => {
  if (command.type === 'job') {
    useReadLimits(command.limits);
    void run(command.job);
  } else if (command.type === 'pause') control.pause();
  else if (command.type === 'resume') control.resume();
  else if (command.type === 'stop') control.stop();
  else if (command.type === 'watch') control.watched = command.imageIds;
  else control.stopAfterEpoch = command.type === 'stop-after-epoch';
});

// The application has gone: stop at the next step with a checkpoint, so that nothing is lost.
process.on('disconnect', () => control.stop());
// A word that could not be sent: the same, seen from the other end.
process.on('error', () => control.stop());
// Ctrl+C reaches the whole process group; the parent decides what it means.
process.on('SIGINT', () => undefined);
// An end that is asked for, by the system or a closing terminal, is a stop with a checkpoint like any other.
for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => control.stop());
// A trainer outlives the application until its checkpoint is written: nobody reads its words then.
process.stderr.on('error', () => undefined);

try {
  os.setPriority(10);
} catch {
  // A lower priority keeps painting smooth; without it training still works.
}
