import { AppError } from '#shared/errors';
import type { RunConfig } from '#shared/training/run-config';
import { validatesAfter } from '#shared/training/validations';
import { cyclesBefore } from '../optim/schedule.ts';

const smoothing = 0.05;
/** Steps before a jump counts: the first losses of a network are wild. */
const settling = 20;
const jump = 20;

/** What a guard knows of the steps before, which a run that goes on takes with it. */
export interface GuardState {
  smoothed: number | null;
  seen: number;
}

/** Watches the loss of a run: one that is not a number, or that explodes, ends it before its weights are kept. */
export class LossGuard {
  private readonly state: GuardState;

  /** @param state is kept up to date, to be saved with the run */
  constructor(state: GuardState = { smoothed: null, seen: 0 }) {
    this.state = state;
  }

  /**
   * @param where epoch, step and images, for the message, and how many of their pixels are labelled: a step without any has next to no
   * loss, which is no measure of the others
   * @throws AppError 'trainer-failed' naming the batch
   */
  check(loss: number, where: { epoch: number; step: number; ids: readonly string[]; labelled: number }): void {
    const place = `in epoch ${where.epoch}, step ${where.step} (images ${where.ids.join(', ')})`;
    const advice = 'The last checkpoint keeps the weights before it. A smaller learning rate, a warm-up or gradient clipping may help.';
    if (!Number.isFinite(loss)) throw new AppError('trainer-failed', `The loss became ${loss} ${place}. ${advice}`);
    if (where.labelled === 0) return;
    const { smoothed, seen } = this.state;
    if (smoothed !== null && seen > settling && loss > jump * Math.max(smoothed, 0.1)) {
      throw new AppError(
        'trainer-failed',
        `The loss exploded to ${loss.toPrecision(3)} from about ${smoothed.toPrecision(3)} ${place}. ${advice}`,
      );
    }
    this.state.smoothed = smoothed === null ? loss : smoothed + smoothing * (loss - smoothed);
    this.state.seen++;
  }
}

/** Whether a run has gone long enough without a better mIoU. @param epoch epochs done @param best epoch of the best mIoU */
export function hasStalled(config: RunConfig, epoch: number, best: number): boolean {
  // Epochs that are not scored had no chance of a better one, and a rate that rises again has to fall first.
  const since = Math.max(best, epochsBeforeCycle(config, epoch));
  return config.patience > 0 && epoch - since >= config.patience && validatesAfter(config, epoch);
}

/** Epochs before the cycle of the rate that an epoch is in; 0 of a schedule without any. */
function epochsBeforeCycle({ schedule, epochs }: RunConfig, epoch: number): number {
  if (schedule.kind !== 'one-cycle') return 0;
  return Math.floor((cyclesBefore(schedule, (epoch - 1) / epochs) * epochs) / schedule.cycles);
}
