// The order in which images are gone to by what a model is unsure of; how unsure it is, is answered here.
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { doubtOf } from '#shared/assist/doubt';
import { mostUseful, usefulOrder } from '#shared/assist/usefulness';
import { AppError } from '#shared/errors';
import { Doubt } from '../../src/renderer/state/doubt.svelte.ts';
import { makeDataset } from '../helpers/dataset.ts';
import { type TestWindow, answerFor, closeWindow, eventually, openBench } from './window.ts';

let window: TestWindow;
let doubt: Doubt;
/** What the model is asked of, in order. */
let asked: string[];
let answers: Record<string, number | Error | Promise<number>>;
/** What it sees in them; the same, unless told. */
let features: Record<string, number[]>;

beforeEach(async () => {
  const opened = await openBench({ train: 4, val: 1 });
  ({ window } = opened);
  asked = [];
  features = {};
  answers = { 'train/train-0': 0.1, 'train/train-1': 0.3, 'train/train-2': 0.05, 'train/train-3': 0.2 };
  answerFor(opened.bench, 'assist.doubt', async (imageId) => {
    asked.push(imageId);
    const doubt = await answers[imageId];
    if (doubt instanceof Error) throw new AppError('corrupt-file', `${imageId} is torn`);
    return { doubt, features: features[imageId] ?? [0, 0] };
  });
  window.session.select('train/train-0');
  doubt = new Doubt(window.session);
});

afterEach(() => closeWindow(window));

const told = () => window.session.toasts.list.map(({ text }) => text);

test('every image is looked at once, and then gone to, the least sure first', async () => {
  await doubt.next(null);
  expect(asked).toEqual(['train/train-0', 'train/train-1', 'train/train-2', 'train/train-3']);
  expect([doubt.looking, window.session.imageId]).toEqual([null, 'train/train-0']);
  expect(told().at(-1)).toBe('train-1 would teach the model most now: it expects to be wrong in 30 % of it.');
  window.session.toasts.list.at(-1)!.actions[0].run();
  const visited = [window.session.imageId];
  for (let i = 0; i < 2; i++) {
    await doubt.next(null);
    visited.push(window.session.imageId);
  }
  expect(visited).toEqual(['train/train-1', 'train/train-3', 'train/train-2']);
  await doubt.next(null);
  expect(told().at(-1)).toBe('There is no other image here that is not done.');
  expect(asked).toHaveLength(4);
});

test('what is unlike the images before comes first, where the model is almost as unsure of it', async () => {
  features = { 'train/train-0': [9, 0], 'train/train-1': [0, 0], 'train/train-2': [0, 0.1], 'train/train-3': [0, 0.1] };
  await doubt.next(null);
  const visited: (string | null)[] = [];
  for (let i = 0; i < 3; i++) {
    await doubt.next(null);
    visited.push(window.session.imageId);
  }
  // train-0, which is unsure of a tenth, was at hand to begin with.
  expect(visited).toEqual(['train/train-1', 'train/train-3', 'train/train-2']);
  const places = [
    { doubt: 0.3, features: [0, 0], name: 'a' },
    { doubt: 0.29, features: [0, 0.1], name: 'beside a' },
    { doubt: 0.2, features: [5, 5], name: 'another place' },
  ];
  const first = mostUseful(places, [])!;
  const second = mostUseful(places.slice(1), [first])!;
  expect([first.name, second.name, mostUseful([], places)]).toEqual(['a', 'another place', null]);
  expect(usefulOrder(places, 3).map(({ name }) => name)).toEqual(['a', 'another place', 'beside a']);
  fc.assert(
    fc.property(
      fc.array(fc.record({ doubt: fc.integer({ min: 0, max: 9 }), at: fc.integer({ min: 0, max: 20 }) }), { maxLength: 12 }),
      (given) => {
        const images = given.map(({ doubt: share, at }, id) => ({ id, doubt: share / 10, features: [at, at * at] }));
        const slow: typeof images = [];
        for (
          let next = mostUseful(images, []);
          next;
          next = mostUseful(
            images.filter((image) => !slow.includes(image)),
            slow,
          )
        )
          slow.push(next);
        expect(usefulOrder(images, 12)).toEqual(slow);
      },
    ),
  );
  expect(usefulOrder(places, 1).map(({ name }) => name)).toEqual(['a', 'beside a', 'another place']);
});

test('the image that is named is the one that is gone to, by what the image at hand looks like, wherever one is by then', async () => {
  // Most is unsure of train-1, but it looks like the image at hand.
  features = { 'train/train-0': [0, 0], 'train/train-1': [0, 0.1], 'train/train-2': [0, 0.1], 'train/train-3': [9, 0] };
  for (const elsewhere of [false, true]) {
    window.session.select('train/train-0');
    window.session.toasts.dismissWhere(() => true);
    doubt = new Doubt(window.session);
    await doubt.next(null);
    expect(told().at(-1)).toMatch(/^train-3 would teach/);
    if (elsewhere) window.session.select('train/train-2');
    window.session.toasts.list.at(-1)!.actions[0].run();
    expect(window.session.imageId).toBe('train/train-3');
  }
});

test('where the image at hand is the only one that is not done, that is said, and the next time begins anew', async () => {
  await window.session.work.mark(['train/train-1', 'train/train-2', 'train/train-3'], 'done');
  await eventually(() => window.session.work.stageOf(window.session.images.get('train/train-3')!) === 'done');
  for (let i = 0; i < 2; i++) {
    window.session.toasts.dismissWhere(() => true);
    await doubt.next(null);
    expect(told()).toEqual(['There is no other image here that is not done.']);
  }
});

test('what was named goes nowhere once another data set is open, whatever its images are called', async () => {
  await doubt.next(null);
  const { run } = window.session.toasts.list.at(-1)!.actions[0];
  await window.session.openFolder(await makeDataset({ train: 4, val: 1 }));
  const at = window.session.imageId;
  run();
  expect(window.session.imageId).toBe(at);
  await doubt.next(null);
  window.session.toasts.list.at(-1)!.actions[0].run();
  expect(window.session.imageId).toBe('train/train-1');
});

test('what is done is neither looked at nor gone to', async () => {
  await window.session.work.mark(['train/train-1'], 'done');
  await eventually(() => window.session.work.stageOf(window.session.images.get('train/train-1')!) === 'done');
  await doubt.next(null);
  await doubt.next(null);
  expect(asked).not.toContain('train/train-1');
  expect(window.session.imageId).toBe('train/train-3');
});

test('looking tells how far it is, can be stopped, keeps what it knows by then, and goes on from there', async () => {
  let go: (doubt: number) => void = () => undefined;
  answers['train/train-2'] = new Promise((resolve) => (go = resolve));
  const looking = doubt.next(null);
  await eventually(() => doubt.looking?.done === 2);
  expect(doubt.looking).toMatchObject({ total: 4 });
  await doubt.next(null);
  expect(window.session.imageId).toBe('train/train-1');
  doubt.stop();
  go(0.5);
  await looking;
  expect([doubt.looking, doubt.of.size]).toEqual([null, 2]);
  await doubt.next(null);
  expect(asked.slice(3)).toEqual(['train/train-2', 'train/train-3']);
});

test('an image that cannot be read is named and left out; three in a row end the search', async () => {
  const torn = new AppError('corrupt-file', 'torn');
  answers['train/train-1'] = torn;
  await doubt.next(null);
  expect(told().some((text) => text.startsWith('Not every image could be looked at. train-1: train/train-1 is torn'))).toBe(true);
  expect(doubt.of.size).toBe(3);
  const other = new Doubt(window.session);
  asked = [];
  answers = Object.fromEntries(Object.keys(answers).map((id) => [id, torn]));
  await other.next(null);
  expect([asked.length, other.looking, other.of.size]).toEqual([3, null, 0]);
});

test('another data set ends looking, and nothing is told of its images', async () => {
  let go: (doubt: number) => void = () => undefined;
  answers['train/train-1'] = new Promise((resolve) => (go = resolve));
  const looking = doubt.next(null);
  await eventually(() => doubt.looking?.done === 1);
  expect(doubt.shareOf('train/train-0')).toBe(0.1);
  await window.session.openFolder(await makeDataset({ train: 4, val: 1 }));
  go(0.5);
  await looking;
  expect([doubt.looking, doubt.shareOf('train/train-0'), asked.length]).toEqual([null, null, 2]);
  expect(told().some((text) => text.includes('would teach the model most'))).toBe(false);
});

test('another model is asked anew', async () => {
  await doubt.next(null);
  await doubt.next('another-run');
  expect(asked).toHaveLength(8);
});

test('doubt is one less the likeliest share, mean over cells', () => {
  const values = Float32Array.from([Math.log(3), 0, 0, 0]);
  expect(doubtOf({ width: 2, height: 1, channels: 2, values })).toBeCloseTo((0.25 + 0.5) / 2);
  expect(doubtOf({ width: 1, height: 1, channels: 2, values: Float32Array.of(1000, 0) })).toBe(0);
});
