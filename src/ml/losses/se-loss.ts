import { voidId } from '#shared/mask/void-id';
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
 * Which images of a batch have a labelled pixel: of the others nobody has said what they hold.
 * @param labels as of `classPresence`
 * @returns null where all have
 */
export function labelledImages(labels: Uint8Array, batch: number): boolean[] | null {
  const pixels = labels.length / batch;
  const known = Array.from({ length: batch }, (_, image) =>
    labels.subarray(image * pixels, (image + 1) * pixels).some((id) => id !== voidId),
  );
  return known.every(Boolean) ? null : known;
}

/** Of each entry its loss, and the slope of that. */
function squared(logits: Tensor, target: Tensor): [Tensor, Tensor] {
  const difference = tf.sub(logits, target);
  return [tf.square(difference), tf.mul(difference, 2)];
}

function binary(logits: Tensor, target: Tensor): [Tensor, Tensor] {
  const perEntry = tf.addN([tf.relu(logits), tf.neg(tf.mul(logits, target)), tf.log1p(tf.exp(tf.neg(tf.abs(logits))))]);
  return [perEntry, tf.sub(tf.sigmoid(logits), target)];
}

/**
 * Semantic encoding loss: predicts the classes of the scene.
 * @param logits float32 [batch, numClasses]
 * @param presence as `classPresence` returns it
 * @param form 'mse': mean squared error of the raw logits (the reference); 'bce': with their sigmoid (the paper, section 3.1)
 * @param known images that count, as `labelledImages` gives them; null for all: the reference takes one without a label as an empty scene
 */
export function seLoss(
  logits: Tensor,
  presence: Float32Array,
  form: 'mse' | 'bce',
  known: readonly boolean[] | null = null,
): LossAndGradient {
  const [loss, gradient] = tf.tidy((): [Tensor, Tensor] => {
    const target = tf.tensor(presence, logits.shape, 'float32');
    const [perEntry, slope] = form === 'mse' ? squared(logits, target) : binary(logits, target);
    const count = presence.length;
    if (!known) return [tf.mean(perEntry), tf.div(slope, count)];
    const share = presence.length / (known.filter(Boolean).length * logits.shape[1]! || Infinity);
    const rows = tf.tensor2d(known.map(Number), [known.length, 1]);
    return [tf.mul(tf.mean(tf.mul(perEntry, rows)), share), tf.mul(tf.mul(slope, rows), share / count)];
  });
  const value = loss.dataSync()[0];
  loss.dispose();
  return { loss: value, gradient };
}
