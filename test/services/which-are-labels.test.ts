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
