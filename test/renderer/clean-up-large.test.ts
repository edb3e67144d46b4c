// Masks of large photos that are cleaned up, in an OpenCV that has taken no more memory yet than it begins with.
import { beforeEach, expect, test } from 'vitest';
import { cleanedUp, type CleanUpTask } from '../../src/renderer/vision/clean-up.ts';
import { freeing, type OpenCv } from '../../src/renderer/vision/opencv.ts';
import { strictOpenCvHere } from '../helpers/opencv.ts';

const size = { width: 4000, height: 3000 };
const plain: Omit<CleanUpTask, 'kind' | 'ids'> = { id: 1, all: false, replaced: 2, amount: 2, classes: 30, size };

let cv: OpenCv;
beforeEach(async () => {
  cv = await strictOpenCvHere<OpenCv>();
});
const run = (task: Pick<CleanUpTask, 'kind' | 'ids'> & Partial<CleanUpTask>) =>
  freeing((keep) => cleanedUp(cv, keep, { ...plain, ...task }));

test('a class that is smoothed takes what it surrounds the first time', () => {
  const ids = new Uint8Array(size.width * size.height).fill(1);
  const notch = 1500 * size.width + 2000;
  ids[notch] = 2;
  expect(run({ kind: 'smooth', ids })[notch]).toBe(1);
}, 60_000);

test('specks of all of many classes are removed', () => {
  const stripe = size.width / 25;
  const ids = Uint8Array.from({ length: size.width * size.height }, (_, at) => Math.floor((at % size.width) / stripe));
  const speck = 1500 * size.width + 2000;
  ids[speck] = 3;
  const cleaned = run({ kind: 'specks', all: true, amount: 5, ids });
  expect([cleaned[speck], cleaned[0], cleaned[size.width - 1]]).toEqual([12, 0, 24]);
}, 60_000);
