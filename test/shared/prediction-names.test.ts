import fc from 'fast-check';
import { expect, test } from 'vitest';
import { firstTwice, predictionNames, wholePredictionName } from '#shared/data/prediction-names';

test('two ids have two names, whichever letters they have', () => {
  const ids = ['a/b', 'a+b', 'a%2Bb', 'a%252Bb', 'a+/b', 'a/+b', '100%'];
  expect(new Set(ids.map(wholePredictionName)).size).toBe(ids.length);
});

test('each id has a file name of its own, which no disk is too small for, and short ones are readable', () => {
  expect(wholePredictionName('train/york/0001')).toBe('train+york+0001.png');
  const part = fc.string({ minLength: 1, maxLength: 120, unit: 'grapheme' }).map((text) => text.replaceAll('/', '_'));
  const id = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('/'));
  fc.assert(
    fc.property(fc.uniqueArray(id, { minLength: 2, maxLength: 20 }), (ids) => {
      const names = ids.map(wholePredictionName);
      expect(new Set(names).size).toBe(ids.length);
      for (const name of names) expect(Buffer.byteLength(name)).toBeLessThanOrEqual(204);
    }),
  );
  // What differs at the end alone, beyond what fits.
  const long = 'a'.repeat(300);
  expect(Buffer.byteLength(wholePredictionName(`${long}/é`))).toBeLessThanOrEqual(204);
  expect(wholePredictionName(`${long}1`)).not.toBe(wholePredictionName(`${long}2`));
});

test('names that some disks take for one are whole ones, and are found where they may not be', () => {
  expect(predictionNames(['a/IMG_1', 'b/img_1', 'c/2'])).toEqual(['a+IMG_1.png', 'b+img_1.png', '2.png']);
  expect(predictionNames(['a/é', 'b/é'.normalize('NFD')])).toEqual(['a+é.png', 'b+é.png'.normalize('NFD')]);
  expect(firstTwice(['a', 'b', 'A', 'b'])).toBe('A');
  expect(firstTwice(['a', 'b'])).toBeNull();
  const many = Array.from({ length: 100_000 }, (_, index) => `${index}`);
  const since = performance.now();
  expect(firstTwice([...many, '7'])).toBe('7');
  expect(performance.now() - since).toBeLessThan(1000);
});
