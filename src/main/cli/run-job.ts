import { AppError } from '#shared/errors';
import type { TrainerEvent, TrainerJob } from '#shared/training/messages';
import { precisionText } from '#shared/training/precision';
import { Job } from '#services/jobs/job';
import type { TrainerHost } from '#services/jobs/trainer-process';
import { messageOf } from '#shared/errors';
import { say } from './say.ts';

const sameInterruptMs = 700;

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
  let first: number | null = null;
  let isEndedAtOnce = false;
  const interrupt = () => {
    first ??= Date.now();
    // Ctrl+C in a terminal reaches us directly and through the script that started us: that is one, not two.
    if (Date.now() - first < sameInterruptMs) running.steer('stop');
    else {
      isEndedAtOnce = true;
      running.kill();
    }
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  const { outcome, code, reason } = await running.ended;
  process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  if (outcome === 'finished' || outcome === 'stopped') return outcome;
  if (isEndedAtOnce) throw new AppError('cancelled', 'Ended at once, by the second interrupt: what was not written yet is lost');
  throw new AppError(code ?? 'trainer-failed', reason ?? 'The trainer ended without a result');
}
