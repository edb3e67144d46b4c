// Strokes that wait in a window: for a workbench that answers, for a mask that can be read, for their own data set; and choices that wait.
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readStoredMask } from '#files/mask-png';
import { capsule } from '../../src/renderer/editor/stamp.ts';
import { AnnotateState } from '../../src/renderer/state/annotate.svelte.ts';
import type { Session } from '../../src/renderer/state/session.svelte.ts';
import { makeDataset } from '../helpers/dataset.ts';
import { openMask } from '../helpers/edits.ts';
import type { TestBench } from '../helpers/services.ts';
import { type TestWindow, closeWindow, dot, eventually, openBench } from './window.ts';

const imageId = 'train/train-0';
let folder: string;
let bench: TestBench;
let window: TestWindow;
let session: Session;
let annotate: AnnotateState;
const maskFile = (of = folder) => path.join(of, 'trainannot/train-0.png');
const pixel = 20 * 64 + 20;
const idAt = async (at: number) => (await openMask(bench, imageId, 'asked')).ids[at];
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

beforeEach(async () => {
  ({ folder, bench, window } = await openBench({ train: 9, val: 1 }));
  ({ session } = window);
  annotate = new AnnotateState(session);
  await annotate.open(imageId);
});

afterEach(() => {
  annotate.close();
  closeWindow(window);
});

/** The link is lost and back only when the test says so. */
function apart(): void {
  window.reachable(false);
  window.breakOff();
}
async function together(): Promise<void> {
  window.reachable(true);
  session.reconnect();
  await eventually(() => session.link === 'open');
}

test('a stroke of one data set is never painted into another one that has an image of the same name', async () => {
  const other = await makeDataset({ train: 9, val: 1 });
  const [before, theirs] = [await idAt(pixel), readFileSync(maskFile(other))];
  const painted = before === 7 ? 8 : 7;
  apart();
  dot(annotate.mask!, 20, 20, painted);
  await bench.call('datasets.open', { path: other });
  await together();
  await eventually(() => session.moved !== null);
  annotate.close();
  await session.followMoved();
  expect(session.dataset?.path).toBe(other);
  expect(session.toasts.list.map(({ text }) => text)).toContainEqual(expect.stringMatching(/^1 stroke in .* could not be kept/));
  window.breakOff();
  await eventually(() => session.link === 'open');
  await wait(400);
  expect(readFileSync(maskFile(other)).equals(theirs)).toBe(true);
  // It is done where it was painted, once that is open here again.
  await session.openDataset(folder);
  await eventually(() => session.unsafeStrokes === 0);
  expect(await idAt(pixel)).toBe(painted);
});

test('a stroke whose mask cannot be read when the link is back is sent as soon as it can', async () => {
  for (let n = 1; n < 9; n++) await openMask(bench, `train/train-${n}`);
  apart();
  dot(annotate.mask!, 20, 20, 7);
  const whole = readFileSync(maskFile());
  writeFileSync(maskFile(), whole.subarray(0, whole.length / 2));
  await together();
  await eventually(() => session.strokesAtRisk);
  expect(session.unsafeStrokes).toBe(1);
  writeFileSync(maskFile(), whole);
  await eventually(() => session.unsafeStrokes === 0);
  expect(session.strokesAtRisk).toBe(false);
  expect(await idAt(pixel)).toBe(7);
});

test('a choice that led nowhere, or was waved away, is offered again', async () => {
  writeFileSync(maskFile(), 'half a mask');
  dot(annotate.mask!, 20, 20, 7);
  const offered = () => session.toasts.list.find(({ actions }) => actions.length === 2);
  await eventually(() => offered() !== undefined);
  // As the message does: it goes first, then what was chosen is done. Theirs is no mask.
  const first = offered()!;
  session.toasts.dismiss(first.id);
  first.actions[1].run();
  await eventually(() => offered() !== undefined && offered()!.id !== first.id);
  session.toasts.dismiss(offered()!.id);
  dot(annotate.mask!, 30, 20, 7);
  await eventually(() => offered() !== undefined);
  const last = offered()!;
  session.toasts.dismiss(last.id);
  last.actions[0].run();
  await eventually(() => annotate.mask?.saveState === 'saved');
  expect(readStoredMask(maskFile()).values[pixel]).toBe(7);
  expect(offered()).toBeUndefined();
});

test('a window that shows a mask whose session was put away sees what another program wrote', async () => {
  for (let n = 1; n < 9; n++) await openMask(bench, `train/train-${n}`);
  writeFileSync(maskFile(), readFileSync(path.join(folder, 'trainannot/train-3.png')));
  dot(annotate.mask!, 20, 20, 7);
  await eventually(() => annotate.mask!.unacknowledged === 0 && annotate.mask!.saveState === 'saved');
  await eventually(() => session.toasts.list.some(({ text }) => text.includes('was changed by another program')));
  const main = await openMask(bench, imageId, 'asked');
  await eventually(() => Buffer.from(main.ids).equals(annotate.mask!.document.ids));
  expect(main.ids[pixel]).toBe(7);
});

test('a stroke in hand while another window opens another data set is kept for its own', async () => {
  const painted = (await idAt(pixel)) === 7 ? 8 : 7;
  const { document } = annotate.mask!;
  document.beginStroke('Brush');
  await bench.call('datasets.open', { path: await makeDataset({ train: 1, val: 1 }) });
  await eventually(() => session.moved !== null);
  document.paint(capsule({ x: 20, y: 20 }, { x: 20, y: 20 }, 3, document.size), { id: painted });
  document.endStroke();
  await wait(300);
  expect(session.unsafeStrokes).toBe(1);
  await session.openDataset(folder);
  await eventually(() => session.unsafeStrokes === 0);
  expect(await idAt(pixel)).toBe(painted);
});

test('a stroke whose folder is away is kept and said to be unsafe, and is done when the folder is back', async () => {
  const labels = path.join(folder, 'trainannot');
  const painted = (await idAt(pixel)) === 7 ? 8 : 7;
  renameSync(labels, `${labels}-away`);
  dot(annotate.mask!, 20, 20, painted);
  await eventually(() => session.toasts.list.some(({ text }) => text.includes('is gone')));
  expect(session.unsafeStrokes).toBe(1);
  expect(annotate.mask!.document.ids[pixel]).toBe(painted);
  // Waved away, it is not said again at every try.
  for (const { id } of session.toasts.list) session.toasts.dismiss(id);
  await wait(2000);
  expect(session.toasts.list).toEqual([]);
  expect(session.strokesAtRisk).toBe(true);
  renameSync(`${labels}-away`, labels);
  await eventually(() => session.unsafeStrokes === 0);
  expect(await idAt(pixel)).toBe(painted);
});

test('a stroke in hand is left alone while the mask is read anew: it ends as one step, with all of it', async () => {
  const mask = annotate.mask!;
  const { document } = mask;
  const dab = (x: number) => document.paint(capsule({ x, y: 10 }, { x, y: 10 }, 2, document.size), { id: 9 });
  document.beginStroke('Brush');
  dab(20);
  window.breakOff();
  await eventually(() => session.link === 'open');
  // A mask that is read waits for the hand: an answer takes far less than this.
  await wait(300);
  expect(document.strokeOpen).toBe(true);
  dab(40);
  document.endStroke();
  await eventually(() => mask.unacknowledged === 0);
  expect([20, 40].map((x) => document.ids[10 * 64 + x])).toEqual([9, 9]);
  await eventually(() => readStoredMask(maskFile()).values[10 * 64 + 20] === 9);
  expect(readStoredMask(maskFile()).values[10 * 64 + 40]).toBe(9);
  await mask.undo();
  await eventually(() => mask.undoLabel === null);
});

test('strokes that wait for a folder are done in the order in which they were painted, with one in hand when it is back', async () => {
  const labels = path.join(folder, 'trainannot');
  const mask = annotate.mask!;
  const { document } = mask;
  renameSync(labels, `${labels}-away`);
  dot(mask, 20, 20, 7);
  await eventually(() => session.toasts.list.some(({ text }) => text.includes('is gone')));
  // Begun while it is away, over the same place, and ended while the mask is read anew.
  document.beginStroke('Brush');
  document.paint(capsule({ x: 20, y: 20 }, { x: 20, y: 20 }, 3, document.size), { id: 8 });
  renameSync(`${labels}-away`, labels);
  await wait(2500);
  document.endStroke();
  await eventually(() => session.unsafeStrokes === 0);
  expect(document.ids[pixel]).toBe(8);
  expect(await idAt(pixel)).toBe(8);
  await eventually(() => readStoredMask(maskFile()).values[pixel] === 8);
});

/** The class set without some classes, as another window or program leaves it. */
async function without(...names: string[]): Promise<void> {
  const classes = session.dataset!.classes.filter(({ name }) => !names.includes(name));
  const entries = classes.map(({ name, color, value, id }) => ({ name, color, value: value ?? id }));
  writeFileSync(path.join(folder, 'classes.json'), JSON.stringify({ name: 'fewer', voidValue: 11, classes: entries }));
  await bench.call('datasets.refresh');
}

test('strokes that wait keep their class where its number is another one by then, and one of no class any more is told', async () => {
  const { classes } = session.dataset!;
  const mask = annotate.mask!;
  apart();
  dot(mask, 20, 20, 8);
  dot(mask, 40, 20, 2);
  await without(classes[2].name, classes[5].name);
  await together();
  await eventually(() => session.unsafeStrokes === 0);
  await eventually(() => session.dataset!.classes.length === classes.length - 2);
  const today = session.dataset!.classes;
  expect(today[await idAt(pixel)].name).toBe(classes[8].name);
  expect(today[mask.document.ids[pixel]].name).toBe(classes[8].name);
  expect(session.toasts.list.map(({ text }) => text)).toContainEqual(expect.stringContaining(`${classes[2].name} is no class any more`));
});

test('a stroke of another class set is refused by main until the window knows that', async () => {
  const { classes } = session.dataset!;
  const [painted, refreshed] = [8, without(classes[2].name)];
  for (let n = 0; n < 5; n++) dot(annotate.mask!, 8 + 8 * n, 20, painted);
  await refreshed;
  await eventually(() => session.unsafeStrokes === 0 && session.dataset!.classes.length === classes.length - 1);
  const main = await openMask(bench, imageId, 'asked');
  const names = Array.from({ length: 5 }, (_, n) => session.dataset!.classes[main.ids[20 * 64 + 8 + 8 * n]]?.name);
  expect(new Set(names)).toEqual(new Set([classes[8].name]));
});

test('strokes that come while the data set is opened anew are done, and nothing is said', async () => {
  const mask = annotate.mask!;
  const painted = (await idAt(pixel)) === 7 ? 8 : 7;
  const refreshed = bench.call('datasets.refresh');
  for (let n = 0; n < 12; n++) {
    dot(mask, 4 + 4 * n, 20, painted);
    await wait(4);
  }
  await refreshed;
  await eventually(() => session.unsafeStrokes === 0);
  const main = await openMask(bench, imageId, 'asked');
  expect(Array.from({ length: 12 }, (_, n) => main.ids[20 * 64 + 4 + 4 * n])).toEqual(Array.from({ length: 12 }, () => painted));
  expect(session.toasts.list.filter(({ kind }) => kind === 'error')).toEqual([]);
});

test('a reading that failed holds up no stroke that comes after it', async () => {
  const mask = annotate.mask!;
  const whole = readFileSync(maskFile());
  for (let n = 1; n < 9; n++) await openMask(bench, `train/train-${n}`);
  writeFileSync(maskFile(), whole.subarray(0, whole.length / 2));
  await mask.resync();
  writeFileSync(maskFile(), whole);
  dot(mask, 20, 20, 7);
  await eventually(() => session.unsafeStrokes === 0);
  expect(await idAt(pixel)).toBe(7);
});

const journal = () => path.join(folder, '.encnet/journal');
const journalTakesNothing = () => writeFileSync(journal(), 'in the way');

/** Main's end comes before the journal takes them; once it does, and the data set is open again, the window has sent them. */
async function givenUpAndTaken(strokes: number): Promise<void> {
  await bench.call('datasets.open', { path: await makeDataset({ train: 1, val: 1 }) });
  await eventually(() => session.unsafeStrokes === strokes);
  rmSync(journal());
  await bench.call('datasets.open', { path: folder });
  await eventually(() => session.unsafeStrokes === 0, 20_000);
}

test('a stroke that main has painted and had to give up waits here, and is done when the disk takes it', async () => {
  journalTakesNothing();
  dot(annotate.mask!, 20, 20, 7);
  await eventually(() => annotate.mask!.problem !== null);
  // Main has told of it, so that it waits for nothing but the disk.
  expect(annotate.mask!.unacknowledged).toBe(0);
  await givenUpAndTaken(1);
  expect(await idAt(pixel)).toBe(7);
});

test('so does one that main had painted and not kept when the link came back', async () => {
  const before = await idAt(pixel + 20);
  journalTakesNothing();
  dot(annotate.mask!, 20, 20, 7);
  dot(annotate.mask!, 40, 20, 7);
  await annotate.mask!.undo();
  await eventually(() => annotate.mask!.problem !== null && annotate.mask!.unacknowledged === 0);
  apart();
  await eventually(() => session.link !== 'open');
  await together();
  await eventually(() => annotate.mask!.unacknowledged === 0);
  expect(annotate.mask!.document.ids[pixel]).toBe(7);
  await givenUpAndTaken(3);
  expect([await idAt(pixel), await idAt(pixel + 20)]).toEqual([7, before]);
});

test('and so does one of an image that was left before the link was lost', async () => {
  journalTakesNothing();
  const mask = annotate.mask!;
  dot(mask, 20, 20, 7);
  await eventually(() => mask.problem !== null && mask.unacknowledged === 0);
  await annotate.open('train/train-1');
  apart();
  await eventually(() => session.link !== 'open');
  await together();
  await givenUpAndTaken(1);
  expect(await idAt(pixel)).toBe(7);
});
