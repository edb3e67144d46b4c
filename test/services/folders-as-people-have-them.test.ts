// Folders as people have them: named in their own ways, one too high or too deep, with stray files, and masks among the photos.
import { symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { zipSync } from 'fflate';
import { beforeEach, describe, expect, test } from 'vitest';
import { findDataset } from '../../src/main/cli/dataset.ts';
import { exportData } from '#services/dataset-exports/export-data';
import { exportImage } from '#services/dataset-exports/export-image';
import { lookAtFolder } from '#services/layouts/import-look';
import { locateDataset } from '#services/layouts/recognise';
import type { Workers } from '#services/workers/workers';
import { unzipBeside } from '#services/layouts/unzip';
import { letLinksInto } from '#files/read-limits';
import { writtenPng } from '../../scripts/sample/png-writing.ts';
import { temporaryFolder } from '../helpers/dataset.ts';
import { imagesOf, layInto, mask, namesIn, photoOf, photoSize, putInto } from '../helpers/folders.ts';

let folder: string;
beforeEach(() => (folder = temporaryFolder()));

const put = (file: string, content: string | Uint8Array) => putInto(folder, file, content);
const lay = (files: string, list = true) => layInto(folder, files, list);
const read = (at = folder) => imagesOf(at);

describe('masks among the photos', () => {
  test.each<[string, string, Record<string, string>]>([
    [
      'another ending for both',
      'train/1_sat.jpg =train/1_mask.png train/2_sat.jpg =train/2_mask.png',
      { 'train: train/1': 'train/1_mask.png', 'train: train/2': 'train/2_mask.png' },
    ],
    [
      'in split folders',
      'train/1.jpg =train/1_mask.png val/2.jpg =val/2_mask.png',
      { 'train: train/1': 'train/1_mask.png', 'val: val/2': 'val/2_mask.png' },
    ],
    ['an ending in another case', '1.png =1_GT.png 2.png =2_GT.png', { 'train: images/1': '1_GT.png', 'train: images/2': '2_GT.png' }],
    ['a long ending', '1.png =1_segmentation.png', { 'train: images/1': '1_segmentation.png' }],
    ['endings on both', '1_img.png =1_mask.png', { 'train: images/1': '1_mask.png' }],
    [
      'by their kind alone',
      '1.jpg =1.png 2.jpg =2.png 3.jpg',
      { 'train: images/1': '1.png', 'train: images/2': '2.png', 'train: images/3': 'no mask' },
    ],
    [
      'none: a name that goes on is no mask',
      'street.jpg street_night.jpg street2.jpg bow.jpg bowl.jpg',
      {
        'train: images/bow': 'no mask',
        'train: images/bowl': 'no mask',
        'train: images/street': 'no mask',
        'train: images/street2': 'no mask',
        'train: images/street_night': 'no mask',
      },
    ],
  ])('%s', async (_, files, expected) => {
    await lay(files);
    expect(read()).toEqual(expected);
  });
});

describe('names that begin in their own way', () => {
  const two = { 'train: images/img_1': 'masks/mask_1.png', 'train: images/img_2': 'masks/mask_2.png' };
  test.each<[string, string, Record<string, string>]>([
    ['img_ and mask_', 'images/img_1.jpg images/img_2.jpg =masks/mask_1.png =masks/mask_2.png', two],
    [
      'a number and gt',
      'images/001.jpg images/002.jpg =labels/gt001.png',
      { 'train: images/001': 'labels/gt001.png', 'train: images/002': 'no mask' },
    ],
    ['the whole name behind it', 'images/street1.jpg =masks/label-street1.png', { 'train: images/street1': 'masks/label-street1.png' }],
    [
      'in split folders',
      'images/train/im1.jpg images/val/im1.jpg =masks/train/mask1.png =masks/val/mask1.png',
      { 'train: train/im1': 'masks/train/mask1.png', 'val: val/im1': 'masks/val/mask1.png' },
    ],
    ['among the photos', 'img_1.png =mask_1.png img_2.png', { 'train: images/img_1': 'mask_1.png', 'train: images/img_2': 'no mask' }],
    ['of other names not', 'images/street_1.jpg =masks/road_1.png', { 'train: images/street_1': 'no mask' }],
    [
      'never where endings tell already',
      'images/mask_1.jpg images/mask_2.jpg =masks/mask_1.png =masks/mask_2.png',
      { 'train: images/mask_1': 'masks/mask_1.png', 'train: images/mask_2': 'masks/mask_2.png' },
    ],
  ])('%s', async (_, files, expected) => {
    await lay(files);
    expect(read()).toEqual(expected);
  });

  test('a mask that is not there yet is written as the others are named', async () => {
    await lay('images/img_1.jpg images/img_2.jpg =masks/mask_1.png');
    const { images } = locateDataset(folder);
    expect(images.map(({ maskFile }) => path.relative(folder, maskFile))).toEqual(['masks/mask_1.png', 'masks/mask_2.png']);
  });

  test('what no name tells is said', async () => {
    await lay('photos/street_1.jpg =drawn/road_1.png');
    const sources = [{ split: 'train', images: 'photos', masks: 'drawn' }];
    const said = { imagePrefix: 'street_', maskPrefix: 'road_', classes: { file: 'classes.json' } };
    put('encnet.json', JSON.stringify({ version: 1, title: 'as said', sources, ...said }));
    expect(read()).toEqual({ 'train: train/street_1': 'drawn/road_1.png' });
  });
});

describe('a photo is never its own mask', () => {
  const maskNames = () =>
    locateDataset(folder).images.map(({ imageFile, maskFile }) => [imageFile, maskFile].map((file) => path.relative(folder, file)));

  test('where it is a PNG among photos with masks beside them', async () => {
    await lay('1.jpg =1.png 2.jpg =2.png overview.png');
    expect(maskNames()).toEqual([
      ['1.jpg', '1.png'],
      ['2.jpg', '2.png'],
      ['overview.png', 'overview.png.png'],
    ]);
    // The mask that it gets is no image then.
    await lay('=overview.png.png');
    expect(read()).toEqual({ 'train: images/1': '1.png', 'train: images/2': '2.png', 'train: images/overview': 'overview.png.png' });
  });

  test('and no mask is a photo, whatever its photo is, and whatever masks are called', async () => {
    const said = (more: object) =>
      put('encnet.json', JSON.stringify({ version: 1, title: 'x', sources, classes: { file: 'classes.json' }, masks: 'value', ...more }));
    const sources = [{ split: 'train', images: 'images', masks: 'images' }];
    await lay('images/a.webp =images/a.png images/b.TIF =images/b.png images/c.webp images/c.png =images/c.webp.png');
    said({});
    const own = { 'train: train/a': 'images/a.png', 'train: train/b': 'images/b.png' };
    expect(read()).toMatchObject(own);
    expect(Object.keys(read())).not.toContain('train: train/a.png');
    expect(Object.values(read())).toContain('images/c.webp.png');
    // The PNG beside a photo that has its own mask is a photo.
    expect(Object.values(read()).sort()).toEqual(['images/a.png', 'images/b.png', 'images/c.webp.png', 'no mask']);
    await lay('images/d.jpg images/d.png =images/d.jpg.png =images/d_mask.png');
    said({ maskSuffix: '_mask' });
    expect(locateDataset(folder).images.map(({ imageFile }) => path.basename(imageFile))).not.toContain('d.jpg.png');
  });

  test('where masks have a folder of their own, and copies of photos lie beside these', async () => {
    await lay('a.jpg b.jpg c.jpg a.png u.png =masks/b.png =masks/c.png');
    expect(read()).toMatchObject({ 'train: images/b': 'masks/b.png', 'train: images/c': 'masks/c.png', 'train: images/u': 'no mask' });
  });

  test('where a PNG photo is added to photos with masks beside them', async () => {
    await lay('a.jpg =a.png b.jpg');
    expect(read()).toEqual({ 'train: images/a': 'a.png', 'train: images/b': 'no mask' });
    await lay('x.png');
    expect(read()).toEqual({ 'train: images/a': 'a.png', 'train: images/b': 'no mask', 'train: images/x': 'no mask' });
  });

  test('where a person says that masks lie in the folder of the images', async () => {
    await lay('images/a.png images/B.PNG images/c.jpg');
    const source = { split: 'train', images: 'images', masks: 'images' };
    put('encnet.json', JSON.stringify({ version: 1, title: 'x', sources: [source], classes: { file: 'classes.json' }, masks: 'value' }));
    expect(maskNames()).toEqual([
      ['images/B.PNG', 'images/B.PNG.png'],
      ['images/a.png', 'images/a.png.png'],
      ['images/c.jpg', 'images/c.png'],
    ]);
  });
});

test('masks that are links to one file are told, since painting one image would label the others', async () => {
  await lay('images/1.jpg images/2.jpg images/3.jpg =masks/1.png =masks/own.png');
  for (const [name, target] of [
    ['2.png', '1.png'],
    ['3.png', 'own.png'],
  ])
    symlinkSync(target, path.join(folder, 'masks', name));
  letLinksInto(folder);
  const shared = locateDataset(folder).problems.filter((text) => text.includes('are one file'));
  expect(shared).toEqual([expect.stringMatching(/masks\/1\.png and masks\/2\.png are one file: .* Put a copy in the place of a link/)]);
});

describe('the folder of masks is the one whose names pair', () => {
  test.each([
    ['beside boxes in XML', 'images/1.jpg annotations/1.xml =masks/1.png'],
    ['beside boxes in texts', 'images/1.jpg labels/1.txt =masks/1.png'],
    ['anns', 'imgs/1.jpg =anns/1.png'],
    ['ground truth', 'images/1.jpg =ground~truth/1.png'],
    ['Labels_grayscale', 'images/1.jpg =Labels_grayscale/1.png'],
    ['train_mask', 'train/1.jpg =train_mask/1.png'],
    ['train_img and train_label', 'train_img/1.jpg =train_label/1.png'],
    ['images_train and masks_train', 'images_train/1.jpg =masks_train/1.png'],
    ['JPEGImages and annotations', 'JPEGImages/1.jpg =annotations/1.png'],
    ['KITTI', 'training/image_2/1.png =training/semantic/1.png testing/image_2/2.png'],
  ])('%s', async (_, files) => {
    await lay(files);
    const masks = namesIn(files)
      .filter((file) => file.startsWith('='))
      .map((file) => file.slice(1));
    expect(Object.values(read()).filter((each) => each !== 'no mask')).toEqual(masks);
  });
});

test.each(['shots/1.bmp =labels/1.png', 'a/1.jpg b/2.jpg =gt/1.png', 'a/camera/1_camera_1.png =a/label/1_label_1.png'])(
  'labels are no photos where nothing tells whose they are: %s',
  async (files) => {
    await lay(files);
    expect(() => locateDataset(folder)).toThrow(expect.objectContaining({ code: 'not-a-dataset' }) as Error);
  },
);

test.each([
  'a/1.jpg b/2.jpg labels_old/9.jpg',
  'a/1.jpg to_label/2.jpg',
  'a/1.jpg =masks/a/1.png =predicted_labels/1.png',
  'to_label/1.png',
])('and photos are photos whatever their folder is called: %s', async (files) => {
  await lay(files);
  symlinkSync(temporaryFolder(), path.join(folder, 'gt'));
  expect(Object.keys(read()).length).toBeGreaterThan(0);
});

describe('splits', () => {
  test('stay where a stray picture lies beside their folders, which is told', async () => {
    await lay('images/train/1.jpg images/val/1.jpg =masks/train/1.png =masks/val/1.png images/overview.png');
    expect(Object.keys(read())).toEqual(['train: train/1', 'val: val/1']);
    expect(locateDataset(folder).problems.join()).toContain('1 image lies in images/ itself, in no split, and is left out');
  });

  test('without masks are listed under the ending that the others have', async () => {
    await lay('train_img/1.jpg =train_label/1.png test/2.jpg');
    const { images } = locateDataset(folder);
    expect(images.map(({ maskFile }) => path.relative(folder, maskFile))).toEqual(['train_label/1.png', 'test_label/2.png']);
  });

  test('without masks are listed, so that they can be labelled', async () => {
    await lay('train/1.jpg =train_labels/1_L.png test/2.jpg');
    expect(read()).toEqual({ 'train: train/1': 'train_labels/1_L.png', 'test: test/2': 'no mask' });
  });

  test('in lists: an exact path before the end of another, any case, remarks, and UTF-16', async () => {
    await lay('images/1.jpg images/val/1.jpg images/Two.jpg =masks/1.png =masks/val/1.png =masks/Two.png');
    put('train.txt', '# what is trained on\n1\n');
    put('val.txt', Buffer.from('\ufeffval/1\r\ntwo\r\n', 'utf16le'));
    expect(Object.keys(read())).toEqual(['train: images/1', 'val: images/Two', 'val: images/val/1']);
    expect(locateDataset(folder).problems).toEqual([]);
  });
});

describe('one too high, too deep, or in folders', () => {
  test.each([
    ['a folder around it', 'CamVid/train/1.jpg =CamVid/trainannot/1.png', 'CamVid'],
    [
      'several around it, with a note',
      'VOCdevkit/VOC2012/JPEGImages/1.jpg =VOCdevkit/VOC2012/SegmentationClass/1.png VOCdevkit/README',
      'VOCdevkit/VOC2012',
    ],
    ['photos in two folders', 'day1/1.jpg day2/1.jpg', '.'],
  ])('%s', async (_, files, inner) => {
    await lay(files, false);
    writeFileSync(path.join(folder, inner, 'classes.json'), '["a","b"]');
    expect((await findDataset(folder)).folder).toBe(path.join(folder, inner));
  });

  test("Cambridge's and Cityscapes' zips, each unpacked into a folder of its name", async () => {
    await lay('701_StillsRaw_full/701_StillsRaw_full/1.png =LabeledApproved_full/LabeledApproved_full/1_L.png');
    expect(Object.values(read())).toEqual(['LabeledApproved_full/LabeledApproved_full/1_L.png']);
    // What else lies there is nobody's business.
    symlinkSync(temporaryFolder(), path.join(folder, 'runs'));
    expect(Object.values(read())).toEqual(['LabeledApproved_full/LabeledApproved_full/1_L.png']);
    expect(locateDataset(folder).problems.join()).toContain('runs');
    folder = temporaryFolder();
    await lay(
      'leftImg8bit_trainvaltest/leftImg8bit/train/b/b_leftImg8bit.png =gtFine_trainvaltest/gtFine/train/b/b_gtFine_labelIds.png',
      false,
    );
    expect(Object.values(read())).toEqual(['gtFine_trainvaltest/gtFine/train/b/b_gtFine_labelIds.png']);
  });

  test('what goes out with folders inside comes in again', async () => {
    await lay('images/train/a/1.jpg images/val/b/1.jpg =masks/train/a/1.png =masks/val/b/1.png');
    for (const to of ['segnet', 'camvid', 'voc'] as const) {
      const out = path.join(temporaryFolder(), to);
      await exportData({ ...locateDataset(folder), to, out, exportImage });
      const splits = locateDataset(out).images.map(({ split }) => split);
      expect([to, splits.toSorted(), Object.values(read(out)).includes('no mask')]).toEqual([to, ['train', 'val'], false]);
    }
  });

  test('a name that leaves no room for its mask keeps nothing else from opening', async () => {
    await lay(`images/1.jpg =masks/1_mask.png images/${'n'.repeat(247)}.jpg`);
    expect(Object.values(read())).toEqual(['masks/1_mask.png', 'no mask']);
  });
});

describe('zips', () => {
  const open = async (entries: Record<string, Uint8Array>) => {
    const file = path.join(folder, 'set.zip');
    writeFileSync(file, zipSync(entries));
    return read(await unzipBeside(file));
  };
  const text = (content: string) => new TextEncoder().encode(content);
  const classes = text('["a","b"]');

  test('whose names begin with a dot, or with a folder beside a note', async () => {
    const photo = await photoOf('1.jpg');
    expect(await open({ './classes.json': classes, './images/1.jpg': photo, './masks/1.png': mask })).toEqual({
      'train: images/1': 'masks/1.png',
    });
    folder = temporaryFolder();
    const noted = { 'set/classes.json': classes, 'set/images/1.jpg': photo, 'set/masks/1.png': mask, 'README.txt': classes };
    expect(await open(noted)).toEqual({ 'train: images/1': 'masks/1.png' });
  });

  test('keep their BMP masks, and say what is in them where that is another zip', async () => {
    const photo = await photoOf('1.jpg');
    expect(await open({ 'classes.json': classes, 'images/1.jpg': photo, 'masks/1.bmp': text('BM') })).toEqual({
      'train: images/1': 'masks/1.bmp',
    });
    folder = temporaryFolder();
    await expect(open({ 'inner.zip': zipSync({ 'a.jpg': photo }) })).rejects.toThrow('holds no image, but inner.zip: unpack the zip');
  });

  test('beside a folder of their name that holds something else are unpacked under another one', async () => {
    const photo = await photoOf('1.jpg');
    put('set/classes.json', '["old","b"]');
    put('set/images/1.jpg', photo);
    put('set/masks/1.png', mask);
    const entries = { 'classes.json': classes, 'images/1.jpg': photo, 'masks/1.png': mask };
    writeFileSync(path.join(folder, 'set.zip'), zipSync(entries));
    const first = await unzipBeside(path.join(folder, 'set.zip'));
    expect(first).toBe(path.join(folder, 'set-2'));
    // What was painted in it since is not unpacked over.
    put(
      'set-2/masks/1.png',
      writtenPng({ ...photoSize, depth: 8, colourType: 0, samples: new Array<number>(photoSize.width * photoSize.height).fill(1) }),
    );
    expect(await unzipBeside(path.join(folder, 'set.zip'))).toBe(first);
    // Nor is it where a person has corrected its list.
    put('set-2/classes.json', '["a corrected one","b"]');
    expect(await unzipBeside(path.join(folder, 'set.zip'))).toBe(first);
  });
});

/** What is looked at is found without pictures of it. */
const withoutPictures = { run: () => Promise.reject(new Error('no picture')) } as unknown as Workers;

describe('what is in the way', () => {
  test('a folder that may not be looked into, among those that are read with what is below them, is left out and told', async () => {
    await lay('city/1.jpg =labels/city/1.png');
    symlinkSync(temporaryFolder(), path.join(folder, 'lost'));
    const sources = [{ split: 'train', images: '.', masks: 'labels' }];
    const said = { version: 1, title: 'x', sources, classes: { file: 'classes.json' }, masks: 'value', below: true };
    put('encnet.json', JSON.stringify(said));
    expect(read()).toEqual({ 'train: train/city/1': 'labels/city/1.png' });
    expect(locateDataset(folder).problems).toContainEqual(expect.stringMatching(/lost.*; it is left out$/));
  });

  test('lists of a split whose names are long, or alike, are all read', async () => {
    await lay('images/1.jpg =masks/1.png images/2.jpg =masks/2.png images/3.jpg =masks/3.png');
    const long = 'x'.repeat(80);
    for (const [at, name] of ['train.txt', `${long}_train.txt`, `${long}y_train.txt`].entries()) put(name, `${at + 1}\n`);
    const splits = locateDataset(folder).images.map(({ split }) => split);
    expect(new Set(splits).size).toBe(3);
    expect(Math.max(...splits.map(({ length }) => length))).toBeLessThanOrEqual(60);
  });

  test('a folder that may not be looked into and is no part of the data set is left out and told', async () => {
    await lay('train/images/1.jpg =train/masks/1.png val/images/2.jpg =val/masks/2.png');
    symlinkSync(temporaryFolder(), path.join(folder, 'runs'));
    expect(read()).toEqual({ 'train: train/1': 'train/masks/1.png', 'val: val/2': 'val/masks/2.png' });
    expect(locateDataset(folder).problems).toEqual([expect.stringMatching(/runs.*; it is left out$/)]);
    const look = await lookAtFolder(folder, null, withoutPictures);
    expect(look.images).toBe(2);
  });

  test('a list of classes that is not understood is told, and the classes can be said', async () => {
    await lay('images/1.jpg =masks/1.png', false);
    put('classes.json', '{"classes":[{"title":"Water"}]}');
    expect(() => locateDataset(folder)).toThrow(expect.objectContaining({ details: { file: folder, needs: 'classes' } }) as Error);
    const look = await lookAtFolder(folder, null, withoutPictures);
    expect([look.images, look.classes, look.arrangement?.classes]).toEqual([1, null, null]);
    expect(look.problems[0]).toContain('classes.json');
  });
});

test('a photo of a split that a list of another kind names too is in training, which is told', async () => {
  await lay(
    'JPEGImages/1.jpg =SegmentationClass/1.png JPEGImages/2.jpg =SegmentationClass/2.png JPEGImages/3.jpg =SegmentationClass/3.png',
  );
  put('ImageSets/Segmentation/train.txt', '1\n');
  put('ImageSets/Segmentation/train_aug.txt', '1\n2\n');
  put('ImageSets/Segmentation/val.txt', '3\n');
  const splits = Object.fromEntries(locateDataset(folder).images.map(({ name, split }) => [name, split]));
  expect(splits).toEqual({ 1: 'train', 2: 'train_aug', 3: 'val' });
  const told = '1 image in ImageSets/Segmentation/train_aug.txt and in ImageSets/Segmentation/train.txt, counted as "train"';
  expect(locateDataset(folder).problems).toEqual([told]);
});

test('two lists of one split are both read', async () => {
  await lay('images/1.jpg =masks/1.png images/2.jpg =masks/2.png images/3.jpg =masks/3.png');
  put('labeled_train.txt', '1\n');
  put('unlabeled_train.txt', '2\n');
  put('val.txt', '3\n');
  const splits = locateDataset(folder).images.map(({ name, split }) => `${name} ${split}`);
  expect(splits.sort()).toEqual(['1 train', '2 unlabeled_train', '3 val']);
});

describe('exports', () => {
  test('tell classes of one colour apart, and say so', async () => {
    put(
      'classes.json',
      JSON.stringify({
        classes: [
          { name: 'a', color: [9, 9, 9] },
          { name: 'b', color: [9, 9, 9] },
        ],
      }),
    );
    put('images/1.jpg', await photoOf('1.jpg'));
    put('masks/1.png', mask);
    const out = path.join(temporaryFolder(), 'camvid');
    const { notes } = await exportData({ ...locateDataset(folder), to: 'camvid', out, exportImage });
    expect(notes).toEqual([expect.stringMatching(/^"b" had the colour of another class, and went out as \d+ \d+ \d+$/)]);
    expect(locateDataset(out).arrangement.masks).toBe('colour');
  });

  test('leave out an image whose name has no room, and say so', async () => {
    await lay(`images/1.jpg =masks/1.png images/${'n'.repeat(240)}.jpg =masks/${'n'.repeat(240)}.png`);
    const out = path.join(temporaryFolder(), 'cityscapes');
    const { images, notes } = await exportData({ ...locateDataset(folder), to: 'cityscapes', out, exportImage });
    expect([images, notes.filter((note) => note.startsWith('left out'))]).toEqual([1, [expect.stringContaining('longer than 255 bytes')]]);
  });
});

test('lists of splits that are called as lists are some, and an empty one is told', async () => {
  await lay('images/1.jpg images/2.jpg images/3.jpg =masks/1.png =masks/2.png =masks/3.png');
  put('train_list.txt', 'images/1.jpg masks/1.png\nimages/2.jpg masks/2.png\n');
  put('val_list.txt', 'images/3.jpg masks/3.png\n');
  put('test_files.txt', '');
  expect(Object.keys(read())).toEqual(['train: images/1', 'train: images/2', 'val: images/3']);
  expect(locateDataset(folder).problems).toEqual(['test_files.txt names no image, so that none is in "test"']);
});

describe('no image is left out, and none is called anew, where', () => {
  test('several folders are of one split', async () => {
    await lay('north_train/images/1.jpg south_train/images/1.jpg =south_train/masks/1.png a_val/images/1.jpg');
    expect(read()).toEqual({
      'train: north_train/1': 'no mask',
      'train: south_train/1': 'south_train/masks/1.png',
      'val: a_val/1': 'no mask',
    });
  });

  test('a split is called in two ways', async () => {
    await lay('train/images/1.jpg val/images/1.jpg =val/masks/1.png eval/images/1.jpg');
    expect(read()).toEqual({ 'train: train/1': 'no mask', 'val: val/1': 'val/masks/1.png', 'eval: eval/1': 'no mask' });
  });

  test('one photo has a copy of another kind beside it', async () => {
    await lay('images/1.jpg images/2.jpg images/3.jpg images/1.png');
    expect(locateDataset(folder).images).toHaveLength(4);
    expect(path.dirname(locateDataset(folder).images[0].maskFile)).toBe(path.join(folder, 'masks'));
  });

  test.each(['seg1/1.jpg seg2/1.jpg', 'seg1/1.png seg2/1.png', 'targets/1.png backgrounds/2.png'])(
    'folders of photos: %s',
    async (files) => {
      await lay(files);
      expect(locateDataset(folder).images).toHaveLength(2);
    },
  );
});

test('the classes of years of photos are asked: they are nobody’s layout', async () => {
  await lay('train2017/1.jpg val2017/2.jpg', false);
  expect(() => read()).toThrow('its classes are not known');
});
