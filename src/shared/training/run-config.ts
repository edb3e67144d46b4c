import { z } from 'zod';
import { modelConfigSchema } from './model-config.ts';
import { precisionSettingSchema } from './precision.ts';
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
  /**
   * Largest relative change of contrast and of saturation, largest turn of the hue as a share of the circle, largest
   * rotation in degrees.
   */
  contrast: z.number().min(0).max(0.9).default(0),
  saturation: z.number().min(0).max(1).default(0),
  hue: z.number().min(0).max(0.5).default(0),
  rotation: z.number().min(0).max(45).default(0),
  /** Largest standard deviation of a Gaussian blur, in output pixels; every other image stays sharp. */
  blur: z.number().min(0).max(5).default(0),
  /** Share of each epoch's places that goes to images drawn for their rare classes; 0 takes every image once. */
  classBalance: z.number().min(0).max(1).default(0),
  /** Whether images of a batch get parts of others, with their labels: boxes, half of another's classes, or its small objects. */
  mix: z.enum(['none', 'boxes', 'classes', 'objects']).default('none'),
  /** Share of the images that get something of another one. */
  mixShare: z.number().min(0).max(1).default(0.5),
  /** Worker threads that decode and augment, and the memory for decoded images in megabytes. Neither changes a result. */
  workers: z.int().min(1).max(16).default(1),
  cacheMb: z.int().min(0).max(1_000_000).default(2000),
  /** The reference flips validation images as well; only its preset does. */
  flipValidation: z.boolean(),
});

export const lossConfigSchema = z.strictObject({
  seForm: z.enum(['mse', 'bce']),
  seWeight: z.number().min(0).max(10),
  auxWeight: z.number().min(0).max(10),
  classWeights: z.enum(['none', 'inverse-log', 'inverse-log-steep', 'median-frequency']),
  /**
   * Share of the class weights' logarithm that training adds to the logits and prediction does not. Weights make rare classes more likely
   * than they are; so much of that is taken back. 1 predicts what is likely, 0 what is likely times its weight.
   */
  priorCorrection: z.number().min(0).max(1).default(0),
  /** A loss on regions beside the cross-entropy, and its weight. */
  region: z.enum(['none', 'dice', 'lovasz']).default('none'),
  regionWeight: z.number().min(0).max(10).default(0.5),
  /** Share of the labelled pixels, those with the largest loss, that the cross-entropy counts; 1 counts all. */
  hardPixels: z.number().min(0.01).max(1).default(1),
  /** Times what a pixel weighs in it that is within 2 pixels of another class: of thin things that is every one. */
  borderWeight: z.number().min(1).max(20).default(1),
});

export const evaluationScales = z.array(z.number().min(0.25).max(4)).min(1).max(8);

/** How evaluation looks at an image. Its protocol is stored with every number. */
export const evaluationConfigSchema = z.strictObject({
  /** Windows of the evaluation size slide over the image at its own resolution, instead of resizing it whole. */
  sliding: z.boolean(),
  /** Factors on the input size whose probabilities are averaged. */
  scales: evaluationScales,
  /** Whether the mirrored image is averaged in. */
  flip: z.boolean(),
});
export const plainEvaluation = { sliding: false, scales: [1], flip: false };

/** How loaded weights are treated. */
export const fineTuneConfigSchema = z.strictObject({
  /** What stays as it was loaded, with its batch norm: nothing, or the network from the image up to here. */
  freeze: z.enum(['none', 'stem', 'stage1', 'stage2', 'stage3', 'backbone']),
  /** Whether batch norm reckons with each batch and follows it, or with the statistics that the weights came with, which then stay. */
  batchNorm: z.enum(['batch', 'running']),
});
const plainFineTune = { freeze: 'none', batchNorm: 'batch' } as const;

/** Everything that decides a training run besides the data set. */
export const runConfigSchema = z
  .strictObject({
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
    seed: z
      .int()
      .min(0)
      .max(2 ** 31 - 1),
    /** Input size of evaluation; null takes the images as they are. Scores are always at the labels' own resolution. */
    evaluationSize: sizeSchema.nullable(),
    /** Validates after every so many epochs, and after the last: a look at all of its images can take a quarter of an epoch's time. */
    validateEvery: z.int().min(1).max(1000).default(1),
    /** A checkpoint of its own every so many epochs. */
    checkpointEvery: z.int().min(1).max(1000),
    evaluation: evaluationConfigSchema.default(plainEvaluation),
    /**
     * Which class is predicted: the likeliest, or that with an offset a class added to its logit, fitted on training images so that the
     * mean IoU is highest.
     */
    decision: z.enum(['likeliest', 'mean-iou']).default('likeliest'),
    /** Decay a step of the averaged weights that are validated, kept as best and exported; 0 uses the weights themselves. */
    emaDecay: z.number().min(0).max(0.99999).default(0),
    /** Batches whose gradients are averaged into one update, for batches that do not fit memory. */
    accumulate: z.int().min(1).max(64).default(1),
    fineTune: fineTuneConfigSchema.default(plainFineTune),
    /** Validates on one of so many blocks of the labelled images of train and val, and trains on the others; null takes the splits. */
    fold: z
      .strictObject({ count: z.int().min(2).max(20), index: z.int().min(0).max(19) })
      .nullable()
      .default(null),
    /** Epochs without a better mIoU after which the run ends; 0 never. */
    patience: z.int().min(0).max(1000).default(0),
    /** Of convolutions and what lies between them; `auto` takes what is faster where it runs. Runs of before this had float32. */
    precision: precisionSettingSchema.default('float32'),
  })
  .refine(({ fold }) => !fold || fold.index < fold.count, { path: ['fold', 'index'], error: 'must be one of the folds, counted from 0' })
  .refine(
    ({ data, evaluation: { sliding, scales, flip } }) =>
      !data.flipValidation || (!sliding && !flip && scales.length === 1 && scales[0] === 1),
    {
      path: ['data', 'flipValidation'],
      error: 'validation images can be flipped only where each is looked at once: switch this off for windows, scales or mirror images',
    },
  );

export type DataConfig = z.infer<typeof dataConfigSchema>;
export type FineTuneConfig = z.infer<typeof fineTuneConfigSchema>;
export type LossConfig = z.infer<typeof lossConfigSchema>;
export type EvaluationConfig = z.infer<typeof evaluationConfigSchema>;
export type RunConfig = z.infer<typeof runConfigSchema>;
