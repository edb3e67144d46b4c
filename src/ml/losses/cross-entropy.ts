import { assertShape } from '../tensor/assert-shape.ts';
import { sparseSoftmaxCrossEntropy } from '../tensor/kernels.ts';
import { tf, type Tensor } from '../tensor/runtime.ts';

export interface LossAndGradient {
  loss: number;
  /** Gradient of the loss, of the shape of the logits; owned by the caller. */
  gradient: Tensor;
}

/**
 * Mean pixel cross-entropy over the labelled pixels; weighted as PyTorch does (divided by the sum of weights).
 * @param logits float32 [batch, height, width, classes]
 * @param labels class ids, row-major [batch, height, width]; `ignoreIndex` is left out
 * @param classWeights one weight a class, or null for 1 each
 * @returns loss 0 with zero gradient if no pixel is labelled (PyTorch: NaN)
 * @throws ShapeError if logits are not of rank 4
 */
export function crossEntropy(logits: Tensor, labels: Uint8Array, ignoreIndex: number, classWeights: readonly number[] | null = null): LossAndGradient {
  assertShape('logits', logits.shape, [null, null, null, null]);
  const classes = logits.shape[3]!;
  const targets = new Int32Array(labels.length);
  const weights = new Float32Array(labels.length);
  let total = 0;
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i];
    if (label === ignoreIndex) continue;
    targets[i] = label;
    weights[i] = classWeights ? classWeights[label] : 1;
    total += weights[i];
  }
  if (total > 0) for (let i = 0; i < weights.length; i++) weights[i] /= total;
  const [loss, gradient] = tf.tidy((): [Tensor, Tensor] => {
    const rows = tf.reshape(logits, [-1, classes]);
    const [perPixel, rowGradient] = sparseSoftmaxCrossEntropy(rows, tf.tensor1d(targets, 'int32'));
    const weight = tf.tensor1d(weights);
    return [tf.sum(tf.mul(perPixel, weight)), tf.reshape(tf.mul(rowGradient, tf.expandDims(weight, 1)), logits.shape)];
  });
  const value = loss.dataSync()[0];
  loss.dispose();
  return { loss: value, gradient };
}
