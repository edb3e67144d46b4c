// The hand and its tools: what each press does, and that nothing that is open is dropped in silence.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { voidId } from '#shared/mask/void-id';
import { MaskDocument } from '../../src/renderer/editor/document.ts';
import { Hand } from '../../src/renderer/editor/hand.ts';
import { regionsOf } from '../../src/renderer/assist/proposal-map.ts';
import { Proposed } from '../../src/renderer/editor/proposed.ts';
import { toolNames } from '../../src/renderer/editor/tools/tool.ts';
import type { ImagePoint } from '../../src/renderer/editor/units.ts';
import { Person, size } from './person.ts';

const triangle = [
  [10, 10],
  [40, 10],
  [10, 40],
] as const;

describe('taking from a proposal', () => {
  /** Class 1 on the left and again in a corner, 2 on the right, and nothing in the last row. */
  function proposing(): Person {
    const person = new Person('take');
    const ids = new Uint8Array(size.width * size.height);
    const sureness = new Uint8Array(ids.length).fill(200);
    for (let y = 0; y < size.height; y++)
      for (let x = 0; x < size.width; x++) {
        const isCorner = x >= 50 && y < 10;
        ids[y * size.width + x] = y === size.height - 1 ? voidId : x < 30 || isCorner ? 1 : 2;
        if (isCorner) sureness[y * size.width + x] = 90;
      }
    person.proposed = new Proposed(regionsOf({ ...size, ids, sureness }), size);
    return person;
  }

  test('a click takes the region, with Shift all of its class, and a drag what lies in its box; each one step', () => {
    const person = proposing();
    person.move(5, 5);
    expect(person.hand.preview?.region).toBe(0);
    person.click(5, 5);
    expect([person.at(0, 0), person.at(29, 58), person.at(5, 59), person.at(55, 5), person.at(40, 40)]).toEqual([1, 1, 0, 0, 0]);
    person.click(55, 5, { shift: true });
    expect([person.at(55, 5), person.pixels(2)]).toEqual([1, 0]);
    person.drag([
      [25, 40],
      [34, 49],
    ]);
    expect([person.at(30, 40), person.at(34, 49), person.at(35, 45), person.pixels(2)]).toEqual([2, 2, 0, 50]);
    expect(person.steps).toEqual(['Proposal', 'Proposal', 'Proposal']);
    person.click(5, 59);
    expect(person.steps).toHaveLength(3);
  });

  test('what is locked, labelled where only the rest may be painted, or painted by a person since stays', () => {
    const person = proposing();
    person.document.setWhere({ on: 'unlabelled' });
    person.click(5, 5);
    expect(person.pixels(1)).toBe(0);
    person.document.setWhere({ on: 'all' });
    const fixed = new Uint16Array(size.width * size.height);
    fixed[0] = 1;
    person.proposed = new Proposed(person.proposed!.map, size, fixed);
    person.document.setLocked(new Set([0]));
    person.click(5, 5);
    expect(person.pixels(1)).toBe(0);
    person.document.setLocked(new Set());
    person.click(5, 5);
    expect([person.at(0, 0), person.at(1, 0)]).toEqual([0, 1]);
  });

  test('a press that erases, whatever is in hand, erases what it would have taken; nothing to take is told', () => {
    const person = proposing();
    person.document.relabel(0, 4);
    person.erasing = true;
    person.click(5, 5);
    expect([person.at(0, 0), person.at(29, 58), person.at(40, 40), person.at(5, 59)]).toEqual([voidId, voidId, 4, 4]);
    person.erasing = false;
    // A pen that is turned round.
    person.hand.down({ at: { x: 40, y: 40 }, shift: false, ctrl: false, share: 1 }, true);
    person.release(40, 40);
    expect([person.at(40, 40), person.steps]).toEqual([voidId, ['Relabel', 'Erase', 'Erase']]);
    person.proposed = new Proposed(person.proposed!.map, size, new Uint16Array(size.width * size.height).fill(5));
    person.click(5, 5);
    expect([person.told, person.steps.length]).toEqual([['Nothing is taken here: you have painted all of it.'], 3]);
  });

  test('Tab goes to what is least sure and shows it, Enter takes it and goes on, with Shift as the class in hand', () => {
    const person = proposing();
    expect(person.hand.key('Enter')).toBe(false);
    expect(person.hand.key('Tab')).toBe(true);
    expect(person.revealed).toEqual([{ left: 50, top: 0, width: 10, height: 10 }]);
    person.hand.key('Enter', true);
    expect([person.at(55, 5), person.steps]).toEqual([3, ['Region']]);
    person.hand.key('Enter');
    person.hand.key('Enter');
    expect([person.pixels(1) > 1000, person.pixels(2) > 1000]).toEqual([true, true]);
    expect(person.steps).toHaveLength(3);
    // Shift and Tab leave the canvas, and Escape lets the region go.
    expect(person.hand.key('Tab', true)).toBe(false);
    person.hand.key('Tab');
    expect([person.hand.cancel(), person.hand.cancel(), person.hand.preview]).toEqual([true, false, null]);
  });

  test('what a key has gone to is taken, also where the picture moves under a pointer that rests', () => {
    const person = proposing();
    person.move(5, 5);
    person.onReveal = () => person.slide(40, 40);
    person.hand.key('Tab');
    person.hand.key('Enter');
    expect([person.at(55, 5), person.at(40, 40)]).toEqual([1, 0]);
    // The pointer that moves chooses again.
    person.move(40, 40);
    expect(person.proposed!.map.regions[person.hand.preview!.region!].id).toBe(2);
  });

  test('what is chosen is chosen by its place in a renewed proposal; without one nothing is taken', () => {
    const person = proposing();
    person.move(40, 40);
    const renew = (ids: Uint8Array) => {
      person.proposed = new Proposed(regionsOf({ ...size, ids, sureness: person.proposed!.map.ids.slice().fill(9) }), size);
      person.hand.renew();
    };
    const { ids } = person.proposed!.map;
    renew(ids.map((id, pixel) => (pixel === 0 ? 4 : id)));
    expect(person.proposed!.map.regions[person.hand.preview!.region!].id).toBe(2);
    const corner = () => person.proposed!.at({ x: 55, y: 5 });
    for (let tabs = 0; tabs < 3 && person.hand.preview!.region !== corner(); tabs++) person.hand.key('Tab');
    const { region } = person.hand.preview!;
    expect(region).toBe(corner());
    renew(ids);
    expect(person.hand.preview!.region).not.toBe(region);
    expect(person.hand.preview!.region).toBe(corner());
    expect([person.hand.key('Enter'), person.at(55, 5)]).toEqual([true, 1]);
    person.proposed = null;
    person.click(5, 5);
    expect([person.hand.key('Tab'), person.steps]).toEqual([false, ['Proposal']]);
  });
});

describe('brush and eraser', () => {
  test('paint one stroke, and nothing without a press', () => {
    const person = new Person('brush');
    person.move(5, 5);
    expect([person.pixels(3), person.document.strokeOpen]).toEqual([0, false]);
    person.drag([
      [4, 8],
      [20, 8],
      [40, 8],
    ]);
    expect(person.steps).toEqual(['Brush']);
    person.hand.choose('eraser');
    person.click(20, 8);
    expect([person.at(20, 8), person.at(4, 8)]).toEqual([voidId, 3]);
  });

  test('paint nothing between where the pointer was and where a key or a resize has put it in mid-press', () => {
    const person = new Person('brush');
    person.press(5, 5);
    person.jump(40, 5);
    expect([person.at(5, 5), person.at(22, 5), person.at(40, 5)]).toEqual([3, 0, 0]);
    person.move(50, 5);
    person.release(50, 5);
    expect([person.at(22, 5), person.at(45, 5), person.at(50, 5)]).toEqual([0, 3, 3]);
    person.jump(5, 40);
    expect(person.steps).toEqual(['Brush']);
  });

  test('a press with Shift is a straight stroke from where the last one ended', () => {
    const person = new Person('brush');
    person.click(5, 5);
    expect(person.hand.preview).toBeNull();
    person.move(5, 45, { shift: true });
    expect(person.hand.preview?.points).toEqual([
      { x: 5, y: 5 },
      { x: 5, y: 45 },
    ]);
    person.click(5, 45, { shift: true });
    expect([5, 20, 44].map((y) => person.at(5, y))).toEqual([3, 3, 3]);
    person.click(40, 45);
    expect(person.at(20, 45)).toBe(0);
  });

  test('a pen that is pressed lightly paints a thinner line', () => {
    const person = new Person('brush');
    person.click(20, 20, { share: 1 });
    const whole = person.pixels(3);
    person.click(40, 40, { share: 0.25 });
    expect(person.pixels(3) - whole).toBe(1);
  });
});

describe('a class or a tool that is chosen in mid-press', () => {
  test.each(['brush', 'outline', 'rectangle', 'ellipse', 'line'] as const)('counts from the next one on: %s', (tool) => {
    const person = new Person(tool);
    person.press(10, 10);
    person.move(40, 12);
    person.classId = 7;
    person.hand.choose('fill');
    person.move(40, 40);
    person.release(12, 40);
    expect(person.pixels(7)).toBe(0);
    expect(person.pixels(3)).toBeGreaterThan(50);
    expect(person.steps).toHaveLength(1);
    person.click(55, 55);
    expect([person.steps.at(-1), person.at(55, 55)]).toEqual(['Fill', 7]);
  });

  test('leaving the image in mid-press does what is drawn', () => {
    for (const tool of ['brush', 'outline', 'rectangle', 'ellipse', 'line'] as const) {
      const person = new Person(tool);
      person.press(10, 10);
      person.move(40, 12);
      person.move(30, 40);
      person.hand.leave();
      expect([tool, person.steps.length, person.document.strokeOpen]).toEqual([tool, 1, false]);
    }
  });
});

test.each(['polygon', 'brush'] as const)('a press that was not meant takes away what it has done alone: %s', (tool) => {
  const person = new Person(tool);
  person.click(5, 5);
  person.click(40, 5);
  const before = [person.hand.preview?.corners, person.pixels(3)];
  person.press(40, 40);
  person.move(20, 40);
  person.hand.abandon();
  expect([person.hand.preview?.corners, person.pixels(3)]).toEqual(before);
  expect(person.hand.pressing).toBe(false);
});

test('a tool that was chosen in mid-press is in hand once the stroke was ended by something else', () => {
  const person = new Person('brush');
  person.press(5, 5);
  person.hand.choose('fill');
  person.hand.rest();
  person.release(5, 5);
  person.click(30, 30);
  expect(person.steps).toEqual(['Brush', 'Fill']);
});

test('a fill happens when it is let go: what becomes a gesture fills nothing', () => {
  const person = new Person('fill');
  person.press(5, 5);
  person.hand.abandon();
  expect(person.steps).toEqual([]);
  person.press(5, 5);
  person.classId = 6;
  person.release(50, 50);
  expect([person.steps, person.at(30, 30)]).toEqual([['Fill'], 3]);
});

describe('areas', () => {
  test('an outline is filled when the pointer is let go; a dot is none', () => {
    const person = new Person('outline');
    person.drag(triangle);
    expect(person.at(15, 15)).toBe(3);
    person.click(50, 50);
    expect([person.at(50, 50), person.steps]).toEqual([0, ['Outline']]);
  });

  test('an outline that is drawn for minutes by a quick mouse is filled as any other', () => {
    const person = new Person('outline');
    person.press(10, 10);
    for (let turn = 0; turn < 1300; turn++) for (const [x, y] of triangle) for (let n = 0; n < 50; n++) person.move(x + n / 100, y);
    person.release(10, 40);
    expect([person.at(15, 15), person.at(50, 50), person.steps, person.hand.pressing]).toEqual([3, 0, ['Outline'], false]);
  });

  test('Escape in mid-press leaves nothing, and the next press begins anew', () => {
    for (const tool of ['brush', 'outline', 'rectangle', 'ellipse', 'line'] as const) {
      const person = new Person(tool);
      person.press(10, 10);
      person.move(40, 40);
      expect([tool, person.hand.cancel(), person.hand.pressing]).toEqual([tool, true, false]);
      person.release(40, 40);
      person.move(20, 20);
      expect([tool, person.pixels(0), person.steps]).toEqual([tool, size.width * size.height, []]);
    }
  });

  test('a press of the other end of a pen erases with any tool', () => {
    const person = new Person('rectangle');
    person.hand.down({ at: { x: 5, y: 5 }, shift: false, ctrl: false, share: 1 }, true);
    person.move(9, 9);
    person.release(9, 9);
    expect(person.pixels(voidId)).toBe(25);
  });
});

describe('any sequence', () => {
  const place = fc.record({ x: fc.integer({ min: -5, max: 65 }), y: fc.integer({ min: -5, max: 65 }) });
  const deed = fc.oneof(
    fc.record({ kind: fc.constant('drag' as const), points: fc.array(place, { minLength: 1, maxLength: 4 }), shift: fc.boolean() }),
    fc.record({ kind: fc.constant('tool' as const), name: fc.constantFrom(...toolNames) }),
    fc.record({ kind: fc.constant('class' as const), id: fc.constantFrom(1, 2, voidId) }),
    fc.record({ kind: fc.constant('key' as const), key: fc.constantFrom('Enter', 'Backspace', 'Delete') }),
    fc.record({ kind: fc.constant('cancel' as const) }),
    fc.record({ kind: fc.constant('press' as const), at: place }),
    fc.record({ kind: fc.constant('leave' as const) }),
  );

  test('of tools, classes and images leaves a mask that is what was handed on, with nothing open but corners', () => {
    fc.assert(
      fc.property(fc.array(deed, { maxLength: 30 }), (deeds) => {
        const person = new Person('brush');
        const handedOn = new MaskDocument(new Uint8Array(size.width * size.height), size);
        person.document.onCommit(({ patch }) => handedOn.applyRemote(patch, []));
        for (const each of deeds) {
          if (each.kind === 'drag')
            person.drag(
              each.points.map(({ x, y }: ImagePoint) => [x, y] as const),
              { shift: each.shift },
            );
          else if (each.kind === 'tool') person.hand.choose(each.name);
          else if (each.kind === 'class') person.classId = each.id;
          else if (each.kind === 'key') person.hand.key(each.key);
          else if (each.kind === 'cancel') person.hand.cancel();
          else if (each.kind === 'press') person.press(each.at.x, each.at.y);
          else person.hand = new Hand('polygon', person.hand.leave(), () => person.context());
        }
        person.hand.leave();
        expect(person.document.strokeOpen).toBe(false);
        expect(person.document.ids).toEqual(handedOn.ids);
      }),
      { numRuns: 200 },
    );
  });
});
