// The trainer process: one job, then it ends. Nothing imports this file; main forks it.
import os from 'node:os';
import path from 'node:path';
import { AppError, messageOf, type ErrorCode } from '#shared/errors';
import { memoryAdvice } from '#shared/training/memory-advice';
import type { TrainerCommand, TrainerEvent, TrainerJob } from '#shared/training/messages';
import { SamplePool } from '../data/sample-pool.ts';
import { deviceName, tf } from '../tensor/runtime.ts';
import { Control } from '../train/control.ts';
import { findRate } from '../train/find-rate.ts';
import { fit } from '../train/fit.ts';
import { predictSamples } from '../train/predict-samples.ts';
import { exportModel } from '../weights/export-model.ts';

const control = new Control();

function emit(event: TrainerEvent): void {
  if (process.connected) process.send?.(event);
}

/** TensorFlow reports a failed allocation only in its message. */
function codeOf(error: unknown): ErrorCode {
  if (error instanceof AppError) return error.code;
  return /\bOOM\b|out of memory|bad_alloc|ResourceExhausted|Array buffer allocation failed/i.test(messageOf(error))
    ? 'out-of-memory'
    : 'trainer-failed';
}

/** TensorFlow's own words, without the status before them. */
const wordsOf = (error: unknown): string =>
  messageOf(error)
    .replace(/^Invalid TF_Status: \d+\s+Message: /, '')
    .split('\n')[0];

/** What to change so that a job fits memory. */
const adviceFor = (job: TrainerJob): string =>
  job.kind === 'train' || job.kind === 'find-rate' ? memoryAdvice(job.config) : 'try smaller images or fewer scales';

// The worker's entry lies beside this one: as source while developing, built otherwise.
const workerEntry = new URL(`./data-worker${path.extname(new URL(import.meta.url).pathname)}`, import.meta.url);

/** The pool that a job reads its samples through. */
function poolFor(job: Exclude<TrainerJob, { kind: 'export' }>): SamplePool {
  if (job.kind === 'predict') return new SamplePool(job.maskFormat, { entry: workerEntry, workers: 1, budgetBytes: 256e6, evicts: true });
  const { workers, cacheMb } = job.config.data;
  return new SamplePool(job.maskFormat, { entry: workerEntry, workers, budgetBytes: cacheMb * 1e6 });
}

async function work(job: TrainerJob): Promise<void> {
  if (job.kind === 'export') {
    exportModel(job);
    emit({ type: 'done', reason: 'finished', epoch: 0 });
    return;
  }
  const pool = poolFor(job);
  try {
    if (job.kind === 'train') await fit(job, pool, control, emit);
    else if (job.kind === 'predict') await predictSamples(job, pool, control, emit);
    else await findRate(job, pool, control, emit);
  } finally {
    await pool.close();
  }
}

async function run(job: TrainerJob): Promise<void> {
  emit({ type: 'ready', device: deviceName(), tensorflow: `tfjs ${tf.version.tfjs}` });
  try {
    await work(job);
  } catch (error) {
    const code = codeOf(error);
    emit({
      type: 'failed',
      code,
      message: code === 'out-of-memory' ? `Memory ran out (${wordsOf(error)}): ${adviceFor(job)}.` : messageOf(error),
    });
    process.exitCode = 1;
  }
  if (process.connected) process.disconnect();
}

process.on('message', (command: TrainerCommand) => {
  if (command.type === 'job') void run(command.job);
  else if (command.type === 'pause') control.pause();
  else if (command.type === 'resume') control.resume();
  else if (command.type === 'stop') control.stop();
  else control.stopAfterEpoch = true;
});

// The application has gone: stop at the next step with a checkpoint, so that nothing is lost.
process.on('disconnect', () => control.stop());
// Ctrl+C reaches the whole process group; the parent decides what it means.
process.on('SIGINT', () => undefined);

try {
  os.setPriority(10);
} catch {
  // A lower priority keeps painting smooth; without it training still works.
}
