import fc from 'fast-check';
import { expect, test } from 'vitest';
import { wholePredictionName } from '#shared/data/prediction-names';

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
