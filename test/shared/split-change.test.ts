// Two predictions of the same images held against each other.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { splitScores } from '#shared/metrics/split-scores';
import { changeBetween } from '#shared/metrics/change-between';
import { otherMeans, splitChange } from '#shared/metrics/split-change';

const matrix = fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 9, maxLength: 9 });
const pair = fc.record({ before: matrix, after: matrix });

test('the scores are those of each prediction by itself, and turned round the change is the opposite', () => {
  fc.assert(
    fc.property(fc.array(pair, { minLength: 2, maxLength: 6 }), (pairs) => {
      const images = pairs.map((each, i) => ({ id: `image-${i}`, ...each }));
      const change = splitChange(images, 3);
      const scores = (of: 'before' | 'after') =>
        splitScores(
          images.map((image) => ({ id: image.id, confusion: image[of], shapes: null })),
          3,
        );
      expect([change.miou.before, change.miou.after]).toEqual([scores('before').miou, scores('after').miou]);
      expect(change.perClass.map(({ after }) => after)).toEqual(scores('after').perClass.map(({ iou }) => iou));
      expect(change.better + change.worse).toBeLessThanOrEqual(change.images);
      expect(splitChange(images.toReversed(), 3)).toEqual(change);
      const turned = splitChange(
        images.map(({ id, before, after }) => ({ id, before: after, after: before })),
        3,
      );
      expect([turned.better, turned.worse]).toEqual([change.worse, change.better]);
      for (const side of [0, 1] as const) {
        if (!change.miou.interval) continue;
        expect(turned.miou.interval![side]).toBeCloseTo(-change.miou.interval[1 - side], 9);
      }
    }),
    { numRuns: 8 },
  );
});

test('what every image has in common leaves nothing open, however much the images differ', () => {
  // Of each image a tenth more is found: by hand 5 of 10 and 50 of 100 before, 6 and 60 after, in unions of 15 and 14, 150 and 140.
  const images = [1, 10, 3].map((times, i) => ({
    id: String(i),
    before: [5, 5, 5, 5].map((count) => count * times),
    after: [6, 4, 4, 6].map((count) => count * times),
  }));
  const { miou, perClass, better, worse } = splitChange(images, 2);
  expect([miou.before, miou.after, better, worse]).toEqual([5 / 15, 6 / 14, 3, 0]);
  const change = 6 / 14 - 5 / 15;
  for (const { interval } of [miou, ...perClass]) {
    expect(interval![0]).toBeCloseTo(change, 9);
    expect(interval![1]).toBeCloseTo(change, 9);
  }
});

test('classes in another order are held against their own, and other classes against none', () => {
  const classesOf = (...names: string[]) =>
    names.map((name, id) => ({ id, name, value: names.length, color: [0, 0, 0] as [number, number, number] }));
  const image = (confusion: number[]) => [{ id: 'a', confusion }];
  const before = { prediction: { classes: classesOf('road', 'sky') }, images: image([7, 1, 2, 5]) };
  const after = { prediction: { classes: classesOf('sky', 'road') }, images: image([5, 2, 1, 7]) };
  const { perClass } = changeBetween(before, after)!;
  expect(perClass.map((each) => [each.before, each.after])).toEqual([
    [5 / 8, 5 / 8],
    [7 / 10, 7 / 10],
  ]);
  expect(changeBetween({ ...before, prediction: { classes: classesOf('road', 'tree') } }, after)).toBeNull();
});

test('a class of one image among many, and one labelled image among all that are not, leave open what they would be in others', () => {
  const with2 = { before: [5, 0, 0, 0, 5, 0, 0, 1, 1], after: [5, 0, 0, 0, 5, 0, 0, 0, 2] };
  const without = { before: [5, 1, 0, 0, 5, 0, 0, 0, 0], after: [6, 0, 0, 0, 5, 0, 0, 0, 0] };
  const { perClass, miou } = splitChange(
    [0, 1, 2, 3].map((n) => ({ id: String(n), ...(n === 0 ? with2 : without) })),
    3,
  );
  expect([perClass[2].before, perClass[2].after, perClass[2].interval]).toEqual([1 / 2, 1, null]);
  expect([perClass[0].interval, miou.interval].every((interval) => interval !== null)).toBe(true);
  const none = new Array<number>(9).fill(0);
  expect(
    splitChange(
      [
        { id: 'a', ...with2 },
        { id: 'b', before: none, after: none },
      ],
      3,
    ).miou.interval,
  ).toBeNull();
});

test('one image leaves everything open, and none has nothing to tell', () => {
  const [one] = [{ id: 'a', before: [5, 0, 0, 5], after: [4, 1, 0, 5] }];
  expect(splitChange([one], 2)).toMatchObject({ images: 1, better: 0, worse: 1, miou: { before: 1, interval: null } });
  expect(splitChange([], 2)).toMatchObject({ images: 0, better: 0, worse: 0, miou: { before: null, after: null, interval: null } });
});

test('means over other classes are told: one that is in no label counts where it is predicted', () => {
  const image = (after: number[]) => [{ id: 'a', before: [8, 2, 0, 2, 8, 0, 0, 0, 0], after }];
  const other = splitChange(image([8, 2, 0, 2, 7, 1, 0, 0, 0]), 3);
  expect([other.classes, otherMeans(other)]).toEqual([
    { before: 2, after: 3 },
    'The mean is over 2 classes before and 3 now: one that is in no label counts, with 0, where it is predicted.',
  ]);
  expect(otherMeans(splitChange(image([8, 2, 0, 1, 9, 0, 0, 0, 0]), 3))).toBeNull();
  // As many, and others.
  const turned = splitChange([{ id: 'a', before: [8, 2, 0, 0, 0, 0, 0, 0, 0], after: [8, 0, 2, 0, 0, 0, 0, 0, 0] }], 3);
  expect(otherMeans(turned)).toMatch(/^The mean is over 2 classes, and others now than before/);
});
