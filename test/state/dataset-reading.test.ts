// How a data set is read belongs to it: neither a window that shows another nor a late Undo keeps it elsewhere.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readOtherwise } from '../../src/renderer/state/dataset-reading.ts';
import type { Session } from '../../src/renderer/state/session.svelte.ts';
import { makeDataset } from '../helpers/dataset.ts';
import type { TestBench } from '../helpers/services.ts';
import { closeWindow, eventually, openBench, type TestWindow } from './window.ts';

let folder: string;
let bench: TestBench;
let window: TestWindow;
let session: Session;
const kept = (of: string) => path.join(of, 'encnet.json');
const allToTrain = { splits: { by: 'ids' as const, splits: { train: ['train/train-0', 'val/val-0'] } } };

beforeEach(async () => {
  ({ folder, bench, window } = await openBench({ train: 2, val: 1 }));
  ({ session } = window);
});
afterEach(() => closeWindow(window));

/** A data set that says itself how it is read, open in its turn. */
async function another(): Promise<string> {
  const other = await makeDataset({ train: 2, val: 1 });
  await session.openDataset(other);
  await readOtherwise(session, allToTrain, 'Split anew.');
  return other;
}

test('an Undo that comes when another data set is open changes nothing of that, and says so', async () => {
  await readOtherwise(session, allToTrain, 'All to train.');
  const undo = session.toasts.list.find(({ text }) => text === 'All to train.')!.actions[0];
  const other = await another();
  const before = readFileSync(kept(other));
  undo.run();
  await eventually(() => session.toasts.list.some(({ text }) => text.includes('Nothing was taken back')));
  expect(readFileSync(kept(other)).equals(before)).toBe(true);
  expect(existsSync(kept(folder))).toBe(true);
  // With its own open again it is taken back.
  await session.openDataset(folder);
  undo.run();
  await eventually(() => !existsSync(kept(folder)));
});

test('a window whose data set made room for another one keeps nothing in that', async () => {
  const other = await another();
  const before = readFileSync(kept(other));
  await session.openDataset(folder);
  await bench.call('datasets.open', { path: other });
  await expect(readOtherwise(session, { splits: { by: 'folders' } }, 'By folders.')).rejects.toMatchObject({ code: 'conflict' });
  expect(readFileSync(kept(other)).equals(before)).toBe(true);
});

test('an Undo of what was changed again since takes nothing of that along, and says what goes first', async () => {
  await readOtherwise(session, allToTrain, 'All to train.');
  await readOtherwise(session, { readAs: { 'value 200': null } }, 'Void.');
  const undoOf = (done: string) => session.toasts.list.find(({ text }) => text === done)!.actions[0];
  const before = readFileSync(kept(folder));
  undoOf('All to train.').run();
  // As the message does that is chosen: it goes.
  session.toasts.dismiss(session.toasts.list.find(({ text }) => text === 'All to train.')!.id);
  await eventually(() => session.toasts.list.some(({ text }) => text.includes('take that back first')));
  await eventually(() => session.toasts.list.some(({ text }) => text === 'All to train.'));
  expect(readFileSync(kept(folder)).equals(before)).toBe(true);
  undoOf('Void.').run();
  await eventually(() => Object.keys(session.dataset?.arrangement.readAs ?? {}).length === 0);
  undoOf('All to train.').run();
  await eventually(() => !existsSync(kept(folder)));
});
