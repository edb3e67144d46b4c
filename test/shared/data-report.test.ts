// What a run gets of a data set, counted, and what a person is told before it is started.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dataWarnings, remainderText, splitReport } from '#shared/data/data-report';

const classes = ['Sky', 'Road', 'Pole', 'Car', 'Tree', 'Sign'].map((name, id) => ({
  id,
  name,
  color: [0, 0, 0] as [number, number, number],
}));
const image = (split: string, classPixels: number[] | null, changes: object = {}) => ({
  split,
  hasMask: true,
  problems: [],
  classPixels,
  ...changes,
});
const report = (images: ReturnType<typeof image>[], split = 'train') => splitReport(images, split, 6);
const warningsOf = (train: number[][], validation: number[][]) =>
  dataWarnings(
    report(train.map((counts) => image('train', counts))),
    report(
      validation.map((counts) => image('val', counts)),
      'val',
    ),
    classes,
  );
const whole = [1, 1, 1, 1, 1, 1, 0];

test('used, left out and unlabelled images are told apart, and pixels are those of the used ones', () => {
  const broken = { problems: [{ kind: 'size', text: '' }] };
  const images = [
    image('train', [5, 0, 1, 0, 0, 0, 4]),
    image('train', [0, 9, 1, 0, 0, 0, 0]),
    image('train', [7, 7, 7, 7, 7, 7, 7], broken),
    image('train', null, { hasMask: false }),
    image('train', null),
    image('val', whole),
  ];
  expect(report(images as never)).toMatchObject({ used: 3, leftOut: 1, unlabelled: 1, pixels: 20, voidPixels: 4 });
  expect(report(images as never).classes.slice(0, 3)).toEqual([
    { pixels: 5, images: 1 },
    { pixels: 9, images: 1 },
    { pixels: 2, images: 2 },
  ]);
});

test('every image and every pixel of a split is counted once', () => {
  const any = fc.record({
    split: fc.constantFrom('train', 'val'),
    hasMask: fc.boolean(),
    problems: fc.constantFrom([], [{ kind: 'size', text: '' }]),
    classPixels: fc.option(fc.array(fc.nat(99), { minLength: 7, maxLength: 7 })),
  });
  fc.assert(
    fc.property(fc.array(any), (images) => {
      const { used, leftOut, unlabelled, pixels, voidPixels, classes: counts } = report(images as never);
      expect(used + leftOut + unlabelled).toBe(images.filter(({ split }) => split === 'train').length);
      expect(counts.reduce((sum, each) => sum + each.pixels, voidPixels)).toBe(pixels);
    }),
  );
});

test('a person is told of classes that a split lacks, of images left out of each epoch, and of masks without a label', () => {
  expect(warningsOf([whole, whole], [whole])).toEqual([]);
  expect(warningsOf([[1, 1, 1, 1, 1, 0, 0]], [whole])).toEqual(['In no training image, so never predicted well: Sign.']);
  expect(warningsOf([whole], [[1, 0, 0, 0, 0, 0, 9]])).toEqual([
    'In no validation image, so not scored: Road, Pole, Car, Tree and 1 more.',
  ]);
  const images = (count: number) => report(Array.from({ length: count }, () => image('train', whole)));
  expect(remainderText(images(9), 8)).toBe('A step takes 8 images: each epoch leaves out 1 of the 9, others each time.');
  expect(remainderText(images(16), 8)).toBeNull();
  // All there is makes a step where it is less than one.
  expect(remainderText(images(3), 8)).toBeNull();
  const nothing = [0, 0, 0, 0, 0, 0, 9];
  expect(warningsOf([nothing], [nothing])).toEqual([
    'No pixel of the training masks is labelled: there is nothing to learn from.',
    'No pixel of the validation masks is labelled: there will be no scores, and no best epoch.',
  ]);
});
