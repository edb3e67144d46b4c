import fc from 'fast-check';
import { expect, test } from 'vitest';
import { validatesAfter, validationsLeft } from '#shared/training/validations';

test('a run is scored after every so many epochs and after the last, and what is left of that is counted', () => {
  expect([1, 2, 3, 4, 5, 6, 7, 8, 9, 10].filter((epoch) => validatesAfter({ epochs: 10, validateEvery: 4 }, epoch))).toEqual([4, 8, 10]);
  expect(validationsLeft({ epochs: 10, validateEvery: 4 }, 2)).toBe(3);
  expect(validationsLeft({ epochs: 3, validateEvery: 50 })).toBe(1);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 400 }), fc.nat(299), (epochs, validateEvery, done) => {
      fc.pre(done < epochs);
      const lengths = { epochs, validateEvery };
      const ends = Array.from({ length: epochs - done }, (_, index) => done + index + 1);
      expect(validationsLeft(lengths, done)).toBe(ends.filter((epoch) => validatesAfter(lengths, epoch)).length);
    }),
  );
});
