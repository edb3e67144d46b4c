import { assertShape } from '../tensor/assert-shape.ts';
import { sparseSoftmaxCrossEntropy } from '../tensor/kernels.ts';
import { tf, type Tensor } from '../tensor/runtime.ts';

export interface LossAndGradient {
  loss: number;
  /** Gradient of the loss, of the shape of the logits; owned by the caller. */
  gradient: Tensor;
}

export interface CrossEntropyOptions {
  /** One weight a class, or null for 1 each. */
  classWeights?: readonly number[] | null;
  /** Share of the labelled pixels that count: those with the largest loss (online hard pixel mining). 1 counts all. */
  hardPixels?: number;
}

/** Switches off all but the share of counting pixels with the largest loss. */
function keepHardest(weights: Float32Array, perPixel: Float32Array, share: number): void {
  const losses = perPixel.filter((_, pixel) => weights[pixel] > 0).sort();
  if (losses.length === 0) return;
  const threshold = losses[Math.max(0, losses.length - Math.max(1, Math.round(share * losses.length)))];
  for (let pixel = 0; pixel < weights.length; pixel++) if (perPixel[pixel] < threshold) weights[pixel] = 0;
}

/**
 * Mean pixel cross-entropy over the labelled pixels; weighted as PyTorch does (divided by the sum of weights).
 * @param logits float32 [batch, height, width, classes]
 * @param labels class ids, row-major [batch, height, width]; `ignoreIndex` is left out
 * @returns loss 0 with zero gradient if no pixel is labelled (PyTorch: NaN)
 * @throws ShapeError if logits are not of rank 4
 */
export function crossEntropy(
  logits: Tensor,
  labels: Uint8Array,
  ignoreIndex: number,
  { classWeights = null, hardPixels = 1 }: CrossEntropyOptions = {},
): LossAndGradient {
  assertShape('logits', logits.shape, [null, null, null, null]);
  const classes = logits.shape[3]!;
  const targets = new Int32Array(labels.length);
  const weights = new Float32Array(labels.length);
  labels.forEach((label, pixel) => {
    if (label === ignoreIndex) return;
    targets[pixel] = label;
    weights[pixel] = classWeights ? classWeights[label] : 1;
  });
  const [perPixel, rowGradient] = tf.tidy(() =>
    sparseSoftmaxCrossEntropy(tf.reshape(logits, [-1, classes]), tf.tensor1d(targets, 'int32')),
  );
  if (hardPixels < 1) keepHardest(weights, perPixel.dataSync<'float32'>(), hardPixels);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (total > 0) for (let pixel = 0; pixel < weights.length; pixel++) weights[pixel] /= total;
  const [loss, gradient] = tf.tidy((): [Tensor, Tensor] => {
    const weight = tf.tensor1d(weights);
    // An ignored pixel's loss can be infinite, and times zero that is not a number.
    const counted = tf.where(tf.greater(weight, 0), tf.mul(perPixel, weight), tf.zerosLike(weight));
    return [tf.sum(counted), tf.reshape(tf.mul(rowGradient, tf.expandDims(weight, 1)), logits.shape)];
  });
  const value = loss.dataSync()[0];
  for (const tensor of [loss, perPixel, rowGradient]) tensor.dispose();
  return { loss: value, gradient };
}

/**
 * Cross-entropy without a gradient, to be added up over images: the mean is the sum of `sum` over that of `weight`.
 * @param logProbabilities float32 [1, height, width, classes]
 * @param labels class ids, row-major [height, width]; `ignoreIndex` is left out
 * @param classWeights one a class, or null for 1 each
 */
export function crossEntropySum(
  logProbabilities: Tensor,
  labels: Uint8Array,
  ignoreIndex: number,
  classWeights: readonly number[] | null,
): { sum: number; weight: number } {
  assertShape('log probabilities', logProbabilities.shape, [1, null, null, null]);
  const classes = logProbabilities.shape[3]!;
  const values = logProbabilities.dataSync<'float32'>();
  let [sum, weight] = [0, 0];
  for (let pixel = 0; pixel < labels.length; pixel++) {
    const label = labels[pixel];
    if (label === ignoreIndex) continue;
    const own = classWeights ? classWeights[label] : 1;
    sum -= own * values[pixel * classes + label];
    weight += own;
  }
  return { sum, weight };
}
