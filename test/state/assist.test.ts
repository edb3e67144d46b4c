// When the assistant looks at an image: who leafs through images is not kept waiting by what nobody sees.
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { packMap } from '#shared/assist/grid-map';
import { AppError } from '#shared/errors';
import { voidId } from '#shared/mask/void-id';
import { regionsOf } from '../../src/renderer/assist/proposal-map.ts';
import { eraser } from '../../src/renderer/editor/ink.ts';
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

/** A worker that proposes one class everywhere, whatever it is asked. */
function proposing(id: number): void {
  vi.stubGlobal(
    'Worker',
    class {
      onmessage: ((event: { data: unknown }) => void) | null = null;
      postMessage({ kind, turn }: { kind: string; turn: number }) {
        const size = { width: 8, height: 8 };
        const map = regionsOf({ ...size, ids: new Uint8Array(64).fill(id), sureness: new Uint8Array(64).fill(255) });
        if (kind === 'learn') queueMicrotask(() => this.onmessage?.({ data: { turn, map } }));
      }
      terminate() {
        this.onmessage = null;
      }
    },
  );
}

test('what was learned is painted with its stroke, and never after that was taken back', async () => {
  proposing(5);
  const map = packMap({ width: 2, height: 2, channels: 1, values: new Float32Array(4) });
  for (const [image, takesBack] of [
    ['train/train-0', true],
    ['train/train-1', false],
  ] as const) {
    await annotate.open(image);
    annotate.assist.want(true);
    // What is cleared while it paints by itself would not be filled again.
    annotate.assist.live = false;
    const mask = annotate.mask!;
    const { document } = mask;
    const whole = { box: { left: 0, top: 0, ...document.size }, selected: new Uint8Array(document.ids.length).fill(1) };
    document.paintStroke('Erase', whole, eraser);
    annotate.assist.live = true;
    await eventually(() => answers.length > 0);
    dot(mask, 20, 20, 3);
    if (takesBack) await mask.undo();
    answers.pop()!({ width: 2, height: 2, classIds: [0], logits: map, features: map });
    await eventually(() => annotate.assist.status === 'ready');
    const labelled = document.ids.filter((id) => id !== voidId).length;
    expect([takesBack, labelled > 100, mask.redoLabel]).toEqual([takesBack, !takesBack, takesBack ? 'Brush' : null]);
  }
});

test('nothing is taken on a photo that is not there', async () => {
  proposing(5);
  const map = packMap({ width: 2, height: 2, channels: 1, values: new Float32Array(4) });
  await annotate.open('train/train-0');
  annotate.hand.tool = 'take';
  annotate.assist.want(true);
  await eventually(() => answers.length > 0);
  answers.pop()!({ width: 2, height: 2, classIds: [0], logits: map, features: map });
  dot(annotate.mask!, 20, 20, 3);
  await eventually(() => annotate.proposal !== null);
  const { ids } = annotate.mask!.document;
  const before = ids.slice();
  annotate.photo.problem = 'the share has gone';
  annotate.takeAll();
  expect(ids).toEqual(before);
  annotate.photo.forget();
  annotate.takeAll();
  expect(ids).not.toEqual(before);
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

test('where it paints by itself and cannot look at an image, it says why: nobody has its own place in sight', async () => {
  await annotate.open('train/train-0');
  annotate.assist.live = true;
  annotate.assist.want(true);
  await eventually(() => answers.length === 1);
  answers[0](Promise.reject(new AppError('not-found', 'there is no model')));
  await eventually(() => window.session.toasts.list.some(({ kind, text }) => kind === 'error' && text === 'there is no model'));
  expect(annotate.assist.status).toBe('failed');
});

test('another photo of the same size is looked at anew: what was seen was of the one before', async () => {
  proposing(5);
  const map = packMap({ width: 2, height: 2, channels: 1, values: new Float32Array(4) });
  const { session } = window;
  session.select('train/train-0');
  await annotate.open('train/train-0');
  annotate.assist.want(true);
  await eventually(() => answers.length === 1);
  answers[0]({ width: 2, height: 2, classIds: [0], logits: map, features: map });
  dot(annotate.mask!, 20, 20, 3);
  await eventually(() => annotate.assist.proposed !== null);
  const stamp = session.images.get('train/train-0')!.imageStamp;
  // The same photo, and another image's, are no reason.
  annotate.onPhoto(stamp);
  annotate.onPhoto(null);
  await pause(300);
  expect(described).toEqual(['train/train-0']);
  annotate.onPhoto(`${stamp} later`);
  expect(annotate.assist.proposed).toBeNull();
  await eventually(() => answers.length === 2);
  expect(described).toEqual(['train/train-0', 'train/train-0']);
});
