// Parts of other images of a batch: what is pasted, and what is left alone.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Batch } from '#ml/data/batch';
import { trainingBatches } from '#ml/data/batches';
import { mixBatch } from '#ml/data/mix';
import { Control } from '#ml/train/control';
import { gatherStatistics } from '#ml/train/label-statistics';
import { Random } from '#shared/random';
import type { RunConfig } from '#shared/training/run-config';
import { makeDataset } from '../helpers/dataset.ts';
import { jobData } from '../helpers/job-data.ts';
import { createPool, smallConfig } from '../helpers/training.ts';

const size = [10, 12] as const;
const pixels = size[0] * size[1];
const kinds = ['boxes', 'classes', 'objects'] as const;

/** Every value of an image says which image and pixel it is of, so that what was pasted tells where it comes from. */
function batchOf(count: number, labelOf: (image: number, pixel: number) => number): Batch {
  return {
    images: Float32Array.from({ length: count * pixels * 3 }, (_, i) => i),
    labels: Uint8Array.from({ length: count * pixels }, (_, i) => labelOf(Math.floor(i / pixels), i % pixels)),
    count,
    size,
    ids: Array.from({ length: count }, (_, i) => `image ${i}`),
  };
}
const copyOf = (batch: Batch): Batch => ({ ...batch, images: batch.images.slice(), labels: batch.labels.slice() });
const mixed = (batch: Batch, kind: RunConfig['data']['mix'], share = 1, seed = 3): Batch => {
  const result = copyOf(batch);
  mixBatch(result, kind, share, new Random(seed));
  return result;
};
/** Which image a pixel of the batch shows. */
const sourceOf = ({ images }: Batch, place: number): number => Math.floor(images[3 * place] / 3 / pixels);

describe.each(kinds)('mixing %s', (kind) => {
  test('gives each pixel, with its label, of its own image or of one other, at the same place', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 5 }),
        fc.nat(1000),
        fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 7, maxLength: 40 }),
        (count, seed, ids) => {
          const batch = batchOf(count, (image, pixel) =>
            ids[(pixel + image) % ids.length] === 4 ? 255 : ids[(pixel + image) % ids.length],
          );
          const result = mixed(batch, kind, 1, seed);
          for (let image = 0; image < count; image++) {
            const others = new Set<number>();
            for (let pixel = 0; pixel < pixels; pixel++) {
              const [place, source] = [image * pixels + pixel, sourceOf(result, image * pixels + pixel)];
              if (source !== image) others.add(source);
              const from = source * pixels + pixel;
              expect(result.labels[place]).toBe(batch.labels[from]);
              expect([...result.images.subarray(3 * place, 3 * place + 3)]).toEqual([3 * from, 3 * from + 1, 3 * from + 2]);
            }
            expect(others.size).toBeLessThanOrEqual(1);
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  test('is the same for the same seed, and leaves a share of the images and a batch of one alone', () => {
    const batch = batchOf(4, (image, pixel) => (pixel < 3 ? 1 + image : 0));
    expect(mixed(batch, kind)).toEqual(mixed(batch, kind));
    expect(mixed(batch, kind, 0)).toEqual(batch);
    expect(mixed(batch, 'none')).toEqual(batch);
    const one = batchOf(1, () => 1);
    expect(mixed(one, kind)).toEqual(one);
  });
});

test('classes bring half of those that the other image holds, whole, and never void', () => {
  const batch = batchOf(2, (image, pixel) => (pixel % 5 === 4 ? 255 : image * 10 + (pixel % 4)));
  const result = mixed(batch, 'classes');
  for (const image of [0, 1]) {
    const other = 1 - image;
    const came = new Set<number>();
    for (let pixel = 0; pixel < pixels; pixel++)
      if (sourceOf(result, image * pixels + pixel) === other) came.add(batch.labels[other * pixels + pixel]);
    expect(came.size).toBe(2);
    for (let pixel = 0; pixel < pixels; pixel++) {
      const own = batch.labels[other * pixels + pixel];
      expect(sourceOf(result, image * pixels + pixel) === other).toBe(came.has(own));
    }
    expect(came.has(255)).toBe(false);
  }
});

test('objects are what is small: a class of three pixels comes, one of a street does not', () => {
  const batch = batchOf(2, (_, pixel) => (pixel < 3 ? 7 : 2));
  const result = mixed(batch, 'objects');
  for (let pixel = 0; pixel < pixels; pixel++) expect(sourceOf(result, pixel)).toBe(pixel < 3 ? 1 : 0);
});

test('a run mixes by its seed and place alone: the same from the middle of an epoch on', async () => {
  const { train, maskFormat } = jobData(await makeDataset({ train: 8 }));
  const pool = createPool(maskFormat);
  try {
    const set = await gatherStatistics(pool, train, 11, new Control());
    const config = smallConfig({ data: { ...smallConfig().data, mix: 'boxes', mixShare: 1 } });
    const from = async (step: number, of: RunConfig) => {
      const all: Batch[] = [];
      for await (const batches of trainingBatches(pool, set, of, 1, step)) all.push(...batches);
      return all;
    };
    const whole = await from(0, config);
    expect(await from(2, config)).toEqual(whole.slice(2));
    const plain = await from(0, smallConfig());
    expect(plain.map(({ ids }) => ids)).toEqual(whole.map(({ ids }) => ids));
    expect(plain.map(({ labels }) => labels)).not.toEqual(whole.map(({ labels }) => labels));
  } finally {
    await pool.close();
  }
});
