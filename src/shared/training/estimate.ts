// What a run will take, reckoned from its settings: the network is walked layer by layer without being built.
import { mostOffsetImages } from '../metrics/class-offsets.ts';
import { inputSizeOf, learntSizeOf, wholeLook } from './input-size.ts';
import { backboneDepths, type ModelConfig } from './model-config.ts';
import type { Precision } from './precision.ts';
import type { EvaluationConfig, RunConfig } from './run-config.ts';
import { fitsAlone, validationsLeft } from './validations.ts';
import { windowsOf } from './windows.ts';

/** [height, width] in pixels. */
type Size = readonly [number, number];

interface Cost {
  /** Multiply-adds of one forward pass of one image. */
  macs: number;
  /** Values that a training step keeps for one image: those of convolutions, and those that are float32 whatever these are. */
  activations: number;
  wide: number;
  parameters: number;
  /** Values that go into the largest convolution, and come out of it. */
  held: number;
}

interface Shape {
  height: number;
  width: number;
  channels: number;
}

/** Adds up layers as a network is walked. */
class Walk {
  readonly cost: Cost = { macs: 0, activations: 0, wide: 0, parameters: 0, held: 0 };

  /** A convolution with batch norm and ReLU: its output is kept twice, before and after. */
  conv(from: Shape, channels: number, kernel: number, stride = 1): Shape {
    const to = { height: Math.ceil(from.height / stride), width: Math.ceil(from.width / stride), channels };
    const weights = kernel * kernel * from.channels * channels;
    this.cost.macs += weights * to.height * to.width;
    this.cost.activations += 2 * channels * to.height * to.width;
    this.cost.parameters += weights + 2 * channels;
    const held = from.channels * from.height * from.width + 2 * channels * to.height * to.width;
    this.cost.held = Math.max(this.cost.held, held);
    return to;
  }

  /** Layers of one vector an image: next to no work, and weights all the same. */
  linear(inputs: number, outputs: number): void {
    this.cost.parameters += (inputs + 1) * outputs;
  }

  /** Codewords, their scales and the norm of what is encoded. */
  codes(channels: number, count: number): void {
    this.cost.parameters += (channels + 3) * count;
  }

  keep({ height, width, channels }: Shape, copies = 1): void {
    this.cost.activations += copies * height * width * channels;
  }

  keepWide({ height, width, channels }: Shape, copies = 1): void {
    this.cost.wide += copies * height * width * channels;
  }
}

/** What the network keeps for its head. */
interface Maps {
  stem: Shape;
  stages: Shape[];
}

function stemOf(walk: Walk, { width, stem }: ModelConfig, input: Shape): Shape {
  if (stem === 'plain') return walk.conv(input, width, 7, 2);
  const [inner, outer] = stem === 'deep' ? [width, 2 * width] : [width / 2, width];
  return walk.conv(walk.conv(walk.conv(input, inner, 3, 2), inner, 3), outer, 3);
}

function backbone(walk: Walk, model: ModelConfig, input: Shape): Maps {
  const { width } = model;
  const stem = stemOf(walk, model, input);
  let shape = { ...stem, height: Math.ceil(stem.height / 2), width: Math.ceil(stem.width / 2) };
  const bottleneck = model.backbone === 'resnet50' || model.backbone === 'resnet101';
  const stages = backboneDepths[model.backbone].map((depth, stage) => {
    for (let block = 0; block < depth; block++) {
      const stride = block === 0 ? model.stageStrides[stage] : 1;
      const planes = width * 2 ** stage;
      const outer = bottleneck ? 4 * planes : planes;
      if (stride > 1 || shape.channels !== outer) walk.conv(shape, outer, 1, stride);
      shape = bottleneck
        ? walk.conv(walk.conv(walk.conv(shape, planes, 1), planes, 3, stride), outer, 1)
        : walk.conv(walk.conv(shape, planes, 3, stride), outer, 3);
    }
    return shape;
  });
  return { stem, stages };
}

function head(walk: Walk, model: ModelConfig, { stem, stages }: Maps, input: Shape, classes: number): void {
  const channels = model.headChannels;
  let features = walk.conv(stages[3], channels, 3);
  if (model.addLateral) {
    for (const stage of stages.slice(0, 3)) walk.conv(stage, channels, 1);
    features = walk.conv({ ...features, channels: 4 * channels }, channels, 3);
  }
  walk.conv(features, channels, 1);
  // Encoding: two products with the codewords forward, and their assignments.
  walk.cost.macs += 2 * features.height * features.width * model.numCodes * channels;
  walk.codes(channels, model.numCodes);
  // The gate of the channels, and which classes the scene holds.
  walk.linear(channels, channels);
  walk.linear(channels, classes);
  walk.keepWide({ ...features, channels: 2 * model.numCodes + channels });
  if (model.head === 'reference') {
    // Upsampling and convolution are one op: the channels are mixed on the small map, the result is spread (ADR 0007).
    walk.conv(features, 9 * (channels / 2), 1);
    walk.keep({ ...input, channels: channels / 2 }, 3);
    walk.conv({ ...input, channels: channels / 2 }, classes, 3);
  } else if (model.detailChannels > 0) {
    walk.conv(stages[0], model.detailChannels, 1);
    walk.conv({ ...stages[0], channels: channels + model.detailChannels }, channels, 3);
  }
  if (model.head === 'paper') walk.linear(channels, classes);
  if (model.head === 'paper' && model.fineChannels > 0) {
    const fine = model.fineChannels;
    walk.conv(model.detailChannels > 0 ? { ...stages[0], channels } : features, fine, 1);
    walk.conv(stem, fine, 1);
    walk.conv(walk.conv({ ...stem, channels: 2 * fine }, fine, 3), classes, 1);
    // Both at the stem's size before they are joined, and two copies of the logits.
    walk.keepWide({ ...stem, channels: fine + 2 * classes });
  }
  if (model.head === 'paper' && model.auxHead) {
    const hidden = Math.max(8, stages[2].channels / 4);
    walk.conv(stages[2], hidden, 3);
    walk.linear(hidden, classes);
  }
  if (model.head === 'paper' && model.seAtStage3) {
    walk.conv(stages[2], channels, 1);
    walk.codes(channels, model.numCodes);
    walk.linear(channels, classes);
  }
  // Logits, their gradient and the loss's own copies, of the main and the auxiliary output.
  walk.keepWide({ ...input, channels: classes }, model.auxHead ? 8 : 4);
}

function costOf(model: ModelConfig, [height, width]: readonly [number, number], classes: number): Cost {
  const walk = new Walk();
  const input = { height, width, channels: 3 };
  head(walk, model, backbone(walk, model, input), input, classes);
  return walk.cost;
}

export interface Estimate {
  parameters: number;
  /** Multiply-adds of an epoch's training, forward and backward, and of its validation, which is shared by the epochs before it. */
  trainingMacs: number;
  validationMacs: number;
  /** As long as one validation takes, in steps of training. */
  validationSteps: number;
  /** Largest memory of the trainer, in megabytes. */
  memoryMb: number;
  /** What of it scoring takes, where that is more than a step; else 0. */
  scoringMb: number;
  steps: number;
}

/** TensorFlow's libraries, its threads' work space and Node. */
const baseMb = 750;
/** What is kept and what is in flight, over the activations alone (measured, docs/benchmarks.md). */
const overhead = 1.25;
/** What a forward pass without gradients holds over the largest of its convolutions: maps for later layers, and work space (measured). */
const passOverhead = 4.2;
/** Forward, gradient to the input, gradient to the filter. */
const trainingPasses = 3;

/** Parameters of a run's network. */
export const parametersOf = (config: RunConfig, classes: number): number => costOf(config.model, config.data.size, classes).parameters;

/** How many times as long an epoch takes in bfloat16, where a processor has it, and where it has not (docs/benchmarks.md). */
export const bfloat16Share = 0.65;
export const bfloat16ShareWithout = 1.6;

/**
 * Pixels that are looked at for each of an image at the evaluation size.
 * @param image [height, width] of an image
 * @param input [height, width] of what is looked at, at scale 1: of the image, or of a window
 */
export function looksOf({ scales, flip, sliding }: EvaluationConfig, image: Size, input: Size): number {
  const areaOf = ([height, width]: Size) => height * width;
  const atScale = (scale: number) => {
    if (!sliding) return areaOf(input);
    const boxes = windowsOf(image, [input[0] / scale, input[1] / scale]);
    return boxes.reduce((sum, box) => sum + box.height * box.width, 0);
  };
  return (scales.reduce((sum, scale) => sum + scale * scale * atScale(scale), 0) * (flip ? 2 : 1)) / areaOf(input);
}

/**
 * Maps of all classes that scoring an image holds at once, at its own size: what the network says with and without offsets, or sums of
 * looks; what is read off them is read a few rows at a time.
 */
const mapsOf = ({ scales, flip, sliding }: EvaluationConfig): number => (scales.length > 1 || flip || sliding ? 4 : 2);
/** Class ids of 4 bytes a pixel, their labels, and the decoded image in the hands of its reader. */
const bytesOfPixel = 16;

/** [height, width] of the largest that the network is given of an image at once. */
function largestLookOf(config: RunConfig, image: Size): Size {
  const input = inputSizeOf(config, config.evaluation) ?? image;
  return config.evaluation.sliding ? input : wholeLook(input, Math.max(...config.evaluation.scales), learntSizeOf(config));
}

/**
 * Reckons what a run takes.
 * @param images training and validation images of the data set
 * @param imageSize [height, width] of them
 * @param largest [height, width] of the largest
 */
export function estimateRun(
  config: RunConfig,
  classes: number,
  images: { train: number; validation: number },
  imageSize: Size,
  precision: Precision = 'float32',
  largest: Size = imageSize,
): Estimate {
  const training = costOf(config.model, config.data.size, classes);
  const evaluationSize = inputSizeOf(config, config.evaluation) ?? imageSize;
  const validation = costOf(config.model, evaluationSize, classes);
  const perStep = config.batchSize * config.accumulate;
  const fitted = config.decision === 'mean-iou' ? Math.min(mostOffsetImages, images.train) : 0;
  const steps = Math.max(1, Math.floor(images.train / perStep));
  const slots = { sgd: config.optimizer.momentum > 0 ? 1 : 0, adamw: 2 }[config.optimizer.kind];
  const weightCopies = 2 + slots + (config.emaDecay > 0 ? 1 : 0) + (config.accumulate > 1 ? 1 : 0);
  const valueBytes = precision === 'bfloat16' ? 2 : 4;
  const activationBytes = valueBytes * training.activations + 4 * training.wide;
  // The batches in use and those made ahead: float pixels and ids.
  const inputBytes = 3 * perStep * config.data.size[0] * config.data.size[1] * 13;
  const stepBytes = activationBytes * config.batchSize * overhead + inputBytes;
  // An epoch's images are scored at their own size, after its last step.
  const passBytes = passOverhead * valueBytes * costOf(config.model, largestLookOf(config, largest), classes).held;
  const scoringBytes = largest[0] * largest[1] * (4 * classes * mapsOf(config.evaluation) + bytesOfPixel) + passBytes;
  const bytes = Math.max(stepBytes, scoringBytes) + 4 * training.parameters * weightCopies;
  const trainingMacs = steps * Math.min(perStep, Math.max(1, images.train)) * training.macs * trainingPasses;
  // Offsets of classes are fitted on training images, by one scale and no mirror image.
  const fitMacs = fitted * looksOf({ ...config.evaluation, scales: [1], flip: false }, imageSize, evaluationSize) * validation.macs;
  const validationMacs = images.validation * looksOf(config.evaluation, imageSize, evaluationSize) * validation.macs + fitMacs;
  const cacheMb = Math.min(config.data.cacheMb, ((images.train + images.validation) * imageSize[0] * imageSize[1] * 4) / 1e6);
  return {
    parameters: training.parameters,
    trainingMacs,
    validationMacs: (validationMacs * validationsLeft(config) + fitMacs * fitsAlone(config)) / config.epochs,
    validationSteps: (validationMacs * steps) / trainingMacs,
    scoringMb: scoringBytes > stepBytes ? Math.round(scoringBytes / 2 ** 20) : 0,
    memoryMb: Math.round(baseMb + bytes / 2 ** 20 + cacheMb),
    steps,
  };
}
