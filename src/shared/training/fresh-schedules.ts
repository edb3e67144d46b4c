import type { ScheduleConfig } from './optimizer-config.ts';

/** What a schedule begins with when a recipe changes to it: each has settings of its own. */
export const freshSchedules: { [K in ScheduleConfig['kind']]: Extract<ScheduleConfig, { kind: K }> } = {
  constant: { kind: 'constant' },
  step: { kind: 'step', stepEpochs: 50, gamma: 0.1 },
  poly: { kind: 'poly', power: 0.9 },
  cosine: { kind: 'cosine', floor: 0 },
  'one-cycle': { kind: 'one-cycle', cycles: 1, warmUp: 0.2, startDivisor: 10, endDivisor: 100 },
};
