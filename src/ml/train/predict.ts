import type { Sample } from '#shared/training/messages';
import { evaluationBatch } from '../data/batches.ts';
import type { DecodedSample, SampleStore } from '../data/sample-store.ts';
import type { EncNet } from '../models/encnet.ts';
import { tf, type Tensor } from '../tensor/runtime.ts';
import { Tape } from '../tensor/tape.ts';
import { argMax } from './train-step.ts';

export interface Prediction {
  source: DecodedSample;
  /** Class ids at the image's own size, row-major. */
  ids: Uint8Array;
  /** Mean entropy of the class probabilities over ln(classes), 0 … 1; null if not asked for. */
  uncertainty: number | null;
}

/**
 * Predicts one image at its own resolution.
 * @param inputSize [height, width] the network sees; null takes the image as it is
 * @param options.flips mirror the input first (the reference's validation); ids then belong to the mirrored image
 */
export async function predictSample(net: EncNet, store: SampleStore, sample: Sample, inputSize: readonly [number, number] | null, options: {
  uncertainty?: boolean;
  flips?: { horizontal: boolean; vertical: boolean };
} = {}): Promise<Prediction> {
  const source = await store.get(sample);
  const flips = options.flips ?? { horizontal: false, vertical: false };
  const batch = await evaluationBatch(store, sample, inputSize ?? [source.height, source.width], flips);
  const images = tf.tensor(batch.images, [1, ...batch.size, 3], 'float32');
  const tape = new Tape({ training: false, recording: false, fold: true });
  try {
    const { logits } = net.forward(tape, tape.constant(images), [source.height, source.width]);
    return { source, ids: argMax(logits.value), uncertainty: options.uncertainty ? meanEntropy(logits.value) : null };
  } finally {
    tape.dispose();
    images.dispose();
  }
}

function meanEntropy(logits: Tensor): number {
  const classes = logits.shape[3]!;
  const value = tf.tidy(() => {
    const logProbability = tf.logSoftmax(logits);
    return tf.div(tf.mean(tf.neg(tf.sum(tf.mul(tf.exp(logProbability), logProbability), 3))), Math.log(Math.max(2, classes)));
  });
  const entropy = value.dataSync()[0];
  value.dispose();
  return entropy;
}
