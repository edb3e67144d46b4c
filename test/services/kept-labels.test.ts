// Labels that a person has kept: what was said comes back, is taken back, and a damaged decision keeps no other from being known.
import { deflateRawSync } from 'node:zlib';
import path from 'node:path';
import Database from 'better-sqlite3';
import { beforeEach, expect, test } from 'vitest';
import type { KeptLabel } from '#shared/contract/review';
import { makeDataset, temporaryFolder } from '../helpers/dataset.ts';
import { createBench, type TestBench } from '../helpers/services.ts';

const imageId = 'train/train-0';
let folder: string;
let bench: TestBench;
let userData: string;

beforeEach(async () => {
  folder = await makeDataset({ train: 2, val: 1 });
  userData = temporaryFolder();
  bench = createBench({ userData });
  await bench.call('datasets.open', { path: folder });
});

const label = { left: 3, top: 4, width: 9, height: 5, pixels: Uint8Array.of(1, 2, 3, 4, 5, 6), name: 'Sky', value: 0 };
const keep = (changes: object = {}) => bench.call<number>('review.keep', { imageId, label: { ...label, ...changes } });
const kept = (of = imageId) => bench.call<KeptLabel[]>('review.kept', { imageId: of });

test('come back with the image, after a restart too, and not with another', async () => {
  const id = await keep();
  expect(await kept()).toEqual([{ ...label, id }]);
  expect(await kept('train/train-1')).toEqual([]);
  await bench.workbench.shutDown();
  bench = createBench({ userData });
  await bench.call('datasets.open', { path: folder });
  expect(await kept()).toEqual([{ ...label, id }]);
  await bench.call('review.forgetKept', { id });
  await bench.call('review.forgetKept', { id });
  expect(await kept()).toEqual([]);
});

test('are of images that are there, and have the bits of their box', async () => {
  await expect(bench.call('review.keep', { imageId: 'train/nothing', label })).rejects.toMatchObject({ code: 'not-found' });
  await expect(keep({ pixels: Uint8Array.of(1) })).rejects.toThrow('must have 6 bytes of pixels, received 1');
  await expect(keep({ width: 0 })).rejects.toMatchObject({ code: 'invalid-argument' });
  expect(await kept()).toEqual([]);
});

test('are read while something else is written', async () => {
  const id = await keep();
  const [found] = await Promise.all([kept(), bench.call('review.forgetKept', { id: id + 1 })]);
  expect(found).toEqual([{ ...label, id }]);
});

test('that are damaged, or claim more than their box, keep no other from being known', async () => {
  const id = await keep();
  const db = new Database(path.join(folder, '.encnet/history.db'));
  const insert = db.prepare("INSERT INTO kept_label VALUES (NULL, ?, 0, 0, ?, ?, ?, 'Sky', NULL, '2020')");
  insert.run(imageId, 8, 8, deflateRawSync(new Uint8Array(10_000_000)));
  insert.run(imageId, 8, 8, Buffer.from('torn'));
  insert.run(imageId, -8, 8, deflateRawSync(new Uint8Array(8)));
  insert.run(imageId, 9_000_000, 9_000_000, deflateRawSync(new Uint8Array(8)));
  db.close();
  expect(await kept()).toEqual([{ ...label, id }]);
});
