import type { Sample } from '#shared/data/sample';
import { inputSizeOf } from '#shared/training/input-size';
import { fitClassOffsets, mostOffsetImages } from '#shared/metrics/class-offsets';
import type { RunConfig } from '#shared/training/run-config';
import type { SamplePool } from '../data/sample-pool.ts';
import type { EncNet } from '../models/encnet.ts';
import { gatherEvidence, joined } from './evidence.ts';

/** Their labelled pixels: of many classes fewer, as the time of a fit grows with the square of these. */
const pixelsFor = (classes: number): number => Math.round(Math.min(100_000, Math.max(20_000, 5e7 / classes ** 2)));

/** Training images that offsets are fitted on when an epoch ends, spread over all; none where a recipe keeps the likeliest class. */
export function offsetSamples({ decision }: RunConfig, train: readonly Sample[]): Sample[] {
  if (decision === 'likeliest') return [];
  const step = Math.max(1, train.length / mostOffsetImages);
  return Array.from({ length: Math.min(mostOffsetImages, train.length) }, (_, i) => train[Math.floor(i * step)]);
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
  const parts = await gatherEvidence(
    net,
    pool,
    samples,
    { inputSize: inputSizeOf(config, config.evaluation), sliding: config.evaluation.sliding, mostPixels: pixelsFor(net.numClasses) },
    progress,
  );
  return fitClassOffsets(joined(parts, net.numClasses));
}
