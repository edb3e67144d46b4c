import { AppError } from '#shared/errors';
import type { TrainerEvent, TrainerJob } from '#shared/training/messages';
import { precisionText } from '#shared/training/precision';
import { Job } from '#services/jobs/job';
import type { TrainerHost } from '#services/jobs/trainer-process';
import { messageOf } from '#shared/errors';
import { onInterrupt } from './interrupts.ts';
import { say } from './say.ts';

/**
 * Runs one job in a trainer process, says what it reckons in, and waits for its end.
 * Ctrl+C stops it at the next step, a second one at once.
 * @returns whether it finished or was stopped
 * @throws AppError with the trainer's own reason if it failed, 'cancelled' if it was ended at once
 */
export async function runJob(host: TrainerHost, job: TrainerJob, onEvent: (event: TrainerEvent) => void): Promise<'finished' | 'stopped'> {
  const running = new Job({
    host,
    job,
    onEvent(event) {
      if (event.type === 'precision') say(`Reckons in ${precisionText(event)}`);
      onEvent(event);
    },
    onEnd: () => undefined,
    report: (error, during) => say(`error during ${during}: ${messageOf(error)}`),
  });
  let isEndedAtOnce = false;
  const end = onInterrupt(
    () => running.steer('stop'),
    () => {
      isEndedAtOnce = true;
      running.kill();
    },
  );
  const { outcome, code, reason } = await running.ended;
  end();
  if (outcome === 'finished' || outcome === 'stopped') return outcome;
  if (isEndedAtOnce) throw new AppError('cancelled', 'Ended at once, by the second interrupt: what was not written yet is lost');
  throw new AppError(code ?? 'trainer-failed', reason ?? 'The trainer ended without a result');
}
