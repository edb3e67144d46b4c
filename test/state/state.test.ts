// What a window holds, over the real services: the very state that the page shows, without the page.
import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import sharp from 'sharp';
import { readStoredMask } from '#files/mask-png';
import { capsule } from '../../src/renderer/editor/stamp.ts';
import { AnnotateState } from '../../src/renderer/state/annotate.svelte.ts';
import { MaskSession } from '../../src/renderer/state/mask-session.svelte.ts';
import { resumeRun } from '../../src/renderer/state/resume-run.ts';
import { ReviewState } from '../../src/renderer/state/review.svelte.ts';
import type { Session } from '../../src/renderer/state/session.svelte.ts';
import { Toasts } from '../../src/renderer/state/toasts.svelte.ts';
import { TrainState } from '../../src/renderer/state/train.svelte.ts';
import { makeDataset } from '../helpers/dataset.ts';
import type { TestBench } from '../helpers/services.ts';
import { type TestWindow, closeWindow, dot, eventually, openBench, openWindow } from './window.ts';
import { smallConfig } from '../helpers/training.ts';

let folder: string;
let bench: TestBench;
let window: TestWindow;
let session: Session;
const imageId = 'train/train-0';
const maskFile = () => path.join(folder, 'trainannot/train-0.png');

beforeEach(async () => {
  ({ folder, bench, window } = await openBench({ train: 4, val: 2 }));
  ({ session } = window);
});

afterEach(() => closeWindow(window));

describe('a mask in a window', () => {
  const open = () => MaskSession.open(session, imageId);

  test('is painted at once, is saved by main, and says so', async () => {
    const mask = await open();
    expect([mask.saveState, mask.undoLabel]).toEqual(['saved', null]);
    const at = dot(mask, 20, 20, 7);
    expect(mask.document.ids[at]).toBe(7);
    expect(mask.saveState).toBe('unsaved');
    await eventually(() => mask.saveState === 'saved' && mask.savedAt !== null);
    expect(readStoredMask(maskFile()).values[at]).toBe(7);
    expect(mask.undoLabel).toBe('Brush');
    expect(mask.unacknowledged).toBe(0);
    mask.close();
  });

  test('another program’s mask waits for the stroke in hand, which is then in it', async () => {
    const mask = await open();
    mask.document.beginStroke('Brush');
    mask.document.paint(capsule({ x: 20, y: 20 }, { x: 20, y: 20 }, 3, mask.document.size), { id: 7 });
    const reopened = bench.until('edits.reopen', () => true);
    copyFileSync(path.join(folder, 'trainannot/train-1.png'), maskFile());
    await reopened;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect([mask.document.strokeOpen, mask.document.ids[20 * 64 + 20]]).toEqual([true, 7]);
    mask.document.endStroke();
    await eventually(() => readStoredMask(maskFile()).values[20 * 64 + 20] === 7);
    const theirs = readStoredMask(path.join(folder, 'trainannot/train-1.png')).values;
    await eventually(() => mask.document.ids[0] === theirs[0] && mask.document.ids[20 * 64 + 20] === 7);
    mask.close();
  });

  test('whose photo has another size now says why it cannot be opened, in place of painting into nothing', async () => {
    const annotate = new AnnotateState(session);
    await annotate.open(imageId);
    const mask = annotate.mask!;
    const image = path.join(folder, 'train/train-0.png');
    writeFileSync(image, await sharp(image).resize(80, 60).png().toBuffer());
    await eventually(() => mask.isOutgrown);
    await annotate.reopen();
    expect(annotate.mask).toBeNull();
    expect(annotate.error).toContain('must be 80 x 60 as its image, received 64 x 48');
    annotate.close();
  });

  test('takes back and does again what main does, and counts its changes', async () => {
    const mask = await open();
    const before = mask.document.ids.slice();
    const id = before[20 * 64 + 20] === 7 ? 8 : 7;
    const at = dot(mask, 20, 20, id);
    await mask.undo();
    await eventually(() => mask.document.ids[at] === before[at]);
    expect(mask.redoLabel).toBe('Brush');
    await mask.redo();
    await eventually(() => mask.document.ids[at] === id);
    expect(mask.version).toBeGreaterThanOrEqual(3);
    mask.close();
  });

  test('shows what another window paints', async () => {
    const other = await openWindow(bench);
    const [mine, theirs] = [await open(), await MaskSession.open(other.session, imageId)];
    const at = dot(theirs, 30, 30, 5);
    await eventually(() => mine.document.ids[at] === 5);
    const back = dot(mine, 30, 30, 2);
    await eventually(() => theirs.document.ids[back] === 2);
    for (const mask of [mine, theirs]) mask.close();
    other.connection.close();
  });

  test('keeps a stroke that was under way when the connection broke, and sends it again, once', async () => {
    const mask = await open();
    mask.document.beginStroke('Brush');
    mask.document.paint(capsule({ x: 40, y: 10 }, { x: 40, y: 10 }, 3, mask.document.size), { id: 9 });
    window.breakOff();
    mask.document.endStroke();
    expect(mask.unacknowledged).toBe(1);
    await eventually(() => session.link === 'open' && mask.unacknowledged === 0);
    expect(mask.document.ids[10 * 64 + 40]).toBe(9);
    await eventually(() => readStoredMask(maskFile()).values[10 * 64 + 40] === 9);
    await mask.undo();
    await eventually(() => mask.undoLabel === null);
    mask.close();
  });

  test('does not send again what had arrived when the answer was lost', async () => {
    const mask = await open();
    const at = dot(mask, 20, 20, 7);
    // The stroke is on its way; its answer will find nobody.
    window.breakOff();
    await eventually(() => session.link === 'open' && mask.unacknowledged === 0);
    expect(mask.document.ids[at]).toBe(7);
    await mask.undo();
    await eventually(() => mask.undoLabel === null);
    mask.close();
  });

  test('keeps a stroke of an image that was left while the workbench did not answer, and sends it when it does', async () => {
    const annotate = new AnnotateState(session);
    await annotate.open(imageId);
    const { document } = annotate.mask!;
    document.beginStroke('Brush');
    document.paint(capsule({ x: 40, y: 10 }, { x: 40, y: 10 }, 3, document.size), { id: 9 });
    window.reachable(false);
    window.breakOff();
    await annotate.open('train/train-1');
    expect(session.unsafeStrokes).toBe(1);
    annotate.close();
    window.reachable(true);
    session.reconnect();
    await eventually(() => readStoredMask(maskFile()).values[10 * 64 + 40] === 9);
    await eventually(() => session.unsafeStrokes === 0);
  });

  test('that is read anew twice at once loses no change', async () => {
    const other = await openWindow(bench);
    const [mine, theirs] = [await open(), await MaskSession.open(other.session, imageId)];
    for (let n = 0; n < 6; n++) {
      const reading = [mine.resync(), mine.resync()];
      dot(theirs, 6 + 8 * n, 12, n);
      await new Promise((resolve) => setTimeout(resolve, n * 2));
      dot(mine, 6 + 8 * n, 36, n + 1);
      await Promise.all(reading);
    }
    await eventually(() => mine.unacknowledged === 0 && theirs.unacknowledged === 0);
    await mine.save();
    await eventually(() => Buffer.from(mine.document.ids).equals(theirs.document.ids));
    const stored = readStoredMask(maskFile()).values.map((value) => (value < 11 ? value : 255));
    expect(Buffer.from(mine.document.ids).equals(stored)).toBe(true);
    for (const mask of [mine, theirs]) mask.close();
    other.connection.close();
  });

  test('offers both ways out of a conflict', async () => {
    const mask = await open();
    writeFileSync(maskFile(), readStoredMask(path.join(folder, 'trainannot/train-1.png')).file);
    dot(mask, 20, 20, 7);
    await eventually(() => mask.problem?.kind === 'conflict');
    await eventually(() => session.toasts.list.some(({ kind }) => kind === 'error'));
    const toast = session.toasts.list.find(({ kind }) => kind === 'error')!;
    expect(toast.text).toContain('was changed by another program');
    expect(toast.actions.map(({ label }) => label)).toEqual(['Keep mine', 'Take theirs']);
    toast.actions[1].run();
    await eventually(() => mask.problem === null && mask.saveState === 'saved');
    expect(mask.document.ids[20 * 64 + 20]).toBe(readStoredMask(maskFile()).values[20 * 64 + 20]);
    mask.close();
  });

  test('a stroke that is refused is not left on the screen', async () => {
    const mask = await open();
    const before = mask.document.ids[20 * 64 + 20];
    dot(mask, 20, 20, 77);
    await eventually(() => mask.document.ids[20 * 64 + 20] === before);
    expect(session.toasts.list.at(-1)?.text).toContain('must have class ids of the class set, received 77');
    mask.close();
  });

  test('a very large patch travels packed, both ways', async () => {
    const big = await makeDataset({ train: 1, val: 1, width: 1600, height: 1200 });
    await session.openDataset(big);
    const other = await openWindow(bench);
    const mine = await open();
    const theirs = await MaskSession.open(other.session, imageId);
    const size = { width: 1600, height: 1200 };
    mine.document.paint({ box: { left: 0, top: 0, ...size }, selected: new Uint8Array(size.width * size.height).fill(1) }, { id: 6 });
    await eventually(() => theirs.document.ids.every((id) => id === 6), 20_000);
    await theirs.undo();
    await eventually(() => mine.document.ids.some((id) => id !== 6), 20_000);
    for (const mask of [mine, theirs]) mask.close();
    other.connection.close();
  });
});

describe('the Annotate place', () => {
  test('shows no other image while one is being opened, so that nothing is painted on the wrong one', async () => {
    const annotate = new AnnotateState(session);
    await annotate.open(imageId);
    const first = annotate.mask!;
    const opening = annotate.open('train/train-1');
    expect(annotate.mask).toBeNull();
    await opening;
    expect(annotate.mask!.imageId).toBe('train/train-1');
    expect(first.imageId).toBe(imageId);
    annotate.close();
  });

  test('of two quick changes the last one is open', async () => {
    const annotate = new AnnotateState(session);
    await Promise.all([annotate.open(imageId), annotate.open('train/train-1'), annotate.open('train/train-2')]);
    expect(annotate.mask?.imageId).toBe('train/train-2');
    annotate.close();
    expect(annotate.mask).toBeNull();
  });

  test('finishes an open stroke when the image is left, in the image it was painted on', async () => {
    const annotate = new AnnotateState(session);
    await annotate.open(imageId);
    const { document } = annotate.mask!;
    document.beginStroke('Brush');
    document.paint(capsule({ x: 20, y: 20 }, { x: 20, y: 20 }, 3, document.size), { id: 4 });
    await annotate.open('train/train-1');
    await eventually(() => readStoredMask(maskFile()).values[20 * 64 + 20] === 4);
    annotate.close();
  });

  test('says why an image cannot be opened, and opens it when that is mended', async () => {
    const annotate = new AnnotateState(session);
    const whole = readStoredMask(maskFile()).file;
    writeFileSync(maskFile(), whole.subarray(0, 50));
    session.select(imageId);
    await annotate.open(imageId);
    expect(annotate.error).toContain('is not a whole PNG');
    writeFileSync(maskFile(), whole);
    await annotate.retry();
    expect(annotate.error).toBe('');
    expect(annotate.mask?.imageId).toBe(imageId);
    annotate.close();
  });

  test('keeps locked and hidden classes over a change of image', async () => {
    const annotate = new AnnotateState(session);
    await annotate.open(imageId);
    annotate.toggleLock(3);
    annotate.toggleHidden(2);
    await annotate.open('train/train-1');
    expect([annotate.lockedClasses.has(3), annotate.hiddenClasses.has(2)]).toEqual([true, true]);
    annotate.toggleLock(3);
    expect(annotate.lockedClasses.has(3)).toBe(false);
    annotate.close();
  });

  test('keeps locked and hidden classes when the place is left and come back to, and shows the class one paints with', async () => {
    const first = new AnnotateState(session);
    await first.open(imageId);
    first.toggleLock(3);
    first.toggleHidden(5);
    first.close();
    const again = new AnnotateState(session);
    await again.open(imageId);
    expect([again.lockedClasses.has(3), again.hiddenClasses.has(5)]).toEqual([true, true]);
    again.mask!.document.paint({ box: { left: 0, top: 0, width: 64, height: 48 }, selected: new Uint8Array(64 * 48).fill(1) }, { id: 9 });
    expect(again.mask!.document.ids.filter((id) => id === 3).length).toBe(
      readStoredMask(maskFile()).values.filter((id) => id === 3).length,
    );
    again.hand.pick(5);
    again.view.maskHidden = true;
    again.showPainted();
    expect([again.view.maskHidden, again.hiddenClasses.has(5)]).toEqual([false, false]);
    again.close();
  });

  test('says so where the class that is to be seen alone is nowhere on the image', async () => {
    const annotate = new AnnotateState(session);
    await annotate.open(imageId);
    const ids = annotate.mask!.document.ids;
    annotate.hand.pick(ids[0]);
    annotate.toggleSolo();
    expect(annotate.unseen).not.toContain(ids[0]);
    annotate.toggleSolo();
    expect(session.toasts.list).toEqual([]);
    const absent = session.dataset!.classes.findIndex((_, id) => !ids.includes(id));
    annotate.hand.pick(absent);
    annotate.toggleSolo();
    expect(session.toasts.list.at(-1)?.text).toContain(`${session.dataset!.classes[absent].name} is nowhere on this image`);
    annotate.close();
  });

  test('opens what could not be opened while the workbench did not answer, when it does', async () => {
    const annotate = new AnnotateState(session);
    window.reachable(false);
    window.breakOff();
    session.select(imageId);
    await annotate.open(imageId);
    expect(annotate.error).toContain('does not answer');
    window.reachable(true);
    session.reconnect();
    await eventually(() => annotate.mask?.imageId === imageId);
    expect(annotate.error).toBe('');
    annotate.close();
  });
});

describe('the Train and Review places', () => {
  test('a recipe is estimated, started, watched to its end, reviewed, and its prediction taken and taken back', async () => {
    const train = new TrainState(session);
    await train.load();
    train.choosePreset('tiny');
    expect(train.preset?.name).toBe('tiny');
    train.config = smallConfig({ epochs: 2 });
    await train.updateEstimate(train.config);
    expect(train.estimate?.stepsPerEpoch).toBe(2);
    await train.start();
    await eventually(() => session.training?.active === false, 60_000);
    await eventually(() => train.epochs.length === 2 && train.steps.length === 4);
    expect(train.classes).toHaveLength(11);
    expect(train.log.at(-1)).toBe('finished');
    expect(train.strip?.images.length).toBeGreaterThan(0);

    const review = new ReviewState(session);
    await review.load();
    expect(review.runId).toBe(session.runs[0].id);
    await review.predict();
    await eventually(() => review.progress?.state === 'finished' && review.image !== null, 60_000);
    expect(review.classes).toHaveLength(11);
    const shown = review.imageId!;
    const file = path.join(folder, `valannot/${shown.split('/')[1]}.png`);
    const before = readStoredMask(file).values;
    await review.acceptPrediction();
    expect(readStoredMask(file).values).toEqual(review.image!.prediction);
    expect(review.changedLabels).toEqual([shown]);
    session.toasts.list.find(({ text }) => text.includes('is the label of'))!.actions[0].run();
    await eventually(() => review.changedLabels.length === 0);
    expect(readStoredMask(file).values).toEqual(before);
    review.step(1);
    await eventually(() => review.imageId !== shown);
    review.destroy();
    train.destroy();
    expect(session.recipes.current?.config.epochs).toBe(2);
  });

  test("a run that may not go on is offered again on today's data, with what it has learnt", async () => {
    const train = new TrainState(session);
    await train.load();
    train.config = smallConfig({ epochs: 300 });
    train.name = 'street';
    await train.start();
    await eventually(() => train.epochs.length > 0, 30_000);
    const runId = train.runId!;
    await session.client.training.stop();
    await eventually(() => session.training?.active === false);
    // Its own masks are gone, so that it cannot go on.
    rmSync(path.join(folder, '.encnet/revisions'), { recursive: true });
    expect(await resumeRun(session, runId)).toBe(false);
    const refused = session.toasts.list.at(-1)!;
    expect(refused.text).toContain('cannot go on without it');
    expect(refused.actions.map(({ label }) => label)).toEqual(["Run again on today's data"]);
    train.destroy();
    refused.actions[0].run();
    await eventually(() => session.place === 'train');
    const again = new TrainState(session);
    await again.load();
    expect([again.name, again.startFrom, again.config!.epochs]).toEqual(['street again', runId, 300]);
    again.destroy();
  });

  test('settings that are being chosen outlive a lost connection', async () => {
    const train = new TrainState(session);
    await train.load();
    train.config!.epochs = 77;
    train.name = 'half typed';
    window.breakOff();
    await eventually(() => session.link === 'open' && session.imagesLoaded);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect([train.config!.epochs, train.name]).toEqual([77, 'half typed']);
    train.destroy();
  });

  test('an estimate that cannot be made says why', async () => {
    const train = new TrainState(session);
    await train.load();
    await train.updateEstimate({ ...smallConfig(), epochs: -1 });
    expect(train.estimate).toBeNull();
    expect(train.estimateError).toContain('epochs');
    train.destroy();
  });

  test('the queue is held, filled, emptied and put back', async () => {
    const train = new TrainState(session);
    await train.load();
    train.config = smallConfig({ epochs: 1 });
    await bench.call('training.holdQueue');
    await train.enqueue();
    expect(train.queue.waiting).toHaveLength(1);
    await train.removeQueued(train.queue.waiting[0].id);
    await eventually(() => train.queue.waiting.length === 0);
    session.toasts.list.at(-1)!.actions[0].run();
    await eventually(() => train.queue.waiting.length === 1);
    expect(await train.sweep({ name: 's', axes: [], runs: null, seed: 1 } as never)).toBe(false);
    train.destroy();
  });

  test('an image that vanished is told where it is looked at', async () => {
    await bench.call('runs.addStarter');
    const review = new ReviewState(session);
    await review.load();
    review.split = 'val';
    await review.predict();
    await eventually(() => review.progress?.state === 'finished' && review.image !== null, 60_000);
    rmSync(path.join(folder, `.encnet/predictions`), { recursive: true });
    await review.open('val/val-1');
    expect(review.image).toBeNull();
    expect(review.error).toContain('does not exist');
    review.destroy();
  });
});

describe('messages', () => {
  test('are never two for one cause, and go when their cause does', () => {
    const toasts = new Toasts();
    toasts.show('error', 'The disk is full. It is tried again by itself.');
    toasts.show('error', 'The disk is full. It is tried again by itself.');
    expect(toasts.list).toHaveLength(1);
    toasts.dismissText('The disk is full');
    expect(toasts.list).toEqual([]);
    toasts.error(new Error('x'));
    toasts.dismiss(toasts.list[0].id);
    expect(toasts.list).toEqual([]);
  });

  test('that only inform leave by themselves', () => {
    vi.useFakeTimers();
    const toasts = new Toasts();
    toasts.show('info', 'Done.');
    toasts.show('error', 'Not done.');
    vi.advanceTimersByTime(9000);
    expect(toasts.list.map(({ text }) => text)).toEqual(['Not done.']);
    vi.useRealTimers();
  });
});
