// Folders whose photos lie on several levels: none of them vanishes because of a picture above it, and none is one that shows another.
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { exportData } from '#services/dataset-exports/export-data';
import { exportImage } from '#services/dataset-exports/export-image';
import { findDataset } from '../../src/main/cli/dataset.ts';
import { locateDataset } from '#services/layouts/recognise';
import { temporaryFolder } from '../helpers/dataset.ts';
import { imagesOf, layInto, putInto } from '../helpers/folders.ts';

let folder: string;
beforeEach(() => (folder = temporaryFolder()));

const problems = () => locateDataset(folder).problems.join('; ');

describe('every photo is there', () => {
  test.each<[string, string, Record<string, string>]>([
    [
      'where one picture lies above folders of photos',
      'map.jpg a/1.jpg a/2.jpg b/1.jpg',
      { 'train: images/map': 'no mask', 'train: images/a/1': 'no mask', 'train: images/a/2': 'no mask', 'train: images/b/1': 'no mask' },
    ],
    [
      'and where those have their masks',
      'map.jpg a/1.jpg b/1.jpg =labels/a/1.png =labels/b/1.png',
      { 'train: images/map': 'no mask', 'train: images/a/1': 'labels/a/1.png', 'train: images/b/1': 'labels/b/1.png' },
    ],
    [
      'without that picture likewise',
      'a/1.jpg b/1.jpg =labels/a/1.png =labels/b/1.png',
      { 'train: images/a/1': 'labels/a/1.png', 'train: images/b/1': 'labels/b/1.png' },
    ],
    [
      'in split folders',
      'train/0.jpg train/a/1.jpg =trainannot/a/1.png val/b/2.jpg =valannot/b/2.png',
      { 'train: train/0': 'no mask', 'train: train/a/1': 'trainannot/a/1.png', 'val: val/b/2': 'valannot/b/2.png' },
    ],
    [
      'in split folders of other names',
      'train/0.jpg train/a/1.jpg =train_labels/0.png =train_labels/a/1.png',
      { 'train: train/0': 'train_labels/0.png', 'train: train/a/1': 'train_labels/a/1.png' },
    ],
    [
      'whose set is named behind',
      'images_train/0.jpg images_train/a/1.jpg =masks_train/0.png =masks_train/a/1.png',
      { 'train: train/0': 'masks_train/0.png', 'train: train/a/1': 'masks_train/a/1.png' },
    ],
    ['in folders inside those alone', 'images_train/a/1.jpg =masks_train/a/1.png', { 'train: train/a/1': 'masks_train/a/1.png' }],
    [
      'in split folders without any mask',
      'train/0.jpg train/a/1.jpg val/b/2.jpg',
      { 'train: train/0': 'no mask', 'train: train/a/1': 'no mask', 'val: val/b/2': 'no mask' },
    ],
    [
      'in sequences of split folders, without any mask',
      'train/a/1.jpg val/b/2.jpg',
      { 'train: images/train/a/1': 'no mask', 'train: images/val/b/2': 'no mask' },
    ],
    [
      'with images and masks in each split',
      'train/images/0.jpg train/images/a/1.jpg =train/masks/a/1.png val/images/2.jpg =val/masks/2.png',
      { 'train: train/0': 'no mask', 'train: train/a/1': 'train/masks/a/1.png', 'val: val/2': 'val/masks/2.png' },
    ],
    [
      'with masks among them',
      'a/1.jpg =a/1_mask.png b/1.jpg =b/1_mask.png',
      { 'train: images/a/1': 'a/1_mask.png', 'train: images/b/1': 'b/1_mask.png' },
    ],
    [
      'with masks among them on two levels',
      '0.jpg =0.png a/1.jpg =a/1.png',
      { 'train: images/0': '0.png', 'train: images/a/1': 'a/1.png' },
    ],
    ['in a folder of photos that wait', '0.jpg to_label/1.jpg', { 'train: images/0': 'no mask', 'train: images/to_label/1': 'no mask' }],
  ])('%s', async (_, files, expected) => {
    await layInto(folder, files);
    expect(imagesOf(folder)).toEqual(expected);
    expect(problems()).not.toContain('left out');
  });

  test('and labelling one changes none of that', async () => {
    await layInto(folder, '0.jpg a/1.jpg b/1.jpg');
    const before = Object.keys(imagesOf(folder));
    await layInto(folder, '=masks/0.png');
    expect(Object.keys(imagesOf(folder))).toEqual(before);
    await layInto(folder, '=masks/a/1.png');
    expect(imagesOf(folder)).toEqual({
      'train: images/0': 'masks/0.png',
      'train: images/a/1': 'masks/a/1.png',
      'train: images/b/1': 'no mask',
    });
  });

  test.each(['a/1.jpg b/1.jpg', 'train/a/1.jpg val/b/1.jpg', 'images/0.jpg images/a/1.jpg images/a/2.jpg', '0.jpg a/1.jpg', 'train/0.jpg'])(
    'whatever is labelled first: %s',
    async (files) => {
      await layInto(folder, files);
      const { images } = locateDataset(folder);
      for (const { maskFile } of images) {
        await layInto(folder, `=${path.relative(folder, maskFile)}`);
        const now = locateDataset(folder).images;
        expect(now).toEqual(images);
      }
    },
  );

  test('whatever is made of them beside them', async () => {
    await layInto(folder, '0.jpg 1.jpg a/2.jpg a/3.jpg');
    const before = Object.keys(imagesOf(folder));
    await layInto(folder, '=predicted/0.png =predicted/1.png =predicted/2.png =predicted/3.png');
    expect(Object.keys(imagesOf(folder))).toEqual(before);
  });

  test('and comes in again as it went out', async () => {
    await layInto(folder, 'images/0.jpg images/a/1.jpg =masks/0.png =masks/a/1.png');
    for (const to of ['segnet', 'camvid', 'voc'] as const) {
      const out = path.join(temporaryFolder(), to);
      await exportData({ ...locateDataset(folder), to, out, exportImage });
      expect([to, Object.values(imagesOf(out)).map((file) => file.replace(/^[^/]*\//, ''))]).toEqual([to, ['0.png', 'a/1.png']]);
    }
  });
});

test('masks in a folder among the photos of a split are theirs', async () => {
  await layInto(folder, 'train/1.jpg train/2.jpg =train/labels/1.png val/3.jpg');
  expect(imagesOf(folder)).toEqual({ 'train: train/1': 'train/labels/1.png', 'train: train/2': 'no mask', 'val: val/3': 'no mask' });
  expect(problems()).not.toContain('left out');
});

test('a program with pictures among its tests is no data set', async () => {
  await layInto(folder, 'test/fixtures/1.png main.ts street/train/1.jpg =street/trainannot/1.png', false);
  expect((await findDataset(folder)).folder).toBe(path.join(folder, 'street'));
});

describe('what shows the photos is none of them, and is told', () => {
  test.each<[string, string, string[], RegExp]>([
    [
      'thumbnails',
      'train/1.jpg train/2.jpg =trainannot/1.png train/small/1.jpg train/small/2.jpg',
      ['1', '2'],
      /train\/small\/ is left out with its 2 pictures/,
    ],
    ['predictions', '1.jpg 2.jpg =predicted/1.png =predicted/2.png', ['1', '2'], /predicted\/ is left out with its 2 pictures/],
    [
      'labels of another kind',
      '1.jpg 2.jpg =labels/1.png =labels_colour/1.png',
      ['1', '2'],
      /labels_colour\/ is left out with its 1 picture,/,
    ],
    ['beside photos', '1.jpg 2.jpg small/1.jpg small/2.jpg more/3.jpg', ['1', '2', '3'], /small\/ is left out with its 2 pictures,/],
    ['what has masks among it', '0.jpg a/1.jpg =a/1.png', ['0'], /a\/ is left out with its 2 pictures/],
    ['predictions in folders of runs', '1.jpg 2.jpg =results/run/1.png =results/run/2.png', ['1', '2'], /results\/run\/ is left out/],
    [
      'an export',
      '1.jpg =masks/1.png export/train/1.jpg =export/trainannot/1.png',
      ['1'],
      /export\/train\/ is left out.*export\/trainannot\/ is left out/,
    ],
    ['labels deeper', 'map.jpg a/1.jpg =a/labels/1.png', ['map', '1'], /a\/labels\/ is left out/],
    ['labels in split folders', 'train/1.jpg =trainannot/1.png =train/old/labels/1.png', ['1'], /train\/old\/labels\/ is left out/],
    ['overlays', '1.jpg 2.jpg =p/1.png p/1_overlay.jpg =p/2.png p/2_overlay.jpg', ['1', '2'], /p\/ is left out with its 4 pictures/],
    [
      'predictions by another name before it',
      'train_images/0001.jpg =train_labels/0001.png =train_images/out/pred_0001.png',
      ['0001'],
      /train_images\/out\/ is left out/,
    ],
    ['predictions of a sequence', '0.jpg a/1.jpg a/2.jpg =a/out/1.png', ['0', '1', '2'], /a\/out\/ is left out/],
    [
      'labels of a split that has no photo right in it',
      'train/0.jpg =train/0.png test/day/1.jpg =test/labels/1.png',
      ['0', '1'],
      /test\/labels\/ is left/,
    ],
    ['masks called otherwise', 'a.jpg =a_mask.png sub/b.jpg =sub/b.png', ['a'], /sub\/ is left out/],
    ['masks called otherwise, too', 'a.jpg =a.png sub/b.jpg =sub/b_mask.png', ['a'], /sub\/ is left out/],
    ['small copies with their masks', '1.jpg =1_mask.png small/1.jpg =small/1_mask.png', ['1'], /small\/ is left out/],
  ])('%s', async (_, files, expected, told) => {
    await layInto(folder, files);
    expect(locateDataset(folder).images.map(({ name }) => name)).toEqual(expected);
    expect(problems()).toMatch(told);
  });

  test.each<[string, string[]]>([
    ['shot.jpg more/shot2.jpg', ['images/more/shot2', 'images/shot']],
    ['1.jpg 2.jpg day2/10.png day2/11.png day2/12.png', ['images/1', 'images/2', 'images/day2/10', 'images/day2/11', 'images/day2/12']],
    ['0.jpg to_label/1.jpg', ['images/0', 'images/to_label/1']],
  ])('but not what is called otherwise: %s', async (files, expected) => {
    await layInto(folder, files);
    expect(
      locateDataset(folder)
        .images.map(({ id }) => id)
        .sort(),
    ).toEqual(expected);
    expect(problems()).not.toContain('left out');
  });

  test('and painting the masks among photos changes none of it', async () => {
    await layInto(folder, '0.jpg =0.png 1.jpg a/1.jpg a/2.jpg a/3.jpg');
    const before = Object.keys(imagesOf(folder));
    await layInto(folder, '=1.png =a/1.png');
    expect(Object.keys(imagesOf(folder))).toEqual(before);
  });

  test('nor where some photos below are called as those above', async () => {
    await layInto(folder, 'a.jpg =a.png sub/a_2.jpg sub/b.jpg');
    const before = Object.keys(imagesOf(folder));
    expect(before).toHaveLength(3);
    await layInto(folder, '=sub/a_2.png');
    expect(imagesOf(folder)).toMatchObject({ 'train: images/sub/a_2': 'sub/a_2.png' });
    expect(Object.keys(imagesOf(folder))).toEqual(before);
  });

  test('what has another ending than the images of its set is told too', async () => {
    await layInto(folder, 'images/1_sat.jpg images/2_sat.jpg images/notes.jpg =masks/1_mask.png =masks/2_mask.png');
    expect(Object.keys(imagesOf(folder))).toEqual(['train: images/1', 'train: images/2']);
    expect(problems()).toMatch(/images\/notes\.jpg is left out, since the images of this set end with _sat/);
  });
});

describe('what was read before is read so still', () => {
  test.each<[string, Record<string, string>]>([
    ['1.jpg 2.jpg =masks/mask_1.png =masks/mask_2.png', { 'train: images/1': 'masks/mask_1.png', 'train: images/2': 'masks/mask_2.png' }],
    ['1.jpg =masks/1.png =masks/1_L.png', { 'train: images/1': 'masks/1.png' }],
    ['a/cam1.jpg a/label_7.jpg', { 'train: images/a/cam1': 'no mask', 'train: images/a/label_7': 'no mask' }],
    [
      'train/a/1.jpg val/b/2.jpg =masks/train/a/1.png =masks/val/b/2.png',
      { 'train: images/train/a/1': 'masks/train/a/1.png', 'train: images/val/b/2': 'masks/val/b/2.png' },
    ],
    ['1.jpg 2.jpg =masks/1.png', { 'train: images/1': 'masks/1.png', 'train: images/2': 'no mask' }],
    ['train/1.jpg =train/1_mask.png =train/annotations/legend.png', { 'train: train/1': 'train/1_mask.png' }],
    ['train/1.jpg =train/1.png train/2.jpg =train/labels_colour/1.png', { 'train: train/1': 'train/1.png', 'train: train/2': 'no mask' }],
    [
      'train/1.jpg =train/1.png train/2.jpg train/thumbs/1.png train/thumbs/2.png',
      { 'train: train/1': 'train/1.png', 'train: train/2': 'no mask' },
    ],
    [
      'a/1.jpg b/2.jpg =masks/a/1.png =pred_labels/a/1.png =pred_labels/b/2.png',
      {
        'train: images/a/1': 'masks/a/1.png',
        'train: images/b/2': 'no mask',
        'train: images/pred_labels/a/1': 'no mask',
        'train: images/pred_labels/b/2': 'no mask',
      },
    ],
    [
      'd1/seg_01/1.png d1/seg_02/1.png d2/seg_01/1.png',
      { 'train: images/d1/seg_01/1': 'no mask', 'train: images/d1/seg_02/1': 'no mask', 'train: images/d2/seg_01/1': 'no mask' },
    ],
  ])('%s', async (files, expected) => {
    await layInto(folder, files);
    expect(imagesOf(folder)).toEqual(expected);
  });

  test('the folder of masks that pairs with most images, on whatever level', async () => {
    await layInto(folder, 'images/cover.jpg images/a/1.jpg images/a/2.jpg =labels/a/1.png =labels/a/2.png =label_preview/cover.png');
    expect(Object.values(imagesOf(folder))).toEqual(['no mask', 'labels/a/1.png', 'labels/a/2.png']);
  });

  test('masks in the folder around the images, as a person said', async () => {
    await layInto(folder, '=data/1.png data/images/1.jpg');
    const sources = [{ split: 'train', images: 'data/images', masks: 'data' }];
    putInto(
      folder,
      'encnet.json',
      JSON.stringify({ version: 1, title: 'as said', sources, classes: { file: 'classes.json' }, masks: 'value' }),
    );
    expect(imagesOf(folder)).toEqual({ 'train: train/1': 'data/1.png' });
  });

  test('masks among photos in folders, whichever is painted next', async () => {
    await layInto(folder, 'a/1.jpg a/2.jpg =a/1.png b/7.png');
    const before = Object.keys(imagesOf(folder));
    await layInto(folder, '=b/7.png.png');
    expect(imagesOf(folder)).toMatchObject({ 'train: images/b/7': 'b/7.png.png', 'train: images/a/1': 'a/1.png' });
    expect(Object.keys(imagesOf(folder))).toEqual(before);
  });
});

test('a folder of many photos with many folders inside is read in little time', () => {
  const many = (of: number, name: (at: number) => string) => Array.from({ length: of }, (_, at) => name(at));
  for (const file of [
    ...many(3000, (at) => `f_${at}.jpg`),
    ...many(60, (at) => `s${at}/g_${at}.jpg`),
    ...many(3000, (at) => `s0/g_x${at}.jpg`),
  ])
    putInto(folder, file, '');
  putInto(folder, 'classes.json', '["a","b"]');
  const began = performance.now();
  expect(locateDataset(folder).images).toHaveLength(6060);
  expect(performance.now() - began).toBeLessThan(5000);
});

test.each<[string, string, string]>([
  ['in folders that are called as labels', 'train_images/seg_01/1.png train_images/seg_02/2.png', '=train_labels/seg_01/1.png'],
  ['with masks that begin in their own way', '1.jpg =mask_1.png sub/1.jpg sub/x.jpg', '=sub/mask_1.png'],
  ['with masks that end in place of it', '1_sat.jpg =1_mask.png sub/1_sat.jpg sub/x_sat.jpg', '=sub/1_mask.png'],
])('the first mask below takes no folder away: %s', async (_, files, painted) => {
  await layInto(folder, files);
  const before = Object.keys(imagesOf(folder));
  await layInto(folder, painted);
  expect(imagesOf(folder)).not.toEqual(Object.fromEntries(before.map((id) => [id, 'no mask'])));
  expect(Object.keys(imagesOf(folder))).toEqual(before);
});

test('a photo called as images end, and nothing else, shows nothing', async () => {
  await layInto(folder, '_img.jpg a.jpg sub/b.jpg');
  expect(Object.keys(imagesOf(folder))).toHaveLength(3);
});
