import { sameJson } from '#shared/same-json';
import { freshSchedules } from '#shared/training/fresh-schedules';
import type { RunConfig } from '#shared/training/run-config';

type Named = { path: string; label: string; hint: string; when?: (config: RunConfig) => boolean };

/** One setting of a recipe as a person edits it. Ranges are the schema's own; a test compares them. */
export type Setting = Named &
  (
    | { kind: 'number'; min: number; max: number; step: number | 'any' }
    | { kind: 'switch' }
    | { kind: 'choice'; choices: readonly (readonly [value: string, words: string])[] }
    /** Several numbers in one field; empty stands for none, where that is allowed. */
    | { kind: 'numbers'; count: number | null; nullable: boolean; empty: string }
  );

export interface SettingGroup {
  title: string;
  settings: Setting[];
}

const number = (
  path: string,
  label: string,
  [min, max]: readonly [number, number],
  hint: string,
  step: number | 'any' = 'any',
): Setting => ({ kind: 'number', path, label, hint, min, max, step });
const whole = (path: string, label: string, range: readonly [number, number], hint: string): Setting => number(path, label, range, hint, 1);
const toggle = (path: string, label: string, hint: string): Setting => ({ kind: 'switch', path, label, hint });
const choice = (path: string, label: string, choices: readonly (readonly [string, string])[], hint: string): Setting => ({
  kind: 'choice',
  path,
  label,
  hint,
  choices,
});
const numbers = (path: string, label: string, count: number | null, hint: string, empty: string | null = null): Setting => ({
  kind: 'numbers',
  path,
  label,
  hint,
  count,
  nullable: empty !== null,
  empty: empty ?? '',
});
const only = (setting: Setting, when: (config: RunConfig) => boolean): Setting => ({ ...setting, when });

const schedule =
  (kind: RunConfig['schedule']['kind']) =>
  ({ schedule: current }: RunConfig): boolean =>
    current.kind === kind;
const paperHead = ({ model }: RunConfig): boolean => model.head === 'paper';
const sgd = ({ optimizer }: RunConfig): boolean => optimizer.kind === 'sgd';
const adamw = ({ optimizer }: RunConfig): boolean => optimizer.kind === 'adamw';

/** Every setting of a recipe, in groups; those changed most come first. */
export const settingGroups: readonly SettingGroup[] = [
  {
    title: 'Length',
    settings: [
      whole('epochs', 'Epochs', [1, 5000], 'Passes over the training images'),
      whole('batchSize', 'Batch size', [1, 128], 'Images that go through the network together; fewer need less memory'),
      whole('accumulate', 'Accumulated batches', [1, 64], 'Batches whose gradients make one update: a large batch in small memory'),
      whole('patience', 'Patience', [0, 1000], 'Ends after so many epochs without a better mIoU, when it is scored next; 0 never does'),
      choice(
        'precision',
        'Precision',
        [
          ['auto', 'whichever is faster here'],
          ['float32', 'float32'],
          ['bfloat16', 'bfloat16'],
        ],
        'Of convolutions: bfloat16 halves their memory and, where the processor is quick at it, nearly halves their time',
      ),
      whole(
        'validateEvery',
        'Validate every',
        [1, 1000],
        'Scores after every so many epochs and after the last: fewer looks, more training',
      ),
      whole('checkpointEvery', 'Keep every', [1, 1000], 'A checkpoint of its own every so many epochs, beside last and best'),
      whole('seed', 'Seed', [0, 2 ** 31 - 1], 'Of initial weights, order and augmentation: the same seed gives the same run'),
    ],
  },
  {
    title: 'Learning',
    settings: [
      number('optimizer.learningRate', 'Learning rate', [0, 10], 'Highest rate of the backbone, before the schedule'),
      choice(
        'schedule.kind',
        'Schedule',
        [
          ['constant', 'constant'],
          ['step', 'steps'],
          ['poly', 'polynomial'],
          ['cosine', 'cosine'],
          ['one-cycle', 'one cycle'],
        ],
        'How the rate changes over the run',
      ),
      only(whole('schedule.stepEpochs', 'Step every', [1, 5000], 'Epochs between two steps down'), schedule('step')),
      only(number('schedule.gamma', 'Step factor', [0, 1], 'The rate is multiplied by it at each step'), schedule('step')),
      only(number('schedule.power', 'Power', [0, 5], 'Of the falling polynomial; 0.9 in the paper'), schedule('poly')),
      only(number('schedule.floor', 'Floor', [0, 1], 'Share of the rate that is left in the end'), schedule('cosine')),
      only(
        whole(
          'schedule.cycles',
          'Cycles',
          [1, 20],
          'How often it rises and falls; after the first to 0.8 of the rate, and sooner. Patience begins anew with each',
        ),
        schedule('one-cycle'),
      ),
      only(number('schedule.warmUp', 'Rising share', [0, 0.9], 'Share of the first cycle in which the rate rises'), schedule('one-cycle')),
      only(
        number('schedule.startDivisor', 'Start divisor', [1, 1e6], 'The rate starts at the highest divided by it'),
        schedule('one-cycle'),
      ),
      only(number('schedule.endDivisor', 'End divisor', [1, 1e6], 'It ends at the start divided by it'), schedule('one-cycle')),
      number('warmUpEpochs', 'Warm-up epochs', [0, 1000], 'The rate rises from 0 over them, before the schedule'),
      choice(
        'optimizer.kind',
        'Optimiser',
        [
          ['sgd', 'SGD'],
          ['adamw', 'AdamW'],
        ],
        'How gradients become updates',
      ),
      number('optimizer.headFactor', 'Head factor', [0, 100], 'The head learns so many times as fast; 10 in the paper'),
      number('optimizer.weightDecay', 'Weight decay', [0, 1], 'Pulls weights towards zero'),
      toggle('optimizer.decayNormAndBias', 'Decay norms and biases', 'Weight decay on batch norm and biases as well'),
      only(number('optimizer.momentum', 'Momentum', [0, 0.999], 'Share of the last update that goes on'), sgd),
      only(toggle('optimizer.nesterov', 'Nesterov', 'Momentum that looks ahead'), sgd),
      only(number('optimizer.beta1', 'Beta 1', [0, 0.9999], 'Memory of the gradient'), adamw),
      only(number('optimizer.beta2', 'Beta 2', [0, 0.99999], 'Memory of its square'), adamw),
      only(number('optimizer.epsilon', 'Epsilon', [0, 1], 'Keeps the division finite'), adamw),
      number('optimizer.clipNorm', 'Clip norm', [0, 1e6], 'Largest norm of all gradients together; 0 leaves them'),
      number('emaDecay', 'Weight averaging', [0, 0.99999], 'Decay a step of the averaged weights that predict; 0 uses the last weights'),
    ],
  },
  {
    title: 'Fine-tuning',
    settings: [
      choice(
        'fineTune.batchNorm',
        'Batch norm',
        [
          ['batch', 'of each batch'],
          ['running', 'as loaded'],
        ],
        'By each batch, or by the statistics that loaded weights came with, which then stay',
      ),
      choice(
        'fineTune.freeze',
        'Keep as loaded',
        [
          ['none', 'nothing'],
          ['stem', 'the stem'],
          ['stage1', 'up to stage 1'],
          ['stage2', 'up to stage 2'],
          ['stage3', 'up to stage 3'],
          ['backbone', 'the whole backbone'],
        ],
        'Layers that are not trained: what they see is general, and a step is faster',
      ),
    ],
  },
  {
    title: 'Images',
    settings: [
      whole('data.size.1', 'Crop width', [32, 2048], 'Of training crops, in pixels'),
      whole('data.size.0', 'Crop height', [32, 2048], 'Of training crops, in pixels'),
      numbers('data.randomScale', 'Random scale', 2, 'Images are scaled between the two and cropped; empty resizes whole images', 'whole'),
      toggle('data.flipHorizontal', 'Flip left and right', 'Half of the training images are mirrored'),
      toggle('data.flipVertical', 'Flip upside down', 'As the reference does; streets are better without'),
      number('data.rotation', 'Rotation', [0, 45], 'Largest turn either way, in degrees'),
      number('data.brightness', 'Brightness', [0, 0.9], 'Largest relative change'),
      number('data.contrast', 'Contrast', [0, 0.9], 'Largest relative change'),
      number('data.saturation', 'Saturation', [0, 1], 'Largest relative change'),
      number('data.hue', 'Hue', [0, 0.5], 'Largest turn of the colours, a share of the circle'),
      number('data.blur', 'Blur', [0, 5], 'Largest standard deviation, of half of the images, in pixels'),
      only(
        choice(
          'data.mix',
          'Mixing',
          [
            ['none', 'none'],
            ['boxes', 'boxes (CutMix)'],
            ['classes', 'classes (ClassMix)'],
            ['objects', 'small objects'],
          ],
          'Parts of other images of the batch, with their labels: against learning streets by heart',
        ),
        ({ batchSize }) => batchSize > 1,
      ),
      only(
        number('data.mixShare', 'Mixed images', [0, 1], 'Share of the images that get parts of another'),
        ({ data, batchSize }) => data.mix !== 'none' && batchSize > 1,
      ),
      number('data.classBalance', 'Class balance', [0, 1], 'Share of the places in an epoch that go to images with rare classes'),
      whole('data.workers', 'Workers', [1, 16], 'Threads that read and augment; they change no result'),
      whole('data.cacheMb', 'Image cache', [0, 1_000_000], 'Memory for decoded images, in MB'),
    ],
  },
  {
    title: 'Loss',
    settings: [
      number('loss.seWeight', 'SE loss weight', [0, 10], 'Of the loss on which classes the scene holds'),
      choice(
        'loss.seForm',
        'SE loss',
        [
          ['mse', 'squared error (reference)'],
          ['bce', 'cross-entropy (paper)'],
        ],
        "How the scene's classes are scored",
      ),
      number('loss.auxWeight', 'Auxiliary weight', [0, 10], 'Of the loss of the auxiliary head'),
      choice(
        'loss.classWeights',
        'Class weights',
        [
          ['none', 'none'],
          ['inverse-log', 'inverse log'],
          ['inverse-log-steep', 'steep inverse log'],
          ['median-frequency', 'median frequency'],
        ],
        'Rare classes weigh more',
      ),
      only(
        number(
          'loss.priorCorrection',
          'Prior correction',
          [0, 1],
          'How much of what class weights do to the likelihood of classes is taken back',
        ),
        ({ loss }) => loss.classWeights !== 'none',
      ),
      choice(
        'loss.region',
        'Region loss',
        [
          ['none', 'none'],
          ['dice', 'Dice'],
          ['lovasz', 'Lovasz'],
        ],
        'A loss on overlap beside the cross-entropy; Lovasz is slow on large crops',
      ),
      only(number('loss.regionWeight', 'Region weight', [0, 10], 'Of the loss on overlap'), ({ loss }) => loss.region !== 'none'),
      number('loss.hardPixels', 'Hard pixels', [0.01, 1], 'Share of the pixels that count, those with the largest loss; 1 counts all'),
      number('loss.borderWeight', 'Border weight', [1, 20], 'Times what a pixel counts within 2 px of another class: thin things gain'),
    ],
  },
  {
    title: 'Evaluation',
    settings: [
      numbers(
        'evaluationSize',
        'Input size',
        2,
        "Height and width the network sees; empty takes images as they are. Scores are at the labels' own resolution",
        'image size',
      ),
      numbers(
        'evaluation.scales',
        'Scales',
        null,
        'Factors on the input size whose predictions are averaged; at others than 1 a whole image is seen at sides as in training',
      ),
      toggle('evaluation.flip', 'Average mirror images', 'Twice the time, a little better'),
      toggle('evaluation.sliding', 'Sliding windows', 'Windows of the input size over the image at its own resolution'),
      choice(
        'decision',
        'Decision',
        [
          ['likeliest', 'likeliest class'],
          ['mean-iou', 'for the mean IoU'],
        ],
        "The latter adds an offset to each class's logit, fitted on training images",
      ),
      toggle('data.flipValidation', 'Flip validation images', 'The reference does by accident; only its preset keeps it'),
    ],
  },
  {
    title: 'Network',
    settings: [
      choice(
        'model.backbone',
        'Backbone',
        [
          ['resnet18', 'ResNet-18'],
          ['resnet34', 'ResNet-34'],
          ['resnet50', 'ResNet-50'],
          ['resnet101', 'ResNet-101'],
        ],
        'The network below the head',
      ),
      whole('model.width', 'Network width', [8, 128], 'Channels of the stem; stages have 1, 2, 4 and 8 times as many'),
      choice(
        'model.stem',
        'Stem',
        [
          ['plain', 'one 7x7'],
          ['deep', 'three 3x3 (paper)'],
          ['v1c', 'three 3x3, narrow'],
        ],
        'How the first layer looks',
      ),
      numbers('model.stageStrides', 'Stage strides', 4, '1, 1, 2, 1 in the reference; 1, 2, 1, 1 with dilations in the paper'),
      numbers('model.stageDilations', 'Stage dilations', 4, '1, 1, 2, 4 in the paper'),
      toggle('model.contractDilation', 'Contract dilation', 'The first block of a dilated stage takes the dilation of the stage before'),
      toggle('model.zeroInitResidual', 'Zero residuals', 'Residual branches start at zero'),
      choice(
        'model.head',
        'Head',
        [
          ['reference', 'reference'],
          ['paper', 'paper'],
        ],
        'The reference classifies after upsampling, the paper before',
      ),
      whole('model.headChannels', 'Head channels', [16, 1024], 'Channels of the head'),
      whole('model.numCodes', 'Codewords', [1, 256], 'Of the encoding layer'),
      toggle('model.addLateral', 'Lateral connections', 'Stages 1 to 3 are fused into the head'),
      only(
        whole('model.detailChannels', 'Detail channels', [0, 256], 'Channels of stage 1 joined in before the classifier; 0 leaves it out'),
        paperHead,
      ),
      number('model.dropout', 'Dropout', [0, 0.9], 'Before the classifier (paper head)'),
      only(
        whole('model.fineChannels', 'Fine channels', [0, 256], "Channels in which the stem's features refine logits at half size; 0: none"),
        paperHead,
      ),
      only(number('model.contextDropout', 'Context dropout', [0, 0.9], "Of the scene's encoding before it weighs channels"), paperHead),
      number('model.dropPath', 'Stochastic depth', [0, 0.9], 'How often the last residual branch is left out; less before it'),
      only(toggle('model.auxHead', 'Auxiliary head', 'A second classifier on stage 3 that helps to train'), paperHead),
      only(toggle('model.seAtStage3', 'SE loss at stage 3', 'A second encoding, of stage 3'), paperHead),
    ],
  },
];

type Branch = Record<string, unknown>;

/** The value at a path such as `optimizer.learningRate`. */
export function readSetting(config: RunConfig, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => (value as Branch)[key], config);
}

export function writeSetting(config: RunConfig, path: string, value: unknown): void {
  // Each schedule has settings of its own.
  if (path === 'schedule.kind') {
    config.schedule = { ...freshSchedules[value as RunConfig['schedule']['kind']] };
    return;
  }
  const keys = path.split('.');
  const last = keys.pop()!;
  const target = keys.reduce<unknown>((branch, key) => (branch as Branch)[key], config) as Branch;
  target[last] = value;
}

/** A value in words, for a field or a tooltip. */
export function valueText(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return value;
  return Array.isArray(value) ? value.join(', ') : JSON.stringify(value);
}

/** Numbers of a text such as `0.6, 1.2`. @returns null if it is empty, undefined if it is no list of so many numbers */
export function parseNumbers(text: string, count: number | null): number[] | null | undefined {
  if (text.trim() === '') return null;
  const values = text
    .split(/[\s,;x]+/)
    .filter(Boolean)
    .map(Number);
  return values.every(Number.isFinite) && (count === null || values.length === count) ? values : undefined;
}

/** The preset's value of a setting; one that the preset does not have, such as of another schedule, counts as unchanged. */
export function standardOf(path: string, config: RunConfig, standard: RunConfig): unknown {
  const value = readSetting(standard, path);
  return value === undefined ? readSetting(config, path) : value;
}

const isChanged = ({ path }: Setting, config: RunConfig, standard: RunConfig): boolean =>
  !sameJson(readSetting(config, path), standardOf(path, config, standard));

/** How many settings of a group differ from the preset. */
export function changedCount(group: SettingGroup, config: RunConfig, standard: RunConfig): number {
  return group.settings.filter((setting) => (setting.when?.(config) ?? true) && isChanged(setting, config, standard)).length;
}

/** The paths of the settings that differ from the preset. */
export const changedSettings = (config: RunConfig, standard: RunConfig): ReadonlySet<string> =>
  new Set(settingGroups.flatMap(({ settings }) => settings.flatMap((each) => (isChanged(each, config, standard) ? [each.path] : []))));

/**
 * The settings that mean something in this recipe and have every word of the text in their group, name, hint or path, in their groups.
 * @param among paths of those that are asked of; null for all
 */
export function findSettings(text: string, config: RunConfig, among: ReadonlySet<string> | null = null): SettingGroup[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const has = ({ title }: SettingGroup, { label, hint, path }: Setting) => {
    const content = `${title} ${label} ${hint} ${path}`.toLowerCase();
    return words.every((word) => content.includes(word));
  };
  return settingGroups.flatMap((group) => {
    const passes = (each: Setting) => (each.when?.(config) ?? true) && (among?.has(each.path) ?? true) && has(group, each);
    const settings = group.settings.filter(passes);
    return settings.length > 0 ? [{ ...group, settings }] : [];
  });
}
