// The polygon: how it is drawn, mended, closed and taken back.
import { describe, expect, test } from 'vitest';
import { voidId } from '#shared/mask/void-id';
import { polygonRegion } from '../../src/renderer/editor/polygon-region.ts';
import { Person, size } from './person.ts';

const triangle = [
  [10, 10],
  [40, 10],
  [10, 40],
] as const;

describe('polygon', () => {
  const clicked = (points: readonly (readonly [number, number])[]): Person => {
    const person = new Person('polygon');
    for (const [x, y] of points) person.click(x, y);
    return person;
  };

  test('closes at its start, by Enter or by a double-click, and is dropped by Escape', () => {
    const inside = polygonRegion(
      triangle.map(([x, y]) => ({ x, y })),
      size,
    )!.selected.reduce((sum, each) => sum + each, 0);
    const closings: Record<string, (person: Person) => void> = {
      start: (person) => person.click(10, 10),
      Enter: (person) => void person.hand.key('Enter'),
      'double-click': (person) => {
        person.click(10.5, 40.5);
        person.hand.doubleClick();
      },
    };
    for (const [how, close] of Object.entries(closings)) {
      const person = clicked(triangle);
      close(person);
      expect([how, person.pixels(3), person.hand.preview, person.steps]).toEqual([how, inside, null, ['Polygon']]);
    }
    const person = clicked(triangle);
    expect([person.hand.cancel(), person.pixels(3), person.hand.preview]).toEqual([true, 0, null]);
  });

  test('corners that lie close are corners, whatever the time between them', () => {
    // A pole of 3 x 40 px, seen at 100 %.
    const person = clicked([
      [20, 5],
      [20, 45],
      [23, 45],
      [23, 5],
    ]);
    person.near = 2;
    person.hand.key('Enter');
    expect(person.pixels(3)).toBe(120);
  });

  test('a click beside the start closes there, and its corner is part of the outline', () => {
    const person = clicked([
      [20, 5],
      [20, 45],
      [23, 45],
    ]);
    person.near = 4;
    person.click(23, 5);
    expect([person.steps, person.pixels(3)]).toEqual([['Polygon'], 120]);
  });

  test('a double-click at the start closes it and begins no other', () => {
    const person = clicked(triangle);
    person.click(10, 10);
    person.click(10, 10);
    person.hand.doubleClick();
    expect([person.steps, person.hand.preview]).toEqual([['Polygon'], null]);
  });

  describe('a drag', () => {
    const bow: [number, number][] = Array.from({ length: 31 }, (_, i) => {
      const angle = (Math.PI * i) / 30;
      return [30 - 20 * Math.cos(angle), 30 - 20 * Math.sin(angle)];
    });

    test('draws between clicks, as few corners as show it, and the whole is one step', () => {
      const person = new Person('polygon');
      person.drag(bow);
      const { corners } = person.hand.preview!;
      expect(corners.length).toBeGreaterThan(6);
      expect(corners.length).toBeLessThan(bow.length);
      person.click(50, 50);
      person.click(10, 50);
      person.hand.key('Enter');
      const truth = polygonRegion([...bow.map(([x, y]) => ({ x, y })), { x: 50, y: 50 }, { x: 10, y: 50 }], size)!;
      const area = truth.selected.reduce((sum, each) => sum + each, 0);
      expect(Math.abs(person.pixels(3) - area)).toBeLessThan(area / 50);
      expect(person.steps).toEqual(['Polygon']);
    });

    test('that comes back to the start closes there', () => {
      const person = new Person('polygon');
      person.drag([...bow, [50, 50], [10, 50], [10.5, 30.5]]);
      expect([person.steps, person.hand.preview]).toEqual([['Polygon'], null]);
    });

    test('of a hand that trembles in a click draws nothing', () => {
      const person = clicked(triangle);
      person.drag([
        [30, 50],
        [32, 51],
        [29, 49],
      ]);
      expect(person.hand.preview?.corners).toHaveLength(4);
    });

    test('that a key ends is what the key closes, and nothing of it is open afterwards', () => {
      const person = new Person('polygon');
      person.press(...bow[0]);
      for (const [x, y] of bow) {
        person.move(x, y);
        expect(person.hand.key('Shift')).toBe(false);
      }
      person.hand.key('Enter');
      person.release(...bow.at(-1)!);
      expect([person.steps, person.hand.isOpen]).toEqual([['Polygon'], false]);
      expect(person.pixels(3)).toBeGreaterThan(500);
    });

    test('is rolled back with its corner alone, and kept when the image is left or another tool is taken', () => {
      const person = clicked(triangle);
      person.press(20, 50);
      for (const y of [45, 40, 35]) person.move(20, y);
      expect([person.hand.undoOpen(), person.hand.preview?.corners.length]).toEqual([true, 3]);
      person.press(20, 50);
      person.move(20, 35);
      expect(new Person('polygon', person.hand.leave()).hand.preview?.corners.at(-1)).toEqual({ x: 20, y: 35 });
    });
  });

  test('a corner that is being moved, or put in, goes back alone', () => {
    const person = clicked(triangle);
    const before = [...person.hand.preview!.corners];
    for (const [x, y] of [
      [40, 10],
      [25, 10],
    ])
      for (const takeBack of [() => person.hand.undoOpen(), () => person.hand.cancel(), () => person.hand.abandon()]) {
        person.press(x, y, { ctrl: true });
        person.move(50, 20, { ctrl: true });
        expect(person.hand.preview?.corners).not.toEqual(before);
        takeBack();
        expect([person.hand.preview?.corners, person.hand.pressing]).toEqual([before, false]);
      }
  });

  test('Escape in mid-press takes back the press, and then all', () => {
    const person = clicked(triangle);
    person.press(30, 50);
    expect([person.hand.cancel(), person.hand.preview?.corners.length]).toEqual([true, 3]);
    expect([person.hand.cancel(), person.hand.isOpen]).toEqual([true, false]);
  });

  test('corners that are moved twice in a moment are no double-click', () => {
    const person = clicked(triangle);
    for (let n = 0; n < 2; n++) person.click(40, 10, { ctrl: true });
    person.hand.doubleClick();
    expect([person.steps, person.hand.preview?.corners.length]).toEqual([[], 3]);
  });

  test('a press at the start that becomes a gesture closes nothing', () => {
    const person = clicked(triangle);
    person.press(10, 10);
    person.hand.abandon();
    expect([person.steps, person.hand.preview?.corners.length]).toEqual([[], 3]);
    // Without a press there is nothing to take back.
    person.hand.abandon();
    expect(person.hand.preview?.corners).toHaveLength(3);
  });

  test('an outline that was begun to take away still does after the image was left', () => {
    const person = clicked([]);
    person.document.ids.fill(3);
    triangle.forEach(([x, y], i) => person.click(x, y, { shift: i === 0 }));
    const later = new Person('polygon', person.hand.leave());
    later.document.ids.fill(3);
    expect(later.hand.preview?.subtracts).toBe(true);
    later.hand.key('Enter');
    expect([later.at(12, 12), later.at(50, 50)]).toEqual([voidId, 3]);
  });

  test('two corners are no polygon, and wait for more', () => {
    const person = clicked([
      [10, 10],
      [40, 10],
    ]);
    expect(person.hand.key('Enter')).toBe(true);
    expect(person.hand.preview?.corners).toHaveLength(2);
    person.click(10, 40);
    person.hand.key('Enter');
    expect(person.steps).toEqual(['Polygon']);
  });

  test('outlives another tool, another image and another place', () => {
    const person = clicked(triangle);
    person.hand.choose('brush');
    expect(person.hand.preview).toBeNull();
    person.click(50, 50);
    person.hand.choose('polygon');
    expect(person.hand.preview?.corners).toHaveLength(3);
    const later = new Person('polygon', person.hand.leave());
    expect(later.hand.preview?.corners).toHaveLength(3);
    later.classId = 5;
    later.hand.key('Enter');
    expect(later.pixels(5)).toBeGreaterThan(300);
  });

  test('Ctrl moves a corner and puts one into an edge, Delete takes one away, Backspace the last', () => {
    const person = clicked(triangle);
    person.press(40, 10, { ctrl: true });
    person.move(50, 10, { ctrl: true });
    person.release(50, 10);
    expect(person.hand.preview?.corners[1]).toEqual({ x: 50, y: 10 });
    person.press(30, 10, { ctrl: true });
    person.move(30, 5, { ctrl: true });
    person.release(30, 5);
    expect(person.hand.preview?.corners.map(({ x }) => x)).toEqual([10, 30, 50, 10]);
    person.move(30, 5, { ctrl: true });
    expect(person.hand.preview?.chosen).toEqual({ x: 30, y: 5 });
    person.hand.key('Delete');
    expect(person.hand.preview?.corners.map(({ x }) => x)).toEqual([10, 50, 10]);
    expect(person.hand.undoOpen()).toBe(true);
    expect(person.hand.preview?.corners).toHaveLength(2);
    expect(person.steps).toEqual([]);
  });

  test('Shift takes the class away and leaves the others', () => {
    const person = new Person('rectangle');
    person.drag([
      [0, 0],
      [59, 30],
    ]);
    person.classId = 4;
    person.drag([
      [0, 31],
      [59, 59],
    ]);
    person.classId = 3;
    person.hand.choose('polygon');
    for (const [x, y] of triangle) person.click(x, y, { shift: true });
    expect(person.hand.preview?.subtracts).toBe(true);
    person.hand.key('Enter');
    expect([person.at(12, 12), person.at(11, 36), person.at(50, 12)]).toEqual([voidId, 4, 3]);
  });
});
