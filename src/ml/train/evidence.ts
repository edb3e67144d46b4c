import { AppError } from '#shared/errors';
import { voidId } from '#shared/mask/void-id';
import type { Evidence } from '#shared/metrics/calibration';
import type { Sample } from '#shared/data/sample';
import { plainEvaluation } from '#shared/training/run-config';
import type { SamplePool } from '../data/sample-pool.ts';
import type { EncNet } from '../models/encnet.ts';
import { tf } from '../tensor/runtime.ts';
import { prepareSample, scoresOf } from './predict.ts';

/** Labelled pixels of an image, `wanted` of them at most, evenly spread. */
function somePixels(labels: Uint8Array, wanted: number): Int32Array {
  const labelled: number[] = [];
  for (let pixel = 0; pixel < labels.length; pixel++) if (labels[pixel] !== voidId) labelled.push(pixel);
  const step = Math.max(1, labelled.length / wanted);
  return Int32Array.from({ length: Math.min(wanted, labelled.length) }, (_, i) => labelled[Math.floor(i * step)]);
}

/** What is kept of one image: nothing where no pixel is labelled. Ends its scores. */
function partOf({ source, scores, areLogits }: Awaited<ReturnType<typeof scoresOf>>, wanted: number): Evidence[] {
  try {
    const classes = scores.shape.at(-1)!;
    const pixels = somePixels(source.labels ?? new Uint8Array(0), wanted);
    if (pixels.length === 0) return [];
    const labels = Uint8Array.from(pixels, (at) => source.labels![at]);
    const chosen = () => tf.gather(tf.reshape(scores, [-1, classes]), tf.tensor1d(pixels, 'int32'));
    // What windows say together are probabilities: their logarithms are logits.
    const logits = () => (areLogits ? chosen() : tf.log(tf.maximum(chosen(), 1e-12)));
    return [{ logits: tf.tidy(() => logits().dataSync<'float32'>().slice()), labels, classes }];
  } finally {
    scores.dispose();
  }
}

/**
 * Looks at samples once each, and keeps what the network says of some of their labelled pixels.
 * @param inputSize [height, width] that the network sees of an image, or of a window of it; null takes the images as they are
 * @param sliding whether it sees windows
 * @param mostPixels of all samples together
 * @param progress called after each image; may wait, and may throw to leave
 * @param skipped told of an image that cannot be read, where there may be such; else it is thrown
 * @returns one part a sample that has labelled pixels
 */
export async function gatherEvidence(
  net: EncNet,
  pool: SamplePool,
  samples: readonly Sample[],
  { inputSize, sliding, mostPixels }: { inputSize: readonly [number, number] | null; sliding: boolean; mostPixels: number },
  progress: (done: number) => Promise<void>,
  skipped?: (sample: Sample, reason: string, done: number) => void,
): Promise<Evidence[]> {
  const options = { inputSize, evaluation: { ...plainEvaluation, sliding } };
  const parts: Evidence[] = [];
  for (const [index, sample] of samples.entries()) {
    const next = samples.at(index + 1);
    if (next) prepareSample(pool, next, options);
    const seen = await scoresOf(net, pool, sample, options).catch((error: unknown) => {
      if (!skipped || !(error instanceof AppError)) throw error;
      skipped(sample, error.message, index);
      return null;
    });
    if (seen) parts.push(...partOf(seen, Math.ceil(mostPixels / samples.length)));
    await progress(index + 1);
  }
  return parts;
}

/** Several parts as one. */
export function joined(parts: readonly Evidence[], classes: number): Evidence {
  const pixels = parts.reduce((sum, { labels }) => sum + labels.length, 0);
  const all = { logits: new Float32Array(pixels * classes), labels: new Uint8Array(pixels), classes };
  let at = 0;
  for (const { logits, labels } of parts) {
    all.logits.set(logits, at * classes);
    all.labels.set(labels, at);
    at += labels.length;
  }
  return all;
}
