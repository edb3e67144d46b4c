import { Random } from '#shared/random';
import type { Sample } from '#shared/data/sample';
import type { RunConfig } from '#shared/training/run-config';
import type { Batch } from './batch.ts';
import { mixBatch } from './mix.ts';
import type { View } from './render.ts';
import type { SamplePool } from './sample-pool.ts';

/** What an epoch's order is drawn from. */
export interface TrainingSet {
  samples: readonly Sample[];
  /** For each class the samples that hold it. */
  holders: readonly (readonly Sample[])[];
}

/**
 * The order of an epoch's samples: a pure function of seed and epoch, so a resume needs no sampler state.
 * @param balance share of the places that go to a sample drawn for a class, each class that occurs being as likely
 */
export function epochOrder({ samples, holders }: TrainingSet, seed: number, epoch: number, balance = 0): Sample[] {
  const order = Random.named(`order:${epoch}`, seed).shuffled(samples);
  const classes = holders.filter((of) => of.length > 0);
  if (balance === 0 || classes.length === 0) return order;
  const random = Random.named(`balance:${epoch}`, seed);
  return order.map((sample) => {
    if (random.next() >= balance) return sample;
    const of = classes[random.integer(classes.length)];
    return of[random.integer(of.length)];
  });
}

/** Images that one update takes. */
const imagesPerStep = ({ batchSize, accumulate }: RunConfig): number => batchSize * accumulate;

/** Whole updates of an epoch; the remainder is dropped, unless it is all there is. */
export function stepsPerEpoch(samples: number, config: RunConfig): number {
  return Math.max(1, Math.floor(samples / imagesPerStep(config)));
}

/**
 * Images of each batch of a step. Of fewer images than a step takes the batches are as large as each other, or nearly: norms are over a
 * batch.
 */
export function batchesOf(samples: number, config: RunConfig): number[] {
  const images = Math.min(samples, imagesPerStep(config));
  const parts = Math.ceil(images / config.batchSize);
  const begin = (part: number) => Math.round((part * images) / parts);
  return Array.from({ length: parts }, (_, part) => begin(part + 1) - begin(part));
}

/** Renders samples side by side into one batch. @param viewOf the view of each, by its place */
export async function makeBatch(
  pool: SamplePool,
  samples: readonly Sample[],
  size: readonly [number, number],
  viewOf: (place: number) => View,
): Promise<Batch> {
  const pixels = size[0] * size[1];
  const images = new Float32Array(samples.length * pixels * 3);
  const labels = new Uint8Array(samples.length * pixels);
  await Promise.all(
    samples.map(async (sample, place) => {
      const rendered = await pool.render(sample, viewOf(place), size);
      images.set(rendered.image, place * pixels * 3);
      labels.set(rendered.labels, place * pixels);
    }),
  );
  return { images, labels, count: samples.length, size, ids: samples.map((sample) => sample.id) };
}

/** Steps whose batches are made ahead of the one in use; of accumulated batches, which are many images, one step. */
const stepsAhead = ({ accumulate }: RunConfig): number => (accumulate > 1 ? 1 : 2);

/**
 * The training batches of an epoch from a given step on, those of a step together; the next steps' being made while the last are in use.
 * Augmentation depends on seed, epoch and the place in the epoch alone.
 */
export async function* trainingBatches(
  pool: SamplePool,
  set: TrainingSet,
  config: RunConfig,
  epoch: number,
  firstStep: number,
): AsyncGenerator<Batch[]> {
  const order = epochOrder(set, config.seed, epoch, config.data.classBalance);
  const steps = stepsPerEpoch(set.samples.length, config);
  const perStep = imagesPerStep(config);
  const sizes = batchesOf(order.length, config);
  const load = (step: number): Promise<Batch[]> => {
    const chosen = order.slice(step * perStep, (step + 1) * perStep);
    const batches = Promise.all(
      sizes.map(async (size, part) => {
        const from = sizes.slice(0, part).reduce((sum, each) => sum + each, 0);
        const batch = await makeBatch(pool, chosen.slice(from, from + size), config.data.size, (place) => ({
          kind: 'augmented',
          config: config.data,
          stream: `augment:${epoch}:${step}:${from + place}`,
          seed: config.seed,
        }));
        mixBatch(batch, config.data.mix, config.data.mixShare, Random.named(`mix:${epoch}:${step}:${from}`, config.seed));
        return batch;
      }),
    );
    // A batch that fails is reported when its turn comes, not as an unhandled rejection before.
    batches.catch(() => undefined);
    return batches;
  };
  const queue: Promise<Batch[]>[] = [];
  for (let step = firstStep; step < steps; step++) {
    while (queue.length <= stepsAhead(config) && step + queue.length < steps) queue.push(load(step + queue.length));
    yield await queue.shift()!;
  }
}
