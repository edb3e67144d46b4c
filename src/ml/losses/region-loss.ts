import { assertShape } from '../tensor/assert-shape.ts';
import { tf, type Tensor } from '../tensor/runtime.ts';
import type { LossAndGradient } from './cross-entropy.ts';

/** Labels of a batch as the region losses take them: rows of labelled pixels, and which classes occur. */
interface Targets {
  /** float32 [pixels, classes], one-hot; zero rows where ignored. */
  oneHot: Tensor;
  /** float32 [pixels, 1], 0 where ignored. */
  valid: Tensor;
  present: number[];
}

function targetsOf(labels: Uint8Array, classes: number, ignoreIndex: number): Targets {
  const oneHot = new Float32Array(labels.length * classes);
  const valid = new Float32Array(labels.length);
  const present = new Set<number>();
  labels.forEach((label, pixel) => {
    if (label === ignoreIndex) return;
    oneHot[pixel * classes + label] = 1;
    valid[pixel] = 1;
    present.add(label);
  });
  return {
    oneHot: tf.tensor2d(oneHot, [labels.length, classes]),
    valid: tf.tensor2d(valid, [labels.length, 1]),
    present: [...present].sort((a, b) => a - b),
  };
}

/** Takes a gradient to probabilities back to the logits. */
function throughSoftmax(probabilities: Tensor, dProbabilities: Tensor, shape: number[]): Tensor {
  return tf.tidy(() => {
    const inner = tf.sum(tf.mul(probabilities, dProbabilities), 1, true);
    return tf.reshape(tf.mul(probabilities, tf.sub(dProbabilities, inner)), shape);
  });
}

/** A loss on probabilities with its gradient to them. */
type OnProbabilities = (probabilities: Tensor, targets: Targets, classes: number) => { loss: number; gradient: Tensor };

const smooth = 1;

/** 1 - mean of (2 intersection + 1) / (sum of both + 1) over the classes that occur. */
const dice: OnProbabilities = (probabilities, { oneHot, present }, classes) => {
  const sums = tf.tidy(() => tf.stack([tf.sum(tf.mul(probabilities, oneHot), 0), tf.sum(probabilities, 0), tf.sum(oneHot, 0)]));
  const values = sums.dataSync<'float32'>().slice();
  sums.dispose();
  let loss = 1;
  const [onTarget, everywhere] = [new Float32Array(classes), new Float32Array(classes)];
  for (const id of present) {
    const [top, bottom] = [2 * values[id] + smooth, values[classes + id] + values[2 * classes + id] + smooth];
    loss -= top / bottom / present.length;
    onTarget[id] = -2 / bottom / present.length;
    everywhere[id] = top / (bottom * bottom) / present.length;
  }
  return { loss, gradient: tf.tidy(() => tf.add(tf.mul(oneHot, tf.tensor1d(onTarget)), tf.tensor1d(everywhere))) };
};

/** Gradient of the Lovasz extension of the Jaccard loss, for errors in falling order. @param truth 0 or 1 in that order */
function jaccardGradient(truth: Uint8Array, positives: number): Float32Array {
  const gradient = new Float32Array(truth.length);
  let [intersection, union, previous] = [positives, positives, 0];
  truth.forEach((value, index) => {
    intersection -= value;
    union += 1 - value;
    const jaccard = 1 - intersection / union;
    gradient[index] = jaccard - previous;
    previous = jaccard;
  });
  return gradient;
}

/** Lovasz-softmax over the classes that occur. */
const lovasz: OnProbabilities = (probabilities, { oneHot, valid, present }, classes) => {
  const pixels = probabilities.shape[0];
  const truth = oneHot.dataSync<'float32'>();
  const gradient = new Float32Array(pixels * classes);
  let loss = 0;
  const distances = tf.tidy(() => tf.mul(tf.abs(tf.sub(oneHot, probabilities)), valid));
  for (const id of present) {
    const [sorted, order] = tf.tidy(() => {
      const { values, indices } = tf.topk(tf.reshape(tf.slice(distances, [0, id], [pixels, 1]), [pixels]), pixels, true);
      return [values, indices];
    });
    const [errors, pixelOf] = [sorted.dataSync<'float32'>(), order.dataSync<'int32'>()];
    const inOrder = Uint8Array.from(pixelOf, (pixel) => truth[pixel * classes + id]);
    const positives = inOrder.reduce((sum, value) => sum + value, 0);
    const slope = jaccardGradient(inOrder, positives);
    for (let i = 0; i < pixels; i++) {
      loss += (errors[i] * slope[i]) / present.length;
      gradient[pixelOf[i] * classes + id] = ((inOrder[i] ? -1 : 1) * slope[i]) / present.length;
    }
    sorted.dispose();
    order.dispose();
  }
  distances.dispose();
  return { loss, gradient: tf.tensor2d(gradient, [pixels, classes]) };
};

const forms = { dice, lovasz };

/**
 * A loss on the overlap of regions; ignored pixels take no part, and classes that do not occur in the batch do not count.
 * Sources: soft Dice after Milletari et al. 2016; Lovasz-softmax after Berman et al. 2018.
 * @param logits float32 [batch, height, width, classes]
 * @param labels class ids, row-major [batch, height, width]
 * @returns loss 0 with zero gradient if no pixel is labelled
 * @throws ShapeError if logits are not of rank 4
 */
export function regionLoss(form: keyof typeof forms, logits: Tensor, labels: Uint8Array, ignoreIndex: number): LossAndGradient {
  assertShape('logits', logits.shape, [null, null, null, null]);
  const classes = logits.shape[3]!;
  const targets = targetsOf(labels, classes, ignoreIndex);
  const probabilities = tf.tidy(() => tf.mul(tf.softmax(tf.reshape(logits, [-1, classes])), targets.valid));
  try {
    if (targets.present.length === 0) return { loss: 0, gradient: tf.zerosLike(logits) };
    const { loss, gradient } = forms[form](probabilities, targets, classes);
    const result = throughSoftmax(probabilities, gradient, logits.shape);
    gradient.dispose();
    return { loss, gradient: result };
  } finally {
    for (const tensor of [probabilities, targets.oneHot, targets.valid]) tensor.dispose();
  }
}
