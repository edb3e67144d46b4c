import { AppError } from '#shared/errors';
import { assertSameClasses } from '#shared/classes/class-map';
import { flatSettings } from '#shared/training/flat-settings';
import type { TrainJob } from '#shared/training/messages';
import type { RunConfig } from '#shared/training/run-config';
import type { RunState } from '#files/checkpoint-metadata';
import type { Checkpoint } from '../weights/checkpoint.ts';

/** Settings that may differ when a run goes on: they change no number of the steps to come, or only when it ends. */
const free = new Set(['preset', 'data.workers', 'data.cacheMb', 'validateEvery', 'checkpointEvery', 'patience']);

/** The settings in which two configurations differ, in words: `batchSize 4, was 2`. */
export function differingSettings(was: RunConfig, is: RunConfig): { setting: string; text: string }[] {
  const [before, now] = [flatSettings(was), flatSettings(is)];
  const names = [...new Set([...before.keys(), ...now.keys()])];
  return names
    .filter((name) => before.get(name) !== now.get(name))
    .map((name) => ({ setting: name, text: `${name} ${now.get(name) ?? 'not set'}, was ${before.get(name) ?? 'not set'}` }));
}

/** Whether the rate of a step follows from the steps before it alone, so that a later end moves nothing. */
const endsAnywhere = ({ schedule }: RunConfig): boolean => schedule.kind === 'constant' || schedule.kind === 'step';

/**
 * Whether a run may go on from a checkpoint as the job says: with its own classes and its own settings, and with something left to do.
 * @throws AppError 'invalid-argument' naming what differs, both values, and the way out
 */
export function assertResumable(file: string, checkpoint: Checkpoint, { config, classes }: TrainJob): void {
  assertSameClasses(file, checkpoint.classes, classes);
  const refused = differingSettings(checkpoint.config, config).filter(
    ({ setting }) =>
      !free.has(setting) &&
      !(setting === 'epochs' && endsAnywhere(config)) &&
      // It goes on in what it began with; only another one by name is not that.
      !(setting === 'precision' && ['auto', checkpoint.state.precision].includes(config.precision)),
  );
  if (refused.length > 0) {
    const list = refused.map(({ text }) => text).join('; ');
    throw new AppError(
      'invalid-argument',
      `${file} goes on with its run's own settings, and these differ: ${list}. Start a new run from its weights to change them.`,
      { file },
    );
  }
  if (checkpoint.state.epoch >= config.epochs) {
    throw new AppError(
      'invalid-argument',
      `${file} is of a run that has finished its ${config.epochs} epochs: nothing is left to do. ` +
        `Start a new run from its weights to train longer.`,
      { file },
    );
  }
}

/** Whether a run that goes on sees the samples it saw before. @throws AppError 'invalid-argument' with both counts */
export function assertSameSamples(file: string, saved: RunState['data'], now: NonNullable<RunState['data']>): void {
  if (!saved) return;
  if (saved.fingerprint === now.fingerprint) {
    if (saved.content === undefined || saved.content === now.content) return;
    throw new AppError(
      'invalid-argument',
      `${file} was trained on other photos than there are now by the same names, or its masks were read in another way (values that are ` +
        `read as a class or as void). Start a new run on today's data from its weights.`,
      { file },
    );
  }
  const counts = (of: typeof now) => `${of.train} training and ${of.validation} validation images`;
  throw new AppError(
    'invalid-argument',
    saved.train === now.train && saved.validation === now.validation
      ? `${file} was trained on other images or masks than there are now (as many, but not the same). ` +
          `Start a new run on today's data from its weights.`
      : `${file} was trained with ${counts(saved)}; now there are ${counts(now)}. Start a new run on today's data from its weights.`,
    { file },
  );
}
