import { assertShape } from '../tensor/assert-shape.ts';
import { logSoftmax, multiplyNoNan, ofRows } from '../tensor/kernels.ts';
import { tf, type Tensor } from '../tensor/runtime.ts';
import { idsOf, labelTensors, type LabelTensors, type PixelWeights } from './label-tensors.ts';

export interface LossAndGradient {
  loss: number;
  /** Gradient of the loss, of the shape of the logits; owned by the caller. */
  gradient: Tensor;
}

export interface CrossEntropyOptions {
  /** Added to the logits of each class, or null. */
  shifts?: readonly number[] | null;
  /** Share of the labelled pixels that count: those with the largest loss (online hard pixel mining). 1 counts all. */
  hardPixels?: number;
}

/** Switches off all but the share of counting pixels with the largest loss. @returns the weights that are left */
function keepHardest(weights: Tensor, ownLog: Tensor, share: number): Tensor {
  const [left, logs] = [weights.dataSync<'float32'>().slice(), ownLog.dataSync<'float32'>()];
  const losses = logs.filter((_, pixel) => left[pixel] > 0).map((log) => -log);
  losses.sort();
  const threshold = losses[Math.max(0, losses.length - Math.max(1, Math.round(share * losses.length)))];
  for (let pixel = 0; pixel < left.length; pixel++) if (-logs[pixel] < threshold) left[pixel] = 0;
  return tf.tensor1d(left);
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
  options: CrossEntropyOptions & PixelWeights = {},
): LossAndGradient {
  assertShape('logits', logits.shape, [null, null, null, null]);
  const [, height, width, classes] = logits.shape as [number, number, number, number];
  const ids = idsOf(labels, [height, width], classes, ignoreIndex, options);
  const targets = tf.tidy(() => ({ ...labelTensors(ids, classes, ignoreIndex, options) }));
  try {
    return crossEntropyTo(logits, targets, options);
  } finally {
    tf.dispose([targets.places, targets.weights]);
  }
}

/** The same to labels that several outputs have. @param targets stay the caller's */
export function crossEntropyTo(
  logits: Tensor,
  { places, weights: given }: LabelTensors,
  { shifts = null, hardPixels = 1 }: CrossEntropyOptions = {},
): LossAndGradient {
  const classes = logits.shape[3]!;
  const [loss, gradient] = tf.tidy((): [Tensor, Tensor] => {
    // Maps of all classes are large, and this is where a step holds the most: each goes as soon as the next is there.
    const logs = tf.tidy(() => {
      const rows = tf.reshape(logits, [-1, classes]);
      return logSoftmax(shifts ? tf.add(rows, tf.tensor1d([...shifts])) : rows);
    });
    const ownLog = ofRows(logs, places);
    const weights = hardPixels < 1 ? keepHardest(given, ownLog, hardPixels) : given;
    const shares = tf.divNoNan(weights, tf.sum(weights));
    const apart = tf.tidy(() => {
      const probabilities = tf.exp(logs);
      logs.dispose();
      return tf.sub(probabilities, tf.oneHot(places, classes, 1, 0, 'float32'));
    });
    // What an ignored pixel has may be infinite, and times zero that is to be nothing.
    const gradient = tf.reshape(multiplyNoNan(apart, tf.expandDims(shares, 1)), logits.shape);
    return [tf.sum(multiplyNoNan(ownLog, tf.neg(shares))), gradient];
  });
  const value = loss.dataSync()[0];
  loss.dispose();
  return { loss: value, gradient };
}

/**
 * Cross-entropy without a gradient, to be added up over images: the mean is the sum of `sum` over that of `weight`.
 * @param logProbabilities float32 [1, height, width, classes]
 * @param ids class ids of its pixels, row-major, as `idsOf`; `ignoreIndex` is left out
 */
export function crossEntropySum(
  logProbabilities: Tensor,
  ids: Int32Array,
  ignoreIndex: number,
  pixelWeights: PixelWeights = {},
): { sum: number; weight: number } {
  assertShape('log probabilities', logProbabilities.shape, [1, null, null, null]);
  const classes = logProbabilities.shape[3]!;
  const sums = tf.tidy(() => {
    const { places, weights } = labelTensors(ids, classes, ignoreIndex, pixelWeights);
    const ownLog = ofRows(tf.reshape(logProbabilities, [-1, classes]), places);
    return tf.stack([tf.sum(multiplyNoNan(ownLog, tf.neg(weights))), tf.sum(weights)]);
  });
  const [sum, weight] = sums.dataSync<'float32'>();
  sums.dispose();
  return { sum, weight };
}
