import { z } from 'zod';
import { startFromSchema } from './start-weights.ts';
import { AppError } from '../errors.ts';
import { Random } from '../random.ts';
import { withSetting, withSettings } from './presets.ts';
import { runConfigSchema, type RunConfig } from './run-config.ts';

const path = z.string().min(1).max(80);

/** A setting that a sweep varies: over given values, or drawn between two numbers. */
const variedSchema = z.union([
  z.strictObject({
    path,
    values: z
      .array(z.union([z.number(), z.string(), z.boolean()]))
      .min(1)
      .max(50),
  }),
  z.strictObject({ path, low: z.number(), high: z.number(), logarithmic: z.boolean() }),
]);

export const sweepSchema = z.strictObject({
  name: z.string().min(1).max(80),
  kind: z.enum(['grid', 'random']),
  config: runConfigSchema,
  settings: z
    .array(variedSchema)
    .min(1)
    .max(6)
    .refine((settings) => new Set(settings.map(({ path: name }) => name)).size === settings.length, 'each setting may be varied once'),
  /** What each starts from, as `start-weights` names it; null starts at random. */
  startFrom: startFromSchema.default(null),
  /** Runs of a random sweep; a grid has as many as its values have combinations. */
  runs: z.int().min(1).max(200),
});
export type Sweep = Omit<z.infer<typeof sweepSchema>, 'startFrom'>;
type Varied = z.infer<typeof variedSchema>;
type Value = string | number | boolean;

export interface SweepRun {
  name: string;
  config: RunConfig;
}

const largest = 200;

interface Choice {
  path: string;
  value: Value;
  /** Whether it comes from a range: nobody named it. */
  isDrawn: boolean;
}

const tooMany = (rows: number) => new AppError('invalid-argument', `A sweep may have ${largest} runs, received ${rows} combinations`);

/**
 * Every combination of the settings' values.
 * @throws AppError 'invalid-argument' if a setting has a range, which has no end of values, or if there are more than 200
 */
function combinations(settings: readonly Varied[]): Choice[][] {
  const count = settings.reduce((product, setting) => product * ('values' in setting ? setting.values.length : 1), 1);
  if (count > largest) throw tooMany(count);
  return settings.reduce<Choice[][]>(
    (rows, setting) => {
      if (!('values' in setting))
        throw new AppError('invalid-argument', `A grid needs a list of values for ${setting.path}, received a range`);
      const { path, values } = setting;
      return rows.flatMap((row) => values.map((value) => [...row, { path, value, isDrawn: false }]));
    },
    [[]],
  );
}

/** A value between two numbers, rounded to four digits. */
function draw(setting: Varied, random: Random): Value {
  if ('values' in setting) return setting.values[random.integer(setting.values.length)];
  const { low, high, logarithmic } = setting;
  if (low > high || (logarithmic && low <= 0)) {
    throw new AppError(
      'invalid-argument',
      `The range of ${setting.path} must rise${logarithmic ? ' from above 0' : ''}, received ${low} to ${high}`,
    );
  }
  return Number((logarithmic ? Math.exp(random.between(Math.log(low), Math.log(high))) : random.between(low, high)).toPrecision(4));
}

/**
 * The runs of a sweep; each is an ordinary run with its own settings. A random sweep is drawn from the configuration's seed.
 * @throws AppError 'invalid-argument' naming the setting, the rule and the value, or if there are more than 200 runs
 */
export function expandSweep({ name, kind, config, settings, runs }: Sweep): SweepRun[] {
  const random = Random.named(`sweep:${name}`, config.seed);
  const rows =
    kind === 'grid' ? combinations(settings) : Array.from({ length: runs }, () => settings.map((setting) => choiceOf(setting, random)));
  if (rows.length > largest) throw tooMany(rows.length);
  return rows.map((row) => runOf(name, config, row));
}

const choiceOf = (setting: Varied, random: Random): Choice => ({
  path: setting.path,
  value: draw(setting, random),
  isDrawn: !('values' in setting),
});

function attempt<T>(work: () => T): T | null {
  try {
    return work();
  } catch {
    return null;
  }
}

/** A run with its own settings, called by the values that it has. */
function runOf(name: string, config: RunConfig, choices: readonly Choice[]): SweepRun {
  const given = choices.map(({ path, value }): [string, Value] => [path, value]);
  const called = (row: readonly [string, Value][]) => `${name}: ${row.map(words).join(', ')}`.slice(0, 120);
  // Together first: what one of them forbids another may allow.
  const whole = attempt(() => withSettings(config, Object.fromEntries(given)));
  if (whole) return { name: called(given), config: whole };
  let changed = config;
  const row = choices.map((choice): [string, Value] => {
    const { config: next, value } = withChoice(changed, choice);
    changed = next;
    return [choice.path, value];
  });
  return { name: called(row), config: changed };
}

/** Sets a value; one that was drawn for a setting of whole numbers is rounded. @throws AppError as `withSetting`, of the value itself */
function withChoice(config: RunConfig, { path, value, isDrawn }: Choice): { config: RunConfig; value: Value } {
  try {
    return { config: withSetting(config, path, value), value };
  } catch (error) {
    const whole = Math.round(Number(value));
    if (!isDrawn || whole === value) throw error;
    try {
      return { config: withSetting(config, path, whole), value: whole };
    } catch {
      throw error;
    }
  }
}

/** A value in a run's name; folds are counted from 1 there. */
const words = ([key, value]: [string, Value]): string =>
  key === 'fold.index' ? `fold ${Number(value) + 1}` : `${key.split('.').at(-1)} ${String(value)}`;
