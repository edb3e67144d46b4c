// When the assistant looks at an image: who leafs through images is not kept waiting by what nobody sees.
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AnnotateState } from '../../src/renderer/state/annotate.svelte.ts';
import { type TestWindow, answerFor, closeWindow, eventually, openBench } from './window.ts';

let window: TestWindow;
let annotate: AnnotateState;
/** Images that the services were asked to look at; nobody answers, the assistant's process is not what this is about. */
let described: string[];

beforeEach(async () => {
  const opened = await openBench({ train: 4, val: 1 });
  ({ window } = opened);
  described = [];
  answerFor(opened.bench, 'assist.describe', (imageId) => {
    described.push(imageId);
    return new Promise(() => undefined);
  });
  annotate = new AnnotateState(window.session);
});

afterEach(() => {
  annotate.assist.close();
  closeWindow(window);
});

test('an image is looked at once it is rested on, not those that are leafed through', async () => {
  await annotate.open('train/train-0');
  annotate.assist.want(true);
  await eventually(() => described.length === 1);
  for (const image of ['train/train-1', 'train/train-2', 'train/train-3']) {
    await annotate.open(image);
    expect(annotate.assist.status).toBe('looking');
    await pause(60);
  }
  await eventually(() => described.length > 1);
  await pause(300);
  expect(described).toEqual(['train/train-0', 'train/train-3']);
});

test('it is looked at once when it is wanted again before that, and not at all when it is wanted no more', async () => {
  annotate.assist.want(true);
  await annotate.open('train/train-0');
  annotate.assist.want(false);
  annotate.assist.want(true);
  await pause(300);
  expect(described).toEqual(['train/train-0']);
  await annotate.open('train/train-1');
  annotate.assist.want(false);
  await pause(300);
  expect([described.length, annotate.assist.status]).toEqual([1, 'off']);
  annotate.assist.want(true);
  await eventually(() => described.length === 2);
});
