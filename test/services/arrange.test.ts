// What many masks share is told once, with the one change that settles it; a data set that is read in another way keeps every value.
import { chmodSync, cpSync, existsSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { readPng } from '#files/png/png';
import { locateDataset } from '#services/layouts/recognise';
import type { DatasetInfo, ImageEntry } from '#shared/contract/datasets';
import { adviceFor, type ArrangementChange, type KnownClassSet } from '#shared/data/advice';
import { problemGroups } from '#shared/data/problem-groups';
import { writtenPng } from '../../scripts/sample/png-writing.ts';
import { publishedSets } from '../../scripts/sample/published-sets.ts';
import { makeDataset, temporaryFolder } from '../helpers/dataset.ts';
import { box } from '../helpers/box-patch.ts';
import { openMask, stroke } from '../helpers/edits.ts';
import { createBench, type TestBench } from '../helpers/services.ts';

const [width, height] = [64, 48];
let bench: TestBench;
afterEach(() => bench.workbench.shutDown());

const masks = ['trainannot/train-0', 'trainannot/train-1', 'trainannot/train-2', 'trainannot/train-3', 'valannot/val-0', 'valannot/val-1'];

/** A data set in SegNet's layout whose masks hold these values in turn. */
async function withValues(values: readonly number[]): Promise<string> {
  const folder = await makeDataset();
  for (const name of masks) {
    const samples = Array.from({ length: width * height }, (_, index) => values[Math.floor(index / 7) % values.length]);
    writeFileSync(path.join(folder, `${name}.png`), writtenPng({ width, height, depth: 8, colourType: 0, samples }));
  }
  return folder;
}

const png = (colourType: 0 | 2 | 4, samplesAt: (i: number) => number[], depth: 8 | 16 = 8) =>
  writtenPng({ width, height, depth, colourType, samples: Array.from({ length: width * height }, (_, i) => samplesAt(i)).flat() });

async function surveyed() {
  await bench.workbench.datasets.require().surveyed();
  const info = await bench.call<DatasetInfo>('datasets.current');
  const entries = await bench.call<ImageEntry[]>('datasets.images');
  const advice = adviceFor({ ...info, entries }, await bench.call<KnownClassSet[]>('datasets.classSets'));
  return { info, entries, advice, groups: problemGroups(entries) };
}

async function open(folder: string) {
  bench = createBench();
  await bench.call('datasets.open', { path: folder });
  return surveyed();
}

async function change(by: ArrangementChange) {
  const { arrangement } = await bench.call<DatasetInfo>('datasets.current');
  await bench.call('datasets.arrange', { arrangement: { ...arrangement, ...by } });
  return surveyed();
}

test.each([
  ['255 where nothing is labelled', [0, 3, 5, 255], 'All 6 masks use 255', 'Take 255 as not labelled', 'CamVid-11'],
  ['0 and 255 alone', [0, 255], 'All 6 masks hold 0 and 255 alone', 'Read them as background and foreground', 'Two classes'],
  ['ids of CamVid-32', [3, 7, 17, 21, 26], 'hold values up to 26', 'Read them as CamVid-32', 'CamVid-32'],
  ['values from one', [1, 4, 6, 11], 'No mask holds 0 (Sky)', 'Count from 1, and take 0 as not labelled', 'CamVid-11 from 1'],
])('masks of %s: one cause, one change, and a dot changes one value', async (_, values, said, action, classSet) => {
  const folder = await withValues(values);
  const { advice } = await open(folder);
  expect(advice?.text).toContain(said);
  expect(advice?.action).toBe(action);
  const after = await change(advice!.change);
  expect(after.info).toMatchObject({ classSet, isArranged: true });
  expect([after.groups, after.advice]).toEqual([[], null]);
  // The command line reads it in the same way.
  expect(locateDataset(folder).classSet.name).toBe(classSet);

  const file = path.join(folder, `${masks[0]}.png`);
  const samples = () => readPng(readFileSync(file), file, () => undefined).samples;
  const before = samples();
  await openMask(bench, 'train/train-0');
  await stroke(bench, 'train/train-0', box(20, 3, 1, 1, before[3 * width + 20] === values[0] ? 1 : 0));
  await bench.call('edits.save', { imageId: 'train/train-0' });
  expect(samples().filter((sample, at) => sample !== before[at])).toHaveLength(1);

  // What was kept can be forgotten again.
  expect((await bench.call<DatasetInfo>('datasets.arrange', { arrangement: null })).isArranged).toBe(false);
  expect(existsSync(path.join(folder, 'encnet.json'))).toBe(false);
});

/** Masks of these values, one list each. */
function fillMasks(folder: string, each: readonly (readonly number[])[]): void {
  for (const [n, name] of masks.entries())
    writeFileSync(
      path.join(folder, `${name}.png`),
      png(0, (i) => [each[n % each.length][Math.floor(i / 7) % each[n % each.length].length]]),
    );
}

test.each([
  ['0 and 255, where one has no foreground', null, [[0], [0, 255]], 'Read them as background and foreground'],
  [
    'one to eleven, the last class in one of six',
    null,
    [
      [1, 4, 6],
      [1, 4],
      [2, 4],
      [1, 6],
      [1, 5],
      [1, 4, 11],
    ],
    /^Count from 1, and take 0/,
  ],
  [
    'one to three by a list of three',
    ['a', 'b', 'c'],
    [
      [1, 2, 3],
      [1, 2],
      [1, 2, 3],
    ],
    /^Count from 1, and take 0/,
  ],
  ['one and two by a list of two', ['a', 'b'], [[1, 2]], /^Count from 1, and take 0/],
  ['one to eleven, and twelve where nothing is labelled', null, [[1, 4, 11, 12]], /^Count from 1, and take 12/],
  ['one to eleven, and 255 where nothing is labelled', null, [[1, 4, 11, 255]], /^Count from 1, and take 0/],
  ['one to three by a list of three, and 255, which is void', ['a', 'b', 'c'], [[1, 2, 3, 255]], /^Count from 1, and take 0/],
] as const)('of %s the cause is told: nothing is off by one, and nothing that is labelled becomes void', async (_, names, each, action) => {
  const folder = await makeDataset();
  if (names) writeFileSync(path.join(folder, 'classes.json'), JSON.stringify(names));
  fillMasks(folder, each);
  const { advice } = await open(folder);
  expect(advice?.action).toMatch(action);
  const after = await change(advice!.change);
  expect([after.groups, after.advice]).toEqual([[], null]);
  const { classPixels } = after.entries.find(({ id }) => id === 'train/train-0')!;
  const [values] = each;
  const ofFirst = Array.from({ length: width * height }, (_, i) => values[Math.floor(i / 7) % values.length] === values[0]);
  expect(classPixels![0]).toBe(ofFirst.filter(Boolean).length);
});

test('255 where the first and the last class are never there is no sign of values from one', async () => {
  const folder = await makeDataset();
  fillMasks(folder, [[1, 4, 6, 255]]);
  const { advice } = await open(folder);
  expect(advice?.action).toBe('Take 255 as not labelled');
  expect((await change(advice!.change)).advice).toBeNull();
});

test.each([
  ['labels.txt', 'a\nb\nVoid\n', (i: number) => [i % 3]],
  ['label_colors.txt', '10 10 10 a\n20 20 20 b\n0 0 0 Void\n', (i: number) => new Array<number>(3).fill([10, 20, 0][i % 3])],
  ['label_colors.txt', '10 10 10 a\n20 20 20 b\n9 9 9 unlabelled\n', (i: number) => new Array<number>(3).fill([10, 20, 9][i % 3])],
])('void that %s names as a class is told, and is none after one change: %j', async (file, list, samplesAt) => {
  const folder = await withValues([0]);
  for (const name of masks) writeFileSync(path.join(folder, `${name}.png`), png(list.includes(' ') ? 2 : 0, samplesAt));
  writeFileSync(path.join(folder, file), list);
  const { info, advice, groups } = await open(folder);
  expect([info.classes.length, groups]).toEqual([3, []]);
  expect(advice).toMatchObject({ text: expect.stringMatching(/^(Void|unlabelled) is one of the classes/) as string });
  const after = await change(advice!.change);
  expect(after.info.classes.map(({ name }) => name)).toEqual(['a', 'b']);
  expect([after.groups, after.advice]).toEqual([[], null]);
  const third = (width * height) / 3;
  expect(after.entries[0].classPixels).toEqual([third, third, third]);
  expect(after.info.classesKey).not.toBe(info.classesKey);
});

test('255 where a list of two classes has 1 for the second is asked about, and read as it with one change', async () => {
  const folder = await withValues([0, 255]);
  writeFileSync(path.join(folder, 'classes.json'), '["background","building"]');
  const { advice, entries } = await open(folder);
  expect([advice?.text, advice?.action]).toEqual([
    'No mask holds 1 (building), and they hold 255: is that building?',
    'Read 255 as building',
  ]);
  expect(entries[0].problems).toEqual([]);
  const after = await change(advice!.change);
  expect([after.advice, after.groups, after.info.classes.map(({ name }) => name)]).toEqual([null, [], ['background', 'building']]);
  expect(after.entries[0].classPixels!.slice(0, 2).every((pixels) => pixels > 500)).toBe(true);
});

test('white of a list of one class is asked about, and read as it with one change', async () => {
  const folder = await withValues([0, 255]);
  writeFileSync(path.join(folder, 'classes.txt'), 'road\n');
  const { advice } = await open(folder);
  expect(advice?.action).toBe('Read 255 as road, and 0 as background');
  const after = await change(advice!.change);
  expect([after.advice, after.groups, after.info.classes.map(({ name }) => name)]).toEqual([null, [], ['background', 'road']]);
});

test.each([
  ['["road"]', [0]],
  ['["road","car"]', [0]],
  ['["bg","road","car"]', [1, 2]],
])('what a person has painted is meant as it is: %s', async (classes, painted) => {
  const folder = await makeDataset();
  for (const name of masks) rmSync(path.join(folder, `${name}.png`));
  writeFileSync(path.join(folder, 'classes.json'), classes);
  await open(folder);
  for (const id of ['train/train-0', 'train/train-1', 'train/train-2']) {
    await openMask(bench, id);
    for (const value of painted) await stroke(bench, id, box(3 + 9 * value, 3, 9, 9, value));
    await bench.call('edits.save', { imageId: id });
  }
  expect((await surveyed()).advice).toBeNull();
});

test('what is said of values in the first of three channels leaves them there', async () => {
  const folder = await withValues([0]);
  writeFileSync(path.join(folder, 'classes.txt'), 'void\nroad\ncar\nsky\n');
  for (const name of masks)
    writeFileSync(
      path.join(folder, `${name}.png`),
      png(2, (i) => [i % 4, 0, 0]),
    );
  const { advice, info } = await open(folder);
  expect([info.arrangement.masks, advice?.action]).toEqual(['first-channel', 'Take void as not labelled']);
  const after = await change(advice!.change);
  expect([after.advice, after.groups, after.info.arrangement.masks]).toEqual([null, [], 'first-channel']);
  expect(after.entries[0].classPixels!.every((pixels) => pixels === (width * height) / 4)).toBe(true);
});

test('one foreign value can be given a class in all masks, and the files keep it', async () => {
  const folder = await withValues([0, 3, 20]);
  const { groups } = await open(folder);
  expect(groups).toEqual([expect.objectContaining({ kind: 'foreign', foreign: 'value 20', imageIds: expect.any(Array) as string[] })]);
  expect(groups[0].imageIds).toHaveLength(6);
  const before = masks.map((name) => readFileSync(path.join(folder, `${name}.png`)));
  const after = await change({ readAs: { 'value 20': 'Car' } });
  expect(after.groups).toEqual([]);
  expect(after.entries[0].classPixels![8]).toBeGreaterThan(900);
  expect(masks.map((name) => readFileSync(path.join(folder, `${name}.png`)))).toEqual(before);
});

test.each<[string, string, () => Uint8Array, number]>([
  ['alike channels of a set of values', 'value 20', () => png(2, (i) => (i < 30 ? [20, 20, 20] : [0, 0, 0])), 30],
  ['a colour among values', 'colour 9 8 7', () => png(2, (i) => (i < 30 ? [9, 8, 7] : [0, 0, 0])), 30],
  ['a value of 16 bits', 'value 300', () => png(0, (i) => [i < 30 ? 300 : 0], 16), 30],
  ['a colour of 16 bits', 'colour 1000 2 3', () => png(2, (i) => (i < 30 ? [1000, 2, 3] : [0, 0, 0]), 16), 30],
  ['grey beside alpha', 'value 20', () => png(4, (i) => (i < 30 ? [20, 128] : [0, 255])), 30],
])('what is foreign is read as a class by the words it is told in: %s', async (_, words, mask, pixels) => {
  const folder = await makeDataset({ train: 1, val: 1 });
  const file = path.join(folder, 'trainannot/train-0.png');
  writeFileSync(file, mask());
  // Another mask whose values must not be taken for it.
  writeFileSync(
    path.join(folder, 'valannot/val-0.png'),
    png(0, (i) => [i < 30 ? 254 : 0]),
  );
  const { groups } = await open(folder);
  expect(groups.map(({ foreign }) => foreign).toSorted()).toEqual(['value 254', words].toSorted());
  const before = readFileSync(file);
  for (const className of ['Car', null]) {
    const { entries, groups: left } = await change({ readAs: { [words]: className } });
    expect(left.map(({ foreign }) => foreign)).toEqual(['value 254']);
    expect(entries[0].classPixels!.at(className === 'Car' ? 8 : -1)).toBe(pixels);
  }
  expect(readFileSync(file)).toEqual(before);
});

test('what is a class or void already cannot be read as another one', async () => {
  const folder = await withValues([0, 3]);
  const { info } = await open(folder);
  for (const [words, className] of [
    ['value 1', null],
    ['value 1', 'Car'],
    ['value 11', 'Car'],
  ] as const)
    await expect(bench.call('datasets.arrange', { arrangement: { ...info.arrangement, readAs: { [words]: className } } })).rejects.toThrow(
      /is "(Building|not labelled)" already: it cannot be read as another class/,
    );
});

test('what cannot be read so is refused, and the data set stays as it was', async () => {
  const folder = await withValues([0, 3]);
  const { info } = await open(folder);
  const { arrangement } = info;
  const arrange = (by: object) => bench.call('datasets.arrange', { arrangement: { ...arrangement, ...by } });
  await expect(arrange({ readAs: { 'value 20': 'Tram' } })).rejects.toThrow('no class has this name');
  await expect(arrange({ sources: [{ split: 'train', images: 'gone', masks: 'gone' }] })).rejects.toThrow('no image in it');
  await expect(arrange({ sources: [{ split: 'train', images: '../elsewhere', masks: 'x' }] })).rejects.toThrow('must be a path inside');
  await expect(arrange({ classes: { file: 'classes.json' } })).rejects.toThrow('classes.json does not exist');
  expect(await bench.call('datasets.current')).toMatchObject({ id: info.id, isArranged: false, writable: true });
  expect(existsSync(path.join(folder, 'encnet.json'))).toBe(false);
});

test('undo begins anew where the colours of classes have changed, and what was painted stays', async () => {
  const folder = temporaryFolder();
  const set = publishedSets.find(({ name }) => name === 'cvat-camvid')!;
  await set.draw(folder);
  await open(folder);
  await openMask(bench, set.firstId);
  await stroke(bench, set.firstId, box(0, 0, 5, 5, 2));
  await bench.call('edits.save', { imageId: set.firstId });
  const file = path.join(folder, 'defaultannot/frame 1.png');
  const painted = readFileSync(file);
  const classes = [
    { name: 'person', color: [220, 20, 60] as [number, number, number] },
    { name: 'background', color: [0, 0, 0] as [number, number, number] },
    { name: 'road', color: [128, 64, 128] as [number, number, number] },
    { name: 'car', color: [0, 0, 142] as [number, number, number] },
  ];
  const { groups } = await change({ classes: { name: 'Other order', classes } });
  expect(groups).toEqual([]);
  const opened = await openMask(bench, set.firstId);
  expect(opened.ids[0]).toBe(3);
  expect(opened.notes.join()).toContain('Undo begins anew');
  expect(await bench.call('edits.undo', { imageId: set.firstId })).toBe(null);
  expect(readFileSync(file)).toEqual(painted);
});

test('a folder that may not be written is read as a person says, which is kept beside its history', async () => {
  const folder = temporaryFolder();
  const from = await makeDataset();
  for (const [name, of] of [
    ['shots', 'train'],
    ['drawn', 'trainannot'],
  ]) {
    mkdirSync(path.join(folder, name));
    for (const file of ['train-0.png', 'train-1.png'])
      writeFileSync(path.join(folder, name, file), readFileSync(path.join(from, of, file)));
  }
  for (const each of ['shots', 'drawn', '.']) chmodSync(path.join(folder, each), 0o555);
  bench = createBench();
  const sources = [{ split: 'train', images: 'shots', masks: 'drawn' }];
  const arrangement = { version: 1, title: 'as said', sources, classes: { builtIn: 'camvid-11' }, masks: 'value' };
  const info = await bench.call<DatasetInfo>('datasets.openAs', { path: folder, arrangement });
  expect(info).toMatchObject({ writable: false, isArranged: true, splits: [{ name: 'train', images: 2, labelled: 2 }] });
  expect(existsSync(path.join(folder, 'encnet.json'))).toBe(false);

  // It is read so at every opening, and can be read otherwise.
  const again = () => bench.call<DatasetInfo>('datasets.refresh');
  expect(await again()).toMatchObject({ isArranged: true, classSet: 'CamVid-11' });
  await bench.call('datasets.openSample');
  expect(await bench.call<DatasetInfo>('datasets.open', { path: folder })).toMatchObject({ path: info.path, isArranged: true });
  const looked = await bench.call<{ arrangement: unknown }>('datasets.look', { path: folder, arrangement: null });
  expect(looked.arrangement).toMatchObject({ title: 'as said' });
  await bench.call('datasets.arrange', { arrangement: { ...info.arrangement, classes: { builtIn: 'camvid-32' } } });
  expect(await again()).toMatchObject({ isArranged: true, classSet: 'CamVid-32' });

  // Once it may be written, what was said of it holds still, and is kept in it from the next change on.
  for (const each of ['.', 'shots', 'drawn']) chmodSync(path.join(folder, each), 0o755);
  const now = await again();
  expect(now).toMatchObject({ isArranged: true, classSet: 'CamVid-32', writable: true });
  await bench.call('datasets.arrange', { arrangement: { ...now.arrangement, classes: { builtIn: 'camvid-11' } } });
  expect(existsSync(path.join(folder, 'encnet.json'))).toBe(true);
  expect(await again()).toMatchObject({ classSet: 'CamVid-11' });
  // What is forgotten is forgotten in both places: nothing else tells how this folder is read, so that this is refused.
  await expect(bench.call('datasets.arrange', { arrangement: null })).rejects.toThrow(/its classes are not known/);
  expect(await again()).toMatchObject({ isArranged: true, classSet: 'CamVid-11' });
  // Nor does what was said first come up again where it may not be written once more.
  chmodSync(folder, 0o555);
  expect(await again()).toMatchObject({ isArranged: true, classSet: 'CamVid-11', writable: false });
  chmodSync(folder, 0o755);
});

test('what is kept beside a folder that may not be written is forgotten without its own, and not taken for another folder', async () => {
  const folder = await makeDataset({ train: 1, val: 1 });
  bench = createBench();
  const { arrangement } = await bench.call<DatasetInfo>('datasets.open', { path: folder });
  await bench.call('datasets.arrange', { arrangement: { ...arrangement, title: 'its own' } });
  await bench.call('datasets.openSample');
  chmodSync(folder, 0o555);
  const open = () => bench.call<DatasetInfo>('datasets.open', { path: folder });
  expect(await open()).toMatchObject({ layout: 'its own', writable: false });
  const sources = [{ split: 'seen', images: 'train', masks: 'trainannot' }];
  const said = { ...arrangement, title: 'as said', sources };
  expect(await bench.call('datasets.arrange', { arrangement: said })).toMatchObject({ layout: 'as said' });
  expect(await bench.call('datasets.arrange', { arrangement: null })).toMatchObject({ layout: 'its own', isArranged: true });

  // Another disk in its place: what was said does not fit, so that it is looked at as if nobody had said anything.
  await bench.call('datasets.arrange', { arrangement: said });
  await bench.call('datasets.openSample');
  chmodSync(folder, 0o755);
  rmSync(folder, { recursive: true });
  cpSync(await makeDataset({ train: 0, val: 2 }), folder, { recursive: true });
  chmodSync(folder, 0o555);
  const told = expect.stringMatching(/was said once, as "as said", and does not fit .*: .* no image in it/) as string;
  expect(await open()).toMatchObject({ isArranged: false, splits: [{ name: 'val', images: 2 }], problems: [told] });
  expect(await bench.call('datasets.look', { path: folder, arrangement: null })).toMatchObject({ problems: [told] });
  chmodSync(folder, 0o755);
});

test('how a data set is read is written behind the link that holds it', async () => {
  const folder = await withValues([0, 3, 20]);
  await open(folder);
  await change({ readAs: { 'value 20': 'Car' } });
  const [own, store] = [path.join(folder, 'encnet.json'), path.join(folder, 'store/read.json')];
  mkdirSync(path.dirname(store));
  renameSync(own, store);
  symlinkSync('store/read.json', own);
  await bench.call('datasets.refresh');
  await change({ readAs: { 'value 20': 'Tree' } });
  expect(lstatSync(own).isSymbolicLink()).toBe(true);
  expect(JSON.parse(readFileSync(store, 'utf8'))).toMatchObject({ readAs: { 'value 20': 'Tree' } });
});

test('how a data set is read is not written over where that is write-protected', async () => {
  const folder = await withValues([0, 3, 20]);
  await open(folder);
  await change({ readAs: { 'value 20': 'Car' } });
  const own = path.join(folder, 'encnet.json');
  chmodSync(own, 0o444);
  const before = readFileSync(own, 'utf8');
  await expect(change({ readAs: { 'value 20': 'Tree' } })).rejects.toThrow(/encnet\.json is write-protected/);
  expect(readFileSync(own, 'utf8')).toBe(before);
});
