// Reviewing over the real services with the starter's predictions: patches, what is done about them, and what is remembered.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readStoredMask } from '#files/mask-png';
import { AppError } from '#shared/errors';
import { voidId } from '#shared/mask/void-id';
import { Disagreement, type Patch } from '../../src/renderer/editor/disagreement.ts';
import type { ReviewState } from '../../src/renderer/state/review.svelte.ts';
import { box } from '../helpers/box-patch.ts';
import { stroke } from '../helpers/edits.ts';
import type { TestBench } from '../helpers/services.ts';
import { anotherRun, maskFileOf, openReview, reviewIn } from './review-bench.ts';
import { type TestWindow, answerFor, closeWindow, eventually } from './window.ts';

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

const maskFile = (imageId: string) => maskFileOf(folder, imageId);
const storedOf = (imageId: string): Uint8Array => readStoredMask(maskFile(imageId)).values;
/** The pixels of a patch, by their index: another of the same classes may reach into its box. */
function pixelsOf({ box, label, predicted, pixels }: Patch): number[] {
  const image = review.image!;
  const whole = new Disagreement(image.label, image.prediction, image, { pair: { label, predicted } });
  const found: number[] = [];
  for (let y = box.top; y < box.top + box.height; y++)
    for (let x = box.left; x < box.left + box.width; x++) {
      const own = whole.at({ x, y });
      if (own?.pixels === pixels && isDeepStrictEqual(own.box, box)) found.push(y * image.width + x);
    }
  return found;
}

describe('a patch', () => {
  test('takes the prediction, its pixels alone, and undo brings the file back to the byte', async () => {
    const { fixes, image } = review;
    const before = readFileSync(maskFile(image!.id));
    const stored = storedOf(image!.id);
    expect(fixes.step(1)).toBe(true);
    const patch = fixes.chosen!;
    const within = new Set(pixelsOf(patch));
    expect(within.size).toBeGreaterThanOrEqual(patch.pixels);
    const count = fixes.patches.length;
    await fixes.take('prediction');
    await eventually(() => fixes.patches.length < count);
    await eventually(() => !readFileSync(maskFile(image!.id)).equals(before));
    const after = storedOf(image!.id);
    const changed = [...after.keys()].filter((i) => after[i] !== stored[i]);
    expect(changed).toHaveLength(patch.pixels);
    for (const i of changed) expect([within.has(i), after[i]]).toEqual([true, review.image!.prediction[i]]);
    expect(review.changedLabels).toContain(image!.id);
    expect(fixes.chosen).not.toBeNull();
    await fixes.undo();
    await eventually(() => readFileSync(maskFile(image!.id)).equals(before));
    await eventually(() => fixes.patches.length === count);
    expect([fixes.canUndo, review.changedLabels]).toEqual([false, []]);
  });

  test('that is taken twice in a hurry is one step, and what another has painted since is not taken back in its place', async () => {
    const { fixes, image } = review;
    const before = readFileSync(maskFile(image!.id));
    fixes.step(1);
    const chosen = fixes.chosen;
    await Promise.all([fixes.take('prediction'), fixes.take('prediction')]);
    await eventually(() => fixes.chosen !== chosen);
    await fixes.undo();
    await eventually(() => readFileSync(maskFile(image!.id)).equals(before));
    expect(fixes.canUndo).toBe(false);
    fixes.step(1);
    await fixes.take('prediction');
    await eventually(() => window.session.unsafeStrokes === 0);
    await stroke(bench, image!.id, box(0, 0, 8, 8, 9));
    await eventually(() => review.image!.label[0] === 9);
    await fixes.undo();
    expect(window.session.toasts.list.at(-1)?.text).toContain('has been painted on since');
    expect([review.image!.label[0], fixes.canUndo]).toEqual([9, false]);
  });

  test('that was fixed is fixed when one comes back in the next moment', async () => {
    const { fixes, image } = review;
    const other = review.ranking.images.find(({ id }) => id !== image!.id)!;
    fixes.step(1);
    const [at] = pixelsOf(fixes.chosen!);
    const count = fixes.patches.length;
    await fixes.take('prediction');
    await eventually(() => fixes.patches.length < count);
    const fixed = review.image!.label.slice();
    await review.open(other.id);
    await review.open(image!.id);
    expect(review.image!.label[at]).toBe(review.image!.prediction[at]);
    expect(Buffer.from(review.image!.label).equals(fixed)).toBe(true);
  });

  test('that is neither is not labelled any more', async () => {
    const { fixes, image } = review;
    fixes.step(1);
    const [at] = pixelsOf(fixes.chosen!);
    await fixes.take('void');
    await eventually(() => review.image!.label[at] === voidId);
    await eventually(() => storedOf(image!.id)[at] === 11);
    await fixes.undo();
    await eventually(() => review.image!.label[at] !== voidId);
  });

  test('whose label is kept is not asked of again, until the label is another or that is taken back', async () => {
    const { fixes, image } = review;
    const before = readFileSync(maskFile(image!.id));
    fixes.step(1);
    const patch = fixes.chosen!;
    const some = pixelsOf(patch)[0];
    const where = { x: some % image!.width, y: Math.floor(some / image!.width) };
    await fixes.keep();
    expect(fixes.pick(where)).toBe(false);
    expect(readFileSync(maskFile(image!.id)).equals(before)).toBe(true);
    // Another window, or the next day.
    const again = await reviewIn(window);
    await again.open(image!.id);
    await eventually(() => again.fixes.patches.length === fixes.patches.length);
    expect(again.fixes.pick(where)).toBe(false);
    again.destroy();
    await fixes.undo();
    expect(fixes.pick(where)).toBe(true);
  });

  test('of an image that was left before its mask was open changes nothing there, nor on the next', async () => {
    const { fixes, image } = review;
    const other = review.ranking.images.find(({ id }) => id !== image!.id)!;
    const files = [image!.id, other.id].map(maskFile);
    const before = files.map((file) => readFileSync(file));
    fixes.step(1);
    const taking = fixes.take('prediction');
    await review.open(other.id);
    await taking;
    await bench.call('edits.save', { imageId: image!.id });
    expect(files.map((file, i) => readFileSync(file).equals(before[i]))).toEqual([true, true]);
  });
});

test('a fix of an image that was left is never painted on the next, whose mask is open by then', async () => {
  const { fixes, image } = review;
  const other = review.ranking.images.find(({ id }) => id !== image!.id)!;
  const files = [image!.id, other.id].map(maskFile);
  const before = files.map((file) => readFileSync(file));
  fixes.step(1);
  const first = fixes.take('prediction');
  await review.open(other.id);
  fixes.step(1);
  const patch = fixes.chosen!;
  await Promise.all([first, fixes.take('prediction')]);
  await eventually(() => !readFileSync(files[1]).equals(before[1]));
  await bench.call('edits.save', { imageId: image!.id });
  expect(readFileSync(files[0]).equals(before[0])).toBe(true);
  const [was, is] = [before[1], readFileSync(files[1])].map((bytes) => {
    writeFileSync(path.join(folder, 'looked-at.png'), bytes);
    return readStoredMask(path.join(folder, 'looked-at.png')).values;
  });
  expect(is.filter((value, i) => value !== was[i])).toHaveLength(patch.pixels);
  // Nothing is under review any more: nothing can be fixed; what was done can be taken back where it was.
  await review.choose(review.runId, 'train');
  expect([review.image, fixes.undoesOn, fixes.patches.length]).toEqual([null, other.id, 0]);
  await fixes.undo();
  expect([review.image, review.error, fixes.canUndo]).toEqual([null, '', false]);
  expect(window.session.toasts.list.at(-1)?.text).toBe(`What was done last on ${other.id} is taken back.`);
  expect(readFileSync(files[1]).equals(before[1])).toBe(true);
});

test('a pair asks of its images and its pixels alone, the most first, and goes from image to image', async () => {
  const { confusion } = review.result!;
  const pairs = confusion.flatMap((row, label) => row.map((count, predicted) => ({ label, predicted, count })));
  const { label, predicted } = pairs.filter((pair) => pair.label !== pair.predicted).sort((a, b) => b.count - a.count)[0];
  await review.choosePair({ label, predicted });
  const counts = review.ranking.images.map((image) => review.ranking.pixelsOf(image, { label, predicted }));
  expect(counts.every((count) => count > 0)).toBe(true);
  expect(counts).toEqual([...counts].sort((a, b) => b - a));
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(confusion[label][predicted]);
  review.fixes.askOf({ smallest: 1 });
  expect(review.ranking.images.length).toBeGreaterThan(1);
  const seen = new Set<string>();
  await review.open(review.ranking.images[0].id);
  for (let n = 0; n < 500 && seen.size < review.ranking.images.length; n++) {
    await review.stepPatch(1);
    if (!review.fixes.chosen) break;
    expect([review.fixes.chosen.label, review.fixes.chosen.predicted]).toEqual([label, predicted]);
    seen.add(review.imageId!);
  }
  expect([...seen]).toEqual(review.ranking.images.map(({ id }) => id));
  // Asked while an image is still on its way.
  const opening = review.open(review.ranking.images[0].id);
  await review.choosePair({ label, predicted });
  await opening;
  expect(review.fixes.chosen).toMatchObject({ label, predicted });
  await review.choosePair(null);
  expect(review.ranking.images).toHaveLength(3);
});

test('patches below a size are passed over, in another visit too, and come again with a smaller one', async () => {
  const { fixes } = review;
  const all = fixes.patches.map(({ pixels }) => pixels);
  const size = all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] + 1;
  fixes.askOf({ smallest: size });
  expect(fixes.patches.map(({ pixels }) => pixels)).toEqual(all.filter((pixels) => pixels >= size));
  review.destroy();
  review = await reviewIn(window);
  expect(review.fixes.asked.smallest).toBe(size);
  expect(review.fixes.patches.every(({ pixels }) => pixels >= size)).toBe(true);
  review.fixes.askOf({ smallest: 8 });
  expect(review.fixes.patches).toHaveLength(all.length);
  // Of those that the network is sure of alone; all of them where that is not known.
  review.fixes.askOf({ sureFrom: 0.7 });
  expect(review.fixes.patches.every(({ confidence }) => confidence! >= 0.7)).toBe(true);
  expect(review.fixes.patches.length).toBeLessThan(all.length);
  review.image = { ...review.image!, sureness: null };
  await review.fixes.begin();
  expect(review.fixes.patches).toHaveLength(all.length);
});

describe('patches that the network is sure of', () => {
  /** The network is sure of the left half of the image. */
  async function sureLeft(): Promise<void> {
    const image = review.image!;
    const confidence = Uint8Array.from({ length: image.width * image.height }, (_, i) => (i % image.width < image.width / 2 ? 255 : 128));
    review.image = { ...image, sureness: { width: image.width, height: image.height, confidence, entropy: confidence } };
    await review.fixes.begin();
  }

  test('are taken together as one step, no other pixel changes, and one undo brings the file back to the byte', async () => {
    await sureLeft();
    const { fixes, image } = review;
    const before = storedOf(image!.id);
    const { sure } = fixes;
    expect(sure.length).toBeGreaterThan(0);
    expect(sure.length).toBeLessThan(fixes.patches.length);
    const within = new Set(sure.flatMap((patch) => pixelsOf(patch)));
    fixes.previews = true;
    expect(fixes.preview!.selected.filter((is) => is)).toHaveLength(sure.reduce((sum, { pixels }) => sum + pixels, 0));
    await fixes.takeSure();
    await eventually(() => !review.fixes.previews && review.fixes.canUndo);
    await window.session.client.edits.save({ imageId: image!.id });
    const after = storedOf(image!.id);
    const changed = [...after.keys()].filter((i) => after[i] !== before[i]);
    expect(changed.length).toBeGreaterThan(0);
    for (const i of changed) expect([within.has(i), after[i]]).toEqual([true, image!.prediction[i]]);
    await fixes.undo();
    await window.session.client.edits.save({ imageId: image!.id });
    expect(storedOf(image!.id)).toEqual(before);
  });

  test('none are where that was not kept, and what has another label by now is left alone', async () => {
    review.image = { ...review.image!, sureness: null };
    await review.fixes.begin();
    expect([review.fixes.sure, review.fixes.chosen?.confidence]).toEqual([[], undefined]);
    await sureLeft();
    const { image } = review;
    const [patch] = review.fixes.sure;
    const at = pixelsOf(patch)[0];
    // Another window paints there while the preview is looked at.
    // Of a class that nothing around has, or it would become part of what is asked there.
    const around = [-1, 0, 1].flatMap((row) => [-1, 0, 1].map((column) => at + row * image.width + column));
    const near = new Set(around.flatMap((i) => [image.label[i], image.prediction[i]]));
    const other = Array.from({ length: 11 }, (_, id) => id).find((id) => !near.has(id))!;
    await stroke(bench, image.id, box(at % image.width, Math.floor(at / image.width), 1, 1, other));
    await review.fixes.takeSure();
    await window.session.client.edits.save({ imageId: image.id });
    expect(storedOf(image.id)[at]).toBe(other);
  });
});

test('what changed since is known again after the window was loaded anew, and is none once it is renewed', async () => {
  const { fixes, image } = review;
  fixes.step(1);
  await fixes.take('prediction');
  await window.session.client.edits.save({ imageId: image!.id });
  review.destroy();
  review = await reviewIn(window);
  expect(review.changedLabels).toEqual([image!.id]);
  await review.predict();
  await eventually(() => review.progress?.state === 'finished' && review.changedLabels.length === 0, 20_000);
  expect(review.result!.renewal).toEqual({ changed: [], missing: [], newWeights: false, otherClasses: null });
});

test('a refresh that finds the image as it was leaves the hand at its patch; one that does not shows it anew', async () => {
  const { fixes } = review;
  fixes.step(1);
  const { chosen, patches } = fixes;
  await review.predict();
  await eventually(() => review.progress?.state === 'finished');
  await review.refresh();
  expect([fixes.chosen, fixes.patches]).toEqual([chosen, patches]);
  expect(fixes.chosen).toBe(chosen);
  await stroke(bench, review.image!.id, box(0, 0, 12, 12, 3));
  await window.session.client.edits.save({ imageId: review.image!.id });
  await review.refresh();
  // The label is another one, and the patch that was looked at is not.
  expect([review.image!.label[0], review.fixes.patches === patches]).toEqual([3, false]);
  expect(review.fixes.chosen).toMatchObject({ box: chosen!.box, pixels: chosen!.pixels });
});

test('the place one was sent to counts once: whoever has gone on is not brought back by a refresh', async () => {
  const [first, second, third] = review.ranking.images.map(({ id }) => id);
  review.destroy();
  window.session.go('review', { imageId: second, runId: window.session.runs[0].id });
  review = await reviewIn(window);
  expect(review.imageId).toBe(second);
  await review.open(third);
  await stroke(bench, third, box(0, 0, 12, 12, 3));
  await window.session.client.edits.save({ imageId: third });
  await review.load();
  expect(review.imageId).toBe(third);
  expect(window.session.target).toEqual({});
  await review.open(first);
  expect(review.image!.id).toBe(first);
});

test('an image that has gone from the folder is not reviewed any more, and is again when it comes back', async () => {
  const gone = review.ranking.images[1].id;
  const photo = path.join(folder, `${gone}.png`);
  renameSync(photo, path.join(folder, 'kept.bin'));
  await bench.call('datasets.refresh');
  await eventually(() => !window.session.images.has(gone));
  await review.load();
  expect(review.ranking.images.map(({ id }) => id)).toHaveLength(2);
  expect(review.ranking.images.some(({ id }) => id === gone)).toBe(false);
  expect(review.result!.images.every(({ id }) => window.session.images.has(id))).toBe(true);
  renameSync(path.join(folder, 'kept.bin'), photo);
  await bench.call('datasets.refresh');
  await eventually(() => window.session.images.has(gone));
  await review.load();
  expect(review.ranking.images.map(({ id }) => id)).toContain(gone);
});

test('that an image cannot be reviewed is said of that image alone, whatever is looked at by then', async () => {
  const [first, second] = review.ranking.images.map(({ id }) => id);
  writeFileSync(maskFile(first), 'no mask');
  const [broken, next] = [review.open(first), review.open(second)];
  await Promise.all([broken, next]);
  expect([review.imageId, review.image?.id, review.error]).toEqual([second, second, '']);
  await review.open(first);
  expect([review.image, review.error]).toEqual([null, expect.stringContaining(path.basename(maskFile(first)))]);
});

test('what was looked at in another way is renewed in that way, in another visit too', async () => {
  review.look = 'mirrored';
  expect(review.looksAsBefore).toBe(false);
  await review.predict();
  await eventually(() => review.progress?.state === 'finished' && review.result?.prediction.protocol.flip === true, 30_000);
  expect(review.looksAsBefore).toBe(true);
  review.destroy();
  review = await reviewIn(window);
  expect([review.look, review.looksAsBefore]).toEqual(['mirrored', true]);
});

test('weights that become better while one looks at what the earlier ones predicted are told', async () => {
  const { run } = await anotherRun(bench);
  await review.choose(run.id, 'val');
  expect([review.result!.prediction.weights, review.result!.renewal.newWeights]).toEqual([{ role: 'best', epoch: 1 }, false]);
  const folderOf = (runId: string) => path.join(folder, '.encnet/runs', runId);
  const other = await anotherRun(bench, 5);
  writeFileSync(path.join(folderOf(run.id), 'best.ckpt'), readFileSync(path.join(folderOf(other.run.id), 'best.ckpt')));
  bench.workbench.events
    .of(bench.workbench.datasets.require().dataset.id)
    .emit('runs.changed', { ...run, bestEpoch: 2, hasCheckpoint: true });
  await eventually(() => review.result!.renewal.newWeights);
  expect(review.result!.prediction.runId).toBe(run.id);
});

test('what another paints is seen at once where labels are being fixed', async () => {
  const { fixes, image } = review;
  fixes.step(1);
  await fixes.take('prediction');
  await stroke(bench, image!.id, box(0, 0, 8, 8, 9));
  await eventually(() => review.image!.label[0] === 9);
});

test('what was asked of an image first is not shown over what was asked of it later', async () => {
  const { session } = window;
  const { client } = session;
  const id = review.image!.id;
  let release: () => void = () => undefined;
  const first = new Promise<void>((resolve) => (release = resolve));
  let calls = 0;
  const masks = async (asked: Parameters<typeof client.review.masks>[0]) => {
    const answer = await client.review.masks(asked);
    if (++calls === 1) {
      await first;
      return { ...answer, prediction: answer.prediction.map(() => 3) };
    }
    return answer;
  };
  const late = new Proxy(client.review, { get: (of, name) => (name === 'masks' ? masks : (Reflect.get(of, name) as unknown)) });
  Object.defineProperty(session, 'client', {
    value: new Proxy(client, { get: (of, name) => (name === 'review' ? late : (Reflect.get(of, name) as unknown)) }),
  });
  const opening = review.open(id);
  await eventually(() => calls === 1);
  await review.open(id);
  const shown = review.image!.prediction.slice();
  release();
  await opening;
  expect(review.image!.prediction).toEqual(shown);
});

test('an image that cannot be opened is told and passed over, and so are the ends of the list', async () => {
  const [first, second, third] = review.ranking.images.map(({ id }) => id);
  const refused = answerFor(bench, 'review.masks', (imageId) =>
    imageId === second ? Promise.reject(new AppError('corrupt-file', `${imageId} is damaged`)) : Promise.reject(new AppError('busy', 'no')),
  );
  await review.open(second);
  expect([review.image, review.error]).toEqual([null, `${second} is damaged`]);
  refused.mockRestore();
  await review.stepPatch(1);
  expect([review.imageId, review.image?.id, review.error]).toEqual([third, third, '']);
  review.step(1);
  await review.open(first);
  review.step(-1);
  const { list } = window.session.toasts;
  expect(list.flatMap(({ text }) => (text.startsWith('This') ? [text] : []))).toEqual([
    'This is the last of 3 images.',
    'This is the first of 3 images.',
  ]);
  expect(review.imageId).toBe(first);
});
