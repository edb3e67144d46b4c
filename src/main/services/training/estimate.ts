import os from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import type { PresetInfo, RunEstimate } from '#shared/contract/training';
import { splitBy } from '#shared/data/folds';
import { bfloat16Share, bfloat16ShareWithout, estimateRun, type Estimate } from '#shared/training/estimate';
import { memoryAdvice } from '#shared/training/memory-advice';
import type { Precision } from '#shared/training/precision';
import type { Preset } from '#shared/training/presets';
import type { RunConfig } from '#shared/training/run-config';
import type { OpenDataset } from '../datasets/open-dataset.ts';
import type { RunStore, TimedEpoch } from '../runs/run-store.ts';

/** Multiply-adds a second of one core where nothing has been measured: an ordinary processor of 2020 with TensorFlow. */
const usualMacsPerCore = 25e9;
/** Share of the machine's memory that a run may take before it is warned of. */
const comfortable = 0.8;

/** A step of so many times more or fewer multiply-adds tells nothing: a very small network waits for its parts, not for its sums. */
const mostUnlike = 8;
const isLike = (a: number, b: number): boolean => Math.max(a, b) <= mostUnlike * Math.min(a, b);

const gigabytes = (mb: number): string => `${(mb / 1024).toFixed(1)} GB`;

/** Runs of like size whose speeds tell one: older ones were of another day. */
const mostSpeeds = 5;

/** What the newest run that tried both was reckoned in; null before one has. */
type Tried = Precision | null;

const precisionHere = ({ precision }: RunConfig, tried: Tried): Precision => (precision === 'auto' ? (tried ?? 'float32') : precision);

/** How many times as long it takes as in float32. */
function shareOf(precision: Precision, tried: Tried): number {
  if (precision === 'float32') return 1;
  return tried === 'float32' ? bfloat16ShareWithout : bfloat16Share;
}

/** What an epoch of a recipe has to do: a preset of the same name may have been another, or changed for a run. */
const workOf = ({ model, data: { size }, batchSize, evaluationSize, evaluation, decision }: RunConfig) => [
  model,
  size,
  batchSize,
  evaluationSize,
  evaluation,
  decision,
];

/** What there is to learn from today. */
export interface Load {
  images: { train: number; validation: number };
  /** [height, width] of them, and of the largest. */
  size: readonly [number, number];
  largest: readonly [number, number];
  classes: number;
}

export function loadOf(dataset: OpenDataset, { fold }: RunConfig): Load {
  const { train, validation } = splitBy(dataset.labelledSamples('train'), dataset.labelledSamples('val'), fold);
  const seen = dataset.images().filter(({ width }) => width > 0);
  const first = seen.at(0);
  const size = [first?.height ?? 360, first?.width ?? 480] as const;
  const area = (of: readonly [number, number]) => of[0] * of[1];
  return {
    images: { train: train.length, validation: validation.length },
    size,
    largest: seen.reduce((most, { height, width }) => (area(most) < height * width ? [height, width] : most), size),
    classes: dataset.classSet.classes.length,
  };
}

/** What a recipe has to do for an epoch of these images, in multiply-adds and megabytes. */
const reckoned = (config: RunConfig, { images, size, largest, classes }: Load, precision: Precision) =>
  estimateRun(config, classes, images, size, precision, largest);

/** Multiply-adds that a run's training did a second, brought to another precision: of its own steps, however many images there are now. */
function speedOf(run: TimedEpoch, load: Load, precision: Precision, tried: Tried): number {
  const { trainingMacs, steps } = reckoned(run.config, load, precision);
  const seconds = run.seconds * (shareOf(precision, tried) / shareOf(run.precision, tried));
  return ((trainingMacs / steps) * (run.steps ?? steps)) / seconds;
}

/** How many steps of a run a validation of it takes, before one has been timed. */
export const validationStepsOf = (load: Load, config: RunConfig): number => reckoned(config, load, 'float32').validationSteps;

const stepOf = ({ trainingMacs, steps }: Estimate): number => trainingMacs / steps;

/** The presets with the seconds that an epoch takes here, validation included, by the newest run of the same work; null before one. */
export function timedPresets(load: Load, store: RunStore, presets: readonly Preset[]): PresetInfo[] {
  const tried = store.triedPrecision();
  return presets.map((preset) => {
    const { config } = preset;
    const run = store
      .timedEpochs(preset.name)
      .find((timed) => timed.seconds > 0 && isDeepStrictEqual(workOf(timed.config), workOf(config)));
    if (!run || load.images.train === 0) return { ...preset, measuredEpochSeconds: null };
    const precision = precisionHere(config, tried);
    const { trainingMacs, validationMacs } = reckoned(config, load, precision);
    return { ...preset, measuredEpochSeconds: (trainingMacs + validationMacs) / speedOf(run, load, precision, tried) };
  });
}

/**
 * Seconds and memory of a run on this machine, validation included. Time follows from the runs of like size timed here, or else from
 * what processors usually do.
 */
export function estimateOn(load: Load, store: RunStore, config: RunConfig): RunEstimate {
  const tried = store.triedPrecision();
  const precision = precisionHere(config, tried);
  const own = reckoned(config, load, precision);
  const speeds = store
    .timedEpochs()
    .filter((timed) => timed.seconds > 0 && isLike(stepOf(reckoned(timed.config, load, precision)), stepOf(own)))
    .slice(0, mostSpeeds)
    .map((timed) => speedOf(timed, load, precision, tried))
    .sort((a, b) => a - b);
  const speed =
    speeds.length > 0 ? speeds[Math.floor(speeds.length / 2)] : (usualMacsPerCore * os.availableParallelism()) / shareOf(precision, tried);
  const machineMb = Math.round(os.totalmem() / 2 ** 20);
  return {
    epochSeconds: (own.trainingMacs + own.validationMacs) / speed,
    measured: speeds.length > 0,
    memoryMb: own.memoryMb,
    machineMb,
    parameters: own.parameters,
    stepsPerEpoch: own.steps,
    warnings: warningsOf(config, own, machineMb, load),
  };
}

/** What to change so that the largest images can be scored. */
function scoringAdvice({ evaluation: { scales, flip, sliding } }: RunConfig, [height, width]: readonly [number, number]): string {
  const smaller = `smaller photos: the largest has ${width} x ${height}, and is scored at that size`;
  return scales.length > 1 || flip || sliding
    ? `validate by one look (one scale, no mirror image, no windows), or try ${smaller}`
    : `try ${smaller}`;
}

function warningsOf(
  config: RunConfig,
  { memoryMb, scoringMb }: Estimate,
  machineMb: number,
  { images: { train }, largest }: Load,
): string[] {
  const warnings: string[] = [];
  const perStep = config.batchSize * config.accumulate;
  const advice = scoringMb > 0 ? scoringAdvice(config, largest) : memoryAdvice(config);
  if (memoryMb > comfortable * machineMb) warnings.push(`This needs about ${gigabytes(memoryMb)} of ${gigabytes(machineMb)}: ${advice}.`);
  if (train > 0 && train < perStep) warnings.push(`A step takes ${perStep} images, and there are ${train}: every step has all of them.`);
  return warnings;
}
