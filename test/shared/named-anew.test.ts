// Names of classes that a person writes anew: values and colours belong to classes, not to the letters of their names.
import { expect, test } from 'vitest';
import { namedAnew } from '#shared/classes/named-anew';

const before = {
  name: 'found',
  voidValue: 254,
  classes: [
    { name: 'background', value: 0 },
    { name: 'foreground', value: 255, color: [9, 8, 7] as [number, number, number] },
  ],
};

test('a class that is named otherwise on its line keeps its value and colour, at every letter on the way', () => {
  for (const name of ['foregroun', 'f', 'b', 'building'])
    expect(namedAnew(before, ['background', name])[1]).toEqual({ name, value: 255, color: [9, 8, 7] });
});

test('classes keep what they have wherever they are moved, and new ones get a value that is free', () => {
  expect(namedAnew(before, ['foreground', 'background', 'new'])).toEqual([before.classes[1], before.classes[0], { name: 'new', value: 1 }]);
  const fromOne = { name: 'x', classes: [1, 2].map((value) => ({ name: `c${value}`, value })) };
  expect(namedAnew(fromOne, ['c1', 'c2', 'c3', 'c4']).map(({ value }) => value)).toEqual([1, 2, 3, 4]);
  expect(namedAnew(fromOne, ['c2'])).toEqual([fromOne.classes[1]]);
});

test('where no values are told, none are made up', () => {
  expect(namedAnew(null, ['road', 'sky'])).toEqual([{ name: 'road' }, { name: 'sky' }]);
  expect(namedAnew({ name: 'x', classes: [{ name: 'road' }] }, ['road', 'sky'])).toEqual([{ name: 'road' }, { name: 'sky' }]);
});
