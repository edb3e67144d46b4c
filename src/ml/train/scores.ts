// What is read off a network's scores of one image, a few rows at a time: of 12 megapixels and 30 classes one map of them has 1.4 GB.
import type { Sureness } from '#shared/metrics/sureness';
import { voidId } from '#shared/mask/void-id';
import { crossEntropySum } from '../losses/cross-entropy.ts';
import { idsOf, type PixelWeights } from '../losses/label-tensors.ts';
import { logSoftmax } from '../tensor/kernels.ts';
import { tf, type Tensor, type TensorFlow } from '../tensor/runtime.ts';

/** Values of a map that are worked on at a time: all of CamVid's, 32 MB. */
const mostAtOnce = 8e6;

/** Works through a map from the top. @param work may keep nothing of the band, which begins at row `top` */
function inBands(scores: Tensor, most: number, work: (band: Tensor, top: number) => void): void {
  const [, height, width, classes] = scores.shape as [number, number, number, number];
  const rows = Math.max(1, Math.floor(most / (width * classes)));
  if (rows >= height) return work(scores, 0);
  for (let top = 0; top < height; top += rows) {
    const band = tf.slice(scores as TensorFlow.Tensor4D, [0, top, 0, 0], [1, Math.min(rows, height - top), width, classes]);
    try {
      work(band, top);
    } finally {
      band.dispose();
    }
  }
}

/** The smallest that float32 has in full: of averaged looks no pixel loses more than 87 nats. */
const smallestProbability = 1.18e-38;

/** @param shifts of the logits of each class, or null @returns float32, of the shape of the scores */
function logProbabilitiesOf(scores: Tensor, areLogits: boolean, shifts: readonly number[] | null): Tensor {
  const logits = areLogits ? scores : tf.log<Tensor>(tf.add(tf.div(scores, tf.sum(scores, 3, true)), smallestProbability));
  if (shifts) return logSoftmax(tf.add(logits, [...shifts]));
  return areLogits ? logSoftmax(logits) : logits;
}

/** Offsets decide; what the network was trained to say is without them, and with what was added while it learnt. */
const shiftsToLearnt = (learnt: readonly number[] | null, offsets: readonly number[] | null): number[] | null =>
  learnt?.map((shift, id) => shift - (offsets?.[id] ?? 0)) ?? offsets?.map((offset) => -offset) ?? null;

/** How a loss is measured: with weights of pixels, or 1 each, of logits with `shifts` added, as in training (`priorShifts`). */
export interface LossOptions extends PixelWeights {
  shifts?: readonly number[] | null;
}

/**
 * Cross-entropy over the labelled pixels, to be added up.
 * @param scores float32 [1, height, width, classes]: logits, or sums of probabilities
 * @param labels class ids, row-major [height, width], mirrored as the scores are
 * @param options.offsets that the scores have and the network was not trained to say
 */
export function lossOf(
  scores: Tensor,
  areLogits: boolean,
  labels: Uint8Array,
  { loss, offsets }: { loss?: LossOptions; offsets?: readonly number[] | null },
  most = mostAtOnce,
): { sum: number; weight: number } {
  const total = { sum: 0, weight: 0 };
  const [, height, width, classes] = scores.shape as [number, number, number, number];
  const shifts = shiftsToLearnt(loss?.shifts ?? null, offsets ?? null);
  const ids = idsOf(labels, [height, width], classes, voidId, loss ?? {});
  inBands(scores, most, (band, top) => {
    const logProbabilities = tf.tidy(() => logProbabilitiesOf(band, areLogits, shifts));
    const own = ids.subarray(top * width, (top + band.shape[1]!) * width);
    try {
      const { sum, weight } = crossEntropySum(logProbabilities, own, voidId, loss);
      total.sum += sum;
      total.weight += weight;
    } finally {
      logProbabilities.dispose();
    }
  });
  return total;
}

/** @param scores float32 [1, height, width, classes]: logits, or sums of probabilities */
export function surenessOf(scores: Tensor, areLogits: boolean, most = mostAtOnce): Sureness {
  const [, height, width, classes] = scores.shape as [number, number, number, number];
  const sureness = { width, height, confidence: new Uint8Array(width * height), entropy: new Uint8Array(width * height) };
  inBands(scores, most, (band, top) => {
    const maps = tf.tidy(() => {
      const logProbability = logProbabilitiesOf(band, areLogits, null);
      const probability = tf.exp(logProbability);
      const sum = tf.neg(tf.sum(tf.mul(probability, logProbability), 3));
      return { confidence: tf.max(probability, 3), entropy: tf.div(sum, Math.log(Math.max(2, classes))) };
    });
    for (const name of ['confidence', 'entropy'] as const) {
      const bytes = Uint8Array.from(maps[name].dataSync(), (share) => Math.round(255 * Math.min(1, Math.max(0, share))));
      sureness[name].set(bytes, top * width);
      maps[name].dispose();
    }
  });
  return sureness;
}
