// Pens, fingers, palms, wheels and touchpads: what each means on a canvas.
import { beforeEach, describe, expect, test } from 'vitest';
import { PointerMachine, type PointerFacts } from '../../src/renderer/editor/pointer-machine.ts';
import { WheelMachine, type WheelFacts, type WheelMode } from '../../src/renderer/editor/wheel-machine.ts';

let told: string[];
let now: number;
let panHeld: boolean;
let releasedAt: PointerFacts['at'] | null;
let machine: PointerMachine;
const round = (value: number) => Math.round(value * 100) / 100;
const means = {
  press: ({ type, button }: PointerFacts) => void told.push(button === 5 ? `press ${type} eraser` : `press ${type}`),
  move: ({ at }: PointerFacts) => void told.push(`move ${at.x},${at.y}`),
  release: ({ at }: PointerFacts) => {
    told.push('release');
    releasedAt = at;
  },
  abandon: () => void told.push('abandon'),
  pan: (dx: number, dy: number) => void told.push(`pan ${round(dx)},${round(dy)}`),
  tap: (at: PointerFacts['at']) => void told.push(`tap ${at.x},${at.y}`),
  zoom: (_: unknown, factor: number) => void told.push(`zoom ${round(factor)}`),
  leave: () => void told.push('leave'),
  resize: (by: number) => void told.push(`resize ${by}`),
};

beforeEach(() => {
  told = [];
  releasedAt = null;
  now = 1000;
  panHeld = false;
  machine = new PointerMachine(means, () => panHeld);
});

const of = (id: number, type: PointerFacts['type'], x: number, y: number, button = 0): PointerFacts => {
  now += 10;
  return { id, type, at: { x, y }, button, buttons: 1 | 32, shift: false, ctrl: false, alt: false, pressure: 0.5, time: now };
};
const mouse = (x: number, y: number, button = 0) => of(1, 'mouse', x, y, button);
const finger = (id: number, x: number, y: number) => of(id, 'touch', x, y);
const pen = (x: number, y: number, button = 0) => of(50, 'pen', x, y, button);

test('a finger that the system takes away has drawn nothing, and a pen ends its press where it was', () => {
  machine.down(finger(1, 5, 5));
  machine.move(finger(1, 9, 9));
  machine.cancel(finger(1, 0, 0));
  machine.down(pen(5, 5, 5));
  machine.move(pen(8, 8, -1));
  machine.cancel(pen(0, 0));
  expect(told).toEqual(['press touch', 'move 9,9', 'abandon', 'press pen eraser', 'move 8,8', 'release']);
  expect(releasedAt).toEqual({ x: 8, y: 8 });
  machine.down(finger(2, 5, 5));
  expect(told).toHaveLength(6);
  // Long after the pen a finger draws, and what it has drawn for a while stays.
  now += 2000;
  machine.down(finger(3, 5, 5));
  now += 500;
  machine.cancel(finger(3, 0, 0));
  expect(told.slice(6)).toEqual(['press touch', 'release']);
  now += 2000;
  machine.down(pen(5, 5));
  machine.move({ ...pen(6, 6, -1), buttons: 2 });
  machine.move(pen(7, 7, -1));
  expect(told.slice(8)).toEqual(['press pen', 'move 6,6', 'move 7,7']);
});

test('a press that would move the picture and does not is a tap, by the main button or a finger alone', () => {
  panHeld = true;
  machine.down(mouse(5, 5));
  machine.move(mouse(6, 6, -1));
  machine.up(mouse(6, 6));
  expect(told).toEqual(['pan 1,1', 'tap 6,6']);
  machine.down(mouse(5, 5));
  machine.move(mouse(9, 5, -1));
  machine.move(mouse(5, 5, -1));
  machine.up(mouse(5, 5));
  machine.down(mouse(5, 5, 1));
  machine.up(mouse(5, 5, 1));
  expect(told.slice(2)).toEqual(['pan 4,0', 'pan -4,0']);
  machine.down(finger(2, 3, 3));
  machine.up(finger(2, 3, 3));
  machine.down(finger(3, 3, 3));
  machine.down(finger(4, 9, 9));
  machine.up(finger(3, 3, 3));
  machine.up(finger(4, 9, 9));
  expect(told.slice(4)).toEqual(['tap 3,3']);
});

describe('a mouse', () => {
  test('presses with the main button, moves the picture with the middle one or a held key', () => {
    machine.move(mouse(1, 1, -1));
    machine.down(mouse(2, 2));
    machine.move(mouse(3, 3, -1));
    machine.up(mouse(3, 3));
    machine.down(mouse(3, 3, 1));
    machine.move(mouse(8, 5, -1));
    machine.up(mouse(8, 5, 1));
    panHeld = true;
    machine.down(mouse(0, 0));
    panHeld = false;
    machine.move(mouse(4, 0, -1));
    machine.up(mouse(4, 0));
    machine.down(mouse(0, 0, 2));
    expect(told).toEqual(['move 1,1', 'press mouse', 'move 3,3', 'release', 'pan 5,2', 'pan 4,0']);
  });

  test('whose button is up though nobody told, or that is taken away, ends its press where it was last', () => {
    machine.down(mouse(2, 2));
    machine.move(mouse(3, 3, -1));
    machine.move({ ...mouse(90, 90, -1), buttons: 2 });
    expect([told, releasedAt]).toEqual([['press mouse', 'move 3,3', 'release', 'move 90,90'], { x: 3, y: 3 }]);
    machine.up(mouse(91, 91));
    machine.down(mouse(5, 5));
    machine.move(mouse(6, 6, -1));
    machine.cancel(mouse(0, 0));
    machine.cancel(mouse(0, 0));
    expect([told.slice(4), releasedAt]).toEqual([['press mouse', 'move 6,6', 'release'], { x: 6, y: 6 }]);
    machine.down(mouse(7, 7));
    expect(told.at(-1)).toBe('press mouse');
  });

  test('that leaves in mid-press goes on with it', () => {
    machine.down(mouse(2, 2));
    machine.leave(mouse(-5, 2));
    machine.move(mouse(-9, 2));
    machine.up(mouse(-9, 2));
    machine.leave(mouse(-9, 2));
    expect(told).toEqual(['press mouse', 'move -9,2', 'release', 'leave']);
  });
});

describe('fingers', () => {
  test('one paints', () => {
    machine.down(finger(10, 5, 5));
    machine.move(finger(10, 9, 9));
    machine.up(finger(10, 9, 9));
    expect(told).toEqual(['press touch', 'move 9,9', 'release']);
  });

  test('a second one soon after rolls back what the first began; together they move and zoom until both are lifted', () => {
    machine.down(finger(10, 0, 0));
    machine.down(finger(11, 100, 0));
    machine.move(finger(11, 200, 0));
    machine.up(finger(11, 200, 0));
    machine.move(finger(10, 50, 50));
    machine.up(finger(10, 50, 50));
    expect(told).toEqual(['press touch', 'abandon', 'pan 50,0', 'zoom 2']);
    machine.down(finger(12, 1, 1));
    expect(told.at(-1)).toBe('press touch');
  });

  test('a second one late leaves what was painted, which ends where the first one is', () => {
    machine.down(finger(10, 0, 0));
    machine.move(finger(10, 20, 30));
    now += 2000;
    machine.down(finger(11, 100, 0));
    expect(told).toEqual(['press touch', 'move 20,30', 'release']);
    expect(releasedAt).toEqual({ x: 20, y: 30 });
  });

  test('a palm beside a pen is nothing, whichever comes first', () => {
    machine.down(finger(10, 0, 0));
    machine.down(pen(40, 40));
    machine.move(finger(10, 3, 3));
    machine.move(pen(41, 41, -1));
    machine.down(finger(11, 90, 90));
    machine.move(finger(11, 95, 95));
    machine.up(finger(10, 3, 3));
    machine.up(pen(41, 41));
    machine.up(finger(11, 95, 95));
    expect(told).toEqual(['press touch', 'abandon', 'press pen', 'move 41,41', 'release']);
  });

  test('a hand with two places on the screen, down before the pen, moves nothing under it', () => {
    machine.down(finger(10, 3, 3));
    machine.down(finger(11, 30, 3));
    told.length = 0;
    machine.down(pen(40, 40));
    machine.move(pen(41, 41, -1));
    machine.move(finger(11, 60, 3));
    machine.up(pen(41, 41));
    machine.up(finger(10, 3, 3));
    machine.up(finger(11, 60, 3));
    expect(told).toEqual(['press pen', 'move 41,41', 'release']);
    now += 2000;
    machine.down(finger(12, 5, 5));
    expect(told.at(-1)).toBe('press touch');
  });

  test('where the hand has nothing to paint with, one moves the picture', () => {
    panHeld = true;
    machine.down(finger(10, 0, 0));
    machine.move(finger(10, 7, 3));
    machine.down(finger(11, 107, 3));
    machine.move(finger(11, 57, 3));
    expect(told).toEqual(['pan 7,3', 'pan -25,0', 'zoom 0.5']);
  });

  test('a pen’s other end erases', () => {
    machine.down(pen(1, 1, 5));
    machine.up(pen(1, 1, 5));
    expect(told).toEqual(['press pen eraser', 'release']);
  });
});

describe('wheels', () => {
  let mode: WheelMode;
  let wheel: WheelMachine;
  beforeEach(() => {
    mode = 'auto';
    wheel = new WheelMachine(means, () => mode);
  });
  const turn = (dx: number, dy: number, more: Partial<WheelFacts> = {}) => {
    now += 16;
    wheel.turn({ at: { x: 0, y: 0 }, dx, dy, inLines: false, ctrl: false, alt: false, shift: false, time: now, ...more });
  };

  test('a mouse’s zooms', () => {
    turn(0, -100);
    turn(0, 3, { inLines: true });
    expect(told).toEqual(['zoom 1.16', 'zoom 0.84']);
  });

  test('two fingers move the picture, also sideways and also when they have become fast', () => {
    turn(0, 4);
    turn(3, 12);
    turn(0, 120);
    expect(told).toEqual(['pan 0,-4', 'pan -3,-12', 'pan 0,-120']);
    now += 1000;
    turn(0, 120);
    expect(told.at(-1)).toBe('zoom 0.84');
  });

  test('a pinch zooms at its usual strength', () => {
    for (let i = 0; i < 10; i++) turn(0, -7, { ctrl: true });
    expect(told.reduce((factor, each) => factor * Number(each.split(' ')[1]), 1)).toBeCloseTo(2, 0);
  });

  test('with Alt it sets the size: a step a notch, and every so often with two fingers', () => {
    turn(0, 120, { alt: true });
    turn(0, -120, { alt: true });
    now += 1000;
    for (let i = 0; i < 8; i++) turn(0, 10, { alt: true });
    expect(told).toEqual(['resize -1', 'resize 1', 'resize -1', 'resize -1']);
  });

  test('with Shift a mouse’s moves sideways', () => {
    turn(0, 100, { shift: true });
    expect(told).toEqual(['pan -100,0']);
  });

  test('does what a person has said it is to', () => {
    mode = 'pan';
    turn(0, 100);
    mode = 'zoom';
    now += 1000;
    turn(0, 4);
    expect(told).toEqual(['pan 0,-100', 'zoom 0.99']);
  });
});
