import type { ScheduleConfig } from '#shared/training/optimizer-config';

export interface SchedulePosition {
  /** Steps done before this one. */
  step: number;
  stepsPerEpoch: number;
  totalSteps: number;
}

/**
 * The factor on the base learning rate for a step.
 * Sources: StepLR as the reference uses it; poly as in the EncNet paper; one-cycle after Smith 2018 with cosine arms.
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
    case 'one-cycle': {
      const start = 1 / schedule.startDivisor;
      if (progress < schedule.warmUp) return 1 + (start - 1) * cosine(progress / schedule.warmUp);
      const end = start / schedule.endDivisor;
      return end + (1 - end) * cosine((progress - schedule.warmUp) / (1 - schedule.warmUp));
    }
  }
}

/** The factor of a run's schedule with its warm-up: a straight rise over the first epochs. @param warmUpEpochs 0 for none */
export function learningRateFactor(schedule: ScheduleConfig, warmUpEpochs: number, position: SchedulePosition): number {
  const warmUpSteps = warmUpEpochs * position.stepsPerEpoch;
  const rise = position.step < warmUpSteps ? (position.step + 1) / (warmUpSteps + 1) : 1;
  return rise * scheduleFactor(schedule, position);
}

/** From 1 at 0 to 0 at 1 along half a cosine. */
const cosine = (x: number): number => 0.5 * (1 + Math.cos(Math.PI * x));
