import type { RunConfig } from '#shared/training/run-config';

export interface Setting {
  path: string;
  label: string;
  hint: string;
  min?: number;
  max?: number;
  step?: number | 'any';
}

/** The settings a person changes most, in groups; everything else is the preset's. */
export const settingGroups: { title: string; settings: Setting[] }[] = [
  {
    title: 'Length',
    settings: [
      { path: 'epochs', label: 'Epochs', hint: 'Passes over the training images', min: 1, max: 5000, step: 1 },
      { path: 'batchSize', label: 'Batch size', hint: 'Images a step; a smaller one needs less memory', min: 1, max: 128, step: 1 },
      { path: 'checkpointEvery', label: 'Keep every', hint: 'A checkpoint of its own every so many epochs', min: 1, max: 1000, step: 1 },
    ],
  },
  {
    title: 'Learning',
    settings: [
      { path: 'optimizer.learningRate', label: 'Learning rate', hint: 'Base rate, before the schedule', min: 0, max: 10, step: 'any' },
      { path: 'optimizer.weightDecay', label: 'Weight decay', hint: 'Pulls weights towards zero', min: 0, max: 1, step: 'any' },
      { path: 'loss.seWeight', label: 'SE loss weight', hint: 'Weight of the loss on which classes the scene holds', min: 0, max: 10, step: 'any' },
      { path: 'seed', label: 'Seed', hint: 'Of initial weights, order and augmentation', min: 0, max: 2147483647, step: 1 },
    ],
  },
  {
    title: 'Images',
    settings: [
      { path: 'data.size.1', label: 'Width', hint: 'Of training crops, in pixels', min: 32, max: 2048, step: 8 },
      { path: 'data.size.0', label: 'Height', hint: 'Of training crops, in pixels', min: 32, max: 2048, step: 8 },
      { path: 'data.flipHorizontal', label: 'Flip left and right', hint: 'Half of the training images are mirrored' },
      { path: 'data.flipVertical', label: 'Flip upside down', hint: 'As the reference does; streets are better without' },
    ],
  },
];

type Branch = Record<string, unknown>;

/** The value at a path such as `optimizer.learningRate`. */
export function readSetting(config: RunConfig, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => (value as Branch)[key], config);
}

export function writeSetting(config: RunConfig, path: string, value: unknown): void {
  const keys = path.split('.');
  const last = keys.pop()!;
  const target = keys.reduce<unknown>((branch, key) => (branch as Branch)[key], config) as Branch;
  target[last] = value;
}
