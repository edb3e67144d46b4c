// Which of several folders holds the labels: what a network predicted, what was there before and pictures of labels pair as well.
import { beforeEach, describe, expect, test } from 'vitest';
import { locateDataset } from '#services/layouts/recognise';
import { temporaryFolder } from '../helpers/dataset.ts';
import { imagesOf, layInto } from '../helpers/folders.ts';

let folder: string;
beforeEach(() => (folder = temporaryFolder()));

const photos = 'images/1.jpg images/2.jpg images/3.jpg';
const masksIn = (name: string, count = 3) =>
  [1, 2, 3]
    .slice(0, count)
    .flatMap((n) => `=${name}/${n}.png`)
    .join(' ');

describe('the labels are in the folder that is called so', () => {
  test.each([
    ['masks', 'label_pred'],
    ['masks', 'gt_pred'],
    ['masks', 'mask_predictions'],
    ['masks', 'annotations_old'],
    ['labels', 'annotations_old'],
    ['labels', 'label_pred'],
    ['masks', 'labels_color'],
    ['masks', 'Masks_preview'],
    ['SegmentationMasks_gt', 'gt_backup'],
  ])('%s, and not %s', async (labels, other) => {
    await layInto(folder, `${photos} ${masksIn(labels)} ${masksIn(other)}`);
    expect(Object.values(imagesOf(folder))).toEqual([`${labels}/1.png`, `${labels}/2.png`, `${labels}/3.png`]);
  });

  test('also where fewer are labelled than predicted, in folders of splits, and beside them', async () => {
    await layInto(folder, `${photos} ${masksIn('masks', 1)} ${masksIn('label_pred')}`);
    expect(Object.values(imagesOf(folder))).toEqual(['masks/1.png', 'no mask', 'no mask']);
    const splits = temporaryFolder();
    await layInto(splits, 'train/1.jpg val/2.jpg =masks/train/1.png =masks/val/2.png =label_pred/train/1.png =label_pred/val/2.png');
    expect(Object.values(imagesOf(splits))).toEqual(['masks/train/1.png', 'masks/val/2.png']);
  });

  test('what is called otherwise is taken where there is nothing else', async () => {
    await layInto(folder, `${photos} ${masksIn('labels_color')}`);
    expect(Object.values(imagesOf(folder))[0]).toBe('labels_color/1.png');
  });
});

test('what else could be the labels is told, but for pictures of them', async () => {
  await layInto(folder, `${photos} ${masksIn('masks')} ${masksIn('label_pred')} ${masksIn('labels_color')}`);
  expect(locateDataset(folder).problems).toEqual([
    'label_pred/ could be the masks of images/ as well as masks/, which is taken: if that is not so, say it in "Say what is in it"',
  ]);
});

describe('masks that are called otherwise than the others', () => {
  const problems = () => locateDataset(folder).problems.filter((text) => text.includes('rename them'));

  test.each([
    ['_L and _l', '=masks/1_L.png =masks/2_L.png =masks/3_l.png'],
    ['_mask.png and _Mask.PNG', '=masks/1_mask.png =masks/2_mask.png =masks/3_Mask.PNG'],
    ['mask_ and Mask_', '=masks/mask_1.png =masks/mask_2.png =masks/Mask_3.png'],
  ])('in another case are masks: %s', async (_, masks) => {
    await layInto(folder, `${photos} ${masks}`);
    expect(Object.values(imagesOf(folder))).toEqual(masks.split(' ').map((file) => file.slice(1)));
    expect(problems()).toEqual([]);
  });

  test.each([
    ['without an ending', `${photos} =masks/1_mask.png =masks/2_mask.png =masks/3.png`, 'first: 3.png'],
    [
      'ids of another kind',
      'leftImg8bit/train/a/1_leftImg8bit.png =gtFine/train/a/1_gtFine_labelIds.png =gtFine/train/a/1_gtFine_color.png ' +
        'leftImg8bit/val/a/2_leftImg8bit.png =gtFine/val/a/2_gtFine_labelIds.png =gtFine/val/a/2_gtFine_labelTrainIds.png ' +
        'leftImg8bit/val/a/3_leftImg8bit.png =gtFine/val/a/3_gtFine_labelTrainIds.png',
      'first: a/3_gtFine_labelTrainIds.png',
    ],
  ])('are told: %s', async (_, files, words) => {
    await layInto(folder, files);
    expect(problems()).toEqual([expect.stringContaining(words)]);
  });

  test('are told where there is one for each class', async () => {
    await layInto(folder, `images/1.jpg images/2.jpg ${[1, 2].map((n) => `=masks/${n}_car.png =masks/${n}_road.png`).join(' ')}`);
    expect(problems()).toEqual([expect.stringContaining('files for single classes must be made into one')]);
  });

  test('and pictures of masks and masks of objects are not', async () => {
    const others = ['color', 'instanceIds', 'vis'].map((end) => `=masks/1_${end}.png =masks/2_${end}.png =masks/3_${end}.png`).join(' ');
    await layInto(folder, `${photos} ${[1, 2, 3].map((n) => `=masks/${n}_label.png`).join(' ')} ${others}`);
    expect(Object.values(imagesOf(folder))[0]).toBe('masks/1_label.png');
    expect(problems()).toEqual([]);
  });
});
