// The order of the images under review, which of them are gone through, and what another run did better or worse.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { usefulOrder, type Usefulness } from '#shared/assist/usefulness';
import type { ReviewState } from '../../src/renderer/state/review.svelte.ts';
import { box } from '../helpers/box-patch.ts';
import { stroke } from '../helpers/edits.ts';
import type { TestBench } from '../helpers/services.ts';
import { anotherRun, openReview } from './review-bench.ts';
import { type TestWindow, closeWindow, eventually } from './window.ts';

let bench: TestBench;
let window: TestWindow;
let review: ReviewState;

beforeEach(async () => {
  ({ bench, window, review } = await openReview());
}, 60_000);

afterEach(() => {
  review.destroy();
  closeWindow(window);
});

test('images are ordered by IoU, by wrong pixels, and by how unsure the network is', () => {
  const sorted = (values: number[], by: 1 | -1) => values.toSorted((a, b) => by * (a - b));
  review.ranking.by('wrong');
  const wrong = review.ranking.images.map(({ wrongPixels }) => wrongPixels);
  expect(wrong).toEqual(sorted(wrong, -1));
  review.ranking.by('uncertainty');
  const unsure = review.ranking.images.map(({ uncertainty }) => uncertainty);
  expect(unsure).toEqual(sorted(unsure, -1));
  review.ranking.by('iou');
  const iou = review.ranking.images.map(({ miou }) => miou!);
  expect(iou).toEqual(sorted(iou, 1));
});

test('images are ordered by use once the network has looked at them, those without a label too, each unlike those before', async () => {
  const run = review.runId!;
  review.ranking.by('useful');
  await eventually(
    () => review.ranking.doubt.looking === null && review.ranking.images.every(({ id }) => review.ranking.doubt.shareOf(id) !== null),
    30_000,
  );
  const known = await Promise.all(
    review.result!.images.map(async ({ id }) => ({ id, ...(await bench.call<Usefulness>('assist.doubt', { imageId: id, runId: run })) })),
  );
  await eventually(() => review.ranking.images[0].id === usefulOrder(known, 200)[0].id);
  expect(review.ranking.images.map(({ id }) => id)).toEqual(usefulOrder(known, 200).map(({ id }) => id));
  // Known by now: the order is there at once.
  review.ranking.by('iou');
  review.ranking.by('useful');
  expect(review.ranking.doubt.looking).toBeNull();
  expect(review.ranking.images.map(({ id }) => id)).toEqual(usefulOrder(known, 200).map(({ id }) => id));
});

test('only images whose work is as far as is asked for are gone through', async () => {
  const [first, second, third] = review.ranking.images.map(({ id }) => id);
  await window.session.work.mark([second], 'done');
  await eventually(() => window.session.work.stageOf(window.session.images.get(second)!) === 'done');
  review.ranking.stage = 'done';
  expect(review.ranking.images.map(({ id }) => id)).toEqual([second]);
  // The image at hand stays in its place once its work is another: the next one is counted from it.
  review.ranking.stage = 'new';
  const news = review.ranking.images.map(({ id }) => id);
  await review.open(news[0]);
  await window.session.work.mark([news[0]], 'look');
  await eventually(() => window.session.work.stageOf(window.session.images.get(news[0])!) === 'look');
  expect(review.ranking.images.map(({ id }) => id)).toEqual(news);
  review.step(1);
  expect(review.imageId).toBe(news[1]);
  expect(review.ranking.images.map(({ id }) => id)).toEqual(news.slice(1));
  await window.session.work.mark([news[0]], null);
  await eventually(() => window.session.work.stageOf(window.session.images.get(news[0])!) === 'new');
  review.ranking.stage = 'look';
  expect(review.ranking.images).toEqual([]);
  review.ranking.stage = null;
  expect(review.ranking.images.map(({ id }) => id)).toEqual([first, second, third]);
});

test('against another run images are in the order of what it did better or worse, and its mask is there', async () => {
  await window.session.client.work.spent({ imageId: 'train/train-0', seconds: 42 });
  const { run: second, predictionId } = await anotherRun(bench);
  await review.refresh();
  expect(review.others.map(({ id }) => id)).toEqual([predictionId]);
  await review.compareWith(predictionId);
  expect(review.image!.other).toHaveLength(review.image!.prediction.length);
  const gains = (order: 'worsened' | 'improved') => {
    review.ranking.by(order);
    return review.ranking.images.map((each) => review.other.gainOf(each)!);
  };
  const worsened = gains('worsened');
  expect(worsened).toEqual([...worsened].sort((a, b) => a - b));
  expect(gains('improved')).toEqual([...worsened].reverse());
  const [first] = review.ranking.images;
  expect(review.other.gainOf(first)).toBeCloseTo(first.miou! - review.other.result!.images.find(({ id }) => id === first.id)!.miou!, 12);
  const scores = (of: typeof review.result) => of!.images.flatMap(({ miou }) => miou ?? []);
  expect(review.other.change).toMatchObject({ images: 3, miou: { before: review.other.result!.miou, after: review.result!.miou } });
  expect(review.other.change!.better + review.other.change!.worse).toBeLessThanOrEqual(scores(review.result).length);
  // That run began after this one: nothing was spent from it to this.
  expect(review.other.since).toEqual({ images: 0, seconds: null });
  await stroke(bench, 'train/train-0', box(0, 0, 20, 20, 6));
  await window.session.client.edits.save({ imageId: 'train/train-0' });
  await window.session.client.work.spent({ imageId: 'train/train-0', seconds: 100 });
  await review.compareWith(predictionId);
  expect(review.other.since).toEqual({ images: 1, seconds: null });
  // The other way round: what was spent before the second began, and no more.
  const [starterRun, starters] = [review.runId!, review.prediction!.id];
  review.ranking.by('worsened');
  await review.choose(second.id, 'val');
  expect([review.ranking.order, review.ranking.images.map(({ id }) => id)]).toEqual(['iou', review.result!.images.map(({ id }) => id)]);
  await review.compareWith(starters);
  expect(review.ranking.order).toBe('worsened');
  expect(review.other.since).toMatchObject({ seconds: 42 });
  await review.choose(starterRun, 'val');
  await review.compareWith(predictionId);
  // What changed of the other one is asked again with this one.
  await stroke(bench, review.ranking.images[0].id, box(0, 0, 12, 12, 3));
  await window.session.client.edits.save({ imageId: review.ranking.images[0].id });
  await review.refresh();
  expect(review.other.result!.renewal.changed).toEqual([review.ranking.images[0].id]);
  await review.compareWith(null);
  expect([review.ranking.order, review.image!.other]).toEqual(['iou', null]);
});
