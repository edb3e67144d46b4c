import type { Sample } from '#shared/data/sample';
import type { Sureness } from '#shared/metrics/sureness';
import type { EvaluationConfig } from '#shared/training/run-config';
import { scaledSide, wholeLook, type LearntSize } from '#shared/training/input-size';
import { windowsOf, type Box } from '#shared/training/windows';
import type { DecodedSample } from '../data/decode.ts';
import { mirror } from '../data/mirror.ts';
import type { View } from '../data/render.ts';
import type { SamplePool } from '../data/sample-pool.ts';
import type { EncNet } from '../models/encnet.ts';
import { tf, type Tensor } from '../tensor/runtime.ts';
import { Tape } from '../tensor/tape.ts';
import { lossOf, surenessOf, type LossOptions } from './scores.ts';
import { argMax } from './train-step.ts';
import { WindowSum } from './window-sum.ts';

export interface Prediction {
  source: DecodedSample;
  /** Class ids at the image's own size, row-major. */
  ids: Uint8Array;
  /** How sure the network is of each pixel; null if not asked for. */
  sureness: Sureness | null;
  /** Cross-entropy over the labelled pixels, to be added up; null if not asked for, or without a label. */
  loss: { sum: number; weight: number } | null;
}

/** How a sample is predicted. */
export interface PredictOptions {
  /** [height, width] the network sees; null takes the image as it is. */
  inputSize: readonly [number, number] | null;
  evaluation: EvaluationConfig;
  /** Sides at other scales than 1 leave its remainders, where the whole image is seen; by default they are as they come. */
  learnt?: LearntSize;
  /** Logits are divided by it; 1 by default. */
  temperature?: number;
  /** Added to each class's logit while a network is trained: a file's have them in its weights, and may have a temperature instead. */
  offsets?: readonly number[] | null;
  sureness?: boolean;
  /** Measures the loss, with a weight a class, or 1 each; of logits with `shifts` added, as in training (`priorShifts`). */
  loss?: LossOptions;
  /** Done between several looks at an image; what it throws ends the prediction. */
  between?: () => Promise<void>;
  /** Mirrors the input first (the reference's validation); ids then belong to the mirrored image. */
  flips?: { horizontal: boolean; vertical: boolean };
}

type Size = readonly [number, number];

const isPlain = ({ sliding, scales, flip }: EvaluationConfig): boolean => !sliding && !flip && scales.length === 1 && scales[0] === 1;

/** Logits with offsets a class added, or at a temperature. @returns a tensor of its own */
export const adjusted = (logits: Tensor, { temperature = 1, offsets }: Pick<PredictOptions, 'temperature' | 'offsets'>): Tensor =>
  tf.tidy(() => {
    const moved = offsets ? tf.add(logits, [...offsets]) : logits.clone();
    return temperature === 1 ? moved : tf.div(moved, temperature);
  });

/** One look at a sample: what of it, at which size the network sees it, and at which its logits are asked for. */
interface Look {
  view: View;
  input: Size;
  size: Size;
}

/** Logits of one look at a sample; owned by the caller. */
async function logitsOf(
  net: EncNet,
  pool: SamplePool,
  sample: Sample,
  { view, input, size }: Look,
  options: PredictOptions,
): Promise<Tensor> {
  const { image } = await pool.render(sample, view, input);
  const images = tf.tensor(image, [1, ...input, 3], 'float32');
  const tape = new Tape({ training: false, recording: false, fold: true, precision: net.precision });
  try {
    return adjusted(net.forward(tape, tape.constant(images), size).logits.value, options);
  } finally {
    tape.dispose();
    images.dispose();
  }
}

/** Class probabilities of one look, turned back if it was mirrored. @returns float32 [1, ...size, classes] */
async function probabilitiesOf(net: EncNet, pool: SamplePool, sample: Sample, look: Look, options: PredictOptions): Promise<Tensor> {
  const { view } = look;
  const logits = await logitsOf(net, pool, sample, look, options);
  const probabilities = tf.tidy(() => {
    const all = tf.softmax(logits);
    return view.kind !== 'augmented' && view.flipHorizontal ? tf.reverse(all, 2) : all;
  });
  logits.dispose();
  return probabilities;
}

/** Adds what is looked at once more to what was seen before; both go into what is returned. */
function added(sum: Tensor | null, part: Tensor): Tensor {
  if (!sum) return part;
  const next = tf.add<Tensor>(sum, part);
  for (const tensor of [sum, part]) tensor.dispose();
  return next;
}

/** The looks at an image at one scale: of its windows, or of the whole of it. */
function looksAt(
  size: Size,
  scale: number,
  { inputSize, evaluation, learnt }: PredictOptions,
): { boxes: Box[]; inputOf: (box: Box) => Size } {
  const own = inputSize ?? size;
  if (!evaluation.sliding)
    return { boxes: [{ left: 0, top: 0, width: size[1], height: size[0] }], inputOf: () => wholeLook(own, scale, learnt) };
  // A window that the image cut short is as much smaller: what is looked at has this scale, and is not stretched.
  const side = (axis: 0 | 1, length: number) => (length < Math.round(own[axis] / scale) ? scaledSide(length, scale) : own[axis]);
  return {
    boxes: windowsOf(size, [own[0] / scale, own[1] / scale]),
    inputOf: ({ height, width }) => [side(0, height), side(1, width)],
  };
}

/** Probabilities summed over mirror images and windows at one scale. @returns as `averaged` */
async function sumAt(net: EncNet, pool: SamplePool, sample: Sample, size: Size, scale: number, options: PredictOptions): Promise<Tensor> {
  const { boxes, inputOf } = looksAt(size, scale, options);
  const windows = boxes.length > 1 ? new WindowSum(size, net.numClasses) : null;
  let sum: Tensor | null = null;
  try {
    for (const box of boxes)
      for (const flipHorizontal of options.evaluation.flip ? [false, true] : [false]) {
        const look: Look = { view: { kind: 'window', ...box, flipHorizontal }, input: inputOf(box), size: [box.height, box.width] };
        const part = await probabilitiesOf(net, pool, sample, look, options);
        if (windows) windows.add(part, box);
        else sum = added(sum, part);
        await options.between?.();
      }
  } catch (error) {
    sum?.dispose();
    throw error;
  }
  const all = windows?.toTensor() ?? sum!;
  return options.evaluation.scales.length > 1 ? perWindow(all, boxes, size) : all;
}

/**
 * Probabilities summed over scales, mirror images and windows.
 * @returns float32 [1, height, width, classes] at the image's own size, owned by the caller
 */
async function averaged(net: EncNet, pool: SamplePool, sample: Sample, source: DecodedSample, options: PredictOptions): Promise<Tensor> {
  let all: Tensor | null = null;
  try {
    for (const scale of options.evaluation.scales)
      all = added(all, await sumAt(net, pool, sample, [source.height, source.width], scale, options));
    return all!;
  } catch (error) {
    all?.dispose();
    throw error;
  }
}

/** Divides sums by how many windows lie over each pixel: a scale that has more of them counts no more. @returns instead of `sum` */
function perWindow(sum: Tensor, boxes: readonly Box[], [height, width]: Size): Tensor {
  if (boxes.length === 1) return sum;
  const covered = new Float32Array(height * width);
  for (const { left, top, width: across, height: down } of boxes)
    for (let y = top; y < top + down; y++) for (let x = left; x < left + across; x++) covered[y * width + x]++;
  const share = tf.tidy(() => tf.div<Tensor>(sum, tf.tensor(covered, [1, height, width, 1])));
  sum.dispose();
  return share;
}

const wholeView = (flips: PredictOptions['flips']): View => ({
  kind: 'whole',
  flipHorizontal: flips?.horizontal ?? false,
  flipVertical: flips?.vertical ?? false,
});

/** Lets the workers prepare an image that is predicted next, where one look at it is all there is. */
export function prepareSample(pool: SamplePool, sample: Sample, { inputSize, evaluation, flips }: PredictOptions): void {
  if (inputSize && isPlain(evaluation)) pool.prefetch(sample, wholeView(flips), inputSize);
}

/** @returns logits, where it is looked at once, or sums of probabilities: float32 [1, height, width, classes], owned by the caller */
export async function scoresOf(
  net: EncNet,
  pool: SamplePool,
  sample: Sample,
  options: PredictOptions,
): Promise<{ source: DecodedSample; scores: Tensor; areLogits: boolean }> {
  const source = await pool.get(sample);
  const size: Size = [source.height, source.width];
  const areLogits = isPlain(options.evaluation);
  const scores = areLogits
    ? await logitsOf(net, pool, sample, { view: wholeView(options.flips), input: options.inputSize ?? size, size }, options)
    : await averaged(net, pool, sample, source, options);
  return { source, scores, areLogits };
}

/** Predicts one image at its own resolution. */
export async function predictSample(net: EncNet, pool: SamplePool, sample: Sample, options: PredictOptions): Promise<Prediction> {
  const { source, scores, areLogits } = await scoresOf(net, pool, sample, options);
  const { flips } = options;
  const labels = source.labels && flips ? mirror(source.labels, source.width, flips) : source.labels;
  try {
    return {
      source,
      ids: argMax(scores),
      sureness: options.sureness ? surenessOf(scores, areLogits) : null,
      loss: options.loss && labels ? lossOf(scores, areLogits, labels, options) : null,
    };
  } finally {
    scores.dispose();
  }
}
