// From files to batches: the pool of workers, transforms in pairs, sampling.
import { truncateSync } from 'node:fs';
import sharp from 'sharp';
import { afterEach, describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { blur } from '#ml/data/blur';
import { epochOrder, makeBatch, stepsPerEpoch, trainingBatches } from '#ml/data/batches';
import { colourChange, normalise } from '#ml/data/colour';
import { decodeSample } from '#ml/data/decode';
import { drawGeometry, wholeImage, type Geometry } from '#ml/data/geometry';
import { render, type View } from '#ml/data/render';
import { SamplePool } from '#ml/data/sample-pool';
import { samplePair } from '#ml/data/transforms';
import { Control } from '#ml/train/control';
import { gatherStatistics } from '#ml/train/label-statistics';
import { windowsOf } from '#shared/training/windows';
import { Random } from '#shared/random';
import { makeDataset } from '../helpers/dataset.ts';
import { jobData } from '../helpers/job-data.ts';
import { createPool, poolEntry, smallConfig } from '../helpers/training.ts';

const pools: SamplePool[] = [];
afterEach(() => Promise.all(pools.splice(0).map((pool) => pool.close())));
const open = (...args: Parameters<typeof createPool>) => {
  const pool = createPool(...args);
  pools.push(pool);
  return pool;
};

const whole: View = { kind: 'whole', flipHorizontal: false, flipVertical: false };
const { data } = smallConfig();

describe('the pool', () => {
  test('gives what the same thread would make, whatever the number of workers and the budget', async () => {
    const { train, maskFormat } = jobData(await makeDataset());
    const view: View = {
      kind: 'augmented',
      config: { ...data, rotation: 10, blur: 1, hue: 0.1, saturation: 0.3, contrast: 0.2 },
      stream: 'a',
      seed: 4,
    };
    const expected = await Promise.all(train.map(async (sample) => render(await decodeSample(sample, maskFormat), view, [24, 32])));
    for (const options of [{ workers: 1 }, { workers: 3 }, { workers: 2, budgetBytes: 0 }, { workers: 1, budgetBytes: 64 * 48 * 5 }]) {
      const pool = open(maskFormat, options);
      for (let round = 0; round < 2; round++)
        expect(await Promise.all(train.map((sample) => pool.render(sample, view, [24, 32])))).toEqual(expected);
    }
  });

  test('names a broken file and goes on with the others', async () => {
    const { train, maskFormat } = jobData(await makeDataset());
    truncateSync(train[1].imageFile, 60);
    const pool = open(maskFormat);
    await expect(pool.get(train[1])).rejects.toMatchObject({
      code: 'corrupt-file',
      message: expect.stringContaining(train[1].imageFile) as string,
    });
    expect((await pool.get(train[0])).width).toBe(64);
    const statistics = await gatherStatistics(pool, train, 11, new Control());
    expect(statistics.samples).toHaveLength(3);
    expect(statistics.excluded).toEqual([expect.stringContaining(train[1].imageFile)]);
  });

  test('lets the oldest go where it is told to, and decodes them again', async () => {
    const { train, maskFormat } = jobData(await makeDataset());
    const pool = new SamplePool(maskFormat, { entry: poolEntry, workers: 1, budgetBytes: 2 * 64 * 48 * 4, evicts: true });
    pools.push(pool);
    const first = await pool.get(train[0]);
    await pool.get(train[1]);
    expect(await pool.get(train[0])).toBe(first);
    await pool.get(train[2]);
    const again = await pool.get(train[0]);
    expect(again).not.toBe(first);
    expect(again).toEqual(first);
  });

  test('hands out what was prepared ahead, and its failure when it is asked for', async () => {
    const { train, maskFormat } = jobData(await makeDataset());
    const pool = open(maskFormat);
    pool.prefetch(train[0], whole, [24, 32]);
    const fresh = await open(maskFormat).render(train[0], whole, [24, 32]);
    expect(await pool.render(train[0], whole, [24, 32])).toEqual(fresh);
    truncateSync(train[2].imageFile, 60);
    pool.prefetch(train[2], whole, [24, 32]);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await expect(pool.render(train[2], whole, [24, 32])).rejects.toMatchObject({ code: 'corrupt-file' });
  });
});

describe('training batches', () => {
  test('cover the epoch step by step, and a later start gives the same rest', async () => {
    const { train, maskFormat } = jobData(await makeDataset({ train: 7 }));
    const config = smallConfig({ batchSize: 1, accumulate: 2 });
    const pool = open(maskFormat);
    const set = { samples: train, holders: [] };
    const collect = async (first: number) => {
      const steps = [];
      for await (const batches of trainingBatches(pool, set, config, 3, first)) steps.push(batches);
      return steps;
    };
    const all = await collect(0);
    expect(all).toHaveLength(stepsPerEpoch(7, config));
    expect(all.map((batches) => batches.length)).toEqual([2, 2, 2]);
    expect(new Set(all.flat().flatMap(({ ids }) => ids)).size).toBe(6);
    expect(await collect(1)).toEqual(all.slice(1));
  });

  test('of a split smaller than a batch are one smaller batch', async () => {
    const { train, maskFormat } = jobData(await makeDataset({ train: 3 }));
    const pool = open(maskFormat);
    const steps = [];
    for await (const batches of trainingBatches(pool, { samples: train, holders: [] }, smallConfig({ batchSize: 8 }), 0, 0))
      steps.push(batches.map(({ count }) => count));
    expect(steps).toEqual([[3]]);
  });

  test('of a split smaller than a step are nearly of one size: none is of one image beside others of many', async () => {
    const { train, maskFormat } = jobData(await makeDataset({ train: 9 }));
    const pool = open(maskFormat);
    const config = smallConfig({ batchSize: 8, accumulate: 2 });
    const steps = [];
    for await (const batches of trainingBatches(pool, { samples: train, holders: [] }, config, 0, 0)) steps.push(batches);
    expect(steps.map((batches) => batches.map(({ count }) => count))).toEqual([[5, 4]]);
    expect(new Set(steps.flat().flatMap(({ ids }) => ids)).size).toBe(9);
  });

  test('hold each image beside its label', async () => {
    const { train, maskFormat } = jobData(await makeDataset());
    const pool = open(maskFormat);
    const batch = await makeBatch(pool, train.slice(0, 2), [48, 64], () => whole);
    const alone = render(await pool.get(train[1]), whole, [48, 64]);
    expect(batch.images.subarray(48 * 64 * 3)).toEqual(alone.image);
    expect(batch.labels.subarray(48 * 64)).toEqual(alone.labels);
  });
});

describe('sampling by class', () => {
  const samples = Array.from({ length: 40 }, (_, i) => ({ id: String(i), imageFile: '', maskFile: null }));
  const set = { samples, holders: [samples, samples.slice(0, 2), []] };

  test('brings images of rare classes more often, repeats by seed, and is off by default', () => {
    const count = (balance: number) =>
      Array.from({ length: 50 }, (_, epoch) => epochOrder(set, 1, epoch, balance))
        .flat()
        .filter(({ id }) => Number(id) < 2).length /
      (50 * 40);
    expect(count(0)).toBeCloseTo(2 / 40, 5);
    expect(count(1)).toBeGreaterThan(0.45);
    expect(count(0.5)).toBeGreaterThan(0.2);
    expect(epochOrder(set, 1, 4, 0.5)).toEqual(epochOrder(set, 1, 4, 0.5));
    expect(epochOrder(set, 1, 4, 0.5)).toHaveLength(40);
  });
});

describe('transforms', () => {
  const [width, height] = [40, 30];
  const random = Random.named('pixels', 1);
  const source = {
    id: 'x',
    width,
    height,
    pixels: Uint8Array.from({ length: width * height * 3 }, () => random.integer(256)),
    labels: Uint8Array.from({ length: width * height }, (_, i) => (i % width < 20 ? 1 : 2)),
    revisions: '',
  };
  const run = (changes: Partial<Geometry>, size: [number, number] = [height, width]) => {
    const image = new Float32Array(size[0] * size[1] * 3);
    const labels = new Uint8Array(size[0] * size[1]);
    samplePair(source, { ...wholeImage(source), labelOffset: 0.5, ...changes }, size, image, labels);
    return { image, labels };
  };

  test('a turn by a hair is no turn, and half a turn is both flips', () => {
    const straight = run({});
    const hair = run({ rotation: 1e-9 });
    expect(hair.labels).toEqual(straight.labels);
    hair.image.forEach((value, i) => expect(Math.abs(value - straight.image[i])).toBeLessThan(0.02));
    expect(run({ rotation: 180 - 1e-9 }).labels).toEqual(run({ flipHorizontal: true, flipVertical: true }).labels);
  });

  test('a rotation turns image and label together: a disc that is marked in both stays marked in both', () => {
    const marked = { ...source, pixels: new Uint8Array(width * height * 3), labels: new Uint8Array(width * height) };
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        if ((x - 30) ** 2 + (y - 10) ** 2 > 16) continue;
        marked.labels[y * width + x] = 7;
        marked.pixels.fill(255, (y * width + x) * 3, (y * width + x) * 3 + 3);
      }
    const image = new Float32Array(width * height * 3);
    const labels = new Uint8Array(width * height);
    samplePair(marked, { ...wholeImage(marked), rotation: 25, labelOffset: 0.5 }, [height, width], image, labels);
    const agreeing = labels.reduce((sum, label, i) => sum + Number((label === 7) === image[i * 3] > 0.2), 0);
    expect(agreeing / labels.length).toBeGreaterThan(0.98);
    expect(labels.filter((label) => label === 7).length).toBeGreaterThan(30);
  });

  test('beyond a rotated image is void and the mean colour, never class 0', () => {
    const { image, labels } = run({ rotation: 45 });
    expect(labels[0]).toBe(255);
    expect([...image.subarray(0, 3)]).toEqual([0, 0, 0]);
  });

  test('colours: no change is the identity, hue goes round, saturation 0 is grey', () => {
    const same = colourChange({ ...wholeImage(source), brightness: 1, contrast: 1, saturation: 1, hue: 1 });
    same.matrix.forEach((row, i) => row.forEach((value, k) => expect(value).toBeCloseTo(i === k ? 1 : 0, 2)));
    const grey = colourChange({ ...wholeImage(source), saturation: 0 }).matrix;
    for (const row of grey) row.forEach((value, k) => expect(value).toBeCloseTo(grey[0][k], 2));
    const flat = colourChange({ ...wholeImage(source), contrast: 0 });
    expect(flat.offset).toBe(127.5);
    expect(normalise(300, 0)).toBe(normalise(255, 0));
    expect(normalise(-5, 2)).toBe(normalise(0, 2));
  });

  test('the table for brightness and the matrix for colours agree', () => {
    const table = run({ brightness: 0.8 });
    const matrix = run({ brightness: 0.8, hue: 1e-12 });
    table.image.forEach((value, i) => expect(Math.abs(value - matrix.image[i])).toBeLessThan(0.02));
  });

  test('a blur keeps a flat image and the sum of a bright spot', () => {
    const flat = new Float32Array(20 * 20 * 3).fill(0.7);
    blur(flat, 20, 20, 1.5);
    flat.forEach((value) => expect(value).toBeCloseTo(0.7, 5));
    const spot = new Float32Array(21 * 21 * 3);
    spot[(10 * 21 + 10) * 3] = 1;
    blur(spot, 21, 21, 1);
    expect(spot.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5);
    expect(spot[(10 * 21 + 10) * 3]).toBeLessThan(0.2);
    expect(spot[(10 * 21 + 9) * 3]).toBeCloseTo(spot[(9 * 21 + 10) * 3], 6);
  });

  test('whatever is drawn, ids stay those of the label or void, and every value is a number', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.double({ min: 0, max: 45, noNaN: true }),
        fc.double({ min: 0, max: 3, noNaN: true }),
        (seed, rotation, sigma) => {
          const config = {
            ...data,
            size: [12, 16] as [number, number],
            randomScale: [0.3, 2] as [number, number],
            rotation,
            blur: sigma,
            hue: 0.5,
            saturation: 1,
            contrast: 0.9,
            brightness: 0.9,
          };
          const { image, labels } = run(drawGeometry(config, source, Random.named('any', seed)), [12, 16]);
          expect([...new Set(labels)].filter((id) => ![1, 2, 255].includes(id))).toEqual([]);
          expect(image.every(Number.isFinite)).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("one setting's draws do not shift another's", () => {
    const draw = (changes: Partial<typeof data>) => drawGeometry({ ...data, ...changes }, source, Random.named('a', 1));
    const plain = draw({});
    expect({ ...draw({ rotation: 20, hue: 0.2 }), rotation: plain.rotation, hue: plain.hue }).toEqual(plain);
    expect(draw({ flipHorizontal: false, flipVertical: false, randomScale: null }).brightness).toBe(plain.brightness);
  });
});

test('windows cover every pixel, stay inside and overlap', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 8, max: 300 }),
      fc.integer({ min: 8, max: 300 }),
      fc.integer({ min: 8, max: 200 }),
      fc.integer({ min: 8, max: 200 }),
      (height, width, h, w) => {
        const boxes = windowsOf([height, width], [h, w]);
        const covered = new Uint8Array(height * width);
        for (const box of boxes) {
          expect(box.left >= 0 && box.top >= 0 && box.left + box.width <= width && box.top + box.height <= height).toBe(true);
          for (let y = box.top; y < box.top + box.height; y++) covered.fill(1, y * width + box.left, y * width + box.left + box.width);
        }
        expect(covered.every(Boolean)).toBe(true);
      },
    ),
    { numRuns: 60 },
  );
});

test('decoding keeps every byte of image and label', async () => {
  const { train, maskFormat } = jobData(await makeDataset());
  const decoded = await decodeSample(train[0], maskFormat);
  const { data, info } = await sharp(train[0].imageFile).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  expect([info.width, info.height, info.channels]).toEqual([64, 48, 3]);
  expect(Buffer.from(decoded.pixels).equals(data)).toBe(true);
  const label = await sharp(train[0].maskFile!).toColourspace('b-w').raw().toBuffer();
  const expected = Uint8Array.from(label, (value) => (value === 11 ? 255 : value));
  expect(Buffer.from(decoded.labels!).equals(expected)).toBe(true);
});
