// Which split an image is in, and which folder its mask, where folders, lists and people say more than one thing.
import { mkdirSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { locateDataset } from '#services/layouts/recognise';
import { landingSplit } from '#services/trials/kept-name';
import { outsideOf } from '#services/layouts/folder-view';
import { keepArrangement, ownArrangement } from '#services/layouts/own-arrangement';
import type { DatasetInfo, ImageEntry } from '#shared/contract/datasets';
import { writtenPng } from '../../scripts/sample/png-writing.ts';
import { temporaryFolder } from '../helpers/dataset.ts';
import { createBench } from '../helpers/services.ts';

const picture = writtenPng({ width: 8, height: 8, depth: 8, colourType: 0, samples: new Array<number>(64).fill(1) });

/** A folder of pictures, and of what else is given by its content. */
function folderOf(pictures: readonly string[], others: Readonly<Record<string, string>> = {}): string {
  const folder = temporaryFolder();
  const put = (file: string, content: string | Uint8Array) => {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), content);
  };
  for (const file of pictures) put(file, picture);
  put(
    'classes.json',
    JSON.stringify({
      name: 'two',
      classes: [
        { name: 'a', color: [1, 1, 1] },
        { name: 'b', color: [2, 2, 2] },
      ],
    }),
  );
  for (const [file, content] of Object.entries(others)) put(file, content);
  return folder;
}

const splitsOf = (folder: string) => Object.fromEntries(locateDataset(folder).images.map(({ id, split }) => [id, split]));
const inSplits = ['train', 'val', 'test'].flatMap((split) => [`images/${split}/1.png`, `masks/${split}/1.png`]);

test.each(['val.txt', 'requirements-test.txt'])('%s beside folders of splits moves what it names alone', (list) => {
  const folder = folderOf(inSplits, { [list]: list === 'val.txt' ? 'val/1\n' : 'numpy\npytest\n' });
  expect(splitsOf(folder)).toEqual({ 'train/1': 'train', 'val/1': 'val', 'test/1': 'test' });
});

test('COCO’s folders of a year are splits, each with its masks', () => {
  const folder = folderOf(['train2017', 'val2017'].flatMap((split) => [`images/${split}/1.png`, `annotations/${split}/1.png`]));
  const { images } = locateDataset(folder);
  expect(images.map(({ split, maskFile }) => [split, path.relative(folder, maskFile)])).toEqual([
    ['train', 'annotations/train2017/1.png'],
    ['val', 'annotations/val2017/1.png'],
  ]);
});

test.each([
  [
    ['train/1.png', 'train_masks/1.png', 'val/2.png', 'val_masks/2.png'],
    { 'train_annotations/1.json': '{}', 'val_annotations/2.json': '{}' },
  ],
  [['train_images/1.png', 'train_masks/1.png'], { 'train_annotations/1.json': '{}' }],
  [['images_train/1.png', 'masks_train/1.png'], { 'annotations_train/1.xml': '' }],
])('masks are in the folder that pairs, and not in the first by name: %j', (pictures, others) => {
  const folder = folderOf(pictures, others);
  const masks = locateDataset(folder).images.map(({ maskFile }) => path.relative(folder, maskFile));
  expect(masks).toEqual(pictures.filter((file) => file.includes('mask')));
});

test('what storages leave in folders is no image, and no split', () => {
  const folder = folderOf([
    ...inSplits,
    'images/@eaDir/1.png/SYNOPHOTO_THUMB_M.png',
    'images/#recycle/old.png',
    'images/train/@eaDir/1.png/S.png',
  ]);
  expect(splitsOf(folder)).toEqual({ 'train/1': 'train', 'val/1': 'val', 'test/1': 'test' });
});

test('a split that was made holds in whatever form a disk writes names, and says what is not there', () => {
  const folder = folderOf(
    ['images/Straße ü.png', 'masks/Straße ü.png', 'images/b.png', 'masks/b.png'].map((name) => name.normalize('NFD')),
  );
  const { arrangement, images } = locateDataset(folder);
  const id = images.find(({ id: each }) => each.includes('Stra'))!.id;
  expect(id).not.toBe(id.normalize('NFC'));
  keepArrangement(folder, { ...arrangement, splits: { by: 'ids', splits: { val: [id.normalize('NFC'), 'images/gone'] } } });
  const again = locateDataset(folder);
  expect(again.images.find((image) => image.id === id)!.split).toBe('val');
  expect(again.problems).toEqual(['The split that was made names 1 of 2 images that are not there, the first: images/gone']);
});

test('folders that a person named are found in whatever form a disk writes them, and masks go where those are', () => {
  const [said, there] = ['Straße ü', 'Straße ü'.normalize('NFD')];
  const folder = folderOf([`${there}/1.png`, `${there}/2.png`, `é-${there}/1.png`.normalize('NFD')]);
  const { arrangement } = locateDataset(folder);
  const masks = `é-${said}`;
  keepArrangement(folder, { ...arrangement, sources: [{ split: 'train', images: said, masks }], except: [`${said}/none`] });
  const again = locateDataset(folder);
  expect(again.problems).toEqual([]);
  expect(again.maskFiles).toEqual([path.join(folder, masks.normalize('NFD'), '1.png')]);
  expect(path.dirname(again.images.find(({ name }) => name.endsWith('2'))!.maskFile)).toBe(path.join(folder, masks.normalize('NFD')));
});

test('a split of very many images is read again as it was kept', () => {
  const folder = folderOf(['images/1.png', 'masks/1.png']);
  const { arrangement } = locateDataset(folder);
  const val = Array.from(
    { length: 250_000 },
    (_, n) => `images/a recording with a long name, of a city/frame ${String(n).padStart(20, '0')}`,
  );
  keepArrangement(folder, { ...arrangement, splits: { by: 'ids', splits: { val } } });
  expect(statSync(path.join(folder, 'encnet.json')).size).toBeGreaterThan(16e6);
  expect(ownArrangement(folder)!.splits).toEqual({ by: 'ids', splits: { val } });
});

test('many folders that hold no images cost no time', () => {
  const folders = Array.from({ length: 1000 }, (_, n) => `images/drive ${n}/thumbs`);
  const files = Array.from({ length: 30_000 }, (_, n) => `drive ${n % 2000}/${n % 3 === 0 ? 'thumbs' : 'full'}/${n}.jpg`);
  const since = performance.now();
  const left = outsideOf(folders, 'images', files);
  expect(performance.now() - since).toBeLessThan(1000);
  expect(left).toEqual(files.filter((file) => !folders.includes(path.posix.dirname(`images/${file}`))));
});

test.each(['', 'splits/', 'split/', 'lists/', 'meta/', 'ImageSets/'])('lists of splits lie in %j, by any of their names', (at) => {
  const names = ['1', '2', '3', '4'].flatMap((name) => [`images/${name}.png`, `masks/${name}.png`]);
  const folder = folderOf(names, { [`${at}train.txt`]: '1\n', [`${at}eval.txt`]: '2\n', [`${at}my_test.txt`]: '3\n4\n' });
  expect(splitsOf(folder)).toEqual({ 'images/1': 'train', 'images/2': 'val', 'images/3': 'test', 'images/4': 'test' });
});

test('a text that ends in the name of a split is no list, and what cannot be looked into holds none', () => {
  const names = ['1', '2'].flatMap((name) => [`images/${name}.png`, `masks/${name}.png`]);
  const folder = folderOf(names, { 'splits/train.txt': '1\n', 'splits/val.txt': '2\n', 'requirements-dev.txt': 'numpy\n' });
  symlinkSync('/usr/lib', path.join(folder, 'meta'));
  expect(splitsOf(folder)).toEqual({ 'images/1': 'train', 'images/2': 'val' });
  expect(locateDataset(folder).problems).toEqual([]);
});

test('a list that another program edits moves images in what is shown too, and that is told', async () => {
  const names = ['1', '2', '3'];
  const folder = folderOf(
    names.flatMap((name) => [`images/${name}.png`, `masks/${name}.png`]),
    { 'train.txt': '1\n2\n', 'val.txt': '3\n' },
  );
  const bench = createBench();
  await bench.call('datasets.open', { path: folder });
  await bench.workbench.datasets.require().surveyed();
  writeFileSync(path.join(folder, 'new.txt'), '1\n');
  renameSync(path.join(folder, 'new.txt'), path.join(folder, 'train.txt'));
  writeFileSync(path.join(folder, 'val.txt'), '2\n3\n');
  const isTold = () => bench.events.some(({ payload }) => JSON.stringify(payload).includes('in another split'));
  await vi.waitFor(() => expect(isTold()).toBe(true), { timeout: 20_000 });
  const entries = await bench.call<ImageEntry[]>('datasets.images');
  const shown = Object.fromEntries(entries.map(({ id, split }) => [id, split]));
  expect(shown).toEqual({ 'images/1': 'train', 'images/2': 'val', 'images/3': 'val' });
  const located = bench.workbench.datasets.require().dataset.located();
  expect(Object.fromEntries(located.map(({ id, split }) => [id, split]))).toEqual(shown);
  const info = await bench.call<DatasetInfo>('datasets.current');
  expect(Object.fromEntries(info.splits.map(({ name, images }) => [name, images]))).toEqual({ train: 1, val: 2 });
});

test('masks that can be converted are no photos that are not read', () => {
  const folder = folderOf(['a/1.png', 'b/2.png', 'masks/b/2.png'], { 'masks/a/1.bmp': '', 'a/old.bmp': '' });
  const told = locateDataset(folder).problems.filter((text) => text.includes('not read'));
  expect(told).toEqual([expect.stringContaining('the first: a/old.bmp')]);
});

test('of two names that letters alone tell apart, each stays in its own made split', () => {
  const names = ['é', 'é'.normalize('NFD')];
  const folder = folderOf(names.flatMap((name) => [`images/${name}.png`, `masks/${name}.png`]));
  const { arrangement, images } = locateDataset(folder);
  const [val, test] = images.map(({ id }) => [id]);
  keepArrangement(folder, { ...arrangement, splits: { by: 'ids', splits: { val, test } } });
  expect(splitsOf(folder)).toEqual({ [val[0]]: 'val', [test[0]]: 'test' });
});

test('photos of a kind that is not read are told, with how many and which', () => {
  const folder = folderOf(['images/1.png', 'masks/1.png'], { 'images/2.HEIC': '', 'images/3.heic': '', 'images/4.bmp': '' });
  const { images, problems } = locateDataset(folder);
  expect(images).toHaveLength(1);
  expect(problems).toEqual([
    '3 photos in images/ are of a kind that is not read (.heic, .bmp), the first: 2.HEIC. Convert them to JPEG or PNG',
  ]);
});

test('an image that is kept in a split is told where it would land, where lists leave others to their folders', () => {
  const folder = folderOf(inSplits, { 'val.txt': 'train/1\n' });
  const { arrangement } = locateDataset(folder);
  expect(arrangement.splits).toMatchObject({ by: 'lists' });
  const land = (split: string, file: string) => landingSplit(split, arrangement, file, () => false);
  expect(land('train', 'images/train/1.png')).toBe('train');
  expect(() => land('val', 'images/train/1.png')).toThrow('would be in "train" and not in "val"');
});

test.each([
  [
    'folders of splits, with masks a split',
    ['train/1.png', 'val/2.png', 'masks/train/1.png', 'masks/val/2.png'],
    ['masks/train/1.png', 'masks/val/2.png'],
  ],
  [
    'folders of splits, with all masks in one',
    ['train/1.png', 'val/2.png', 'masks/1_mask.png', 'masks/2_mask.png'],
    ['masks/1_mask.png', 'masks/2_mask.png'],
  ],
  [
    'images a split, with all masks in one',
    ['images/train/1.png', 'images/val/2.png', 'masks/1.png', 'masks/2.png'],
    ['masks/1.png', 'masks/2.png'],
  ],
  [
    'images a split, with masks of one of them',
    ['images/train/1.png', 'images/val/2.png', 'masks/train/1.png'],
    ['masks/train/1.png', 'masks/val/2.png'],
  ],
])('of %s each image has its own', (_, pictures, masks) => {
  const folder = folderOf(pictures);
  const { images } = locateDataset(folder);
  expect(images.map(({ split, maskFile }) => [split, path.relative(folder, maskFile)])).toEqual([
    ['train', masks[0]],
    ['val', masks[1]],
  ]);
});

test('masks of a kind that is not read are told, with what to do', () => {
  const folder = folderOf(['train/1.png', 'train/2.png'], { 'train_masks/1_mask.gif': 'GIF89a', 'train_masks/2_mask.gif': 'GIF89a' });
  expect(locateDataset(folder).problems).toEqual([
    '2 files in train_masks/ are of a kind that is not read (.gif), the first: 1_mask.gif. Are they masks, convert them to PNG',
  ]);
});

test.each([
  [['images/train/1.png', 'images/train/2.png', 'images/val/1.png', 'images/val/3.png', 'masks/1.png', 'masks/2.png', 'masks/3.png']],
  [['train/1.png', 'train/2.png', 'val/1.png', 'val/3.png', 'masks/1.png', 'masks/2.png', 'masks/3.png']],
])('of masks in one folder the one of a name that two splits have is one image’s alone, and the others keep theirs', (pictures) => {
  const folder = folderOf(pictures);
  const { images, problems } = locateDataset(folder);
  const own = Object.fromEntries(images.map(({ id, maskFile }) => [id, path.relative(folder, maskFile)]));
  expect(own).toEqual({ 'train/1': 'masks/1.png', 'train/2': 'masks/2.png', 'val/1': 'masks/val+1.png', 'val/3': 'masks/3.png' });
  expect(problems).toEqual([
    '1 image is called as one of another split, whose mask lies in the same folder: the mask of the first is masks/val+1.png',
  ]);
  // Painted, it is found there.
  writeFileSync(path.join(folder, 'masks/val+1.png'), picture);
  const again = locateDataset(folder);
  expect(Object.fromEntries(again.images.map(({ id, maskFile }) => [id, path.relative(folder, maskFile)]))).toEqual(own);
  expect(again.problems).toEqual(problems);
});

test('masks that lie in one folder for all splits are without an image only where no split has one', () => {
  const folder = folderOf(['images/train/1.png', 'images/val/2.png', 'masks/1.png', 'masks/2.png', 'masks/3.png']);
  expect(locateDataset(folder).problems).toEqual(['masks/ holds 1 mask without an image, the first: 3.png']);
});

test('folders beside the images that may not be looked into keep nobody from a data set', () => {
  const folder = folderOf(['train/1.png', 'val/2.png', 'trainannot/1.png']);
  symlinkSync(temporaryFolder(), path.join(folder, 'old_masks'));
  expect(locateDataset(folder).images).toHaveLength(2);
});
