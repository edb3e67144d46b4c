// What is taken back is taken back where it was done, whatever is open by then.
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { QueueState } from '#shared/contract/training';
import { fixesFor } from '../../src/renderer/state/problem-fixes.ts';
import type { Session } from '../../src/renderer/state/session.svelte.ts';
import { TrainState } from '../../src/renderer/state/train.svelte.ts';
import { offerBack } from '../../src/renderer/state/way-back.ts';
import { makeDataset } from '../helpers/dataset.ts';
import type { TestBench } from '../helpers/services.ts';
import { smallConfig } from '../helpers/training.ts';
import { closeWindow, eventually, openBench, type TestWindow } from './window.ts';

let folder: string;
let bench: TestBench;
let window: TestWindow;
let session: Session;

beforeEach(async () => {
  ({ folder, bench, window } = await openBench({ train: 2, val: 1 }));
  ({ session } = window);
});
afterEach(() => closeWindow(window));

const undoOf = (text: string) => session.toasts.list.find((toast) => toast.text.includes(text))!.actions[0].run;

test('a run that is taken out of a queue starts in no other data set, and is put back where it was', async () => {
  const train = new TrainState(session);
  await train.load();
  train.config = smallConfig({ epochs: 1 });
  await bench.call('training.holdQueue');
  await train.enqueue();
  await train.removeQueued(train.queue.waiting[0].id);
  await session.openDataset(await makeDataset({ train: 1, val: 1 }));
  undoOf('was taken out of the queue')();
  await eventually(() => session.toasts.list.some(({ text }) => text.includes(`it is of ${folder}, and another data set is open`)));
  expect(await bench.call<QueueState>('training.queue')).toMatchObject({ waiting: [] });
  expect(await bench.call('training.status')).toBeNull();

  await session.openDataset(folder);
  await bench.call('training.holdQueue');
  undoOf('Nothing was taken back')();
  await eventually(() => train.queue.waiting.length === 1);
  train.destroy();
});

test('what is said of images is taken back in their data set alone', async () => {
  const imageIds = ['train/train-0', 'train/train-1'];
  const stage = () => session.work.stageOf(session.images.get(imageIds[0])!);
  await session.work.mark(imageIds, 'done');
  const undo = undoOf('2 images are done');
  await session.openDataset(await makeDataset({ train: 2, val: 1 }));
  await session.work.mark(imageIds, 'look');
  undo();
  await eventually(() => session.toasts.list.some(({ text }) => text.startsWith('Nothing was taken back')));
  expect(stage()).toBe('look');
});

test('what does not outlast its data set is not offered for later: how it is taken back then is told', async () => {
  const { dataset: of } = session;
  let undone = 0;
  const back = () => Promise.resolve(undone++);
  offerBack(session, { of, text: 'Repaired.', back, afterwards: 'It is in the history.' });
  await session.openDataset(await makeDataset({ train: 1, val: 1 }));
  undoOf('Repaired.')();
  const told = session.toasts.list.find(({ text }) => text.endsWith('It is in the history.'))!;
  expect([told.actions, undone]).toEqual([[], 0]);
});

test('a repair that cannot be taken back says why', async () => {
  const mask = path.join(folder, 'trainannot/train-0.png');
  writeFileSync(mask, 'no picture');
  await session.openDataset(await makeDataset({ train: 1, val: 1 }));
  await session.openDataset(folder);
  const group = { kind: 'mask' as const, key: 'mask', title: 'No picture', imageIds: ['train/train-0'] };
  await eventually(() => session.images.get('train/train-0')!.problems.length > 0);
  await fixesFor(session, group)
    .find(({ label }) => label === 'Begin anew')!
    .run();
  writeFileSync(mask, 'another picture');
  undoOf('Begin anew: 1 mask done')();
  await eventually(() => session.toasts.list.some(({ text }) => text.includes('has been changed since')));
  expect(existsSync(mask)).toBe(true);
});
