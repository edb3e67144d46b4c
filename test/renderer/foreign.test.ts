// Pixels outside the class set are hatched, named, and changed only where they are painted over.
import { expect, test } from 'vitest';
import { colourTable, hatchedTables } from '#shared/classes/colour-table';
import { MaskDocument } from '../../src/renderer/editor/document.ts';

test('two stripes of a hatch differ for foreign ids alone', () => {
  const table = colourTable([{ id: 0, name: 'Sky', color: [1, 2, 3] }]);
  const [even, odd] = hatchedTables(table, 1);
  expect([even[0], odd[0], even[255], odd[255]]).toEqual([table[0], table[0], 0, 0]);
  expect(even[254]).not.toBe(odd[254]);
  expect([even[253], odd[253]]).toEqual([even[254], odd[254]]);
});

test('a document counts foreign pixels, and a stroke over some leaves the others', () => {
  const document = new MaskDocument(Uint8Array.of(254, 254, 0, 253), { width: 4, height: 1 }, new Map([[254, 'value 20']]));
  document.paint({ box: { left: 0, top: 0, width: 1, height: 1 }, selected: Uint8Array.of(1) }, { id: 0 });
  expect([...document.ids]).toEqual([0, 254, 0, 253]);
  expect([document.pixels[254], document.pixels[0], document.foreign.get(254)]).toEqual([1, 2, 'value 20']);
});

test('what is in no class is labelled in one image as one stroke, and nothing else changes', () => {
  const document = new MaskDocument(Uint8Array.of(254, 0, 254, 253), { width: 2, height: 2 }, new Map([[254, 'value 20']]));
  const strokes: unknown[] = [];
  document.onCommit((stroke) => strokes.push(stroke));
  document.relabel(254, 255);
  expect([...document.ids]).toEqual([255, 0, 255, 253]);
  expect(strokes).toMatchObject([{ label: 'Relabel', patch: { left: 0, top: 0, width: 2, height: 2 } }]);
  document.relabel(7, 1);
  expect(strokes.length).toBe(1);
});
