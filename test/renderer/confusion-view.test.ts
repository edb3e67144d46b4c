// A confusion matrix of many classes shows those that are taken for others, under names that differ.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { contrast, parseColour } from '../../src/renderer/ui/colour.ts';
import { mostShown, shortNames, shownClasses } from '../../src/renderer/ui/confusion-view.ts';
import { root } from '../helpers/workbench.ts';

const classesOf = (count: number) =>
  Array.from({ length: count }, (_, id) => ({ id, name: `class ${id}`, color: [0, 0, 0] as [number, number, number] }));
const matrix = (count: number, wrong: [label: number, predicted: number, pixels: number][]) => {
  const rows = Array.from({ length: count }, (_, label) => Array.from({ length: count }, (__, id): number => (id === label ? 1000 : 0)));
  for (const [label, predicted, pixels] of wrong) rows[label][predicted] = pixels;
  return rows;
};

test('few classes are all shown, of many those with the most pixels off the diagonal, in their order', () => {
  expect(shownClasses(classesOf(mostShown), matrix(mostShown, []))).toHaveLength(mostShown);
  const shown = shownClasses(classesOf(150), matrix(150, [[140, 90, 500], [3, 149, 7]])); // prettier-ignore
  const ids = shown.map(({ id }) => id);
  // What is never taken for another tells nothing.
  expect(ids).toEqual([3, 90, 140, 149]);
  expect(ids).toEqual(ids.toSorted((a, b) => a - b));
});

test('short names are the first letters where these tell, and never two alike', () => {
  expect(shortNames(['Building', 'Road', 'Bus'])).toEqual(['Buil', 'Road', 'Bus']);
  expect(shortNames(['class 12', 'class 13', 'Car'])).toEqual(['c… 12', 'c… 13', 'Car']);
  fc.assert(
    fc.property(fc.uniqueArray(fc.string({ minLength: 1, maxLength: 12 }), { maxLength: 60 }), (names) => {
      const short = shortNames(names);
      // One that is whole may look like another's short one; no two that are shortened are alike.
      const cut = short.filter((text, at) => text !== names[at]);
      expect(new Set(cut).size).toBe(cut.length);
    }),
  );
});

test('the number of a cell can be read however full the cell is, in both themes', () => {
  const ui = path.join(root, 'src/renderer/ui');
  const most = Number(/--most: (\d+)%/.exec(readFileSync(path.join(ui, 'ConfusionMatrix.svelte'), 'utf8'))![1]) / 100;
  const themes = readFileSync(path.join(ui, 'tokens.css'), 'utf8').split("[data-theme='light']");
  for (const [theme, tokens] of themes.entries()) {
    const token = (name: string) => parseColour(new RegExp(`--${name}: (#[0-9a-f]{6});`).exec(tokens)![1])!;
    const [text, ground] = [token('text'), token('surface-2')];
    for (const full of ['danger', 'accent'])
      for (let part = 0; part <= 100; part++) {
        const share = part / 100;
        const mixed = ground.map((value, i) => value + share * most * (token(full)[i] - value)) as typeof ground;
        expect([theme, full, share, contrast(mixed, text) >= 4.5]).toEqual([theme, full, share, true]);
      }
  }
});
