import os from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import type { PresetInfo, RunEstimate } from '#shared/contract/training';
import { splitBy } from '#shared/data/folds';
import { bfloat16Share, estimateRun } from '#shared/training/estimate';
import { memoryAdvice } from '#shared/training/memory-advice';
import type { Precision } from '#shared/training/precision';
import type { Preset } from '#shared/training/presets';
import type { RunConfig } from '#shared/training/run-config';
import type { OpenDataset } from '../datasets/open-dataset.ts';
import type { RunStore } from '../runs/run-store.ts';

/** Multiply-adds a second of one core where nothing has been measured: an ordinary processor of 2020 with TensorFlow. */
const usualMacsPerCore = 25e9;
/** Share of the machine's memory that a run may take before it is warned of. */
const comfortable = 0.8;

/** A step of so many times more or fewer multiply-adds tells nothing: a very small network waits for its parts, not for its sums. */
const mostUnlike = 8;
const isLike = (a: number, b: number): boolean => Math.max(a, b) <= mostUnlike * Math.min(a, b);

const gigabytes = (mb: number): string => `${(mb / 1024).toFixed(1)} GB`;

/** What a recipe will be reckoned in: where it is tried, what the newest run that tried took. */
const precisionHere = ({ precision }: RunConfig, timed: readonly { config: RunConfig; precision: Precision }[]): Precision =>
  precision === 'auto' ? (timed.find(({ config }) => config.precision === 'auto')?.precision ?? 'float32') : precision;

const shareOf = (precision: Precision): number => (precision === 'bfloat16' ? bfloat16Share : 1);

/** What an epoch of a recipe has to do: a preset of the same name may have been another, or changed for a run. */
const workOf = ({ model, data: { size }, batchSize, evaluationSize, evaluation, decision }: RunConfig) => [
  model,
  size,
  batchSize,
  evaluationSize,
  evaluation,
  decision,
];

/** The presets with the seconds that an epoch takes here, by the newest run of the same work; null before its first. */
export function timedPresets(store: RunStore, presets: readonly Preset[]): PresetInfo[] {
  const all = store.timedEpochs();
  return presets.map((preset) => {
    const timed = store.timedEpochs(preset.name).find(({ config }) => isDeepStrictEqual(workOf(config), workOf(preset.config)));
    const share = timed && shareOf(precisionHere(preset.config, all)) / shareOf(timed.precision);
    return { ...preset, measuredEpochSeconds: timed && share ? timed.seconds * share : null };
  });
}

/**
 * Seconds and memory of a run on this machine, validation included. Time follows from the runs of like size timed here, or else from
 * what processors usually do.
 */
export function estimateOn(dataset: OpenDataset, store: RunStore, config: RunConfig): RunEstimate {
  const images = imagesOf(dataset, config);
  const first = dataset.images().find(({ width }) => width > 0);
  const size = [first?.height ?? 360, first?.width ?? 480] as const;
  const all = store.timedEpochs();
  const precision = precisionHere(config, all);
  const reckon = (of: RunConfig) => estimateRun(of, dataset.classSet.classes.length, images, size, precision);
  const { trainingMacs, validationMacs, memoryMb, parameters, steps } = reckon(config);
  const step = trainingMacs / Math.max(1, steps);
  const speeds = all
    .filter(({ seconds }) => seconds > 0)
    .map((timed) => ({ ...reckon(timed.config), seconds: timed.seconds * (shareOf(precision) / shareOf(timed.precision)) }))
    .filter((timed) => isLike(timed.trainingMacs / Math.max(1, timed.steps), step))
    .map((timed) => timed.trainingMacs / timed.seconds)
    .sort((a, b) => a - b);
  const speed =
    speeds.length > 0 ? speeds[Math.floor(speeds.length / 2)] : (usualMacsPerCore * os.availableParallelism()) / shareOf(precision);
  const machineMb = Math.round(os.totalmem() / 2 ** 20);
  return {
    epochSeconds: (trainingMacs + validationMacs) / speed,
    measured: speeds.length > 0,
    memoryMb,
    machineMb,
    parameters,
    stepsPerEpoch: steps,
    warnings: warningsOf(config, memoryMb, machineMb, images.train),
  };
}

function imagesOf(dataset: OpenDataset, { fold }: RunConfig): { train: number; validation: number } {
  const { train, validation } = splitBy(dataset.labelledSamples('train'), dataset.labelledSamples('val'), fold);
  return { train: train.length, validation: validation.length };
}

function warningsOf(config: RunConfig, memoryMb: number, machineMb: number, train: number): string[] {
  const warnings: string[] = [];
  const perStep = config.batchSize * config.accumulate;
  if (memoryMb > comfortable * machineMb)
    warnings.push(`This needs about ${gigabytes(memoryMb)} of ${gigabytes(machineMb)}: ${memoryAdvice(config)}.`);
  if (train > 0 && train < perStep) warnings.push(`A step takes ${perStep} images, and there are ${train}: every step has all of them.`);
  return warnings;
}
