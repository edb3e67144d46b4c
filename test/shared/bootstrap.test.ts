// Intervals of scores over images, against drawing whole matrices; precision and recall by hand.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bootstrapIntervals } from '#shared/metrics/bootstrap';
import { Confusion } from '#shared/metrics/confusion';
import { splitScores } from '#shared/metrics/split-scores';
import { Random } from '#shared/random';

const matrix = fc.array(fc.nat(50), { minLength: 9, maxLength: 9 });

/** The same in the plain way: matrices of drawn images are added up, and scored as any. */
function plain(matrices: readonly number[][], share: number): number {
  const random = Random.named('bootstrap', 17);
  const means: number[] = [];
  const has = (of: (matrix: readonly number[], other: number) => number) =>
    matrices.some((each) => [0, 1, 2].some((other) => of(each, other) > 0));
  const labelled = [0, 1, 2].map((id) => has((each, other) => each[3 * id + other]));
  const scored = [0, 1, 2].filter((id) => labelled[id] || has((each, other) => each[3 * other + id]));
  for (let n = 0; n < 1000; n++) {
    const sum = new Confusion(3);
    for (let draw = 0; draw < matrices.length; draw++) sum.merge(new Confusion(3, matrices[random.integer(matrices.length)]));
    const ious = sum.iou();
    // One that is in no label and is predicted somewhere has 0, also in a draw without it.
    if (ious.every((iou, id) => iou !== null || !labelled[id]))
      means.push(scored.reduce((total, id) => total + (ious[id] ?? 0), 0) / scored.length);
  }
  means.sort((a, b) => a - b);
  const place = share * (means.length - 1);
  const low = Math.floor(place);
  return means[low] + (place - low) * ((means[low + 1] ?? means[low]) - means[low]);
}

test('an interval is that of drawing whole images with replacement', () => {
  fc.assert(
    fc.property(fc.array(matrix, { minLength: 2, maxLength: 5 }), (matrices) => {
      const { miou } = bootstrapIntervals(matrices, 3);
      if (matrices.filter((each) => each.some((count) => count > 0)).length < 2) return void expect(miou).toBeNull();
      expect(miou![0]).toBeCloseTo(plain(matrices, 0.025), 9);
      expect(miou![1]).toBeCloseTo(plain(matrices, 0.975), 9);
    }),
    { numRuns: 10 },
  );
});

test('the order of the images changes nothing, and images that are alike leave nothing open', () => {
  fc.assert(
    fc.property(fc.array(matrix, { minLength: 2, maxLength: 6 }), (matrices) => {
      const images = matrices.map((confusion, i) => ({ id: `image-${i}`, confusion, shapes: null }));
      expect(splitScores(images.toReversed(), 3)).toEqual(splitScores(images, 3));
    }),
    { numRuns: 10 },
  );
  const alike = Array.from({ length: 5 }, (_, i) => ({ id: String(i), confusion: [8, 2, 0, 1, 9, 0, 0, 0, 0], shapes: null }));
  const { miou, interval, perClass } = splitScores(alike, 3);
  expect(interval![0]).toBeCloseTo(miou!, 12);
  expect(interval![1]).toBeCloseTo(miou!, 12);
  // By hand: 40 of 40 + 5 + 10, 40 of 45 predicted, 40 of 50 labelled.
  expect(perClass[0]).toMatchObject({ iou: 40 / 55, precision: 40 / 45, recall: 40 / 50 });
  expect(perClass[2]).toEqual({ iou: null, interval: null, precision: null, recall: null, shapes: null });
});

test('the interval is of the mean over the classes that the score is of, also where one is in few images', () => {
  // Of 101 images two have the third class, at an IoU of 0.1: a draw without it would be a mean of the two that are better.
  const usual = [90, 10, 0, 10, 90, 0, 0, 0, 0];
  const rare = [90, 10, 0, 10, 90, 0, 45, 45, 10];
  const matrices = Array.from({ length: 101 }, (_, n) => (n < 2 ? rare : usual));
  const score = splitScores(
    matrices.map((confusion, n) => ({ id: `${n}`, confusion, shapes: null })),
    3,
  );
  const [low, high] = score.interval!;
  expect(score.miou).toBeCloseTo((2 * 0.814 + 0.1) / 3, 2);
  expect([low > 0.55, high < 0.6]).toEqual([true, true]);
  // A class that is in no label, and is predicted in one image, is in the mean of each draw: with 0.
  const wrong = [90, 9, 1, 10, 90, 0, 0, 0, 0];
  const withWrong = splitScores(
    Array.from({ length: 101 }, (_, n) => ({ id: `${n}`, confusion: n === 0 ? wrong : usual, shapes: null })),
    3,
  );
  expect(withWrong.interval!.every((side) => Math.abs(side - withWrong.miou!) < 0.001)).toBe(true);
  // Where most classes are in one image each, next to no draw has them all, and nothing can be told.
  const each = Array.from({ length: 8 }, (_, own) => Array.from({ length: 64 }, (_, at) => (at === 9 * own ? 5 : 0)));
  expect(bootstrapIntervals(each, 8).miou).toBeNull();
});

test('one image leaves everything open, and a class of one image its own', () => {
  expect(bootstrapIntervals([[1, 2, 3, 4]], 2)).toEqual({ miou: null, perClass: [null, null] });
  const { perClass } = bootstrapIntervals(
    [
      [5, 0, 0, 0],
      [4, 1, 0, 2],
    ],
    2,
  );
  expect(perClass[0]).not.toBeNull();
  expect(perClass[1]).toBeNull();
});

test('of 12,000 images it is there while one waits for the list', () => {
  const random = Random.named('images', 1);
  const matrices = Array.from({ length: 12_000 }, () => Array.from({ length: 121 }, () => random.integer(100)));
  const begin = performance.now();
  const { miou } = bootstrapIntervals(matrices, 11);
  const ms = performance.now() - begin;
  console.log(`intervals of 12,000 images: ${ms.toFixed(0)} ms`);
  expect(miou![1] - miou![0]).toBeLessThan(0.01);
  expect(ms).toBeLessThan(2000);
});
