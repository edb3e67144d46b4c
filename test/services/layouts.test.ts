// Every published layout opens as it is, with the right classes, splits and pixels, and its masks come back in their form.
import { appendFileSync, cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { readMask } from '#files/mask-png';
import { readPng } from '#files/png/png';
import { locateDataset } from '#services/layouts/recognise';
import type { DatasetInfo, ImageEntry } from '#shared/contract/datasets';
import { drawnSize, publishedSets } from '../../scripts/sample/published-sets.ts';
import { builtInClassSet } from '#services/class-sets/class-set';
import { temporaryFolder } from '../helpers/dataset.ts';
import { box } from '../helpers/box-patch.ts';
import { openMask, stroke } from '../helpers/edits.ts';
import { createBench } from '../helpers/services.ts';

const { width, height } = drawnSize;

test.each(publishedSets)('$name opens with its classes, splits and pixels, and is painted in its form', async (set) => {
  const folder = temporaryFolder();
  await set.draw(folder);
  const { images, arrangement, classSet, problems } = locateDataset(folder);
  expect(arrangement.title).toContain(set.title);
  expect(classSet.name).toBe(set.classSet);
  const [first, last, count] = set.classes;
  expect([classSet.classes[0].name, classSet.classes.at(-1)!.name, classSet.classes.length]).toEqual([first, last, count]);
  expect(problems).toEqual([]);

  const bench = createBench();
  const info = await bench.call<DatasetInfo>('datasets.open', { path: folder });
  expect(Object.fromEntries(info.splits.map(({ name, images: here }) => [name, here]))).toEqual(set.splits);
  await bench.workbench.datasets.require().surveyed();
  const entries = await bench.call<ImageEntry[]>('datasets.images');
  expect(entries.flatMap(({ problems: found }) => found.filter(({ kind }) => kind !== 'no-mask').map(({ text }) => text))).toEqual([]);

  const { maskFile } = images.find(({ id }) => id === set.firstId)!;
  const expected = Array.from({ length: width * height }, (_, index) => set.idAt(0, index));
  expect([...readMask(maskFile, classSet.format).ids]).toEqual(expected);

  const before = readPng(readFileSync(maskFile), maskFile, () => undefined);
  expect([...(await openMask(bench, set.firstId)).ids]).toEqual(expected);
  const target = (set.idAt(0, 12 + 5 * width) + 1) % count;
  await stroke(bench, set.firstId, box(12, 5, 1, 1, target));
  await bench.call('edits.save', { imageId: set.firstId });
  const after = readPng(readFileSync(maskFile), maskFile, () => undefined);
  expect(after.header).toEqual(before.header);
  expect(after.palette).toEqual(before.palette);
  const channels = before.samples.length / (width * height);
  const changed = new Set(
    [...after.samples.entries()].flatMap(([at, sample]) => (sample === before.samples[at] ? [] : [Math.floor(at / channels)])),
  );
  expect([...changed]).toEqual([12 + 5 * width]);
  expect(readMask(maskFile, classSet.format).ids[12 + 5 * width]).toBe(target);
  await bench.workbench.shutDown();
});

const drawn = async (name: string): Promise<string> => {
  const folder = temporaryFolder();
  await publishedSets.find((set) => set.name === name)!.draw(folder);
  return folder;
};

test('masks of colours in a layout of values are CamVid as published, whatever their names end with', async () => {
  const folder = await drawn('kaggle-camvid');
  rmSync(path.join(folder, 'class_dict.csv'));
  for (const split of ['train', 'val', 'test']) renameSync(path.join(folder, `${split}_labels`), path.join(folder, `${split}annot`));
  const { classSet, arrangement, images } = locateDataset(folder);
  expect([classSet.name, arrangement.masks, arrangement.maskSuffix, images.length]).toEqual(['CamVid-32', 'colour', '_L', 4]);
});

test('values in a layout keep its order where the list beside them is that of the set they were made of', async () => {
  const folder = await drawn('segnet-camvid');
  const cambridge = builtInClassSet('camvid-32').classes.map(({ name, color }) => `${color.join(' ')} ${name}`);
  writeFileSync(path.join(folder, 'label_colors.txt'), cambridge.join('\n'));
  expect(locateDataset(folder).classSet.name).toBe('CamVid-11');
});

test('classes that nothing tells are asked for, not guessed', async () => {
  const folder = await drawn('pairs-with-splits');
  rmSync(path.join(folder, 'classes.json'));
  expect(() => locateDataset(folder)).toThrow(/its classes are not known: put classes.json/);
  const photos = temporaryFolder();
  for (const split of ['images/train', 'images/validation']) cpSync(path.join(folder, split), photos, { recursive: true });
  expect(() => locateDataset(photos)).toThrow(/its classes are not known/);
});

test('names find their masks however their letters are composed and in any case, and no mask is had twice', async () => {
  const folder = temporaryFolder();
  const [images, masks] = [path.join(folder, 'train'), path.join(folder, 'trainannot')];
  await drawTo(folder, ['a.png', 'Stra\u00dfe \u00e9.png', 'B.png', 'B.jpg', 'c.png', 'C.png', 'x.jpg', 'x.webp']);
  mkdirSync(path.join(masks, 'a.png'), { recursive: true });
  for (const name of ['a.PNG', 'Stra\u00dfe e\u0301.png', 'B.png', 'c.png', 'x.tif', 'x.png'])
    writeFileSync(path.join(masks, name), 'mask');
  const located = locateDataset(folder);
  const maskOf = Object.fromEntries(
    located.images.map(({ imageFile, maskFile }) => [path.relative(images, imageFile), path.relative(masks, maskFile)]),
  );
  expect(maskOf).toEqual({
    'a.png': 'a.PNG',
    'Stra\u00dfe \u00e9.png': 'Stra\u00dfe e\u0301.png',
    'B.png': 'B.png',
    'B.jpg': 'B.jpg.png',
    'c.png': 'c.png',
    'C.png': 'C.png',
    'x.jpg': 'x.png',
    'x.webp': 'x.webp.png',
  });
  expect(new Set(located.images.map(({ id }) => id)).size).toBe(8);
  expect(located.problems).toEqual([expect.stringMatching(/^2 names of images are there more than once, the first: B.jpg and B.png/)]);
});

async function drawTo(folder: string, names: readonly string[]): Promise<void> {
  const photo = sharp({ create: { width: 8, height: 6, channels: 3, background: '#123456' } });
  mkdirSync(path.join(folder, 'train'), { recursive: true });
  for (const name of names) await photo.clone().toFile(path.join(folder, 'train', name));
}

test('a list that names what is not there, and a class twice, say so with file and line', async () => {
  const folder = await drawn('fastai-camvid');
  appendFileSync(path.join(folder, 'valid.txt'), 'gone.png\n');
  expect(locateDataset(folder).problems).toEqual(['valid.txt names 1 of 3 images that are not there, the first: gone.png']);
  appendFileSync(path.join(folder, 'codes.txt'), 'Road\n');
  expect(() => locateDataset(folder)).toThrow(`${path.join(folder, 'codes.txt')}: two classes are named "Road"`);
  const kaggle = await drawn('kaggle-camvid');
  appendFileSync(path.join(kaggle, 'class_dict.csv'), 'Road|1|2|3\n');
  expect(() => locateDataset(kaggle)).toThrow(/class_dict.csv, line 34 is "Road\|1\|2\|3": it must be a name, red, green and blue/);
});
