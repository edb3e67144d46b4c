import { expect, test } from 'vitest';
import { voidColour } from '#shared/classes/void-colour';
import { noAffixes } from '#shared/data/arrangement';
import { classChange, type EditedClass } from '../../src/renderer/features/library/class-set-change.ts';

const classes = ['Sky', 'Road', 'Car'].map((name, id) => ({ id, value: id + 1, name, color: [id, id, id] as [number, number, number] }));
const arrangement = {
  version: 1 as const,
  title: 'x',
  sources: [],
  below: false,
  ...noAffixes,
  splits: { by: 'folders' as const },
  classes: { builtIn: 'camvid-11' as const },
  masks: 'value' as const,
  readAs: { 'value 9': 'Car', 'value 255': null },
};
const rows = (change: Record<string, Partial<EditedClass>> = {}): EditedClass[] =>
  classes.map(({ name, value }) => ({ name, value, color: '#0a0b0c', isNew: false, into: '', ...change[name] }));
const changed = (edited: EditedClass[], masks: 'value' | 'colour' = 'value') =>
  classChange({ arrangement: { ...arrangement, masks }, voidValue: 0, classes, alsoColors: { Car: [[7, 7, 7]] } }, 'Mine', edited);

test('a new name takes what was read as the class with it, and an order is kept with its values', () => {
  const [sky, road, car] = rows({ Car: { name: 'Vehicle' } });
  expect(changed([car, sky, road])).toEqual({
    change: {
      classes: {
        name: 'Mine',
        voidValue: 0,
        classes: [
          { value: 3, name: 'Vehicle', color: [10, 11, 12], alsoColors: [[7, 7, 7]] },
          { value: 1, name: 'Sky', color: [10, 11, 12] },
          { value: 2, name: 'Road', color: [10, 11, 12] },
        ],
      },
      readAs: { 'value 9': 'Vehicle', 'value 255': null },
    },
    merged: [],
  });
});

test('a class that is merged is read as the other one, through a chain too, and what was read as it', () => {
  const result = changed(rows({ Car: { into: 'value:2' }, Road: { into: 'value:1' } }));
  expect(result).toMatchObject({ change: { readAs: { 'value 9': 'Sky', 'value 3': 'Sky', 'value 2': 'Sky', 'value 255': null } } });
  expect(changed(rows({ Car: { into: 'void' } }))).toMatchObject({ change: { readAs: { 'value 9': null, 'value 3': null } } });
  expect(changed(rows({ Car: { into: 'value:1' } }), 'colour')).toMatchObject({
    change: { readAs: { 'colour 2 2 2': 'Sky', 'colour 7 7 7': 'Sky' } },
  });
});

test('where colours name classes, void keeps the colour that masks hold, unless a class has it now', () => {
  const black = { Sky: { color: '#000000' }, Road: { color: '#010101' }, Car: { color: '#020202' } };
  const said = (edited: Record<string, Partial<EditedClass>>, masks: 'value' | 'colour' = 'colour') => {
    const result = changed(rows(edited), masks);
    return 'change' in result ? result.change.voidColour : result;
  };
  expect(said({ ...black, Sky: { into: 'void' } })).toEqual([224, 224, 192]);
  expect(said({ ...black, Sky: { into: 'value:2' } })).toEqual([224, 224, 192]);
  expect(said({ ...black, Road: { color: '#e0e0c0' } })).toBeUndefined();
  expect(said(black, 'value')).toBeUndefined();
  expect(voidColour([{ color: [1, 1, 1], alsoColors: [[0, 0, 0]] }])).toEqual([224, 224, 192]);
});

test.each([
  [rows({ Car: { name: 'Sky' } }), 'Two classes are named "Sky".'],
  [rows({ Car: { name: ' ' } }), 'Every class needs a name.'],
  [rows({ Car: { name: 'not labelled' } }), '"not labelled" is the word for void: give the class another name.'],
  [rows({ Sky: { into: 'void' }, Road: { into: 'void' }, Car: { into: 'void' } }), 'One class must stay.'],
])('what is no class set says why: %#', (edited, error) => expect(changed(edited)).toEqual({ error }));
