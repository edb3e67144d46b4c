// Classes have an identity: what is stored in ids is read through the classes it was made for.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ClassInfo, MaskFormat } from '#shared/classes/class-info';
import { areSameClasses, assertSameClasses, classList, formatFor, isSameClass, mapClasses, storedValues } from '#shared/classes/class-map';

const classOf = (id: number, name: string, value?: number): ClassInfo => ({
  id,
  name,
  color: [id, id, id],
  ...(value === undefined ? {} : { value }),
});
const formatOf = (classes: readonly ClassInfo[], voidValue = 255): MaskFormat => {
  const toId = new Array<number>(256).fill(-1);
  for (const { id, value = id } of classes) toId[value] = id;
  toId[voidValue] = 255;
  return { toId, voidValue };
};

/** A class set of up to twelve classes with names and stored values of their own. */
const classSet = fc
  .tuple(
    fc.uniqueArray(fc.constantFrom(...'abcdefghijklmnop'), { minLength: 1, maxLength: 12 }),
    fc.uniqueArray(fc.integer({ min: 0, max: 250 }), { minLength: 12, maxLength: 12 }),
  )
  .map(([names, values]) => names.map((name, id) => classOf(id, name, values[id])));

/** What becomes of a class set: entries exchanged, renamed, given another value, taken away, added. */
const change = fc.oneof(
  fc.record({ kind: fc.constant('order' as const), seed: fc.integer() }),
  fc.record({ kind: fc.constant('rename' as const), at: fc.nat(11) }),
  fc.record({ kind: fc.constant('swap names' as const), at: fc.nat(11), with: fc.nat(11) }),
  fc.record({ kind: fc.constant('value' as const), at: fc.nat(11) }),
  fc.record({ kind: fc.constant('shorten' as const) }),
  fc.record({ kind: fc.constant('extend' as const) }),
);

type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

function changed(classes: readonly ClassInfo[], by: Change): ClassInfo[] {
  const next = classes.map((each) => ({ ...each }));
  if (by.kind === 'order') next.sort((a, b) => ((a.value! * 7919 + by.seed) % 101) - ((b.value! * 7919 + by.seed) % 101));
  else if (by.kind === 'rename') next[by.at % next.length].name += ' renamed';
  else if (by.kind === 'value') next[by.at % next.length].value = 251;
  else if (by.kind === 'shorten') next.pop();
  else if (by.kind === 'extend') next.push(classOf(next.length, 'a new one', 252));
  else {
    const [a, b] = [next[by.at % next.length], next[by.with % next.length]];
    [a.name, b.name] = [b.name, a.name];
  }
  return next.map((each, id) => ({ ...each, id }));
}

describe('a class set that has changed', () => {
  test('maps an id to a class of the same name and stored value, or to none: never to another class', () => {
    fc.assert(
      fc.property(classSet, fc.array(change, { maxLength: 4 }), (from, changes) => {
        const to = changes.reduce<ClassInfo[]>((classes, by) => (classes.length > 0 ? changed(classes, by) : classes), from);
        const { ids, missing } = mapClasses(from, to);
        for (const each of from) {
          const mapped = ids[each.id];
          if (mapped < 0) {
            expect(missing).toContainEqual(each);
            expect(to.some((other) => isSameClass(each, other))).toBe(false);
          } else expect({ name: to[mapped].name, value: to[mapped].value }).toEqual({ name: each.name, value: each.value });
        }
        expect(ids[255]).toBe(255);
      }),
      { numRuns: 500 },
    );
  });

  test('reads masks as a network meant them, or refuses with both lists', () => {
    fc.assert(
      fc.property(classSet, fc.array(change, { maxLength: 3 }), (own, changes) => {
        const today = changes.reduce<ClassInfo[]>((classes, by) => (classes.length > 0 ? changed(classes, by) : classes), own);
        let format: MaskFormat;
        try {
          format = formatFor('the network', own, today, { ...formatOf(today), own: today.map(({ value }) => value!) });
        } catch (error) {
          expect((error as Error).message).toContain(classList(own));
          expect((error as Error).message).toContain(classList(today));
          return;
        }
        for (const { value, name } of today) expect(own[format.toId[value!]].name).toBe(name);
        expect(format.toId[255]).toBe(255);
        expect(storedValues(format).slice(0, own.length)).toEqual(own.map(({ value }) => value));
      }),
      { numRuns: 500 },
    );
  });

  test('is told by both lists when a run would go on with it', () => {
    const own = [classOf(0, 'Sky', 5), classOf(1, 'Road', 15)];
    expect(() => assertSameClasses('The run', own, [classOf(0, 'Road', 15), classOf(1, 'Sky', 5)])).toThrow(
      'The run has the classes Sky (5), Road (15); the data set has Road (15), Sky (5)',
    );
    expect(() =>
      assertSameClasses(
        'The run',
        own,
        own.map((each) => ({ ...each, color: [9, 9, 9] })),
      ),
    ).not.toThrow();
  });
});

test('classes of before they carried values are told by their names', () => {
  const old = [classOf(0, 'Sky'), classOf(1, 'Road')];
  expect(areSameClasses(old, [classOf(0, 'Sky', 5), classOf(1, 'Road', 15)])).toBe(true);
  expect(areSameClasses(old, [classOf(0, 'Road', 15), classOf(1, 'Sky', 5)])).toBe(false);
  expect(classList(old)).toBe('Sky, Road');
});

test('stored values lead back from ids, and void has its own', () => {
  const values = storedValues(formatOf([classOf(0, 'a', 7), classOf(1, 'b', 9)], 200));
  expect([values[0], values[1], values[2], values[255]]).toEqual([7, 9, -1, 200]);
});
