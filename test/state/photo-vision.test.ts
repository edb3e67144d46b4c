// What is seen in the photo, and the worker that looks: nobody waits for one that has ended, and tools have no photo that no worker knows.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { PhotoVision } from '../../src/renderer/state/photo-vision.svelte.ts';
import type { VisionTask } from '../../src/renderer/vision/messages.ts';
import { type TestWindow, closeWindow, eventually, openBench } from './window.ts';

const imageId = 'train/train-0';

/** A worker as the page has it, which answers when the test says so: Node has none that loads the page's modules. */
class StandInWorker {
  static all: StandInWorker[] = [];
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onerror: ((event: { message: string }) => void) | null = null;
  readonly asked: VisionTask[] = [];
  isEnded = false;

  constructor() {
    StandInWorker.all.push(this);
  }

  postMessage(task: VisionTask): void {
    this.asked.push(task);
  }

  terminate(): void {
    this.isEnded = true;
  }

  answer(answer: unknown): void {
    this.onmessage?.({ data: { number: this.asked.at(-1)!.number, answer } });
  }
}

let window: TestWindow;
let vision: PhotoVision;
const worker = () => StandInWorker.all.at(-1)!;
const photo = { width: 2, height: 1, lab: new Uint8Array(6) };

beforeEach(async () => {
  StandInWorker.all = [];
  ({ window } = await openBench({ train: 2, val: 1 }));
  vi.stubGlobal('Worker', StandInWorker);
  vision = new PhotoVision(window.session);
});

afterEach(() => {
  vision.close();
  closeWindow(window);
});

/** The photo is at hand and has been looked at. */
async function look(): Promise<void> {
  vision.attach(imageId);
  vision.want(true, null);
  worker().answer(photo);
  await eventually(() => vision.status === 'ready');
}

test('nobody looks before it is wanted, and one worker looks at one image after the other', async () => {
  vision.attach(imageId);
  expect(StandInWorker.all).toEqual([]);
  await look();
  expect(vision.photo).toBe(photo);
  vision.attach('train/train-1');
  expect([vision.photo, vision.status]).toEqual([null, 'looking']);
  expect(StandInWorker.all).toHaveLength(1);
});

test('a worker that ends by itself leaves no photo behind, answers who waits, and another looks again', async () => {
  await look();
  const waiting = vision.cutOut({ left: 0, top: 0, width: 1, height: 1 });
  worker().onerror?.({ message: 'out of memory' });
  await expect(waiting).rejects.toThrow('out of memory');
  expect([vision.photo, vision.status]).toEqual([null, 'failed']);
  expect(vision.problem).toContain('out of memory');
  void vision.begin();
  expect(StandInWorker.all).toHaveLength(2);
  worker().answer(photo);
  await eventually(() => vision.status === 'ready');
  expect(vision.problem).toBe('');
});

test('what was asked for the image before is no answer for this one', async () => {
  vision.attach(imageId);
  vision.want(true, null);
  const first = worker().asked.at(-1)!;
  vision.attach('train/train-1');
  worker().onmessage?.({ data: { number: first.number, answer: photo } });
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect([vision.photo, vision.status]).toEqual([null, 'looking']);
});

test('superpixels are cut anew for another size, and their pictures are closed', async () => {
  const pictures: { close: ReturnType<typeof vi.fn> }[] = [];
  const superpixels = () => {
    const borders = { close: vi.fn() };
    pictures.push(borders);
    return { width: 1, height: 1, labels: new Int32Array(1), boxes: new Int32Array(4), borders };
  };
  vision.attach(imageId);
  vision.want(true, 14);
  worker().answer(photo);
  await eventually(() => worker().asked.at(-1)?.question === 'superpixels');
  // Who waits for superpixels still waits.
  expect([vision.status, vision.isLooking]).toEqual(['ready', true]);
  worker().answer(superpixels());
  await eventually(() => vision.superpixels !== null);
  expect(vision.isLooking).toBe(false);
  vision.want(true, 30);
  await eventually(() => worker().asked.length === 3);
  expect(worker().asked.at(-1)).toMatchObject({ question: 'superpixels', asks: { spacing: 30 } });
  worker().answer(superpixels());
  await eventually(() => pictures[0].close.mock.calls.length === 1);
  vision.detach();
  expect(pictures[1].close).toHaveBeenCalledOnce();
  expect(vision.superpixels).toBeNull();
});

test('its end ends the worker, and tells who waits', async () => {
  await look();
  const waiting = vision.trace({ x: 0, y: 0 }, { x: 1, y: 0 }, { left: 0, top: 0, width: 2, height: 1 });
  vision.close();
  await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
  expect(worker().isEnded).toBe(true);
});
