import { Random } from '#shared/random';
import type { Sample } from '#shared/training/messages';
import type { RunConfig } from '#shared/training/run-config';
import type { SampleStore } from './sample-store.ts';
import { drawGeometry, wholeImage, type Geometry } from './geometry.ts';
import { samplePair } from './transforms.ts';

export interface Batch {
  /** float32 [count, height, width, 3], normalised. */
  images: Float32Array;
  /** Class ids [count, height, width], 255 = void. */
  labels: Uint8Array;
  count: number;
  size: readonly [number, number];
  ids: string[];
}

/** The order of an epoch's samples: a pure function of seed and epoch, so a resume needs no sampler state. */
export function epochOrder(samples: readonly Sample[], seed: number, epoch: number): Sample[] {
  return Random.named(`order:${epoch}`, seed).shuffled(samples);
}

/** Images that one update takes. */
const imagesPerStep = ({ batchSize, accumulate }: RunConfig): number => batchSize * accumulate;

/** Whole updates of an epoch; the remainder is dropped, unless it is all there is. */
export function stepsPerEpoch(samples: number, config: RunConfig): number {
  return Math.max(1, Math.floor(samples / imagesPerStep(config)));
}

type GeometryOf = (sample: Sample, size: { width: number; height: number }) => Geometry;

async function makeBatch(store: SampleStore, samples: readonly Sample[], size: readonly [number, number], geometryOf: GeometryOf): Promise<Batch> {
  const pixels = size[0] * size[1];
  const images = new Float32Array(samples.length * pixels * 3);
  const labels = new Uint8Array(samples.length * pixels).fill(255);
  const decoded = await Promise.all(samples.map((sample) => store.get(sample)));
  decoded.forEach((source, i) => {
    samplePair(source, geometryOf(samples[i], source), size, images.subarray(i * pixels * 3, (i + 1) * pixels * 3), labels.subarray(i * pixels, (i + 1) * pixels));
  });
  return { images, labels, count: samples.length, size, ids: samples.map((sample) => sample.id) };
}

/**
 * The training batches of an epoch from a given step on, those of a step together; the next step's being made while the last are in use.
 * Augmentation depends on seed, epoch, position and image alone.
 */
export async function* trainingBatches(store: SampleStore, samples: readonly Sample[], config: RunConfig, epoch: number, firstStep: number): AsyncGenerator<Batch[]> {
  const order = epochOrder(samples, config.seed, epoch);
  const steps = stepsPerEpoch(samples.length, config);
  const perStep = imagesPerStep(config);
  const load = (step: number): Promise<Batch[]> => {
    const chosen = order.slice(step * perStep, (step + 1) * perStep);
    const parts = Array.from({ length: Math.ceil(chosen.length / config.batchSize) }, (_, part) => chosen.slice(part * config.batchSize, (part + 1) * config.batchSize));
    return Promise.all(parts.map((part) => makeBatch(store, part, config.data.size,
      (sample, source) => drawGeometry(config.data, source, Random.named(`augment:${epoch}:${step}:${sample.id}`, config.seed)))));
  };
  let next: Promise<Batch[]> | null = firstStep < steps ? load(firstStep) : null;
  for (let step = firstStep; next; step++) {
    const batches: Batch[] = await next;
    next = step + 1 < steps ? load(step + 1) : null;
    // A batch that fails is reported when its turn comes, not as an unhandled rejection before.
    next?.catch(() => undefined);
    yield batches;
  }
}

/** One sample as evaluation sees it: resized whole, never augmented unless the reference's flips are asked for. */
export function evaluationBatch(store: SampleStore, sample: Sample, size: readonly [number, number], flips: { horizontal: boolean; vertical: boolean }): Promise<Batch> {
  return makeBatch(store, [sample], size, (_, source) => ({ ...wholeImage(source), flipHorizontal: flips.horizontal, flipVertical: flips.vertical }));
}
