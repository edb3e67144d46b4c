// Keys of classes: in their order until a person says otherwise, and never two for one.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { assignKey, classKeys, keyedClasses, type KeyAssignment } from '../../src/renderer/state/class-keys.ts';

const names = Array.from({ length: 20 }, (_, id) => `class ${id}`);

test('the first twelve have a key each; one that is given away is swapped', () => {
  expect([...keyedClasses(names, {})]).toEqual(classKeys.map((key, id) => [key, id]));
  const swapped = keyedClasses(names, assignKey(names, {}, '1', 2));
  expect([swapped.get('1'), swapped.get('3'), swapped.get('2')]).toEqual([2, 0, 1]);
  const given = keyedClasses(names, assignKey(names, {}, '1', 17));
  expect([given.get('1'), given.get('2'), [...given.values()].includes(0)]).toEqual([17, 1, false]);
});

test('whatever is given, a key has one class and a class one key, and the last word holds', () => {
  const step = fc.tuple(fc.constantFrom(...classKeys), fc.nat(names.length - 1));
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 30 }), (steps) => {
      let assigned: KeyAssignment = {};
      for (const [key, id] of steps) assigned = assignKey(names, assigned, key, id);
      const keyed = keyedClasses(names, assigned);
      expect(new Set(keyed.values()).size).toBe(keyed.size);
      const [key, id] = steps.at(-1)!;
      expect(keyed.get(key)).toBe(id);
    }),
  );
});

test('what is said of classes that are gone does not stand in the way', () => {
  expect([...keyedClasses(['a', 'b'], { 1: 'gone', 5: 'b' })]).toEqual([
    ['5', 1],
    ['1', 0],
  ]);
});
