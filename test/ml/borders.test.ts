// Which pixels of labels are at a border between classes, and what they weigh in the loss.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { atBorder, idsWithBorders } from '#ml/losses/borders';
import { crossEntropy } from '#ml/losses/cross-entropy';
import { tf } from '#ml/tensor/runtime';

const isClass = (id: number) => id < 4;
const marksOf = (labels: number[], size: [number, number]) =>
  Array.from(idsWithBorders(Uint8Array.from(labels), size, isClass), (id) => (id >= atBorder ? 'x' : '.')).join('');

test('pixels within two of another class are marked along rows and columns, up to the edge of their image', () => {
  expect(marksOf([0, 0, 0, 0, 1, 1, 1, 1], [1, 8])).toBe('..xxxx..');
  expect(marksOf([0, 0, 0, 0, 1, 1, 1, 1], [8, 1])).toBe('..xxxx..');
  expect(marksOf([0, 1, 1, 1, 1, 1, 1, 0], [1, 8])).toBe('xxx..xxx');
  // A pole of one pixel.
  expect(marksOf([0, 0, 0, 0, 3, 0, 0, 0, 0], [1, 9])).toBe('..xxxxx..');
  // Two images of a batch, one above the other in memory, of classes of their own.
  expect(marksOf([0, 0, 1, 1], [2, 1])).toBe('....');
  expect(marksOf([0, 0, 1, 1], [1, 2])).toBe('....');
});

test('what is no class makes no border, and keeps its id', () => {
  expect(marksOf([0, 0, 0, 255, 1, 1, 1], [1, 7])).toBe('.......');
  expect(marksOf([0, 0, 7, 7, 0, 0], [1, 6])).toBe('......');
  // It may lie within one.
  expect([...idsWithBorders(Uint8Array.of(255, 0, 1), [1, 3], isClass)]).toEqual([255 + atBorder, atBorder, 1 + atBorder]);
});

test('a border is what has two neighbours of other classes near it, wherever it is', () => {
  const maps = fc
    .record({ count: fc.integer({ min: 1, max: 3 }), height: fc.integer({ min: 1, max: 7 }), width: fc.integer({ min: 1, max: 7 }) })
    .chain((size) =>
      fc.record({
        size: fc.constant(size),
        labels: fc.array(fc.constantFrom(0, 0, 0, 1, 2, 255), {
          minLength: size.count * size.height * size.width,
          maxLength: size.count * size.height * size.width,
        }),
      }),
    );
  fc.assert(
    fc.property(maps, ({ size: { count, height, width }, labels }) => {
      const marked = idsWithBorders(Uint8Array.from(labels), [height, width], isClass);
      const labelAt = (image: number, y: number, x: number) =>
        y < 0 || x < 0 || y >= height || x >= width ? 255 : labels[(image * height + y) * width + x];
      /** Whether two classes meet between (y, x) and the next pixel by (dy, dx). */
      const meet = (image: number, y: number, x: number, dy: number, dx: number) => {
        const [a, b] = [labelAt(image, y, x), labelAt(image, y + dy, x + dx)];
        return a !== b && isClass(a) && isClass(b);
      };
      for (let image = 0; image < count; image++)
        for (let y = 0; y < height; y++)
          for (let x = 0; x < width; x++) {
            const near = [-2, -1, 0, 1].some((k) => meet(image, y, x + k, 0, 1) || meet(image, y + k, x, 1, 0));
            const at = (image * height + y) * width + x;
            expect(marked[at]).toBe(labels[at] + (near ? atBorder : 0));
          }
    }),
  );
});

test('a pixel at a border weighs so many times as much, beside what its class weighs', () => {
  const labels = Uint8Array.of(0, 0, 0, 1, 1, 255);
  const logits = tf.randomNormal([1, 1, 6, 2], 0, 1, 'float32', 5);
  const perPixel = Array.from(labels.subarray(0, 5), (_, at) => {
    const alone = labels.map((id, other) => (other === at ? id : 255));
    return crossEntropy(logits, alone, 255).loss;
  });
  const mean = (weights: number[]) =>
    weights.reduce((sum, weight, at) => sum + weight * perPixel[at], 0) / weights.reduce((sum, weight) => sum + weight, 0);
  expect(crossEntropy(logits, labels, 255, { borderWeight: 4 }).loss).toBeCloseTo(mean([1, 4, 4, 4, 4]), 5);
  expect(crossEntropy(logits, labels, 255, { classWeights: [1, 3], borderWeight: 2 }).loss).toBeCloseTo(mean([1, 2, 2, 6, 6]), 5);
  expect(crossEntropy(logits, labels, 255, { borderWeight: 1 }).loss).toBe(crossEntropy(logits, labels, 255).loss);
});
