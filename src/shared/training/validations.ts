import type { RunConfig } from './run-config.ts';

type Lengths = Pick<RunConfig, 'epochs' | 'validateEvery'>;
type Keeping = Pick<RunConfig, 'checkpointEvery' | 'decision'>;

/** Whether an epoch is one of those that are scored at their end. @param epoch from 1 on */
export const validatesAfter = ({ validateEvery, epochs }: Lengths, epoch: number): boolean =>
  epoch % validateEvery === 0 || epoch === epochs;

/** How often a run is scored yet. @param done epochs that are over */
export const validationsLeft = ({ validateEvery, epochs }: Lengths, done = 0): number =>
  Math.max(0, Math.ceil(epochs / validateEvery) - Math.floor(done / validateEvery));

/** Whether an epoch leaves a checkpoint of its own. @param epoch from 1 on */
export const keepsAfter = ({ checkpointEvery }: Pick<RunConfig, 'checkpointEvery'>, epoch: number): boolean =>
  epoch % checkpointEvery === 0;

/** Whether the offsets of classes are fitted for an epoch that is kept and not scored: it decides by its own. @param epoch from 1 on */
export const fitsAloneAfter = (config: Lengths & Keeping, epoch: number): boolean =>
  config.decision === 'mean-iou' && keepsAfter(config, epoch) && !validatesAfter(config, epoch);

/** How often that is in a run. */
export const fitsAlone = (config: Lengths & Keeping): number => {
  let count = 0;
  for (let epoch = config.checkpointEvery; epoch <= config.epochs; epoch += config.checkpointEvery)
    if (fitsAloneAfter(config, epoch)) count++;
  return count;
};
