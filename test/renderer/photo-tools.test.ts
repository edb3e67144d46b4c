// Tools that go by the photo: what each press does, also while an answer is waited for.
import { describe, expect, test, vi } from 'vitest';
import { voidId } from '#shared/mask/void-id';
import type { Drafts } from '../../src/renderer/editor/hand.ts';
import type { ToolName } from '../../src/renderer/editor/tools/tool.ts';
import { Person, size } from './person.ts';
import { TileVision } from './tile-vision.ts';

describe('tools that go by the photo', () => {
  const seeing = (tool: ToolName, drafts?: Drafts) => {
    const person = new Person(tool, drafts);
    const vision = new TileVision(size);
    person.vision = vision;
    person.document.ids.fill(voidId);
    return { person, vision };
  };

  test.each(['scissors', 'superpixels', 'wand', 'cutout'] as const)('%s says so while nothing is seen yet, and paints nothing', (tool) => {
    const person = new Person(tool);
    person.drag([
      [10, 10],
      [20, 20],
    ]);
    expect(person.told).toEqual([expect.stringContaining('still being looked at')]);
    expect(person.steps).toEqual([]);
  });

  test('a guided brush waits for the photo, keeps to one side of an edge, and Ctrl turns the guide off', () => {
    const { person, vision } = seeing('brush');
    person.guided = true;
    person.vision = null;
    person.click(28, 10);
    expect(person.steps).toEqual([]);
    person.vision = vision;
    person.drag([
      [28, 10],
      [28, 16],
    ]);
    expect([person.at(29, 12), person.at(30, 12)]).toEqual([3, voidId]);
    person.drag(
      [
        [28.9, 10],
        [28.9, 16],
      ],
      { ctrl: true },
    );
    expect(person.at(30, 12)).toBe(3);
    expect(person.steps).toEqual(['Brush', 'Brush']);
  });

  test('the wand takes a tile; dragging changes the tolerance, which is kept; one step, Shift takes away', () => {
    const { person } = seeing('wand');
    person.click(5, 5);
    expect(person.pixels(3)).toBe(900);
    // The tile beside it is 70 away: a drag of 4 px is worth one step.
    person.drag([
      [5, 5],
      [5 + 4 * 65, 5],
    ]);
    expect(person.tolerance).toBe(75);
    expect(person.pixels(3)).toBeGreaterThan(900);
    person.tolerance = 10;
    person.click(5, 5, { shift: true });
    expect(person.at(5, 5)).toBe(voidId);
    expect(person.steps).toEqual(['Wand', 'Wand', 'Wand']);
    person.press(5, 5);
    expect(person.hand.cancel()).toBe(true);
    expect(person.steps).toHaveLength(3);
  });

  test('superpixels are painted where a press goes, once each, as one step; Shift takes away', () => {
    const { person } = seeing('superpixels');
    person.drag([
      [5, 5],
      [45, 5],
      [5, 5],
    ]);
    expect(person.pixels(3)).toBe(1800);
    person.click(45, 5, { shift: true });
    expect(person.pixels(3)).toBe(900);
    expect(person.steps).toEqual(['Superpixels', 'Superpixels']);
    person.press(5, 45);
    expect(person.pixels(3)).toBe(1800);
    expect(person.hand.cancel()).toBe(true);
    expect(person.pixels(3)).toBe(900);
  });

  test('by keys: Tab to what is not labelled, arrows beside, Enter paints; the pointer takes over again', () => {
    const { person } = seeing('superpixels');
    person.click(5, 5);
    expect(person.hand.key('ArrowRight')).toBe(false);
    expect(person.hand.key('Tab')).toBe(true);
    expect(person.hand.preview?.pixels?.box).toMatchObject({ left: 30, top: 0 });
    person.hand.key('Enter');
    expect(person.at(45, 5)).toBe(3);
    person.hand.key('ArrowDown');
    person.hand.key('ArrowDown');
    person.hand.key('ArrowLeft');
    expect(person.hand.preview?.pixels?.box).toMatchObject({ left: 0, top: 30 });
    expect(person.revealed.at(-1)).toMatchObject({ left: 0, top: 30 });
    person.hand.key('Enter');
    person.hand.key('Tab');
    person.hand.key('Enter');
    expect(person.hand.key('Tab')).toBe(false);
    expect(person.pixels(3)).toBe(3600);
    person.move(5, 5);
    expect(person.hand.key('ArrowDown')).toBe(false);
  });

  test('Tab stays on the canvas while superpixels are still on their way, and leaves it where there are none', () => {
    const { person, vision } = seeing('superpixels');
    [vision.superpixels, vision.isLooking] = [null, true];
    expect(person.hand.key('Tab')).toBe(true);
    expect(person.told).toEqual([expect.stringContaining('still being looked at')]);
    expect([person.hand.key('Enter'), person.hand.key('Tab', true)]).toEqual([false, false]);
    vision.isLooking = false;
    expect(person.hand.key('Tab')).toBe(false);
  });

  test('scissors follow the ways that are found, and close when the last one is', async () => {
    const { person, vision } = seeing('scissors');
    person.click(10, 10);
    person.move(30, 20);
    await vision.answer();
    expect(person.hand.preview?.points).toContainEqual({ x: 30, y: 10 });
    person.click(30, 20);
    person.click(40, 40);
    person.hand.key('Enter');
    expect(person.steps).toEqual([]);
    await vision.answer();
    expect(person.steps).toEqual(['Scissors']);
    // Each is inside the ways round the corners and outside the straight lines.
    expect([person.at(28, 11), person.at(38, 21), person.at(12, 38)]).toEqual([3, 3, 3]);
    expect([person.at(45, 30), person.at(35, 15)]).toEqual([voidId, voidId]);
    expect(person.hand.isOpen).toBe(false);
  });

  test('scissors go straight with Ctrl, take points back, and keep what is open over another image', async () => {
    const { person, vision } = seeing('scissors');
    person.click(10, 10);
    person.click(40, 10, { ctrl: true });
    person.click(50, 50, { ctrl: true });
    person.hand.key('Backspace');
    person.click(40, 40, { ctrl: true });
    const drafts = person.hand.leave();
    expect(drafts.get('scissors')).toEqual({
      points: [
        { x: 10, y: 10 },
        { x: 40, y: 10 },
        { x: 40, y: 40 },
      ],
      subtracts: false,
    });
    const again = seeing('scissors', drafts);
    again.person.click(10, 40, { ctrl: true });
    again.person.click(10, 10, { ctrl: true });
    await vision.answer();
    expect(again.person.steps).toEqual(['Scissors']);
    expect(again.person.at(35, 12)).toBe(3);
    expect(again.person.at(12, 35)).toBe(3);
  });

  test('a way that is found after its outline was given up changes nothing', async () => {
    const { person, vision } = seeing('scissors');
    person.click(10, 10);
    person.click(30, 30);
    person.click(10, 30);
    person.hand.key('Enter');
    person.hand.cancel();
    person.click(50, 50);
    await vision.answer();
    expect(person.steps).toEqual([]);
    expect(person.hand.preview?.points[0]).toEqual({ x: 50, y: 50 });
  });

  test('a cut-out is painted with what was in hand when it was asked for', async () => {
    const { person, vision } = seeing('cutout');
    person.drag([
      [10, 10],
      [29, 29],
    ]);
    expect(person.hand.preview?.points).toHaveLength(4);
    person.classId = 5;
    person.hand.choose('brush');
    await vision.answer();
    expect([person.at(12, 12), person.at(11, 11)]).toEqual([3, voidId]);
    expect(person.steps).toEqual(['Cut-out']);
    person.hand.choose('cutout');
    person.drag([
      [40, 40],
      [42, 42],
    ]);
    await vision.answer();
    expect(person.told).toEqual([expect.stringContaining('Nothing stands out')]);
    expect(person.hand.preview).toBeNull();
  });

  test('an answer that comes in the middle of a stroke waits for its end: one stroke stays one step', async () => {
    const { person, vision } = seeing('cutout');
    const box: [number, number][] = [
      [10, 10],
      [29, 29],
    ];
    for (const end of ['release', 'cancel', 'leave'] as const) {
      person.steps.length = 0;
      person.hand.choose('cutout');
      person.drag(box);
      person.hand.choose('brush');
      person.press(40, 40);
      person.move(45, 40);
      await vision.answer();
      person.move(50, 40);
      expect([end, person.steps]).toEqual([end, []]);
      if (end === 'release') person.release(50, 40);
      else person.hand[end]();
      expect([end, person.steps]).toEqual([end, end === 'cancel' ? ['Cut-out'] : ['Brush', 'Cut-out']]);
      person.document.ids.fill(voidId);
    }
  });

  test('what the wand reaches grows while it is pressed, on a photo that takes longer than a look', async () => {
    const { person } = seeing('wand');
    let now = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => (now += 5));
    person.press(5, 5);
    await vi.waitFor(() => expect(person.hand.preview?.pixels).toMatchObject({ complete: true }));
    clock.mockRestore();
    expect(person.steps).toEqual([]);
    person.release(5, 5);
    expect([person.steps, person.pixels(3)]).toEqual([['Wand'], 900]);
  });

  test('scissors: a key in mid-press ends the press, and Undo takes back what the key did alone', async () => {
    const { person, vision } = seeing('scissors');
    person.click(10, 10);
    person.click(40, 10, { ctrl: true });
    person.press(40, 40);
    person.hand.key('Enter');
    person.hand.undoOpen();
    await vision.answer();
    expect([person.steps, person.hand.isOpen]).toEqual([[], true]);
  });

  test('scissors: a key that is not theirs changes nothing of the press', () => {
    const { person } = seeing('scissors');
    for (const [x, y] of [
      [10, 10],
      [40, 10],
      [40, 40],
    ])
      person.click(x, y, { ctrl: true });
    person.press(10, 40, { ctrl: true });
    expect([person.hand.key('Escape'), person.hand.cancel(), person.hand.preview?.corners.length]).toEqual([false, true, 3]);
    person.press(10, 10, { ctrl: true });
    person.hand.key('Shift', true);
    person.release(10, 10);
    expect(person.steps).toEqual(['Scissors']);
  });

  test('a way that cannot be found goes straight, and the outline waits to be closed again', async () => {
    const { person, vision } = seeing('scissors');
    person.click(10, 10);
    person.click(40, 10, { ctrl: true });
    person.click(40, 40, { ctrl: true });
    vision.trace = () => Promise.reject(new Error('out of memory'));
    person.hand.key('Enter');
    await vision.answer();
    expect([person.told, person.steps, person.hand.preview?.corners.length]).toEqual([['out of memory'], [], 3]);
    person.click(10, 10, { ctrl: true });
    expect(person.steps).toEqual(['Scissors']);
  });

  test('scissors: while the last way is looked for, Undo takes the closing back; a gesture takes back its own point alone', async () => {
    const { person, vision } = seeing('scissors');
    person.click(10, 10);
    person.click(40, 10, { ctrl: true });
    person.click(40, 40, { ctrl: true });
    person.hand.key('Enter');
    expect([person.hand.undoOpen(), person.hand.preview?.corners.length]).toEqual([true, 3]);
    await vision.answer();
    expect(person.steps).toEqual([]);
    person.press(10, 10);
    person.hand.abandon();
    expect([person.steps, person.hand.preview?.corners.length]).toEqual([[], 3]);
    const draft = person.hand.leave();
    const again = seeing('scissors', draft);
    again.person.vision = null;
    again.person.press(50, 50);
    again.person.hand.abandon();
    expect(again.person.hand.leave()).toEqual(draft);
  });

  test('a cut-out that is not found before the image is left is told, and paints nowhere', async () => {
    const { person, vision } = seeing('cutout');
    person.drag([
      [10, 10],
      [29, 29],
    ]);
    person.hand.leave();
    await vision.answer();
    expect(person.told).toEqual([expect.stringContaining('left before')]);
    expect(person.steps).toEqual([]);
  });
});
