// What other programs do in an open folder is noticed: images that come, go, or are others than their masks were made for.
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { readStoredMask } from '#files/mask-png';
import { DatasetScope } from '#services/datasets/dataset-scope';
import { Workers } from '#services/workers/workers';
import type { DatasetExportReport } from '#shared/contract/dataset-exports';
import type { DatasetInfo, ImageEntry } from '#shared/contract/datasets';
import type { TrainingStatus } from '#shared/contract/training';
import { writeScene } from '../../scripts/sample/write-scene.ts';
import { makeDataset, temporaryFolder } from '../helpers/dataset.ts';
import { box } from '../helpers/box-patch.ts';
import { openMask, stroke } from '../helpers/edits.ts';
import { createBench, type TestBench } from '../helpers/services.ts';
import { smallConfig } from '../helpers/training.ts';

let folder: string;
let bench: TestBench;
const at = (...names: string[]) => path.join(folder, ...names);
const images = () => bench.call<ImageEntry[]>('datasets.images');
const idsNow = async () => (await images()).map(({ id }) => id);
const entryOf = async (id: string) => (await images()).find((entry) => entry.id === id)!;
const notices = () => bench.events.filter(({ name }) => name === 'app.notice').map(({ payload }) => (payload as { text: string }).text);
/** Looks until it is so: changes are noticed when the folder has been quiet for a moment. */
const soon = (look: () => unknown) => vi.waitFor(look, { timeout: 8000, interval: 50 });

async function open(): Promise<void> {
  await bench.call('datasets.open', { path: folder });
  await bench.workbench.datasets.require().surveyed();
}

beforeEach(async () => {
  folder = await makeDataset({ train: 3, val: 1 });
  bench = createBench();
  await open();
});
afterEach(() => bench.workbench.shutDown());

const newScene = (name: string, seed: number, split = 'train') =>
  writeScene({ image: at(split, name), mask: at(`${split}annot`, name) }, { seed, width: 64, height: 48 });

test('images that come, and go, are in the list without anybody asking', async () => {
  await newScene('new.png', 700);
  await soon(async () => expect(await idsNow()).toContain('train/new'));
  await soon(async () => expect(await entryOf('train/new')).toMatchObject({ surveyed: true, state: 'labelled', width: 64 }));
  await soon(() => expect(notices().join()).toContain('new: train/new'));
  rmSync(at('train/train-1.png'));
  await soon(async () => expect(await idsNow()).toEqual(['train/new', 'train/train-0', 'train/train-2', 'val/val-0']));
  expect(notices().at(-1)).toContain('gone: train/train-1');
  expect(existsSync(at('trainannot/train-1.png'))).toBe(true);
});

test('a split that comes as a folder is read, and what comes into it afterwards', async () => {
  mkdirSync(at('test'));
  mkdirSync(at('testannot'));
  await newScene('a.png', 710, 'test');
  await soon(async () => expect(await idsNow()).toContain('test/a'));
  await newScene('b.png', 711, 'test');
  await soon(async () => expect(await idsNow()).toContain('test/b'));
  expect((await bench.call<DatasetInfo>('datasets.current')).splits.map(({ name, images: count }) => [name, count])).toEqual([
    ['train', 3],
    ['val', 1],
    ['test', 2],
  ]);
});

test('what comes into a folder long after it, or into one that was empty before, is noticed', async () => {
  mkdirSync(at('test'));
  // The folder is quiet, and was looked at, before anything comes into it.
  await new Promise((resolve) => setTimeout(resolve, 1500));
  await newScene('late.png', 712, 'test');
  await soon(async () => expect(await idsNow()).toContain('test/late'));
  await bench.workbench.shutDown();
  rmSync(at('test/late.png'));
  bench = createBench();
  await open();
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect(await idsNow()).not.toContain('test/late');
  await newScene('again.png', 713, 'test');
  await soon(async () => expect(await idsNow()).toContain('test/again'));
});

test('what is painted on an image that goes is in its mask', async () => {
  await openMask(bench, 'train/train-0');
  await stroke(bench, 'train/train-0', box(0, 0, 4, 4, 2));
  renameSync(at('train/train-0.png'), at('away.png'));
  await soon(async () => expect(await idsNow()).not.toContain('train/train-0'));
  renameSync(at('away.png'), at('train/train-0.png'));
  await soon(async () => expect(await idsNow()).toContain('train/train-0'));
  expect((await openMask(bench, 'train/train-0')).ids[0]).toBe(2);
  expect(await bench.call('edits.unsaved')).toEqual([]);
});

test('a stroke on a pair that is moved away before it is saved is told of, and comes back with it', async () => {
  const id = 'train/train-1';
  const { ids: before } = await openMask(bench, id);
  await stroke(bench, id, box(0, 0, 8, 8, 3));
  mkdirSync(at('elsewhere'));
  renameSync(at('train/train-1.png'), at('elsewhere/photo.png'));
  renameSync(at('trainannot/train-1.png'), at('elsewhere/mask.png'));
  await soon(async () => expect(await idsNow()).not.toContain(id));
  await soon(() => expect(notices().join()).toContain(`What was painted on ${id} last is not in its mask`));
  expect(existsSync(at('trainannot/train-1.png'))).toBe(false);
  renameSync(at('elsewhere/mask.png'), at('trainannot/train-1.png'));
  renameSync(at('elsewhere/photo.png'), at('train/train-1.png'));
  await soon(async () => expect(await idsNow()).toContain(id));
  const { ids } = await openMask(bench, id);
  expect([...ids].filter((value, index) => value !== before[index]).every((value) => value === 3)).toBe(true);
  expect(ids[0]).toBe(3);
});

test('a mask that another program writes is read and shown again, its own saves are not', async () => {
  await openMask(bench, 'train/train-0');
  await stroke(bench, 'train/train-0', box(0, 0, 4, 4, 2));
  await bench.call('edits.save', { imageId: 'train/train-0' });
  const { revision } = await entryOf('train/train-0');
  await newScene('other.png', 720);
  await soon(async () => expect(await entryOf('train/other')).toMatchObject({ surveyed: true }));
  expect(bench.events.filter(({ name }) => name === 'edits.reopen')).toEqual([]);
  const theirs = await entryOf('train/train-1');
  copyFileSync(at('trainannot/train-1.png'), at('trainannot/train-0.png'));
  await soon(async () => expect(await entryOf('train/train-0')).toMatchObject({ surveyed: true, revision: theirs.revision }));
  expect(theirs.revision).not.toBe(revision);
  await soon(() =>
    expect(bench.events.filter(({ name }) => name === 'edits.reopen').map(({ payload }) => payload)).toEqual([
      { imageId: 'train/train-0', text: 'The mask of train/train-0 was changed by another program and is shown as it is now.' },
    ]),
  );
});

test('a photo exchanged under its mask is named, left out of training, and used again when a person says that it fits', async () => {
  writeFileSync(at('train/train-0.png'), await sharp(at('train/train-2.png')).flop().png().toBuffer());
  const text = `${at('train/train-0.png')} is another photo than the one that its mask was made for: the mask may not fit it`;
  const asNamed = { state: 'problem', problems: [{ kind: 'photo', text }] };
  await soon(async () => expect(await entryOf('train/train-0')).toMatchObject(asNamed));
  // The same is known at the next start, and after a stroke on it.
  await bench.call('datasets.refresh');
  await bench.workbench.datasets.require().surveyed();
  expect(await entryOf('train/train-0')).toMatchObject(asNamed);
  await openMask(bench, 'train/train-0');
  await stroke(bench, 'train/train-0', box(0, 0, 4, 4, 2));
  await bench.call('edits.save', { imageId: 'train/train-0' });
  expect(await entryOf('train/train-0')).toMatchObject(asNamed);
  const end = bench.until<TrainingStatus>('training.status', ({ active }) => !active);
  await bench.call('training.start', { config: smallConfig({ epochs: 1 }), name: 'a run' });
  const { run } = await end;
  const samples = readFileSync(at('.encnet/runs', run.id, 'samples.json'), 'utf8');
  expect([samples.includes('train/train-1'), samples.includes('train/train-0')]).toEqual([true, false]);

  // Nor does its mask go out as a label of that photo.
  const out = path.join(temporaryFolder(), 'out');
  const exported = await bench.call<DatasetExportReport>('datasetExports.start', { to: 'segnet', split: null, out, predictionId: null });
  expect(exported.notes).toContain(`left out: ${text}`);
  expect(existsSync(path.join(out, 'trainannot/train-1.png'))).toBe(true);
  expect(existsSync(path.join(out, 'trainannot/train-0.png'))).toBe(false);

  await bench.call('datasets.acceptPhotos', { imageIds: ['train/train-0'] });
  await soon(async () => expect(await entryOf('train/train-0')).toMatchObject({ state: 'edited', problems: [], width: 64 }));
  await bench.call('datasets.refresh');
  await bench.workbench.datasets.require().surveyed();
  expect(await entryOf('train/train-0')).toMatchObject({ state: 'edited', problems: [] });
});

test('a photo that is exchanged while the workbench is closed is named too, one that is only touched is not', async () => {
  await bench.workbench.shutDown();
  const [first, second] = ['train/train-0.png', 'train/train-1.png'].map((name) => readFileSync(at(name)));
  writeFileSync(at('train/train-0.png'), second);
  writeFileSync(at('train/train-1.png'), second);
  // With its photo, a mask is exchanged as well: that pair is another one.
  writeFileSync(at('train/train-2.png'), first);
  copyFileSync(at('trainannot/train-0.png'), at('trainannot/train-2.png'));
  bench = createBench();
  await open();
  expect((await images()).map(({ id, problems }) => [id, problems.map(({ kind }) => kind)])).toEqual([
    ['train/train-0', ['photo']],
    ['train/train-1', []],
    ['train/train-2', []],
    ['val/val-0', []],
  ]);
  // The photo is put back: it is the one that the mask was made for.
  writeFileSync(at('train/train-0.png'), first);
  await soon(async () => expect(await entryOf('train/train-0')).toMatchObject({ state: 'labelled', problems: [] }));
});

test('a photo of another size has its mask opened under its size, or named where it does not fit', async () => {
  rmSync(at('trainannot/train-0.png'));
  await soon(async () => expect(await entryOf('train/train-0')).toMatchObject({ state: 'unlabelled', surveyed: true }));
  expect(await openMask(bench, 'train/train-0')).toMatchObject({ width: 64, height: 48 });
  writeFileSync(at('train/train-0.png'), await sharp(at('train/train-0.png')).resize(80, 60).png().toBuffer());
  await soon(async () => expect(await entryOf('train/train-0')).toMatchObject({ width: 80, height: 60 }));
  expect(await openMask(bench, 'train/train-0')).toMatchObject({ width: 80, height: 60 });
  writeFileSync(at('train/train-1.png'), await sharp(at('train/train-1.png')).resize(80, 60).png().toBuffer());
  await soon(async () => expect((await entryOf('train/train-1')).problems.map(({ kind }) => kind)).toEqual(['size', 'photo']));
});

test('a photo and its mask that come anew in another size lose undo alone, where every stroke was saved', async () => {
  await openMask(bench, 'train/train-0');
  await stroke(bench, 'train/train-0', box(0, 0, 4, 4, 2));
  await bench.call('edits.save', { imageId: 'train/train-0' });
  const larger = (file: string) => sharp(at(file)).resize(80, 60, { kernel: 'nearest' }).png().toBuffer();
  const [photo, mask] = [await larger('train/train-0.png'), await larger('trainannot/train-0.png')];
  writeFileSync(at('train/train-0.png'), photo);
  writeFileSync(at('trainannot/train-0.png'), mask);
  await soon(async () => expect(await entryOf('train/train-0')).toMatchObject({ width: 80, height: 60 }));
  const { notes, width } = await openMask(bench, 'train/train-0');
  expect([width, notes]).toEqual([80, ['Undo begins anew: it is of a mask of 64 x 48, and the image has 80 x 60 now.']]);
});

test('where the folder is read in another way than before, what is shown stays and the way out is told', async () => {
  writeFileSync(at('classes.json'), JSON.stringify({ name: 'other', classes: [{ name: 'road', color: [1, 2, 3] }] }));
  await soon(() => expect(notices().at(-1)).toContain(`The classes of ${folder} have changed on the disk. What is shown`));
  expect((await bench.call<DatasetInfo>('datasets.current')).classSet).toBe('CamVid-11');
  rmSync(at('classes.json'));
  renameSync(at('train'), at('moved'));
  renameSync(at('val'), at('moved-too'));
  await soon(() => expect(notices().at(-1)).toContain('choose Data set, Refresh to read the folder anew.'));
  expect((await images()).length).toBe(4);
});

test('a save that comes between another photo and its reading hides nothing, nor does one before a photo is accepted', async () => {
  await openMask(bench, 'train/train-0');
  writeFileSync(at('train/train-0.png'), await sharp(at('train/train-2.png')).flop().png().toBuffer());
  await stroke(bench, 'train/train-0', box(0, 0, 4, 4, 2));
  await bench.call('edits.save', { imageId: 'train/train-0' });
  await soon(async () => expect((await entryOf('train/train-0')).problems.map(({ kind }) => kind)).toEqual(['photo']));
  const accepted = bench.call('datasets.acceptPhotos', { imageIds: ['train/train-0'] });
  await stroke(bench, 'train/train-0', box(0, 0, 4, 4, 3));
  await bench.call('edits.save', { imageId: 'train/train-0' });
  await accepted;
  await soon(async () => expect(await entryOf('train/train-0')).toMatchObject({ surveyed: true, problems: [], width: 64 }));
  await bench.call('datasets.refresh');
  expect(await openMask(bench, 'train/train-0')).toMatchObject({ width: 64 });
});

test('files that change while they are read are read again', async () => {
  const prototype = Workers.prototype as unknown as { run: (name: string, input: unknown) => Promise<unknown> };
  const { run } = prototype;
  let isFirst = true;
  const spy = vi.spyOn(prototype, 'run');
  spy.mockImplementation(async function (this: unknown, name: string, input: unknown) {
    const result = await run.call(this, name, input);
    if (name === 'survey' && isFirst) copyFileSync(at('trainannot/train-1.png'), at('trainannot/train-0.png'));
    isFirst &&= name !== 'survey';
    return result;
  });
  const entry = await bench.workbench.datasets.require().dataset.survey('train/train-0');
  spy.mockRestore();
  expect(isFirst).toBe(false);
  expect(entry.revision).toBe((await entryOf('train/train-1')).revision);
});

test('an image whose files get other names keeps its id, and is painted in its new mask', async () => {
  rmSync(at('trainannot/train-0.png'));
  await soon(async () => expect(await entryOf('train/train-0')).toMatchObject({ state: 'unlabelled' }));
  await openMask(bench, 'train/train-0');
  await stroke(bench, 'train/train-0', box(0, 0, 4, 4, 2));
  await bench.call('edits.save', { imageId: 'train/train-0' });
  renameSync(at('trainannot/train-0.png'), at('trainannot/train-0.PNG'));
  await soon(() => expect(bench.events.filter(({ name }) => name === 'edits.reopen').length).toBeGreaterThan(0));
  await openMask(bench, 'train/train-0');
  await stroke(bench, 'train/train-0', box(8, 0, 4, 4, 3));
  await bench.call('edits.save', { imageId: 'train/train-0' });
  expect(existsSync(at('trainannot/train-0.png'))).toBe(false);
  expect([...(await openMask(bench, 'train/train-0')).ids.subarray(0, 12)]).toEqual([2, 2, 2, 2, 255, 255, 255, 255, 3, 3, 3, 3]);
});

test('a photo of another size while a stroke waits for the disk has its mask opened anew once that is saved', async () => {
  rmSync(at('trainannot/train-0.png'));
  await soon(async () => expect(await entryOf('train/train-0')).toMatchObject({ state: 'unlabelled' }));
  await openMask(bench, 'train/train-0');
  // Its folder cannot be written: the stroke waits.
  renameSync(at('trainannot'), at('trainannot-away'));
  const first = await stroke(bench, 'train/train-0', box(0, 0, 4, 4, 2)).then(
    () => 'safe',
    () => 'refused',
  );
  renameSync(at('trainannot-away'), at('trainannot'));
  await stroke(bench, 'train/train-0', box(4, 0, 4, 4, 3));
  writeFileSync(at('train/train-0.png'), await sharp(at('train/train-0.png')).resize(80, 60).png().toBuffer());
  await soon(() =>
    expect(bench.events.filter(({ name }) => name === 'edits.reopen').map(({ payload }) => payload)).toEqual([
      { imageId: 'train/train-0', text: 'The photo of train/train-0 has another size and is shown as it is now.' },
    ]),
  );
  // What was painted is in the file, of the size that it was painted in, and named.
  expect((await entryOf('train/train-0')).problems.map(({ kind }) => kind)).toContain('size');
  const { width, height, values } = readStoredMask(at('trainannot/train-0.png'));
  const isVoid = (value: number) => value > 10;
  expect([width, height, [...values.subarray(4, 8)]]).toEqual([64, 48, [3, 3, 3, 3]]);
  expect([...values.subarray(0, 4)].every((value) => (first === 'safe' ? value === 2 : isVoid(value)))).toBe(true);
});

test('a refresh that finds what cannot be read leaves the data set open, and says why each time', async () => {
  writeFileSync(at('label_colors.txt'), 'no colour at all');
  for (let times = 0; times < 2; times++) await expect(bench.call('datasets.refresh')).rejects.toThrow('label_colors.txt');
  await stroke(bench, 'train/train-0', box(0, 0, 4, 4, 2));
  expect(await bench.call('edits.save', { imageId: 'train/train-0' })).toMatchObject({ state: 'saved' });
  rmSync(at('label_colors.txt'));
  expect(await bench.call<DatasetInfo>('datasets.refresh')).toMatchObject({ path: folder });
});

test('a data set that could not be opened anew at once is not left closed', async () => {
  const opened = vi.spyOn(DatasetScope, 'open').mockRejectedValueOnce(new Error('database is locked'));
  await bench.call('datasets.refresh');
  opened.mockRestore();
  expect((await bench.call<DatasetInfo>('datasets.current')).path).toBe(folder);
  await stroke(bench, 'train/train-0', box(0, 0, 2, 2, 3));
});
