// When the assistant looks at an image: who leafs through images is not kept waiting by what nobody sees.
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { packMap } from '#shared/assist/grid-map';
import { AnnotateState } from '../../src/renderer/state/annotate.svelte.ts';
import { type TestWindow, answerFor, closeWindow, dot, eventually, openBench } from './window.ts';

let window: TestWindow;
let annotate: AnnotateState;
/** Images that the services were asked to look at; nobody answers, the assistant's process is not what this is about. */
let described: string[];
let answers: ((seen: unknown) => void)[];

beforeEach(async () => {
  const opened = await openBench({ train: 4, val: 1 });
  ({ window } = opened);
  [described, answers] = [[], []];
  answerFor(opened.bench, 'assist.describe', (imageId) => {
    described.push(imageId);
    return new Promise((resolve) => answers.push(resolve));
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

test('a model that is chosen proposes, also where one paints while it looks at the image', async () => {
  const begun: string[] = [];
  vi.stubGlobal(
    'Worker',
    class {
      onmessage: ((event: { data: unknown }) => void) | null = null;
      postMessage({ kind, turn, classIds }: { kind: string; turn: number; classIds?: number[] }) {
        begun.push(kind === 'begin' ? `begin ${classIds!.length}` : kind);
        queueMicrotask(() => this.onmessage?.({ data: { turn, error: 'nothing to see' } }));
      }
      terminate() {
        this.onmessage = null;
      }
    },
  );
  const map = packMap({ width: 2, height: 2, channels: 1, values: new Float32Array(4) });
  const seen = (classes: number) => ({
    width: 2,
    height: 2,
    classIds: Array.from({ length: classes }, (_, id) => id),
    logits: map,
    features: map,
  });
  await annotate.open('train/train-0');
  annotate.assist.want(true);
  await eventually(() => answers.length === 1);
  answers[0](seen(1));
  await eventually(() => begun.length === 1);
  annotate.assist.choose('another');
  await eventually(() => answers.length === 2);
  dot(annotate.mask!, 20, 20, 3);
  answers[1](seen(2));
  await eventually(() => begun.includes('begin 2'));
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
