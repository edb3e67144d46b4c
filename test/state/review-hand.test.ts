// A hand at the patches of Review while predictions are renewed, another run is chosen, or the workbench does not answer.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { readStoredMask } from '#files/mask-png';
import { AppError } from '#shared/errors';
import type { ReviewState } from '../../src/renderer/state/review.svelte.ts';
import { box } from '../helpers/box-patch.ts';
import type { TestBench } from '../helpers/services.ts';
import { anotherRun, maskFileOf, openReview } from './review-bench.ts';
import { answerFor, closeWindow, eventually, type TestWindow } from './window.ts';

let folder: string;
let bench: TestBench;
let window: TestWindow;
let review: ReviewState;
beforeEach(async () => {
  ({ folder, bench, window, review } = await openReview());
}, 60_000);
afterEach(() => {
  review.destroy();
  closeWindow(window);
});

const maskFile = () => maskFileOf(folder, review.imageId!);

test('a refresh leaves it at its patch, with what it can take back, also where it has fixed one', async () => {
  const { fixes } = review;
  fixes.step(1);
  const before = readStoredMask(maskFile()).values;
  await fixes.take('prediction');
  await eventually(() => review.changedLabels.length === 1);
  fixes.step(1);
  const { chosen } = fixes;
  expect(chosen).not.toBeNull();
  await review.refresh();
  expect([fixes.chosen, fixes.canUndo]).toEqual([chosen, true]);
  await fixes.undo();
  await eventually(() => review.changedLabels.length === 0);
  await bench.call('edits.save', { imageId: review.imageId });
  expect(readStoredMask(maskFile()).values).toEqual(before);
});

test('of one pair no other patch comes up in the place of that which is looked at', async () => {
  const { fixes } = review;
  fixes.askOf({ smallest: 1 });
  const counts = Map.groupBy(fixes.patches, ({ label, predicted }) => `${label} ${predicted}`);
  const [{ label, predicted }] = [...counts.values()].find((those) => those.length > 1)!;
  await review.choosePair({ label, predicted }, true);
  const last = fixes.patches.at(-1)!;
  fixes.chosen = last;
  await review.open(review.imageId!, true);
  expect(fixes.chosen).toMatchObject({ box: last.box, pixels: last.pixels });
});

test('what cannot be read of another run leaves the one that is shown under its own name', async () => {
  const { runId, result, changedLabels } = review;
  const { run: other } = await anotherRun(bench);
  await review.refresh();
  for (const method of ['review.predictions', 'review.result']) {
    window.session.toasts.list = [];
    const refused = answerFor(bench, method, () => Promise.reject(new AppError('busy', 'not just now')));
    await review.choose(other.id, 'val');
    expect([review.runId, review.split, review.result, review.changedLabels]).toEqual([runId, 'val', result, changedLabels]);
    expect(window.session.toasts.list.filter(({ kind }) => kind === 'error')).toHaveLength(1);
    refused.mockRestore();
  }
  await review.choose(other.id, 'val');
  expect([review.runId, review.result?.prediction.runId]).toEqual([other.id, other.id]);
});

test('two choices in a row of which the last cannot be read leave the first run as it was, with its patches', async () => {
  const { runId, result, fixes } = review;
  fixes.step(1);
  await fixes.keep();
  const { length } = fixes.patches;
  const { run: second } = await anotherRun(bench);
  await review.refresh();
  const first = review.choose(second.id, 'val');
  answerFor(bench, 'review.predictions', () => Promise.reject(new AppError('busy', 'not just now')));
  await Promise.all([first, review.choose(null, 'val')]);
  expect([review.runId, review.result]).toEqual([runId, result]);
  // What was kept is not asked of again.
  expect(fixes.patches).toHaveLength(length);
});

test('a choice that leads back to what is shown asks of what was kept no more than before', async () => {
  const { runId, fixes } = review;
  fixes.step(1);
  await fixes.keep();
  const { length } = fixes.patches;
  await Promise.all([review.choose(null, 'val'), review.choose(runId, 'val')]);
  expect([review.runId, review.image?.id === review.imageId]).toEqual([runId, true]);
  expect(fixes.patches).toHaveLength(length);
});

test('what could not be taken back is still to be taken back', async () => {
  const { fixes } = review;
  fixes.step(1);
  const { patches } = fixes;
  await fixes.keep();
  expect(fixes.canUndo).toBe(true);
  answerFor(bench, 'review.forgetKept', () => Promise.reject(new AppError('busy', 'not now')));
  await fixes.undo();
  expect([fixes.canUndo, fixes.patches.length]).toEqual([true, patches.length - 1]);
});

test('what was done on an image is taken back from the next one too, which brings it under review again', async () => {
  const { fixes } = review;
  const [first, second] = review.ranking.images.map(({ id }) => id);
  await review.open(first);
  const before = readStoredMask(maskFile()).values;
  const { length } = fixes.patches;
  fixes.step(1);
  await fixes.keep();
  fixes.step(1);
  await fixes.take('prediction');
  await eventually(() => review.changedLabels.includes(first));
  await review.open(second);
  expect([fixes.canUndo, fixes.undoesOn]).toEqual([true, first]);
  await fixes.undo();
  expect(review.image?.id).toBe(first);
  expect(readStoredMask(maskFile()).values).toEqual(before);
  expect(fixes.undoesOn).toBe(null);
  expect(review.changedLabels).toEqual([]);
  await review.open(second);
  await fixes.undo();
  expect([review.image?.id, fixes.patches.length, fixes.canUndo]).toEqual([first, length, false]);
});

test('what another has painted on since, on an image that was left, is not taken back in its place', async () => {
  const { fixes } = review;
  const [first, second] = review.ranking.images.map(({ id }) => id);
  await review.open(first);
  fixes.step(1);
  await fixes.take('prediction');
  await eventually(() => review.changedLabels.includes(first));
  await review.open(second);
  await bench.call('edits.stroke', { imageId: first, stroke: 'other:1', label: 'Brush', patch: box(0, 0, 3, 3, 4) });
  await fixes.undo();
  expect([fixes.canUndo, review.image?.id]).toEqual([false, second]);
  expect(window.session.toasts.list.at(-1)?.text).toContain('has been painted on since');
});

test('two presses at once take back two things, of an image that was left', async () => {
  const { fixes } = review;
  const [first, second] = review.ranking.images.map(({ id }) => id);
  await review.open(first);
  const before = readStoredMask(maskFile()).values;
  for (let n = 0; n < 2; n++) {
    fixes.step(1);
    await fixes.take('prediction');
  }
  await eventually(() => window.session.unsafeStrokes === 0);
  await review.open(second);
  await Promise.all([fixes.undo(), fixes.undo()]);
  expect(fixes.canUndo).toBe(false);
  expect(window.session.toasts.list).toEqual([]);
  expect(readStoredMask(maskFile()).values).toEqual(before);
});

test('undo brings the patch back in hand that it was done on: of a stroke, of what was kept, and from the next image', async () => {
  const { fixes } = review;
  fixes.askOf({ smallest: 1 });
  const [first, second] = review.ranking.images.map(({ id }) => id);
  await review.open(first);
  const [, patch] = fixes.patches;
  const inHand = expect.objectContaining({ box: patch.box, label: patch.label, pixels: patch.pixels }) as unknown;
  for (const deed of [() => fixes.take('prediction'), () => fixes.keep()]) {
    fixes.chosen = fixes.patches.find(({ box: at }) => at.left === patch.box.left && at.top === patch.box.top)!;
    const { length } = fixes.patches;
    await deed();
    await eventually(() => fixes.patches.length < length);
    // The next one is asked of meanwhile.
    expect(fixes.chosen).not.toEqual(inHand);
    await fixes.undo();
    await eventually(() => fixes.patches.length === length);
    expect(fixes.chosen).toEqual(inHand);
    await deed();
    await review.open(second);
    await fixes.undo();
    expect(review.image?.id).toBe(first);
    expect(fixes.chosen).toEqual(inHand);
  }
});

test('undo brings that patch in hand that something was done on, also where the next was asked of before it was', async () => {
  const { fixes } = review;
  fixes.askOf({ smallest: 1 });
  const [patch] = fixes.patches;
  const inHand = expect.objectContaining({ box: patch.box, label: patch.label, pixels: patch.pixels }) as unknown;
  // The first stroke on an image opens its mask; what is kept is kept by main.
  for (const deed of [() => fixes.take('prediction'), () => fixes.keep()]) {
    [fixes.chosen] = fixes.patches;
    const { length } = fixes.patches;
    const done = deed();
    fixes.step(1);
    await done;
    await eventually(() => fixes.patches.length < length);
    await fixes.undo();
    await eventually(() => fixes.patches.length === length);
    expect(fixes.chosen).toEqual(inHand);
  }
});

test('a patch that is chosen while something is taken back stays in hand', async () => {
  const { fixes } = review;
  fixes.askOf({ smallest: 1 });
  const [first, second] = review.ranking.images.map(({ id }) => id);
  await review.open(first);
  fixes.step(1);
  await fixes.take('prediction');
  await eventually(() => review.changedLabels.includes(first));
  await review.open(second);
  const dispatch = bench.workbench.dispatch.bind(bench.workbench);
  const asked = vi.spyOn(bench.workbench, 'dispatch');
  const { promise, resolve } = Promise.withResolvers<void>();
  asked.mockImplementation(async (frame) => {
    if (frame.method === 'review.kept') await promise;
    return dispatch(frame);
  });
  const undone = fixes.undo();
  await eventually(() => review.image?.id === first && fixes.patches.length > 0);
  const last = fixes.patches.at(-1)!;
  fixes.chosen = last;
  resolve();
  await undone;
  expect(fixes.chosen).toBe(last);
});
