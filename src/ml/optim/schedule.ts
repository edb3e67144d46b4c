import type { ScheduleConfig } from '#shared/training/optimizer-config';

type OneCycle = Extract<ScheduleConfig, { kind: 'one-cycle' }>;

export interface SchedulePosition {
  /** Steps done before this one. */
  step: number;
  stepsPerEpoch: number;
  totalSteps: number;
}

/**
 * The factor on the base learning rate for a step.
 * Sources: StepLR as the reference uses it; poly as in the EncNet paper; one-cycle after Smith 2018 with cosine arms, and once more from
 * there as Loshchilov and Hutter 2017 restart.
 */
export function scheduleFactor(schedule: ScheduleConfig, { step, stepsPerEpoch, totalSteps }: SchedulePosition): number {
  const progress = Math.min(1, step / Math.max(1, totalSteps));
  switch (schedule.kind) {
    case 'constant':
      return 1;
    case 'step':
      return schedule.gamma ** Math.floor(Math.floor(step / stepsPerEpoch) / schedule.stepEpochs);
    case 'poly':
      return (1 - progress) ** schedule.power;
    case 'cosine':
      return schedule.floor + (1 - schedule.floor) * cosine(progress);
    case 'one-cycle':
      return cyclesFactor(schedule, progress);
  }
}

/** What was learned is not to be lost: cycles after the first rise sooner, and less high, as separate runs did (docs/benchmarks.md). */
const laterPeak = 0.8;
const laterWarmUp = 0.25;

/** Cycles that are over. @param progress of the run, 0 to 1 */
export const cyclesBefore = ({ cycles }: OneCycle, progress: number): number => Math.min(cycles - 1, Math.floor(progress * cycles));

/** @param progress of the run, 0 to 1 */
function cyclesFactor(schedule: OneCycle, progress: number): number {
  const { cycles, warmUp, startDivisor, endDivisor } = schedule;
  const cycle = cyclesBefore(schedule, progress);
  const done = progress * cycles - cycle;
  const [peak, rising] = cycle === 0 ? [1, warmUp] : [laterPeak, laterWarmUp * warmUp];
  const start = 1 / startDivisor;
  if (done < rising) return peak * (1 + (start - 1) * cosine(done / rising));
  const end = start / endDivisor;
  return peak * (end + (1 - end) * cosine((done - rising) / (1 - rising)));
}

/** The factor of a run's schedule with its warm-up: a straight rise over the first epochs. @param warmUpEpochs 0 for none */
export function learningRateFactor(schedule: ScheduleConfig, warmUpEpochs: number, position: SchedulePosition): number {
  const warmUpSteps = warmUpEpochs * position.stepsPerEpoch;
  const rise = position.step < warmUpSteps ? (position.step + 1) / (warmUpSteps + 1) : 1;
  return rise * scheduleFactor(schedule, position);
}

/** From 1 at 0 to 0 at 1 along half a cosine. */
const cosine = (x: number): number => 0.5 * (1 + Math.cos(Math.PI * x));
