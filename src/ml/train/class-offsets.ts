import type { Sample } from '#shared/data/sample';
import { fitClassOffsets } from '#shared/metrics/class-offsets';
import type { RunConfig } from '#shared/training/run-config';
import type { SamplePool } from '../data/sample-pool.ts';
import type { EncNet } from '../models/encnet.ts';
import { gatherEvidence, joined } from './evidence.ts';

/** Training images that are looked at, and their labelled pixels. */
const mostImages = 96;
const mostPixels = 200_000;

/** Training images that offsets are fitted on when an epoch ends, spread over all; none where a recipe keeps the likeliest class. */
export function offsetSamples(config: RunConfig, epoch: number, train: readonly Sample[]): Sample[] {
  // They change slowly: those of some epochs ago serve until a checkpoint is kept.
  const due = epoch % config.checkpointEvery === 0 || epoch === config.epochs;
  if (config.decision === 'likeliest' || !due) return [];
  const step = Math.max(1, train.length / mostImages);
  return Array.from({ length: Math.min(mostImages, train.length) }, (_, i) => train[Math.floor(i * step)]);
}

/**
 * Fits what is added to each class's logit in prediction, on training images as validation would see them: no validation label is used.
 * @param progress as of `gatherEvidence`
 */
export async function fitOffsets(
  net: EncNet,
  pool: SamplePool,
  samples: readonly Sample[],
  config: RunConfig,
  progress: (done: number) => Promise<void>,
): Promise<number[]> {
  const parts = await gatherEvidence(net, pool, samples, { inputSize: config.evaluationSize, mostPixels }, progress);
  return fitClassOffsets(joined(parts, net.numClasses));
}
