// Undo and redo as a window does them: at once, and what main does in the end, also where another window paints on the same mask.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readStoredMask } from '#files/mask-png';
import { encodeStoredMask } from '#files/mask-writing';
import { learnedLabel } from '../../src/renderer/state/assist-labels.ts';
import { MaskSession } from '../../src/renderer/state/mask-session.svelte.ts';
import { box } from '../helpers/box-patch.ts';
import { openMask, stroke } from '../helpers/edits.ts';
import type { TestBench } from '../helpers/services.ts';
import { type TestWindow, closeWindow, dot, eventually, openBench, openWindow } from './window.ts';

const imageId = 'train/train-0';
let folder: string;
let bench: TestBench;
let windows: TestWindow[];
let mine: MaskSession;
let theirs: MaskSession;
const maskFile = () => path.join(folder, 'trainannot/train-0.png');
const inMain = async () => (await openMask(bench, imageId, 'asked')).ids;
const equal = (a: Uint8Array, b: Uint8Array) => Buffer.from(a).equals(b);
const settled = (...masks: MaskSession[]) => eventually(() => masks.every(({ unacknowledged }) => unacknowledged === 0));
const said = ({ session }: TestWindow) => session.toasts.list.map(({ text }) => text);

beforeEach(async () => {
  const opened = await openBench({ train: 1, val: 1 });
  ({ folder, bench } = opened);
  windows = [opened.window, await openWindow(bench)];
  [mine, theirs] = await Promise.all(windows.map(({ session }) => MaskSession.open(session, imageId)));
});

afterEach(() => {
  for (const mask of [mine, theirs]) mask.close();
  for (const window of windows) closeWindow(window);
});

/** A class that a pixel does not have. */
const other = (mask: MaskSession, x: number, y: number): number => (mask.document.ids[y * 64 + x] === 7 ? 8 : 7);

test('undo and redo are seen before main has heard of them, and of strokes that main does not have yet', async () => {
  const before = mine.document.ids.slice();
  const first = dot(mine, 20, 20, other(mine, 20, 20));
  const second = dot(mine, 40, 30, other(mine, 40, 30));
  const painted = mine.document.ids.slice();
  void mine.undo();
  expect(mine.document.ids[second]).toBe(before[second]);
  expect([mine.undoLabel, mine.redoLabel, mine.saveState]).toEqual(['Brush', 'Brush', 'unsaved']);
  void mine.undo();
  expect(equal(mine.document.ids, before)).toBe(true);
  void mine.redo();
  expect(mine.document.ids[first]).toBe(painted[first]);
  void mine.redo();
  expect(equal(mine.document.ids, painted)).toBe(true);
  expect(mine.redoLabel).toBeNull();
  await settled(mine);
  expect(equal(await inMain(), painted)).toBe(true);
  await eventually(() => equal(theirs.document.ids, painted));
  await eventually(() => mine.saveState === 'saved');
  expect(readStoredMask(maskFile()).values[first]).toBe(painted[first]);
});

test('taken back to its beginning, the mask file is the one it was, to the byte', async () => {
  const original = readFileSync(maskFile());
  for (const x of [10, 20, 30]) dot(mine, x, 20, other(mine, x, 20));
  await mine.save();
  expect(readFileSync(maskFile()).equals(original)).toBe(false);
  for (let n = 0; n < 3; n++) void mine.undo();
  await mine.save();
  expect(readFileSync(maskFile()).equals(original)).toBe(true);
  await eventually(() => mine.undoLabel === null);
});

test('what was learned from a stroke is taken back and done again with it', async () => {
  const before = mine.document.ids.slice();
  dot(mine, 20, 20, other(mine, 20, 20));
  mine.document.beginStroke(learnedLabel);
  mine.document.paint({ box: { left: 40, top: 10, width: 8, height: 8 }, selected: new Uint8Array(64).fill(1) }, { id: 9 });
  mine.document.endStroke();
  const painted = mine.document.ids.slice();
  await mine.undo();
  expect(equal(mine.document.ids, before)).toBe(true);
  await mine.redo();
  expect(equal(mine.document.ids, painted)).toBe(true);
  await settled(mine);
  expect(equal(await inMain(), painted)).toBe(true);
});

test('undo past its own strokes and redo before the answer do what main has in that order', async () => {
  const before = mine.document.ids.slice();
  for (const x of [10, 30]) await stroke(bench, imageId, box(x, 5, 6, 6, 3));
  await eventually(() => mine.undoLabel === 'Brush' && mine.document.ids[5 * 64 + 30] === 3);
  dot(mine, 50, 30, other(mine, 50, 30));
  void mine.undo();
  const undone = mine.undo();
  const redone = mine.redo();
  await Promise.all([undone, redone]);
  await settled(mine);
  await eventually(() => mine.document.ids[5 * 64 + 30] === 3);
  expect(equal(await inMain(), mine.document.ids)).toBe(true);
  expect([mine.document.ids[30 * 64 + 50], said(windows[0])]).toEqual([before[30 * 64 + 50], []]);
});

test('a stroke that is begun while an undo is refused goes to its end', async () => {
  const at = dot(mine, 20, 20, other(mine, 20, 20));
  await eventually(() => theirs.document.ids[at] === mine.document.ids[at]);
  const listen = windows[0].deafen();
  dot(theirs, 40, 30, other(theirs, 40, 30));
  await settled(theirs);
  void mine.undo();
  mine.document.beginStroke('Brush');
  mine.document.paint({ box: { left: 2, top: 2, width: 4, height: 4 }, selected: new Uint8Array(16).fill(1) }, { id: 9 });
  listen();
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect([mine.document.strokeOpen, mine.document.ids[2 * 64 + 2]]).toEqual([true, 9]);
  mine.document.endStroke();
  await eventually(() => said(windows[0]).length > 0);
  await settled(mine);
  const ids = await inMain();
  expect([ids[2 * 64 + 2], equal(ids, mine.document.ids)]).toEqual([9, true]);
});

test("does not take back another window's stroke that came first, and says so", async () => {
  const before = mine.document.ids.slice();
  const at = dot(mine, 20, 20, other(mine, 20, 20));
  await eventually(() => theirs.document.ids[at] === mine.document.ids[at]);
  const painted = mine.document.ids[at];
  const listen = windows[0].deafen();
  const there = dot(theirs, 40, 30, other(theirs, 40, 30));
  await settled(theirs);
  // It is main's newest when this arrives.
  void mine.undo();
  expect(mine.document.ids[at]).toBe(before[at]);
  listen();
  await eventually(() => mine.document.ids[at] === painted && mine.document.ids[there] === theirs.document.ids[there]);
  expect(said(windows[0])).toContainEqual('"Brush" was not taken back here: it is not the newest step of train/train-0 any more.');
  expect(equal(await inMain(), mine.document.ids)).toBe(true);
  await mine.undo();
  await eventually(() => mine.document.ids[there] === before[there]);
  expect(mine.document.ids[at]).toBe(painted);
});

test('what another window painted below a stroke is seen when the stroke is taken back', async () => {
  const at = dot(theirs, 20, 20, 4);
  dot(mine, 20, 20, 6);
  void mine.undo();
  await settled(mine, theirs);
  await eventually(() => mine.document.ids[at] === 4 && theirs.document.ids[at] === 4);
  expect((await inMain())[at]).toBe(4);
});

test('taken back as the connection breaks, it is taken back in main when that is there again, once', async () => {
  const before = mine.document.ids.slice();
  for (const x of [10, 30, 50]) dot(mine, x, 20, other(mine, x, 20));
  await settled(mine);
  void mine.undo();
  windows[0].breakOff();
  const left = mine.document.ids.slice();
  expect(mine.unacknowledged).toBe(1);
  await eventually(() => windows[0].session.link === 'open' && mine.unacknowledged === 0);
  expect([equal(await inMain(), left), equal(mine.document.ids, left)]).toEqual([true, true]);
  expect([left[20 * 64 + 50] === before[20 * 64 + 50], left[20 * 64 + 30] === before[20 * 64 + 30]]).toEqual([true, false]);
  dot(mine, 20, 40, other(mine, 20, 40));
  await settled(mine);
  // On its way when the connection breaks: it has arrived, and its answer finds nobody.
  void mine.undo();
  const two = mine.document.ids.slice();
  await new Promise((resolve) => setTimeout(resolve));
  windows[0].breakOff();
  await eventually(() => windows[0].session.link === 'open' && mine.unacknowledged === 0);
  expect([equal(await inMain(), two), equal(mine.document.ids, two)]).toEqual([true, true]);
});

const deed = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('paint' as const),
      who: fc.constantFrom(0, 1),
      x: fc.integer({ min: 4, max: 24 }),
      y: fc.integer({ min: 4, max: 16 }),
      id: fc.constantFrom(2, 5, 9),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constantFrom('undo' as const, 'undo' as const, 'redo' as const), who: fc.constantFrom(0, 1) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('break' as const, 'save' as const), who: fc.constantFrom(0, 1) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('turn' as const, 'quiet' as const), who: fc.constant(0) }) },
);

test('two windows that paint, take back and do again on one mask show what main has, whatever comes in which order', async () => {
  const original = readFileSync(maskFile());
  const masks = [mine, theirs];
  const quiet = async () => {
    await eventually(() => windows.every(({ session }) => session.link === 'open'));
    await settled(...masks);
    const ids = await inMain();
    await eventually(() => masks.every(({ document }) => equal(document.ids, ids)));
  };
  const act = async (each: { kind: string; who: number; x?: number; y?: number; id?: number }) => {
    const mask = masks[each.who];
    if (each.kind === 'paint') dot(mask, each.x!, each.y!, each.id!);
    else if (each.kind === 'undo' || each.kind === 'redo') void mask[each.kind]();
    else if (each.kind === 'break') windows[each.who].breakOff();
    else if (each.kind === 'save') void mask.save();
    else if (each.kind === 'turn') await new Promise((resolve) => setTimeout(resolve));
    else await quiet();
  };
  await fc.assert(
    fc.asyncProperty(fc.array(deed, { minLength: 6, maxLength: 40 }), async (deeds) => {
      for (const each of deeds) await act(each);
      await quiet();
      await mine.save();
      expect(
        equal(
          readStoredMask(maskFile()).values,
          mine.document.ids.map((id) => (id === 255 ? 11 : id)),
        ),
      ).toBe(true);
      // What was painted can be taken back to the file that it was.
      while ((await windows[0].session.client.edits.undo({ imageId })) !== null);
      await mine.save();
      expect(readFileSync(maskFile()).equals(original)).toBe(true);
      await quiet();
    }),
    { numRuns: 60 },
  );
}, 120_000);

test('pixels outside the class set that come with a step are named as those that were there', async () => {
  const foreign = new Uint8Array(64 * 48).fill(4);
  foreign.fill(20, 0, 64);
  writeFileSync(maskFile(), encodeStoredMask({ width: 64, height: 48, values: foreign }));
  dot(mine, 20, 20, other(mine, 20, 20));
  await mine.save();
  await eventually(() => mine.problem?.kind === 'conflict');
  await bench.call('edits.resolve', { imageId, keep: 'theirs' });
  await eventually(() => mine.document.foreign.size > 0);
  expect([...mine.document.foreign.values()]).toEqual(['value 20']);
  expect(mine.document.pixels[[...mine.document.foreign.keys()][0]]).toBe(64);
  // Undo brings them back to a window that was opened when they were painted over.
  await stroke(bench, imageId, box(0, 0, 64, 1, 4));
  await mine.save();
  const late = await MaskSession.open(windows[1].session, imageId);
  expect(late.document.foreign.size).toBe(0);
  await late.undo();
  await eventually(() => late.document.foreign.size > 0);
  expect([...late.document.foreign.values()]).toEqual(['value 20']);
  late.close();
});
