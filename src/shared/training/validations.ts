import type { RunConfig } from './run-config.ts';

type Lengths = Pick<RunConfig, 'epochs' | 'validateEvery'>;

/** Whether an epoch is one of those that are scored at their end. @param epoch from 1 on */
export const validatesAfter = ({ validateEvery, epochs }: Lengths, epoch: number): boolean =>
  epoch % validateEvery === 0 || epoch === epochs;

/** How often a run is scored yet. @param done epochs that are over */
export const validationsLeft = ({ validateEvery, epochs }: Lengths, done = 0): number =>
  Math.max(0, Math.ceil(epochs / validateEvery) - Math.floor(done / validateEvery));
