import { doubledName, voidsName } from '#shared/classes/class-names';
import type { DatasetInfo } from '#shared/contract/datasets';
import { keptVoidColour } from '#shared/classes/void-colour';
import type { ArrangementChange } from '#shared/data/advice';
import { rgbOf } from '../../ui/colour.ts';
import { colourWord, valueWord } from '#shared/data/pixel-words';

/** A class as it is being edited. */
export interface EditedClass {
  name: string;
  /** What masks hold for it. */
  value: number;
  /** `#rrggbb`; empty gets one that no other has. */
  color: string;
  isNew: boolean;
  /** `void`, or `value:N` of the class that it becomes a part of; empty where it stays. */
  into: string;
}

/**
 * What edited classes change about how a data set is read. A class that goes into another one is from then on read as that.
 * @returns the change, with what of masks is of classes that are merged (`value 20`, `colour 12 34 56`); or why these are no class set
 */
export function classChange(
  { arrangement, voidValue, classes, alsoColors }: Pick<DatasetInfo, 'arrangement' | 'voidValue' | 'classes' | 'alsoColors'>,
  name: string,
  rows: readonly EditedClass[],
): { change: ArrangementChange; merged: string[] } | { error: string } {
  const stay = rows.filter(({ into }) => into === '');
  const names = stay.map((row) => row.name.trim());
  const twice = doubledName(names);
  if (stay.length === 0) return { error: 'One class must stay.' };
  if (name.trim() === '') return { error: 'The set needs a name.' };
  if (names.includes('')) return { error: 'Every class needs a name.' };
  if (twice !== null) return { error: `Two classes are named "${twice}".` };
  const reserved = voidsName(names);
  if (reserved !== null) return { error: `"${reserved}" is the word for void: give the class another name.` };
  const renamed = new Map(rows.map((row) => [classes.find(({ value, id }) => (value ?? id) === row.value)?.name, row]));
  const nameOf = (row: EditedClass | undefined): string | null => {
    if (!row || row.into === 'void') return null;
    return row.into === '' ? row.name.trim() : nameOf(rows.find(({ value }) => row.into === `value:${value}`));
  };
  const before = (row: EditedClass) => classes.find(({ value, id }) => (value ?? id) === row.value);
  const merged = rows.flatMap((row): [string, string | null][] => {
    if (row.into === '') return [];
    const was = before(row);
    if (arrangement.masks !== 'colour' || !was) return [[valueWord(row.value), nameOf(row)]];
    return [was.color, ...(alsoColors[was.name] ?? [])].map((color) => [colourWord(color), nameOf(row)]);
  });
  // What was read as a class before follows it to its new name.
  const readBefore = Object.entries(arrangement.readAs).map(([text, className]): [string, string | null] => [
    text,
    className === null ? null : nameOf(renamed.get(className)),
  ]);
  const own = stay.map((row) => {
    const also = row.isNew ? undefined : alsoColors[before(row)?.name ?? ''];
    const color = row.color ? { color: rgbOf(row.color) } : {};
    return { value: row.value, name: row.name.trim(), ...color, ...(also ? { alsoColors: also } : {}) };
  });
  const coloured = own.flatMap(({ color, alsoColors: also }) => (color ? [{ color, alsoColors: also }] : []));
  const withColours = classes.map((each) => ({ ...each, alsoColors: alsoColors[each.name] }));
  return {
    change: {
      classes: { name: name.trim(), voidValue, classes: own },
      readAs: Object.fromEntries([...readBefore, ...merged]),
      ...(arrangement.masks === 'colour' ? { voidColour: keptVoidColour(arrangement.voidColour, withColours, coloured) } : {}),
    },
    merged: merged.map(([text]) => text),
  };
}
