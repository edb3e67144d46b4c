// Data sets as they are published, whose masks lie in another tree of folders than their photos.
import { symlinkSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { locateDataset } from '#services/layouts/recognise';
import { FolderView } from '#services/layouts/folder-view';
import { twinTrees } from '#services/layouts/twin-trees';
import { temporaryFolder } from '../helpers/dataset.ts';
import { leastMs } from '../helpers/least-ms.ts';
import { imagesOf, layInto, mask, putInto } from '../helpers/folders.ts';

let folder: string;
beforeEach(() => (folder = temporaryFolder()));

/** Each by the names of its files, and what its images then are, with their masks. */
const published: [string, string, Record<string, string>][] = [
  [
    'UAVid: a folder a sequence, in folders of splits',
    'uavid_train/seq1/Images/0.png =uavid_train/seq1/Labels/0.png uavid_train/seq2/Images/0.png =uavid_train/seq2/Labels/0.png ' +
      'uavid_val/seq3/Images/0.png =uavid_val/seq3/Labels/0.png uavid_test/seq4/Images/0.png',
    {
      'train: uavid_train-seq1-Images/0': 'uavid_train/seq1/Labels/0.png',
      'train: uavid_train-seq2-Images/0': 'uavid_train/seq2/Labels/0.png',
      'val: uavid_val-seq3-Images/0': 'uavid_val/seq3/Labels/0.png',
      'test: uavid_test-seq4-Images/0': 'no mask',
    },
  ],
  [
    'sequences that are in no split',
    'seq1/Images/0.png =seq1/Labels/0.png seq2/Images/0.png =seq2/Labels/0.png',
    { 'train: seq1/0': 'seq1/Labels/0.png', 'train: seq2/0': 'seq2/Labels/0.png' },
  ],
  [
    'ACDC: splits below conditions, masks of several forms',
    'rgb_anon/fog/train/G1/1_rgb_anon.png =gt/fog/train/G1/1_gt_labelTrainIds.png =gt/fog/train/G1/1_gt_labelIds.png ' +
      '=gt/fog/train/G1/1_gt_labelColor.png rgb_anon/fog/val/G2/2_rgb_anon.png =gt/fog/val/G2/2_gt_labelTrainIds.png ' +
      'rgb_anon/night/train/G3/3_rgb_anon.png =gt/night/train/G3/3_gt_labelTrainIds.png rgb_anon/night/train_ref/G3/4_ref_rgb_anon.png',
    {
      'train: rgb_anon-fog-train/G1/1': 'gt/fog/train/G1/1_gt_labelTrainIds.png',
      'train: rgb_anon-night-train/G3/3': 'gt/night/train/G3/3_gt_labelTrainIds.png',
      'val: rgb_anon-fog-val/G2/2': 'gt/fog/val/G2/2_gt_labelTrainIds.png',
      'rest: rgb_anon-night-train_ref-G3/4_ref': 'no mask',
    },
  ],
  [
    'BDD100K: masks three folders down, beside pictures of them',
    'images/10k/train/a.jpg images/10k/val/b.jpg =labels/sem_seg/masks/train/a.png =labels/sem_seg/masks/val/b.png ' +
      '=labels/sem_seg/colormaps/train/a.png =labels/sem_seg/colormaps/val/b.png',
    { 'train: images-10k-train/a': 'labels/sem_seg/masks/train/a.png', 'val: images-10k-val/b': 'labels/sem_seg/masks/val/b.png' },
  ],
  [
    'BDD100K as it was',
    'seg/images/train/a.jpg seg/images/val/b.jpg =seg/labels/train/a_train_id.png =seg/labels/val/b_train_id.png ' +
      '=seg/color_labels/train/a_train_color.png',
    { 'train: seg-images-train/a': 'seg/labels/train/a_train_id.png', 'val: seg-images-val/b': 'seg/labels/val/b_train_id.png' },
  ],
  [
    'Mapillary Vistas 2.0: the newest of two versions',
    'training/images/a.jpg =training/v1.2/labels/a.png =training/v1.2/instances/a.png =training/v2.0/labels/a.png ' +
      'validation/images/b.jpg =validation/v1.2/labels/b.png =validation/v2.0/labels/b.png testing/images/c.jpg',
    {
      'train: training-images/a': 'training/v2.0/labels/a.png',
      'val: validation-images/b': 'validation/v2.0/labels/b.png',
      'test: testing-images/c': 'no mask',
    },
  ],
  ['RailSem19', 'jpgs/rs19_val/1.jpg =uint8/rs19_val/1.png', { 'val: jpgs-rs19_val/1': 'uint8/rs19_val/1.png' }],
  [
    'ApolloScape',
    'ColorImage/Record001/Camera~5/1_Camera_5.jpg =Label/Record001/Camera~5/1_Camera_5_bin.png',
    { 'train: ColorImage/Record001/Camera 5/1_Camera_5': 'Label/Record001/Camera 5/1_Camera_5_bin.png' },
  ],
  [
    'IDD, with its own ids in the place of Cityscapes’',
    'leftImg8bit/train/0/1_leftImg8bit.jpg =gtFine/train/0/1_gtFine_labellevel3Ids.png leftImg8bit/val/1/2_leftImg8bit.jpg ' +
      '=gtFine/val/1/2_gtFine_labellevel3Ids.png',
    { 'train: train/0/1': 'gtFine/train/0/1_gtFine_labellevel3Ids.png', 'val: val/1/2': 'gtFine/val/1/2_gtFine_labellevel3Ids.png' },
  ],
  ['SYNTHIA', 'RGB/0.png =GT/LABELS/0.png =GT/COLOR/0.png Depth/0.png', { 'train: RGB/0': 'GT/LABELS/0.png' }],
  ['Supervisely', 'ds0/img/a.jpg =ds0/masks_machine/a.png', { 'train: ds0-img/a': 'ds0/masks_machine/a.png' }],
  [
    'one pair of folders',
    'original_images/1.jpg =label_images_semantic/1.png',
    { 'train: original_images/1': 'label_images_semantic/1.png' },
  ],
  [
    'COCO-Stuff beside the years of COCO',
    'train2017/1.jpg val2017/2.jpg =stuffthingmaps/train2017/1.png =stuffthingmaps/val2017/2.png',
    { 'train: train2017/1': 'stuffthingmaps/train2017/1.png', 'val: val2017/2': 'stuffthingmaps/val2017/2.png' },
  ],
  [
    'masks among the images below a folder of images',
    'images/town/a.jpg =images/town/a_seg.png images/town/b.jpg',
    { 'train: images/town/a': 'images/town/a_seg.png', 'train: images/town/b': 'no mask' },
  ],
  ['a split’s photos and masks', 'train/shots/1.jpg =train/labels/1.png', { 'train: train-shots/1': 'train/labels/1.png' }],
];

test.each(published)('%s', async (_, files, images) => {
  await layInto(folder, files);
  expect(imagesOf(folder)).toEqual(images);
});

test.each([26, 27, 39, 40, 80])('of %i sequences no kind of pictures is missed, and none is another', async (count) => {
  const kinds = { depth: '', gt: '=', rgb: '', thermal: '' };
  const numbers = Array.from({ length: count }, (_, n) => String(n).padStart(2, '0'));
  const files = numbers.flatMap((seq) => Object.entries(kinds).map(([kind, sign]) => `${sign}train/seq${seq}/${kind}/1.png`));
  await layInto(folder, files.join(' '));
  expect(Object.values(imagesOf(folder))).toEqual(numbers.map((seq) => `train/seq${seq}/gt/1.png`));
  expect(locateDataset(folder).images.every(({ imageFile }) => imageFile.includes('/rgb/'))).toBe(true);
  folder = temporaryFolder();
  await layInto(folder, numbers.map((seq) => `train/seq${seq}/img/1.png =train/seq${seq}/gt/1.png`).join(' '));
  expect(Object.values(imagesOf(folder))).toEqual(numbers.map((seq) => `train/seq${seq}/gt/1.png`));
});

test('a kind that few folders have is not missed among many, and photos of a split are there without their masks', async () => {
  const many = Array.from({ length: 170 }, (_, n) => `train/s${n}/left/1.png =train/s${n}/gt/1.png`);
  await layInto(folder, [...many, 'train/x1/cam/1.png =train/x1/gt/1.png test/1.jpg test/2.jpg'].join(' '));
  const images = imagesOf(folder);
  expect(Object.keys(images)).toHaveLength(173);
  expect(Object.values(images)).toContain('train/x1/gt/1.png');
  expect(Object.keys(images).filter((key) => key.startsWith('test: '))).toHaveLength(2);
});

test.each(['train', 'training', 'val', 'valid', 'validation', 'dev', 'test', 'testing'])('a split may be called %s', async (split) => {
  await layInto(folder, `rgb_anon/${split}/G1/1.png =gt/${split}/G1/1.png rgb_anon/train/G2/2.png =gt/train/G2/2.png`);
  expect(Object.values(imagesOf(folder)).toSorted()).toEqual([`gt/${split}/G1/1.png`, 'gt/train/G2/2.png'].toSorted());
});

test('many sequences, of which half have no labels and the same names, are looked at at once', async () => {
  const sequences = Array.from({ length: 120 }, (_, n) => `rgb/train/s${n}/1.png =gt/train/s${n}/1.png rgb/test/t${n}/1.png`);
  await layInto(folder, sequences.join(' '));
  const ms = await leastMs(() => twinTrees.find(new FolderView(folder)));
  expect(ms).toBeLessThan(500);
  expect(Object.keys(imagesOf(folder))).toHaveLength(240);
});

test.each([
  '_out_rgb/1.png _out_depth/1.png =_out_seg/1.png',
  'CameraRGB/1.png CameraDepth/1.png =CameraSeg/1.png',
  'front_rgb/1.png front_depth/1.png =front_semantic/1.png',
  'seq1/cam_rgb/1.png seq1/cam_depth/1.png =seq1/gt/1.png',
  's1/color/1.png s1/depth/1.png =s1/label/1.png',
  'scene/colors/1.png scene/normals/1.png =scene/segmentation/1.png',
])('photos are no depth: %s', async (files) => {
  await layInto(folder, files);
  const { images } = locateDataset(folder);
  expect(images.map(({ imageFile }) => path.relative(folder, imageFile))).toEqual([files.split(' ')[0]]);
  expect(Object.values(imagesOf(folder))).toEqual([files.split('=')[1]]);
});

test.each<[string, Record<string, string>]>([
  ['training_set/images/1.jpg =training_set/masks/1.png test_set/images/2.jpg', { 1: 'train', 2: 'test' }],
  ['TrainDataset/images/1.jpg =TrainDataset/masks/1.png TestDataset/images/2.jpg', { 1: 'train', 2: 'test' }],
  ['train_day/images/1.jpg =train_day/masks/1.png val_day/images/2.jpg =val_day/masks/2.png', { 1: 'train', 2: 'val' }],
  ['train_val/images/1.jpg =train_val/masks/1.png test/images/2.jpg =test/masks/2.png', { 1: 'train', 2: 'test' }],
  ['train_original/1.jpg =train_gt/1.png val_images/2.jpg =val_gt/2.png', { 1: 'train', 2: 'val' }],
  ['drive1/images/1.jpg =drive1/masks/1.png drive2/images/2.jpg test/notes.txt', { 1: 'train', 2: 'train' }],
])('the split that a folder’s name tells: %s', async (files, splits) => {
  await layInto(folder, files);
  expect(Object.fromEntries(locateDataset(folder).images.map(({ name, split }) => [name.split('/').at(-1), split]))).toEqual(splits);
});

test('ids stay when another part comes, and each photo has the mask that is called as it', async () => {
  await layInto(folder, 'B_original/1.jpg =B_gt/1.png B_original/2.jpg C_original/1.jpg =C_gt/3.png C_original/3.jpg');
  const before = imagesOf(folder);
  expect(before).toEqual({
    'train: B_original/1': 'B_gt/1.png',
    'train: B_original/2': 'no mask',
    'train: C_original/1': 'no mask',
    'train: C_original/3': 'C_gt/3.png',
  });
  await layInto(folder, 'A_original/1.jpg =A_gt/1.png =C_gt/1.png');
  expect(imagesOf(folder)).toEqual({ ...before, 'train: A_original/1': 'A_gt/1.png', 'train: C_original/1': 'C_gt/1.png' });
});

test('photos beside those that are read are told', async () => {
  const many = Array.from({ length: 40 }, (_, n) => `images/${n}.jpg`);
  await layInto(folder, [...many, '=masks/1.png test/3.jpg more/a/1.jpg more/2.jpg more/3.jpg docs/figure.jpg overlays/1.jpg'].join(' '));
  const say = 'if it is part of the data set, say it in "Say what is in it"';
  expect(locateDataset(folder).problems.filter((text) => text.includes('left out'))).toEqual([
    `more/ is left out with its 3 images: ${say}`,
    `test/ is left out with its 1 image: ${say}`,
  ]);
});

test('a first mask of a split makes nothing of the others vanish', async () => {
  await layInto(folder, 'original/1.jpg original/2.jpg =gt/1.png =gt/2.png test/3.jpg');
  const images = locateDataset(folder).images;
  expect(images.map(({ split }) => split)).toEqual(['train', 'train', 'test']);
  putInto(folder, path.relative(folder, images[2].maskFile), mask);
  expect(locateDataset(folder).images.map(({ id }) => id)).toEqual(images.map(({ id }) => id));
});

test.each<[string, string, Record<string, string>]>([
  [
    'all of Cityscapes',
    'leftImg8bit/train/a/1_leftImg8bit.png leftImg8bit/train_extra/b/2_leftImg8bit.png =gtFine/train/a/1_gtFine_labelIds.png ' +
      '=gtCoarse/train/a/1_gtCoarse_labelIds.png =gtCoarse/train_extra/b/2_gtCoarse_labelIds.png',
    { 'train: train/a/1': 'gtFine/train/a/1_gtFine_labelIds.png', 'train_extra: train_extra/b/2': 'no mask' },
  ],
  [
    'more labels of another kind than those of VOC',
    'JPEGImages/1.jpg JPEGImages/2.jpg =SegmentationClass/1.png =SegmentationClassAug/1.png =SegmentationClassAug/2.png',
    { 'train: images/1': 'SegmentationClass/1.png', 'train: images/2': 'no mask' },
  ],
  [
    'pictures of labels',
    'trainval/0.jpg =trainval_ground_truth/0_gt.png =trainval_masks_color/0.png test/1.jpg =test_masks_color/1.png',
    { 'test: test/1': 'no mask', 'train: trainval/0': 'trainval_ground_truth/0_gt.png' },
  ],
  [
    'splits whose photos are called alike',
    'train/0.png =train_labels_masks/0_gt.png val/0.png =val_labels_masks/0_gt.png test/0.png =test_labels_masks/0_gt.png',
    {
      'train: train/0': 'train_labels_masks/0_gt.png',
      'val: val/0': 'val_labels_masks/0_gt.png',
      'test: test/0': 'test_labels_masks/0_gt.png',
    },
  ],
])('masks stay what they are beside %s', async (_, files, expected) => {
  await layInto(folder, files);
  expect(Object.values(imagesOf(folder)).toSorted()).toEqual(Object.values(expected).toSorted());
});

test('a painted mask and another folder change neither ids nor splits of others', async () => {
  await layInto(folder, 'raw/1.jpg raw/2.jpg =gt/1.png =gt/2.png test/5.jpg');
  putInto(folder, 'train.txt', '1\n');
  putInto(folder, 'val.txt', '2\n');
  const before = locateDataset(folder).images.map(({ id, split }) => [id, split]);
  expect(Object.fromEntries(before)).toMatchObject({ 'raw/1': 'train', 'raw/2': 'val', 'test/5': 'test' });
  putInto(folder, path.relative(folder, locateDataset(folder).images.find(({ id }) => id === 'test/5')!.maskFile), mask);
  expect(locateDataset(folder).images.map(({ id, split }) => [id, split])).toEqual(before);
  folder = temporaryFolder();
  const drives = 'drive1/images/1.jpg =drive1/masks/1.png drive2/images/1.jpg =drive2/masks/1.png';
  await layInto(folder, drives);
  const one = locateDataset(folder).images.map(({ id, split }) => [id, split]);
  await layInto(folder, 'test/images/3.jpg');
  expect(locateDataset(folder).images.map(({ id, split }) => [id, split])).toEqual([...one, ['test/3', 'test']]);
});

test('lists tell the splits of a tree whose folders tell none', async () => {
  await layInto(folder, 'original_images/1.jpg original_images/2.jpg =label_images_semantic/1.png =label_images_semantic/2.png');
  putInto(folder, 'train.txt', '1\n');
  putInto(folder, 'val.txt', '2\n');
  expect(locateDataset(folder).images.map(({ split }) => split)).toEqual(['train', 'val']);
});

test('pictures that belong to no photo are left out of a tree, and told', async () => {
  const numbers = Array.from({ length: 12 }, (_, n) => String(n));
  const tree = numbers.map((n) => `rgb_anon/fog/train/${n}.png =gt/fog/train/${n}.png vis/fog/train/${n}.png`);
  await layInto(folder, [...tree, 'docs/teaser.jpg overview.jpg'].join(' '));
  expect(Object.keys(imagesOf(folder))).toHaveLength(12);
  expect(Object.values(imagesOf(folder))).toContain('gt/fog/train/3.png');
  expect(locateDataset(folder).problems.join()).toContain('docs/ is left out with its 1 picture');
});

test('a folder that ends in the name of a split is none where one is called so itself', async () => {
  await layInto(folder, 'first_test/train/img/1.jpg =first_test/train/gt/1.png first_test/val/img/2.jpg =first_test/val/gt/2.png');
  expect(Object.keys(imagesOf(folder)).map((key) => key.split(':')[0])).toEqual(['train', 'val']);
});

test('the classes of ids that anybody may number are asked', async () => {
  await layInto(folder, 'train/a/photos/1.png =train/a/gt/1_labelIds.png', false);
  expect(() => locateDataset(folder)).toThrow('its classes are not known');
});

test('links beside photos without masks keep nobody from opening them', async () => {
  await layInto(folder, 'images/1.jpg venv/x/notes.txt');
  symlinkSync('/usr/lib', path.join(folder, 'venv/x/lib64'));
  expect(locateDataset(folder).problems).toEqual(['masks/ is missing: the images of images/ have no masks yet']);
});

test('masks that there are not yet go where those of the other splits are', async () => {
  await layInto(folder, 'training/image_2/1.png =training/semantic/1.png testing/image_2/2.png');
  const masks = locateDataset(folder).images.map(({ maskFile }) => maskFile.slice(folder.length + 1));
  expect(masks).toEqual(['training/semantic/1.png', 'testing/semantic/2.png']);
});

test.each(['SegmentationClass', 'SegmentationClassPNG', 'SemanticSegmentation', 'labelIds', 'masksPNG', 'mask2', 'Masken', 'target'])(
  'the folder of masks beside images may be called %s',
  async (name) => {
    await layInto(folder, `images/1.jpg =${name}/1.png`);
    expect(imagesOf(folder)).toEqual({ 'train: images/1': `${name}/1.png` });
  },
);

test.each(['Bilder Masken', 'images masques', 'imágenes máscaras', 'immagini maschere', '图像 标签', 'изображения маски'])(
  'folders of images and masks may be called %s',
  async (names) => {
    for (const [images, masks] of [names, names.normalize('NFD')].map((each) => each.split(' '))) {
      folder = temporaryFolder();
      await layInto(folder, `${images}/1.jpg =${masks}/1.png ${images}/2.jpg`);
      expect(Object.values(imagesOf(folder))).toEqual([`${masks}/1.png`, 'no mask']);
    }
  },
);

test('of classes and objects beside each other the classes are read', async () => {
  await layInto(folder, 'images/1.jpg =SegmentationClass/1.png =SegmentationObject/1.png');
  expect(imagesOf(folder)).toEqual({ 'train: images/1': 'SegmentationClass/1.png' });
});

test('what is packed is told where there is nothing else', () => {
  putInto(folder, 'camvid.zip', 'PK');
  expect(() => locateDataset(folder)).toThrow('it holds camvid.zip, which may be the data set: open that');
  putInto(folder, 'voc.tar', 'x');
  expect(() => locateDataset(path.join(folder, 'voc.tar'))).toThrow('is not a folder: unpack it');
});

describe('it is asked, and labels are no photos, where', () => {
  test.each([
    ['two folders could be the photos of one mask', 'left/0.jpg right/0.jpg =gt/0.png'],
    ['two cameras could be the photos', 's1/one/0.png s1/two/0.png =s1/label/0.png s2/one/0.png s2/two/0.png'],
    ['photos beside labels of two kinds are called as neither', 'data_rect/a1.png confidence/1.png =semantic/1.png'],
    ['photos of two kinds are called alike', 'source/1.png source/2.png target/1.png target/2.png'],
    ['annotated frames have their labels beside them', 'RUGD_frames-with-annotations/1.png =RUGD_annotations/1.png'],
    ['photos of a kind that is not read have labels', 'raw/1.nef =labels_2/1.png'],
    ['photos are called otherwise than their labels', 'a/camera/1_camera_1.png =a/label/1_label_1.png'],
    ['some photos are without a folder of labels', 'a/1.jpg b/2.jpg =gt/1.png'],
    ['labels are there alone', '=SegmentationClass/1.png =SegmentationObject/1.png ImageSets/Segmentation/default.txt'],
  ])('%s', async (_, files) => {
    await layInto(folder, files);
    expect(() => locateDataset(folder)).toThrow(expect.objectContaining({ code: 'not-a-dataset' }) as Error);
  });
});

test('photos with masks beside the folders that are read are told', async () => {
  await layInto(folder, 'images/1.jpg =masks/1.png imgs2/2.jpg =masks2/2.png notes/3.jpg');
  expect(locateDataset(folder).problems).toEqual([
    'imgs2/ has masks in masks2/ and is left out: if it is part of the data set, say it in "Say what is in it"',
  ]);
});

test('what tells no split beside folders of splits is left out where it lies around these, and told', async () => {
  await layInto(folder, 'rgb/0.png rgb/train/1.png rgb/val/2.png =gt/labels/train/1.png =gt/labels/val/2.png');
  expect(imagesOf(folder)).toEqual({ 'train: rgb-train/1': 'gt/labels/train/1.png', 'val: rgb-val/2': 'gt/labels/val/2.png' });
  expect(locateDataset(folder).problems.join()).toMatch(/rgb\/ is left out with its 1 picture|1 image lies in rgb\/ itself/);
});

describe('outlines of other programs are no masks, which is told where there are none', () => {
  test.each([
    ['labelme', 'a/1.jpg a/1.json', 'a/1.json holds outlines'],
    [
      'Supervisely',
      'ds0/img/1.jpg ds0/ann/1.jpg.json ds0/img/2.jpg ds0/ann/2.jpg.json',
      '2 files (the first: ds0/ann/1.jpg.json) hold outlines',
    ],
    ['COCO', 'train2017/1.jpg val2017/2.jpg annotations/instances_train2017.json', 'annotations/instances_train2017.json holds outlines'],
    ['VOC boxes', 'images/1.jpg annotations/1.xml', 'annotations/1.xml holds outlines'],
    ['CVAT', 'images/1.jpg annotations.xml', 'annotations.xml holds outlines'],
    ['Roboflow', 'train/1.jpg train/_annotations.coco.json valid/2.jpg valid/_annotations.coco.json', '2 files (the first: train/_annot'],
  ])('%s', async (_, files, text) => {
    await layInto(folder, files);
    expect(locateDataset(folder).problems.join()).toContain(text);
  });

  test('and not where masks are read, or a text is about something else', async () => {
    await layInto(folder, 'images/1.jpg images/1.json =masks/1.png');
    expect(locateDataset(folder).problems).toEqual([]);
    folder = temporaryFolder();
    await layInto(folder, 'images/1.jpg images/notes.json settings.json');
    expect(locateDataset(folder).problems.join()).not.toContain('outlines');
  });
});
