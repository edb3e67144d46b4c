// The trainer process: one job, then it ends. Nothing imports this file; main forks it.
import os from 'node:os';
import { AppError, messageOf, type ErrorCode } from '#shared/errors';
import type { TrainerCommand, TrainerEvent, TrainerJob } from '#shared/training/messages';
import { deviceName, tf } from '../tensor/runtime.ts';
import { Control } from '../train/control.ts';
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
  return /OOM|out of memory|bad_alloc|ResourceExhausted/i.test(messageOf(error)) ? 'out-of-memory' : 'trainer-failed';
}

async function run(job: TrainerJob): Promise<void> {
  emit({ type: 'ready', device: deviceName(), tensorflow: `tfjs ${tf.version.tfjs}` });
  try {
    if (job.kind === 'train') await fit(job, control, emit);
    else if (job.kind === 'predict') await predictSamples(job, control, emit);
    else {
      exportModel(job);
      emit({ type: 'done', reason: 'finished', epoch: 0 });
    }
  } catch (error) {
    const code = codeOf(error);
    const advice = code === 'out-of-memory' ? ' Choose a smaller batch or image size.' : '';
    emit({ type: 'failed', code, message: messageOf(error) + advice });
    process.exitCode = 1;
  }
  process.disconnect();
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
