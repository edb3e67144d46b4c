// Painting on masks of other forms than grey: what is not in the class set stays as it is, through undo, restarts and restored revisions.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import sharp from 'sharp';
import { beforeEach, describe, expect, test } from 'vitest';
import { encodeStoredMask } from '#files/mask-writing';
import { readPng } from '#files/png/png';
import type { ImageEntry } from '#shared/contract/datasets';
import type { RevisionInfo } from '#shared/contract/edits';
import { makeDataset } from '../helpers/dataset.ts';
import { box } from '../helpers/box-patch.ts';
import { openMask, stroke } from '../helpers/edits.ts';
import { writtenPng, type WrittenPng } from '../../scripts/sample/png-writing.ts';
import { createBench, type TestBench } from '../helpers/services.ts';

const [width, height] = [64, 48];
const imageId = 'train/train-0';
let bench: TestBench;
let folder: string;
let file: string;

const pixel = (png: Omit<WrittenPng, 'width' | 'height' | 'samples'>, of: (index: number) => number[]) =>
  writtenPng({ ...png, width, height, samples: Array.from({ length: width * height }, (_, index) => of(index)).flat() });
const kinds: [string, () => Buffer][] = [
  ['colours', () => pixel({ depth: 8, colourType: 2 }, (index) => (index % 3 === 0 ? [4, 4, 4] : [index % 5, 200, 7]))],
  ['colours and alpha', () => pixel({ depth: 8, colourType: 6 }, (index) => (index % 3 === 0 ? [4, 4, 4, 255] : [4, 4, 4, index % 7]))],
  ['16 bits', () => pixel({ depth: 16, colourType: 0 }, (index) => [index % 3 === 0 ? 4 : 300 + (index % 9)])],
  [
    'grey that is not in the class set',
    () => pixel({ depth: 8, colourType: 0, interlaced: true }, (index) => [index % 3 === 0 ? 4 : 200 + (index % 9)]),
  ],
  [
    '4 bits with a palette',
    () =>
      pixel({ depth: 4, colourType: 3, palette: Array.from({ length: 48 }, (_, n) => n * 5), transparency: [0, 128] }, (index) => [
        index % 16,
      ]),
  ],
];
const samples = () => [...readPng(readFileSync(file), file, () => undefined).samples];

async function restart(): Promise<void> {
  await bench.workbench.shutDown();
  bench = createBench();
  await bench.call('datasets.open', { path: folder });
}

describe.each(kinds)('a mask of %s', (_, make) => {
  beforeEach(async () => {
    bench = createBench();
    folder = await makeDataset({ train: 1, val: 1 });
    file = path.join(folder, 'trainannot/train-0.png');
    writeFileSync(file, make());
    await bench.call('datasets.open', { path: folder });
  });

  test('changes where it is painted and nowhere else, and undo after a restart brings every value back', async () => {
    const before = samples();
    const channels = before.length / (width * height);
    const opened = await openMask(bench, imageId);
    expect(opened.ids.filter((id) => id === 4).length).toBeGreaterThan(0);
    await stroke(bench, imageId, box(10, 5, 3, 2, 8));
    await stroke(bench, imageId, box(0, 0, width, 1, 2));
    await bench.call('edits.save', { imageId });
    const painted = (index: number) => {
      const [x, y] = [index % width, Math.floor(index / width)];
      return y === 0 || (x >= 10 && x < 13 && y >= 5 && y < 7);
    };
    const changed = samples().flatMap((sample, at) => (sample !== before[at] && !painted(Math.floor(at / channels)) ? [at] : []));
    expect(changed).toEqual([]);
    expect((await openMask(bench, imageId)).ids[5 * width + 11]).toBe(8);
    await restart();
    await openMask(bench, imageId);
    expect(await bench.call('edits.undo', { imageId })).toBe('Brush');
    expect(await bench.call('edits.undo', { imageId })).toBe('Brush');
    await bench.call('edits.save', { imageId });
    expect(samples()).toEqual(before);
  });

  test('tells what is foreign to the class set, and an earlier state can be restored', async () => {
    const before = samples();
    await bench.workbench.datasets.require().surveyed();
    const entry = (await bench.call<ImageEntry[]>('datasets.images')).find(({ id }) => id === imageId)!;
    const { foreign, ids } = await openMask(bench, imageId);
    expect(foreign.length > 0).toBe(entry.problems.length > 0);
    for (const { id, text } of foreign) {
      expect(entry.problems.some((problem) => problem.foreign === text)).toBe(true);
      expect(ids.includes(id)).toBe(true);
    }
    await stroke(bench, imageId, box(0, 0, width, height, 1));
    await bench.call('edits.save', { imageId });
    const revisions = await bench.call<RevisionInfo[]>('edits.revisions', { imageId });
    await bench.call('edits.restore', { imageId, revision: revisions.find(({ origin }) => origin === 'original')!.revision });
    expect(samples()).toEqual(before);
  });
});

test('a fill of twelve megapixels keeps the workbench answering', async () => {
  const large = { width: 4000, height: 3000 };
  bench = createBench();
  folder = await makeDataset({ train: 1, val: 1 });
  const photo = sharp({ create: { ...large, channels: 3, background: '#405060' } }).png({ compressionLevel: 1 });
  await photo.toFile(path.join(folder, 'train/train-0.png'));
  writeFileSync(
    path.join(folder, 'trainannot/train-0.png'),
    encodeStoredMask({ ...large, values: new Uint8Array(large.width * large.height) }),
  );
  await bench.call('datasets.open', { path: folder });
  await openMask(bench, imageId);
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  await stroke(bench, imageId, box(0, 0, large.width, large.height, 3));
  delay.disable();
  expect(delay.max / 1e6).toBeLessThan(700);
}, 60_000);
