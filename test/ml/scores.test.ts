import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lossOf, surenessOf } from '#ml/train/scores';
import { liveHandles, tf } from '#ml/tensor/runtime';
import { Random } from '#shared/random';

test('scores are read a few rows at a time as they are at once, however many rows', () => {
  fc.assert(
    fc.property(
      fc.record({
        height: fc.integer({ min: 1, max: 12 }),
        width: fc.integer({ min: 1, max: 9 }),
        classes: fc.integer({ min: 2, max: 5 }),
      }),
      fc.integer({ min: 1, max: 200 }),
      fc.boolean(),
      fc.nat(1000),
      ({ height, width, classes }, most, areLogits, seed) => {
        const random = new Random(seed);
        const values = Float32Array.from({ length: height * width * classes }, () => (areLogits ? random.normal() : 0.01 + random.next()));
        const labels = Uint8Array.from({ length: height * width }, () => (random.next() < 0.2 ? 255 : random.integer(classes)));
        const scores = tf.tensor4d(values, [1, height, width, classes]);
        const before = liveHandles().tensors;
        const perClass = () => Array.from({ length: classes }, () => 0.5 + random.next());
        const options = { loss: { classWeights: perClass(), borderWeight: 3, shifts: perClass() }, offsets: perClass() };
        const [whole, parts] = [undefined, most].map((rows) => lossOf(scores, areLogits, labels, options, rows));
        expect(parts.sum).toBeCloseTo(whole.sum, 3);
        expect(parts.weight).toBeCloseTo(whole.weight, 3);
        expect(surenessOf(scores, areLogits, most)).toEqual(surenessOf(scores, areLogits));
        expect(liveHandles().tensors).toBe(before);
        scores.dispose();
      },
    ),
    { numRuns: 60 },
  );
});
