import { z } from 'zod';
import { modelConfigSchema } from './model-config.ts';
import { optimizerConfigSchema, scheduleConfigSchema } from './optimizer-config.ts';

const sizeSchema = z.tuple([z.int().min(32).max(2048), z.int().min(32).max(2048)]);

/** How images become batches. Sizes are [height, width] in pixels. */
export const dataConfigSchema = z.strictObject({
  size: sizeSchema,
  /** null resizes the whole image; [low, high] scales the image by a random factor and crops `size` out of it. */
  randomScale: z.tuple([z.number().min(0.1).max(4), z.number().min(0.1).max(4)]).nullable(),
  flipHorizontal: z.boolean(),
  flipVertical: z.boolean(),
  /** Largest relative change of brightness; 0 switches it off. */
  brightness: z.number().min(0).max(0.9),
  /** The reference flips validation images as well; only its preset does. */
  flipValidation: z.boolean(),
});

export const lossConfigSchema = z.strictObject({
  seForm: z.enum(['mse', 'bce']),
  seWeight: z.number().min(0).max(10),
  auxWeight: z.number().min(0).max(10),
  classWeights: z.enum(['none', 'inverse-log', 'median-frequency']),
});

/** Everything that decides a training run besides the data set. */
export const runConfigSchema = z.strictObject({
  preset: z.string().min(1).max(60),
  model: modelConfigSchema,
  optimizer: optimizerConfigSchema,
  schedule: scheduleConfigSchema,
  /** Epochs over which the rate rises from 0 to the schedule's; 0 starts with it. */
  warmUpEpochs: z.number().min(0).max(1000).default(0),
  loss: lossConfigSchema,
  data: dataConfigSchema,
  epochs: z.int().min(1).max(5000),
  batchSize: z.int().min(1).max(128),
  seed: z.int().min(0).max(2 ** 31 - 1),
  /** Input size of evaluation; null takes the images as they are. Scores are always at the labels' own resolution. */
  evaluationSize: sizeSchema.nullable(),
  /** A checkpoint of its own every so many epochs. */
  checkpointEvery: z.int().min(1).max(1000),
});

export type DataConfig = z.infer<typeof dataConfigSchema>;
export type LossConfig = z.infer<typeof lossConfigSchema>;
export type RunConfig = z.infer<typeof runConfigSchema>;
