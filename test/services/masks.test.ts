import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { encodeMask, readStoredMask } from '#files/mask-png';
import type { LoadedMask } from '#shared/contract/masks';
import { identityFormat, makeDataset } from '../helpers/dataset.ts';
import { createBench, type TestBench } from '../helpers/services.ts';

const imageId = 'train/train-0';
let folder: string;
let file: string;
let bench: TestBench;

beforeEach(async () => {
  folder = await makeDataset({ train: 2, val: 1 });
  file = path.join(folder, 'trainannot/train-0.png');
  bench = createBench();
  await bench.call('datasets.open', { path: folder });
});

const load = () => bench.call<LoadedMask>('masks.load', { imageId });
const save = (mask: LoadedMask, ids: Uint8Array) =>
  bench.call<{ revision: string }>('masks.save', { imageId, width: mask.width, height: mask.height, ids, baseRevision: mask.revision });
const onePixel = (value: number) => ({ left: 5, top: 6, width: 1, height: 1, changed: Uint8Array.of(1), values: Uint8Array.of(value) });

test('an unchanged mask is saved to the same pixels, and void stays 11 in the file', async () => {
  const before = readStoredMask(file);
  const mask = await load();
  expect(mask.ids.includes(11)).toBe(false);
  await save(mask, mask.ids);
  expect(readStoredMask(file).values).toEqual(before.values);
});

test('keeps the first original, once, and puts it back', async () => {
  const original = readFileSync(file);
  const mask = await load();
  const first = await save(mask, mask.ids.slice().fill(3));
  await save({ ...mask, revision: first.revision }, mask.ids.slice().fill(4));
  expect(readFileSync(path.join(folder, '.encnet/originals/train/train-0.png')).equals(original)).toBe(true);
  const restored = await bench.call<LoadedMask>('masks.restoreOriginal', { imageId });
  expect(restored.ids).toEqual(mask.ids);
  expect(readFileSync(file).equals(original)).toBe(true);
});

test('a mask that another program changed is not overwritten', async () => {
  const mask = await load();
  writeFileSync(file, encodeMask({ width: 64, height: 48, ids: new Uint8Array(64 * 48).fill(2) }, identityFormat, { palette: null }));
  const theirs = readFileSync(file);
  await expect(save(mask, mask.ids)).rejects.toMatchObject({ code: 'conflict' });
  expect(readFileSync(file).equals(theirs)).toBe(true);
});

test('ids outside the class set and wrong sizes are refused and nothing is written', async () => {
  const before = readFileSync(file);
  const mask = await load();
  await expect(save(mask, mask.ids.slice().fill(77))).rejects.toThrow('must have a class id of the class set, received 77');
  await expect(save(mask, new Uint8Array(10))).rejects.toThrow('must be 64 x 48, received 64 x 48 with 10 pixels');
  expect(readFileSync(file).equals(before)).toBe(true);
  expect(readdirSync(path.dirname(file)).filter((name) => name.includes('.tmp'))).toEqual([]);
});

test('a palette mask is written back with its palette', async () => {
  const palette: [number, number, number][] = Array.from({ length: 12 }, (_, i) => [i * 20, 255 - i * 20, i]);
  writeFileSync(file, encodeMask({ width: 64, height: 48, ids: new Uint8Array(64 * 48).fill(3) }, identityFormat, { palette }));
  const mask = await load();
  await save(mask, mask.ids.fill(8));
  const stored = readStoredMask(file);
  expect(stored.form.palette).toEqual(palette);
  expect(new Set(stored.values)).toEqual(new Set([8]));
});

test('strokes in the journal come back; a torn last one is left out; a save clears them', async () => {
  const mask = await load();
  await bench.call('masks.journal', { imageId, baseRevision: mask.revision, patch: onePixel(9) });
  await bench.call('masks.journal', { imageId, baseRevision: 'another', patch: onePixel(1) });
  const journal = path.join(folder, '.encnet/journal', readdirSync(path.join(folder, '.encnet/journal'))[0]);
  appendFileSync(journal, readFileSync(journal).subarray(0, 20));
  const recovered = await load();
  expect(recovered).toMatchObject({ recoveredStrokes: 1 });
  expect(recovered.ids[6 * 64 + 5]).toBe(9);
  await save(recovered, recovered.ids);
  expect(existsSync(journal)).toBe(false);
  expect((await load()).recoveredStrokes).toBe(0);
});

test('a stroke sent for the revision before a save belongs to the one after it', async () => {
  const mask = await load();
  const saved = await save(mask, mask.ids.slice().fill(3));
  await bench.call('masks.journal', { imageId, baseRevision: mask.revision, patch: onePixel(9) });
  const again = await load();
  expect(again).toMatchObject({ revision: saved.revision, recoveredStrokes: 1 });
  expect(again.ids[6 * 64 + 5]).toBe(9);
});

test('a call for another data set than the open one changes nothing', async () => {
  const before = readFileSync(file);
  const mask = await load();
  await expect(
    bench.call('masks.save', { imageId, datasetId: 'other', width: 64, height: 48, ids: mask.ids, baseRevision: mask.revision }),
  ).rejects.toMatchObject({ code: 'conflict' });
  expect(readFileSync(file).equals(before)).toBe(true);
});

test('removing the mask that a save made leaves no mask, and a copy aside', async () => {
  const { rmSync } = await import('node:fs');
  rmSync(file);
  const mask = await load();
  const { revision } = await save(mask, mask.ids.fill(0));
  await expect(bench.call('masks.remove', { imageId, baseRevision: 'another' })).rejects.toMatchObject({ code: 'conflict' });
  await bench.call('masks.remove', { imageId, baseRevision: revision });
  expect(existsSync(file)).toBe(false);
  expect(existsSync(path.join(folder, '.encnet/originals/train/train-0.png.removed'))).toBe(true);
});

test('a trimmed palette grows to hold a class painted for the first time', async () => {
  writeFileSync(
    file,
    encodeMask({ width: 64, height: 48, ids: new Uint8Array(64 * 48).fill(1) }, identityFormat, {
      palette: [
        [0, 0, 0],
        [9, 9, 9],
      ],
    }),
  );
  const mask = await load();
  await save(mask, mask.ids.fill(10));
  expect(readStoredMask(file).form.palette).toHaveLength(11);
});

test('a corrupt mask blocks its image instead of opening empty', async () => {
  writeFileSync(file, readFileSync(file).subarray(0, 60));
  await expect(load()).rejects.toMatchObject({ code: 'corrupt-file' });
});

test('an image without a mask opens void, and its first save makes the file', async () => {
  const { rmSync } = await import('node:fs');
  rmSync(file);
  const mask = await load();
  expect(mask.revision).toBeNull();
  expect(new Set(mask.ids)).toEqual(new Set([255]));
  await save(mask, mask.ids.fill(0));
  expect(new Set(readStoredMask(file).values)).toEqual(new Set([0]));
});

test('patches that reach beyond the mask are refused', async () => {
  const mask = await load();
  await expect(
    bench.call('masks.journal', { imageId, baseRevision: mask.revision, patch: { ...onePixel(1), width: 0 } }),
  ).rejects.toMatchObject({ code: 'invalid-argument' });
  await expect(bench.call('masks.load', { imageId: 'train/none' })).rejects.toMatchObject({ code: 'not-found' });
});
