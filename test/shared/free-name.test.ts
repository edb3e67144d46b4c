import fc from 'fast-check';
import { expect, test } from 'vitest';
import { freeName } from '#shared/free-name';

test('a name is the one that is wanted, or that with the lowest number that nothing has', () => {
  expect(freeName('val', () => false)).toBe('val');
  expect(freeName('val', (name) => name === 'val')).toBe('val-2');
  expect(freeName('light', (name) => ['light', 'light 2'].includes(name), { before: ' ' })).toBe('light 3');
});

test('a name is never longer than it may be, and never one that is taken', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 20 }), fc.integer({ min: 4, max: 12 }), fc.nat(120), (wanted, most, count) => {
      const taken = new Set<string>();
      for (let n = 0; n <= count; n++) {
        const name = freeName(wanted, (other) => taken.has(other), { most });
        expect(name.length).toBeLessThanOrEqual(most);
        expect(taken.has(name)).toBe(false);
        taken.add(name);
      }
    }),
    { numRuns: 30 },
  );
});
