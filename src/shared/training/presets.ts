import type { z } from 'zod';
import { AppError, messageOf } from '../errors.ts';
import { issueText } from '../issue-text.ts';
import { boundedJson } from '../json.ts';
import { freshSchedules } from './fresh-schedules.ts';
import { referenceModel, type ModelConfig } from './model-config.ts';
import type { OptimizerConfig } from './optimizer-config.ts';
import { runConfigSchema, type RunConfig } from './run-config.ts';

export interface Preset {
  name: string;
  title: string;
  /** One sentence for the card. */
  summary: string;
  config: RunConfig;
}

const sgd: OptimizerConfig = {
  kind: 'sgd',
  learningRate: 0.1,
  headFactor: 1,
  weightDecay: 0,
  decayNormAndBias: true,
  momentum: 0,
  nesterov: false,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  clipNorm: 0,
};

/**
 * ResNet-18 of width 32 at output stride 16, stage 4 dilated, with the paper's head, stage 1 joined in at stride 4 and logits refined by
 * the stem at stride 2.
 */
const lightModel: ModelConfig = {
  ...referenceModel,
  backbone: 'resnet18',
  width: 32,
  stageStrides: [1, 2, 2, 1],
  stageDilations: [1, 1, 1, 2],
  head: 'paper',
  headChannels: 96,
  detailChannels: 32,
  fineChannels: 24,
  dropout: 0.1,
  contextDropout: 0.5,
  dropPath: 0.1,
  auxHead: true,
};

/** ResNet-50 with a deep stem at output stride 8, stages 3 and 4 dilated, as published. */
const paperModel: ModelConfig = {
  ...referenceModel,
  stem: 'deep',
  stageStrides: [1, 2, 1, 1],
  stageDilations: [1, 1, 2, 4],
  head: 'paper',
  dropout: 0.1,
  auxHead: true,
};

/** What every recipe here starts from: the reference's settings. Those not named have the schema's standard values. */
const reference: RunConfig = runConfigSchema.parse({
  preset: 'reference',
  model: referenceModel,
  optimizer: sgd,
  schedule: { kind: 'step', stepEpochs: 50, gamma: 0.1 },
  loss: { seForm: 'mse', seWeight: 0.2, auxWeight: 0, classWeights: 'none' },
  data: { size: [224, 224], randomScale: null, flipHorizontal: true, flipVertical: true, brightness: 0, flipValidation: true },
  epochs: 50,
  batchSize: 8,
  seed: 17,
  evaluationSize: [224, 224],
  checkpointEvery: 5,
} satisfies z.input<typeof runConfigSchema>);

const paper: RunConfig = {
  ...reference,
  preset: 'paper',
  model: paperModel,
  // 0.004 for batches of 16, as for Cityscapes, scaled to batches of 8.
  optimizer: { ...sgd, learningRate: 0.002, headFactor: 10, weightDecay: 1e-4, momentum: 0.9 },
  schedule: { kind: 'poly', power: 0.9 },
  loss: { ...reference.loss, seForm: 'bce', seWeight: 0.2, auxWeight: 0.2 },
  data: { ...reference.data, size: [352, 352], randomScale: [0.5, 2], flipVertical: false, flipValidation: false },
  epochs: 240,
  evaluationSize: null,
  checkpointEvery: 20,
};

const light: RunConfig = {
  ...reference,
  preset: 'light',
  model: lightModel,
  optimizer: { ...sgd, kind: 'adamw', learningRate: 1.5e-3, weightDecay: 0.1, decayNormAndBias: false },
  schedule: { kind: 'one-cycle', cycles: 1, warmUp: 0.2, startDivisor: 10, endDivisor: 100 },
  loss: {
    ...reference.loss,
    seForm: 'bce',
    seWeight: 0.2,
    auxWeight: 0.2,
    classWeights: 'inverse-log-steep',
    priorCorrection: 0.35,
    // Poles and signs are nothing but border (docs/adr/0036).
    borderWeight: 4,
  },
  // Chosen by a drive that was not seen in training (docs/adr/0036): what keeps many epochs from overfitting.
  data: {
    ...reference.data,
    size: [264, 352],
    randomScale: [0.5, 1.8],
    flipVertical: false,
    brightness: 0.4,
    contrast: 0.4,
    saturation: 0.5,
    hue: 0.06,
    rotation: 5,
    blur: 1,
    mix: 'classes',
    mixShare: 0.8,
    flipValidation: false,
  },
  epochs: 160,
  // Twice as many steps of the same images as eight make (docs/adr/0036).
  batchSize: 4,
  // The encoding sums residuals over pixels, so a network sees images best at about the area it was trained on (measured).
  evaluationSize: [312, 416],
  decision: 'mean-iou',
  emaDecay: 0.9975,
  precision: 'auto',
};

/** What goes with batches of eight in the place of four. */
const ofEight = { batchSize: 8, optimizer: { ...light.optimizer, learningRate: 2e-3 }, emaDecay: 0.995 } as const;

/** ResNet-18 as it is published, so that weights of it fit. From nothing it would need as many epochs as light. */
const light64: RunConfig = { ...light, ...ofEight, preset: 'light-64', model: { ...lightModel, width: 64 }, epochs: 80 };

const tiny: RunConfig = {
  ...light,
  ...ofEight,
  preset: 'tiny',
  // Three epochs are too few to overfit, and it is to be done at once.
  model: {
    ...lightModel,
    width: 8,
    headChannels: 32,
    numCodes: 8,
    detailChannels: 16,
    fineChannels: 8,
    auxHead: false,
    contextDropout: 0,
    dropPath: 0,
  },
  loss: { ...light.loss, auxWeight: 0, borderWeight: 1 },
  data: { ...light.data, size: [96, 128], randomScale: [0.5, 1], rotation: 0, blur: 0, mix: 'none' },
  decision: 'likeliest',
  evaluationSize: [128, 160],
  emaDecay: 0,
  // Too small to gain anything from fewer bits.
  precision: 'float32',
  epochs: 3,
  checkpointEvery: 1,
};

export const presets: readonly Preset[] = [
  {
    name: 'light',
    title: 'Light',
    summary: "ResNet-18 EncNet with the paper's head: the one to train on a processor without a GPU.",
    config: light,
  },
  {
    name: 'light-64',
    title: 'Light, width 64',
    summary: "Light at ResNet-18's own width: takes torchvision's weights as they are. About 1.5 times as long an epoch.",
    config: light64,
  },
  {
    name: 'reference',
    title: 'Reference',
    summary: "The blog post's ResNet-50 EncNet, setting for setting: for a GPU, or for patience.",
    config: reference,
  },
  {
    name: 'paper',
    title: 'Paper',
    summary: 'EncNet as published: dilated ResNet-50 with a deep stem, poly schedule, scales 0.5 to 2. For a GPU.',
    config: paper,
  },
  {
    name: 'tiny',
    title: 'Tiny',
    summary: 'A very small EncNet that finishes in seconds: to try the buttons, not to get good masks.',
    config: tiny,
  },
];

/** @throws AppError 'not-found' naming the presets there are */
export function findPreset(name: string): Preset {
  const preset = presets.find((candidate) => candidate.name === name);
  if (!preset) throw new AppError('not-found', `There is no preset "${name}"; there are ${presets.map((known) => known.name).join(', ')}`);
  return preset;
}

/**
 * Sets one value by its path, such as `optimizer.learningRate`.
 * @throws AppError 'invalid-argument' naming the path, the rule and the value
 */
export const withSetting = (config: RunConfig, path: string, value: unknown): RunConfig => withSettings(config, { [path]: value });

/** Puts a value where its path leads; whether it goes with the others is not asked. */
function put(config: RunConfig, path: string, value: unknown): RunConfig {
  const copy = structuredClone(config) as unknown as Record<string, unknown>;
  // Another schedule comes with its own settings.
  if (path === 'schedule.kind' && typeof value === 'string' && Object.hasOwn(freshSchedules, value) && config.schedule.kind !== value) {
    return { ...config, schedule: freshSchedules[value as keyof typeof freshSchedules] };
  }
  // A fold begins as one of five.
  if (path.startsWith('fold.') && config.fold === null) copy.fold = { count: 5, index: 0 };
  const keys = path.split('.');
  const last = keys.pop()!;
  let target: Record<string, unknown> = copy;
  for (const key of keys) {
    if (!Object.hasOwn(target, key) || typeof target[key] !== 'object' || target[key] === null) throw unknownSetting(path);
    target = target[key] as Record<string, unknown>;
  }
  if (!Object.hasOwn(target, last) && keys[0] !== 'schedule') throw unknownSetting(path);
  target[last] = value;
  return copy as unknown as RunConfig;
}

/** Sets several by their paths: together they must keep the rules, in whatever order they are named. @throws as `withSetting` */
export function withSettings(config: RunConfig, settings: Readonly<Record<string, unknown>>): RunConfig {
  // What another schedule comes with is laid down before what is named of it.
  const isKind = ([path]: [string, unknown]) => Number(path === 'schedule.kind');
  const entries = Object.entries(settings).sort((a, b) => isKind(b) - isKind(a));
  return checkConfig(entries.reduce((all, [path, value]) => put(all, path, value), config));
}

const unknownSetting = (path: string) => new AppError('invalid-argument', `There is no setting "${path}"`);

/** @throws AppError 'invalid-argument' naming the first setting that breaks its rule, rule and value; `isUnknown` where there is no such */
export function checkConfig(value: unknown): RunConfig {
  const result = runConfigSchema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const given = issue.path.reduce<unknown>((branch, key) => (branch as Record<PropertyKey, unknown> | undefined)?.[key], value);
  const received = given === undefined || (typeof given === 'object' && given !== null) ? '' : `, received ${JSON.stringify(given)}`;
  const isUnknown = issue.code === 'unrecognized_keys';
  throw new AppError('invalid-argument', `Setting ${issueText(issue, '(whole)')}${received}`, isUnknown ? { isUnknown } : {});
}

/**
 * Reads a recipe that was exported as JSON; settings it does not name have their standard values.
 * @throws AppError 'invalid-argument' naming the rule
 */
export function parseRecipe(text: string): RunConfig {
  let value: unknown;
  try {
    value = boundedJson(text);
  } catch (error) {
    throw new AppError('invalid-argument', `The recipe cannot be read: ${messageOf(error)}`);
  }
  return checkConfig(value);
}
