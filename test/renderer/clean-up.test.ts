// Masks that are cleaned up, by OpenCV as it is built: what changes, and that nothing else does.
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { voidId } from '#shared/mask/void-id';
import { cleanedUp, type CleanUpTask } from '../../src/renderer/vision/clean-up.ts';
import type { OpenCv, Owned } from '../../src/renderer/vision/opencv.ts';
import { strictOpenCvHere } from '../helpers/opencv.ts';

let cv: OpenCv;
beforeAll(async () => {
  cv = await strictOpenCvHere<OpenCv>();
});

const letters: Record<string, number> = { '.': 0, a: 1, b: 2, c: 3, '?': voidId, x: 200 };

/** A mask by its rows, a letter a pixel. */
function maskOf(rows: string): { ids: Uint8Array; size: { width: number; height: number } } {
  const lines = rows.trim().split(/\s+/);
  return { ids: Uint8Array.from(lines.join(''), (letter) => letters[letter]), size: { width: lines[0].length, height: lines.length } };
}

function clean(rows: string, how: Partial<CleanUpTask>): string {
  const { ids, size } = maskOf(rows);
  const done = run({ ids, size, ...how });
  const names = Object.fromEntries(Object.entries(letters).map(([letter, id]) => [id, letter]));
  return Array.from({ length: size.height }, (_, y) =>
    [...done.subarray(y * size.width, (y + 1) * size.width)].map((id) => names[id]).join(''),
  ).join('\n');
}

function run(task: Pick<CleanUpTask, 'ids' | 'size'> & Partial<CleanUpTask>): Uint8Array {
  const kept: Owned[] = [];
  try {
    const whole: CleanUpTask = { kind: 'holes', id: 1, all: false, replaced: 2, amount: 1, classes: 4, ...task };
    return cleanedUp(cv, (thing) => (kept.push(thing), thing), whole);
  } finally {
    for (const thing of kept) thing.delete();
  }
}

const rows = (text: string) => text.trim().split(/\s+/).join('\n');

describe('holes', () => {
  const mask = `
    aaaaaaa.
    a.aab.a.
    aaaabba.
    aaaaaaa.
    .......a`;

  test('up to a size are filled, whatever is in them; what is open to the border is none', () => {
    expect(clean(mask, { kind: 'holes', amount: 4 })).toBe(
      rows(`
    aaaaaaa.
    aaaaaaa.
    aaaaaaa.
    aaaaaaa.
    .......a`),
    );
    expect(clean(mask, { kind: 'holes', amount: 1 })).toBe(
      rows(`
    aaaaaaa.
    aaaab.a.
    aaaabba.
    aaaaaaa.
    .......a`),
    );
  });
});

describe('specks', () => {
  const mask = `
    ....bbbb
    .a..bbab
    ....bbab
    aaa.bbbc`;

  test('of a class become what is nearest; larger pieces stay', () => {
    expect(clean(mask, { kind: 'specks', amount: 3 })).toBe(
      rows(`
    ....bbbb
    ....bbbb
    ....bbbb
    aaa.bbbc`),
    );
  });

  test('of all classes, and not of what no class set has', () => {
    const found = clean(`${mask.slice(0, -1)}x`, { kind: 'specks', amount: 3, all: true });
    expect(found.split('\n').at(-1)).toBe('aaa.bbbx');
    expect(clean(mask, { kind: 'specks', amount: 3, all: true }).split('\n').at(-1)).toBe('aaa.bbbb');
  });

  test('stay where nothing else is', () => {
    expect(clean('aa', { kind: 'specks', amount: 9 })).toBe('aa');
  });
});

describe('areas', () => {
  const mask = `
    bbb....
    bbb....
    bbbaaa.
    ...aaa.
    ...aaa.`;

  test('grow over what lies around, and what is grown shrinks again to its neighbours', () => {
    const grown = clean(mask, { kind: 'grow', amount: 1 });
    expect(grown).toBe(
      rows(`
    bbb....
    bbbaaa.
    bbaaaaa
    ..aaaaa
    ..aaaaa`),
    );
    expect(clean(mask, { kind: 'shrink', amount: 1 }).split('\n')[3]).toBe('....a..');
  });

  test('are smoothed: a thorn goes, a notch is filled', () => {
    const rough = `
      .........
      ...aaaa..
      aa.aaaa..
      ...aaaa..
      ...a.aa..
      ...aaaa..
      .........`;
    const smooth = clean(rough, { kind: 'smooth', amount: 1 }).split('\n');
    expect(smooth[2]).toBe('...aaaa..');
    expect(smooth[4]).toBe('...aaaa..');
    expect(clean(rough, { kind: 'smooth', amount: 1, all: true }).split('\n')[4]).toBe('...aaaa..');
  });

  test('are replaced by another class', () => {
    expect(clean('ab.b', { kind: 'replace', id: 3, replaced: 2 })).toBe('ac.c');
    expect(clean('ab?b', { kind: 'replace', id: 3, replaced: voidId })).toBe('abcb');
  });
});

test('ids are those of the mask or the one that is given; codes of no class stay unless a class grows over them', () => {
  const kinds = ['holes', 'specks', 'grow', 'shrink', 'smooth', 'replace'] as const;
  const scene = fc.record({
    width: fc.integer({ min: 1, max: 20 }),
    letters: fc.array(fc.constantFrom(0, 1, 1, 1, 2, 3, voidId, 200), { minLength: 20, maxLength: 400 }),
    kind: fc.constantFrom(...kinds),
    id: fc.constantFrom(0, 1, 2, 3, voidId),
    all: fc.boolean(),
    amount: fc.integer({ min: 1, max: 6 }),
  });
  fc.assert(
    fc.property(scene, ({ width, letters: values, kind, id, all, amount }) => {
      const height = Math.floor(values.length / width);
      const ids = Uint8Array.from(values.slice(0, width * height));
      const done = run({ ids, size: { width, height }, kind, id, all, amount });
      const allowed = new Set([...ids, id]);
      expect([...done].every((each) => allowed.has(each))).toBe(true);
      const isForeign = (each: number) => each === 200;
      done.forEach((each, at) => {
        if (isForeign(each)) expect(ids[at]).toBe(each);
        if (isForeign(ids[at]) && each !== ids[at]) expect(['holes', 'grow']).toContain(kind);
      });
    }),
    { numRuns: 150 },
  );
});
