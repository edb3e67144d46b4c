// Cleaning up as a tool: a part is chosen by dragging, what is shown is done by Enter, pieces are joined along a line.
import { describe, expect, test } from 'vitest';
import { bridge } from '../../src/renderer/editor/bridge.ts';
import type { CleanUp } from '../../src/renderer/editor/clean-up.ts';
import type { Region } from '../../src/renderer/editor/region.ts';
import { Person, size } from './person.ts';

const set = (kind: CleanUp['kind'], change: Region | null = null) => {
  const parts: CleanUp['part'][] = [];
  const cleanUp: CleanUp = { kind, change, part: null, look: (part) => parts.push(part) };
  const person = new Person('clean');
  person.cleanUp = cleanUp;
  person.hand.renew();
  return { person, parts };
};

const change: Region = {
  box: { left: 5, top: 6, width: 2, height: 1 },
  selected: Uint8Array.of(1, 0),
  ids: Uint8Array.of(7, 9),
};

test('what is shown is done by Enter, as one step of its name, each pixel with its own id', () => {
  const { person } = set('holes', change);
  expect(person.hand.preview?.pixels).toBe(change);
  expect(person.hand.key('Enter')).toBe(true);
  expect([person.at(5, 6), person.at(6, 6)]).toEqual([7, 0]);
  expect(person.steps).toEqual(['Fill holes']);
});

test('where nothing would change, Enter says so', () => {
  const { person } = set('grow');
  expect(person.hand.key('Enter')).toBe(true);
  expect(person.told).toEqual(['There is nothing to change.']);
  expect(person.steps).toEqual([]);
});

test('a drag chooses a part within the image, a click all of it; neither paints', () => {
  const { person, parts } = set('specks');
  person.drag([
    [40, 40],
    [80, 90],
  ]);
  person.click(10, 10);
  expect(parts).toEqual([{ left: 40, top: 40, width: 20, height: 20 }, null]);
  person.press(10, 10);
  person.move(20, 20);
  expect(person.hand.preview?.points).toHaveLength(4);
  expect(person.hand.cancel()).toBe(true);
  expect(parts).toHaveLength(2);
  expect(person.steps).toEqual([]);
});

describe('joining', () => {
  /** Two pieces of a pole, 6 and 10 px wide, behind a sign. */
  const poles = () => {
    const { person } = set('join');
    const { ids } = person.document;
    for (let y = 5; y < 50; y++) {
      const [half, id] = y < 20 ? [3, 3] : y < 35 ? [8, 5] : [5, 3];
      for (let x = 30 - half; x < 30 + half; x++) ids[y * size.width + x] = id;
    }
    return person;
  };

  test('fills what lies between with a band as wide as the pieces', () => {
    const person = poles();
    person.drag([
      [30, 15],
      [30, 40],
    ]);
    const widths = [18, 27, 36].map((y) => Array.from({ length: 60 }, (_, x) => person.at(x, y)).filter((id) => id === 3).length);
    // In the middle it is as wide as in between, to a pixel.
    expect([widths[0], widths[2]]).toEqual([6, 10]);
    expect(Math.abs(widths[1] - 8)).toBeLessThanOrEqual(1);
    expect(person.steps).toEqual(['Join']);
  });

  test('needs the class in hand at both ends, and says so', () => {
    const person = poles();
    person.drag([
      [30, 15],
      [30, 30],
    ]);
    expect(person.told).toEqual([expect.stringContaining('Nothing is joined')]);
    expect(person.steps).toEqual([]);
    expect(bridge(person.document.ids, size, 3, { x: 30, y: 15 }, { x: 30, y: 15 })).toBeNull();
  });
});
