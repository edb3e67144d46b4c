// Trying other images over the real services, with the starter: what the window shows, keeps and lets go of.
import { cpSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { RunSummary } from '#shared/contract/runs';
import { Trials } from '../../src/renderer/state/trials.svelte.ts';
import { temporaryFolder } from '../helpers/dataset.ts';
import type { TestBench } from '../helpers/services.ts';
import { type TestWindow, closeWindow, eventually, openBench } from './window.ts';

let folder: string;
let bench: TestBench;
let window: TestWindow;
let runId: string;
let trials: Trials;
/** Addresses of pictures that are held. */
const held = new Set<string>();

beforeEach(async () => {
  ({ folder, bench, window } = await openBench({ train: 2, val: 1 }));
  runId = (await bench.call<RunSummary>('runs.addStarter')).id;
  held.clear();
  let next = 0;
  vi.spyOn(URL, 'createObjectURL').mockImplementation(() => {
    const address = `blob:${++next}`;
    held.add(address);
    return address;
  });
  vi.spyOn(URL, 'revokeObjectURL').mockImplementation((address) => void held.delete(address));
  trials = new Trials(window.session);
});
afterEach(() => {
  trials.close();
  closeWindow(window);
  vi.restoreAllMocks();
});

const predicted = () => eventually(() => !trials.state.running && trials.state.images.every(({ state }) => state !== 'waiting'), 30_000);
const photo = () => path.join(folder, 'train', readdirSync(path.join(folder, 'train'))[0]);
const dropped = (name: string) => new File([new Uint8Array(readFileSync(photo()))], name);

test('an image of this machine is predicted and shown; its addresses are let go of with it, or with the place', async () => {
  const other = path.join(temporaryFolder(), 'a.png');
  cpSync(photo(), other);
  expect(await trials.addPath(other, runId)).toBe(true);
  await predicted();
  const [image] = trials.state.images;
  await eventually(() => trials.picturesOf(image)?.prediction != null);
  // The picture of before the prediction is held no more.
  await eventually(() => held.size === 2);
  await trials.addFiles([dropped('b.png')], runId);
  await predicted();
  await eventually(() => held.size === 4);
  await trials.remove([image.id]);
  await eventually(() => held.size === 2);
  trials.close();
  expect(held.size).toBe(0);
}, 60_000);

test('what cannot be taken is told, and what came before it stays', async () => {
  expect(await trials.addPath('/nowhere/a.png', runId)).toBe(false);
  await trials.addFiles([dropped('b.png'), dropped('notes.txt'), dropped('c.png')], null);
  // One that is no image keeps none of the others out.
  expect(trials.state.images.map(({ name }) => name)).toEqual(['b.png', 'c.png']);
  const told = window.session.toasts.list.map(({ text }) => text);
  expect(told[0]).toContain('/nowhere/a.png');
  expect(told[1]).toContain('notes.txt is no image');
  expect(trials.isAdding).toBe(false);
  await trials.addFiles([dropped('a.txt'), dropped('b.txt')], null);
  expect(window.session.toasts.list.at(-1)!.text).toMatch(/^a\.txt is no image.* \(and 1 more of 2 were not taken\)$/);
  // Given up in the middle, it takes no more.
  const taking = trials.addFiles(
    ['d', 'e', 'f', 'g'].map((name) => dropped(`${name}.png`)),
    null,
  );
  trials.stopAdding();
  await taking;
  expect(trials.state.images.map(({ name }) => name)).toEqual(['b.png', 'c.png']);
  await trials.addFiles([dropped('d.png')], null);
  expect(trials.state.images.map(({ name }) => name)).toEqual(['b.png', 'c.png', 'd.png']);
  // Without a run nothing is predicted; with one it is.
  expect(trials.state).toMatchObject({ running: false, runId: null });
  await trials.predict(runId);
  await predicted();
  await trials.keep([trials.state.images[0].id], 'val');
  expect(readdirSync(path.join(folder, 'val'))).toContain('b.png');
  await eventually(() => trials.state.images.length === 2);
}, 60_000);
