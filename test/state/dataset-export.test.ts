// An export goes on while one is elsewhere in the window, and its end is told there.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeDataset, temporaryFolder } from '../helpers/dataset.ts';
import { closeWindow, eventually, openBench, openWindow, type TestWindow } from './window.ts';
import type { TestBench } from '../helpers/services.ts';

let bench: TestBench;
let window: TestWindow;
const asked = (out: string) => ({ to: 'segnet' as const, split: null, out, predictionId: null });
const told = (of = window) => of.session.toasts.list.map(({ text }) => text);

beforeEach(async () => {
  ({ bench, window } = await openBench({ train: 6, val: 2 }));
});
afterEach(() => closeWindow(window));

test('its end is a message where no dialog shows it, and is in the dialog where one does', async () => {
  const { exporting } = window.session;
  const first = path.join(temporaryFolder(), 'out');
  const going = exporting.start(asked(first));
  expect(exporting.running).toBe(true);
  await going;
  expect([exporting.running, existsSync(first), exporting.notes[0]]).toEqual([false, true, `8 images in ${first}`]);
  await eventually(() => told().some((text) => text.startsWith(`Exported: 8 images in ${first}`)));
  exporting.isShown = true;
  const before = told();
  await exporting.start(asked(path.join(temporaryFolder(), 'out')));
  expect(told()).toEqual(before);
});

test('what goes wrong is told too', async () => {
  const { exporting } = window.session;
  const taken = path.join(temporaryFolder(), 'taken');
  mkdirSync(taken);
  writeFileSync(path.join(taken, 'mine'), '');
  await exporting.start(asked(taken));
  expect([exporting.running, exporting.notes]).toEqual([false, []]);
  expect(exporting.error).toContain(taken);
  await eventually(() => told().some((text) => text.startsWith('The export ended: ') && text.includes(taken)));
});

test('a window that was loaded anew meanwhile hears of it, and can end it', async () => {
  const other = await openWindow(bench);
  const out = path.join(temporaryFolder(), 'out');
  const { exporting } = other.session;
  let heard = false;
  const work = window.session.exporting.start(asked(out));
  await eventually(() => (heard ||= exporting.running) || window.session.exporting.notes.length > 0);
  await work;
  await eventually(() => exporting.notes.length > 0 && !exporting.running);
  expect(exporting.notes).toEqual(window.session.exporting.notes);
  closeWindow(other);
});

test('what it says is there until it has been read, and another data set knows nothing of it', async () => {
  const { exporting } = window.session;
  await exporting.start(asked(path.join(temporaryFolder(), 'out')));
  exporting.isShown = true;
  expect(exporting.notes).toHaveLength(1);
  exporting.leave();
  expect([exporting.notes, exporting.isShown]).toEqual([[], false]);
});

test('a window that heard of one and opens another data set shows none when it comes back', async () => {
  const { session } = window;
  const first = session.dataset!.path;
  const { id, openedAt } = session.dataset!;
  session.exporting['of'] = `${id} ${openedAt}`;
  expect(session.exporting.running).toBe(true);
  session.exporting.notes = ['8 images in /elsewhere'];
  await session.openDataset(await makeDataset({ train: 2, val: 1 }));
  expect(session.exporting.running).toBe(false);
  session.exporting.enter();
  expect(session.exporting.notes).toEqual([]);
  await session.openDataset(first);
  expect(session.exporting.running).toBe(false);
});
