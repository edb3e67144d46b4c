import { z } from 'zod';

export const backboneNames = ['resnet18', 'resnet34', 'resnet50', 'resnet101'] as const;
export type BackboneName = (typeof backboneNames)[number];

/** Residual blocks of the four stages. */
export const backboneDepths: Record<BackboneName, readonly [number, number, number, number]> = {
  resnet18: [2, 2, 2, 2],
  resnet34: [3, 4, 6, 3],
  resnet50: [3, 4, 6, 3],
  resnet101: [3, 4, 23, 3],
};

const four = (schema: z.ZodNumber) => z.tuple([schema, schema, schema, schema]);

const modelShape = z.strictObject({
  backbone: z.enum(backboneNames),
  /** Channels of the stem; stages have 1, 2, 4 and 8 times as many. */
  width: z.int().min(8).max(128),
  /**
   * `plain`: one 7x7. `deep`: three 3x3 of width, width, 2 x width (resnet50s). `v1c`: three 3x3 of width / 2, width / 2,
   * width (mmsegmentation).
   */
  stem: z.enum(['plain', 'deep', 'v1c']),
  /** Strides of the four stages: 1, 1, 2, 1 in the reference; 1, 2, 1, 1 with dilations as published. */
  stageStrides: four(z.int().min(1).max(2)),
  stageDilations: four(z.int().min(1).max(4)),
  /** The first block of a dilated stage uses the dilation of the stage before. */
  contractDilation: z.boolean(),
  zeroInitResidual: z.boolean(),
  /** `reference`: biased convolutions, classifier after upsampling by 8. `paper`: BN + ReLU, classifier before upsampling. */
  head: z.enum(['reference', 'paper']),
  headChannels: z.int().min(16).max(1024),
  numCodes: z.int().min(1).max(256),
  /** Stages 1 to 3 are fused into the head's features. */
  addLateral: z.boolean(),
  /** Channels of stage 1 joined in before the classifier; 0 leaves it out (paper head only). */
  detailChannels: z.int().min(0).max(256),
  dropout: z.number().min(0).max(0.9),
  /** FCN head on stage 3 with a loss of its own (paper head only). */
  auxHead: z.boolean(),
  /** A second SE loss, from an encoding of stage 3 (paper head only). */
  seAtStage3: z.boolean().default(false),
  /** Of the scene's encoding before it weighs channels, so that features must do without it now and then (paper head only). */
  contextDropout: z.number().min(0).max(0.9).default(0),
  /** Probability of the last residual branch to be skipped in training, less before it. */
  dropPath: z.number().min(0).max(0.9).default(0),
  /** Channels in which logits are refined by the stem's features, at half the image's size; 0 leaves it out (paper head only). */
  fineChannels: z.int().min(0).max(256).default(0),
});

const isEven = (channels: number): boolean => channels % 2 === 0;

/** Everything that decides the network's tensors and their shapes, but for the number of classes. */
export const modelConfigSchema = modelShape
  .refine(({ head, headChannels }) => head !== 'reference' || isEven(headChannels), {
    path: ['headChannels'],
    error: 'must be even with the head "reference", which halves them before its classifier',
  })
  .refine(({ stem, width }) => stem !== 'v1c' || isEven(width), {
    path: ['width'],
    error: 'must be even with the stem "v1c", which begins with half of them',
  });

export type ModelConfig = z.infer<typeof modelConfigSchema>;

/** The reference's network: ResNet-50, its strides, its head. */
export const referenceModel: ModelConfig = {
  backbone: 'resnet50',
  width: 64,
  stem: 'plain',
  stageStrides: [1, 1, 2, 1],
  stageDilations: [1, 1, 1, 1],
  contractDilation: true,
  zeroInitResidual: false,
  head: 'reference',
  headChannels: 512,
  numCodes: 32,
  addLateral: false,
  detailChannels: 0,
  dropout: 0,
  auxHead: false,
  seAtStage3: false,
  contextDropout: 0,
  dropPath: 0,
  fineChannels: 0,
};
