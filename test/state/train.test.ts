// The Train place over the real services, where runs are deleted, broken or of another data set.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TrainState } from '../../src/renderer/state/train.svelte.ts';
import { makeDataset } from '../helpers/dataset.ts';
import { smallConfig } from '../helpers/training.ts';
import { type TestWindow, closeWindow, eventually, openBench } from './window.ts';

let window: TestWindow;
let train: TrainState;

/** Trains one epoch and waits for its end. @returns the run's id */
async function trained(): Promise<string> {
  train.config = smallConfig({ epochs: 1 });
  await train.start();
  await eventually(() => window.session.training?.active === false, 30_000);
  return train.runId!;
}

beforeEach(async () => {
  ({ window } = await openBench({ train: 2, val: 1 }));
  train = new TrainState(window.session);
  await train.load();
});
afterEach(() => {
  train.destroy();
  closeWindow(window);
});

test('a recipe is there, and is what was left, when the last run is gone for good', async () => {
  const runId = await trained();
  train.name = 'half typed';
  train.destroy();
  await window.session.client.runs.delete({ runId });
  await window.session.client.runs.purgeDeleted();
  await eventually(() => window.session.runs.length === 0);
  train = new TrainState(window.session);
  await train.load();
  expect([train.runId, train.config?.epochs, train.name]).toEqual([null, 1, 'half typed']);
});

test('a run that cannot be read is passed over for the last one that can', async () => {
  const sound = await trained();
  const newer = await trained();
  window.session.runs = window.session.runs.map((run) => (run.id === newer ? { ...run, broken: 'its folder is a file' } : run));
  await train.load();
  expect(train.runId).toBe(sound);
});

test('what a recipe was to start from is told where it is not there any more', async () => {
  const runId = await trained();
  train.startFrom = runId;
  train.name = 'street, trained on';
  train.destroy();
  await window.session.client.runs.delete({ runId });
  await eventually(() => window.session.runs.length === 0);
  train = new TrainState(window.session);
  await train.load();
  expect(train.startFrom).toBe(null);
  expect(window.session.toasts.list.at(-1)?.text).toContain('"street, trained on" was to start from the weights of a run that is deleted');
});

test("another data set takes the settings that were chosen, and not a run's weights or name", async () => {
  train.startFrom = await trained();
  train.name = 'first street';
  train.config!.epochs = 9;
  await window.session.openDataset(await makeDataset({ train: 1, val: 1 }));
  await train.load();
  expect([train.startFrom, train.name, train.config!.epochs, train.runId]).toEqual([null, '', 9, null]);
});
