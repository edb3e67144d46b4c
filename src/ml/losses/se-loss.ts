import { tf, type Tensor } from '../tensor/runtime.ts';
import type { LossAndGradient } from './cross-entropy.ts';

/**
 * Which classes each image of a batch holds.
 * @param labels class ids, row-major [batch, pixels]; ids outside 0 … numClasses - 1 count as none
 * @returns 0 or 1, row-major [batch, numClasses]
 */
export function classPresence(labels: Uint8Array, batch: number, numClasses: number): Float32Array {
  const presence = new Float32Array(batch * numClasses);
  const pixels = labels.length / batch;
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] < numClasses) presence[Math.floor(i / pixels) * numClasses + labels[i]] = 1;
  }
  return presence;
}

/**
 * Semantic encoding loss: predicts the classes of the scene.
 * @param logits float32 [batch, numClasses]
 * @param presence as `classPresence` returns it
 * @param form 'mse': mean squared error of the raw logits (the reference); 'bce': with their sigmoid (the paper, section 3.1)
 */
export function seLoss(logits: Tensor, presence: Float32Array, form: 'mse' | 'bce'): LossAndGradient {
  const [loss, gradient] = tf.tidy((): [Tensor, Tensor] => {
    const target = tf.tensor(presence, logits.shape, 'float32');
    const count = presence.length;
    if (form === 'mse') {
      const difference = tf.sub(logits, target);
      return [tf.mean(tf.square(difference)), tf.mul(difference, 2 / count)];
    }
    const perEntry = tf.addN([tf.relu(logits), tf.neg(tf.mul(logits, target)), tf.log1p(tf.exp(tf.neg(tf.abs(logits))))]);
    return [tf.mean(perEntry), tf.div(tf.sub(tf.sigmoid(logits), target), count)];
  });
  const value = loss.dataSync()[0];
  loss.dispose();
  return { loss: value, gradient };
}
