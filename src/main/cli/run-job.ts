import { AppError } from '#shared/errors';
import type { TrainerEvent, TrainerJob } from '#shared/training/messages';
import { TrainerProcess, type TrainerHost } from '#services/training/trainer-process';

const sameInterruptMs = 700;

/**
 * Runs one job in a trainer process and waits for its end. Ctrl+C stops it at the next step, a second one at once.
 * @returns whether it finished or was stopped
 * @throws AppError with the trainer's own reason if it failed
 */
export async function runJob(host: TrainerHost, job: TrainerJob, onEvent: (event: TrainerEvent) => void): Promise<'finished' | 'stopped'> {
  let outcome: 'finished' | 'stopped' | null = null;
  let failure: AppError | null = null;
  const trainer = new TrainerProcess(host, job, (event) => {
    if (event.type === 'done') outcome = event.reason;
    if (event.type === 'failed') failure = new AppError(event.code, event.message);
    onEvent(event);
  });
  let first: number | null = null;
  const interrupt = () => {
    first ??= Date.now();
    // Ctrl+C in a terminal reaches us directly and through the script that started us: that is one, not two.
    if (Date.now() - first < sameInterruptMs) trainer.send({ type: 'stop' });
    else trainer.kill();
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  const { reason } = await trainer.ended;
  process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  if (failure) throw failure as AppError;
  if (!outcome) throw new AppError('trainer-failed', reason ?? 'The trainer ended without a result');
  return outcome;
}
