// A mask's past in a window: listed, restored, and taken back only where that is still its last step.
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readStoredMask } from '#files/mask-png';
import { MaskHistoryState } from '../../src/renderer/state/mask-history.svelte.ts';
import { MaskSession } from '../../src/renderer/state/mask-session.svelte.ts';
import type { Session } from '../../src/renderer/state/session.svelte.ts';
import { type TestWindow, closeWindow, dot, eventually, openBench } from './window.ts';

let folder: string;
let window: TestWindow;
let session: Session;
const imageId = 'train/train-0';
const maskFile = () => path.join(folder, 'trainannot/train-0.png');

beforeEach(async () => {
  ({ folder, window } = await openBench({ train: 4, val: 2 }));
  ({ session } = window);
});

afterEach(() => closeWindow(window));

test("a mask's history lists what it was, and restores it", async () => {
  const mask = await MaskSession.open(session, imageId);
  const original = readStoredMask(maskFile()).values[20 * 64 + 20];
  dot(mask, 20, 20, original === 7 ? 8 : 7);
  await eventually(() => mask.saveState === 'saved');
  const history = new MaskHistoryState(session, imageId);
  await history.load();
  expect(history.revisions.map(({ origin }) => origin)).toEqual(['edit', 'original']);
  await history.restore(history.revisions[1]);
  await eventually(() => mask.document.ids[20 * 64 + 20] === original);
  session.toasts.list.at(-1)!.actions[0].run();
  await eventually(() => mask.document.ids[20 * 64 + 20] !== original);
  history.close();
  mask.close();
});

test('a mask that is what it was is not restored, and nothing else is offered to be taken back', async () => {
  const mask = await MaskSession.open(session, imageId);
  const pixel = dot(mask, 20, 20, mask.document.ids[20 * 64 + 20] === 7 ? 8 : 7);
  await eventually(() => mask.saveState === 'saved');
  const painted = mask.document.ids[pixel];
  const history = new MaskHistoryState(session, imageId);
  await history.load();
  await history.restore(history.revisions[0]);
  expect(session.toasts.list.at(-1)).toMatchObject({ text: expect.stringContaining('has the same labels already') as string, actions: [] });
  expect([mask.document.ids[pixel], mask.undoLabel]).toEqual([painted, 'Brush']);
  history.close();
  mask.close();
});

test('what was painted after a restored mask is not taken back in its place', async () => {
  const mask = await MaskSession.open(session, imageId);
  const pixel = dot(mask, 20, 20, 7);
  await eventually(() => mask.saveState === 'saved');
  dot(mask, 40, 30, 8);
  await eventually(() => mask.saveState === 'saved');
  const history = new MaskHistoryState(session, imageId);
  await history.load();
  await history.restore(history.revisions.at(-1)!);
  const later = dot(mask, 10, 10, 5);
  await eventually(() => mask.saveState === 'saved');
  const [restored, painted] = [mask.document.ids[pixel], mask.document.ids[later]];
  session.toasts.list.find(({ text }) => text.includes('earlier mask'))!.actions[0].run();
  await eventually(() => session.toasts.list.some(({ text }) => text.includes('has been painted on since')));
  expect([mask.document.ids[pixel], mask.document.ids[later]]).toEqual([restored, painted]);
  expect(mask.undoLabel).toBe('Brush');
  history.close();
  mask.close();
});
