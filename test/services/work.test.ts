// How far the work on images is: kept over a restart, told to every window, of no image that is not there.
import { beforeEach, expect, test } from 'vitest';
import type { ImageWork } from '#shared/contract/work';
import { makeDataset, temporaryFolder } from '../helpers/dataset.ts';
import { createBench, type TestBench } from '../helpers/services.ts';

let folder: string;
let userData: string;
let bench: TestBench;
const one = 'train/train-0';
const other = 'train/train-1';

beforeEach(async () => {
  folder = await makeDataset({ train: 3, val: 1 });
  userData = temporaryFolder();
  bench = createBench({ userData });
  await bench.call('datasets.open', { path: folder });
});

const all = async () => (await bench.call<ImageWork[]>('work.all')).toSorted((a, b) => a.imageId.localeCompare(b.imageId));
const mark = (imageId: string, said: ImageWork['mark']) => bench.call<ImageWork[]>('work.mark', { images: [{ imageId, mark: said }] });

test('is what a person has said, and goes back to what it was', async () => {
  expect(await all()).toEqual([]);
  expect(await mark(one, 'done')).toEqual([{ imageId: one, mark: null, seconds: 0 }]);
  expect(await mark(one, 'look')).toEqual([{ imageId: one, mark: 'done', seconds: 0 }]);
  await mark(other, 'done');
  expect(await all()).toEqual([
    { imageId: one, mark: 'look', seconds: 0 },
    { imageId: other, mark: 'done', seconds: 0 },
  ]);
});

test('adds up the time that was spent, beside what was said', async () => {
  await bench.call('work.spent', { imageId: one, seconds: 12.5 });
  await mark(one, 'done');
  await bench.call('work.spent', { imageId: one, seconds: 2 });
  expect(await all()).toEqual([{ imageId: one, mark: 'done', seconds: 14.5 }]);
});

test('is told to windows, and is there after a restart', async () => {
  const told = bench.until('work.changed', () => true);
  await mark(one, 'done');
  await bench.call('work.spent', { imageId: one, seconds: 3 });
  expect(await told).toEqual([{ imageId: one, mark: 'done', seconds: 0 }]);
  await bench.workbench.shutDown();
  bench = createBench({ userData });
  await bench.call('datasets.open', { path: folder });
  expect(await all()).toEqual([{ imageId: one, mark: 'done', seconds: 3 }]);
});

test('is of no image that is not there; of many it is said of all or of none', async () => {
  const images = [
    { imageId: one, mark: 'done' },
    { imageId: 'train/nothing', mark: 'done' },
  ];
  await expect(bench.call('work.mark', { images })).rejects.toMatchObject({ code: 'not-found' });
  expect(await all()).toEqual([]);
  await bench.call('work.spent', { imageId: 'train/nothing', seconds: 3 });
  expect(await all()).toEqual([]);
  await expect(bench.call('work.spent', { imageId: one, seconds: -1 })).rejects.toMatchObject({ code: 'invalid-argument' });
});

test('is not changed by a second workbench, which only looks', async () => {
  const second = createBench({ userData: temporaryFolder() });
  await second.call('datasets.open', { path: folder });
  await expect(second.call('work.mark', { images: [{ imageId: one, mark: 'done' }] })).rejects.toMatchObject({ code: 'read-only' });
  await second.call('work.spent', { imageId: one, seconds: 3 });
  expect(await all()).toEqual([]);
  await second.workbench.shutDown();
});
