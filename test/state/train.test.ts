// The Train place over the real services, where runs are deleted, broken or of another data set.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { RunSummary } from '#shared/contract/runs';
import { endText } from '../../src/renderer/state/run-end.ts';
import { runAgain, trainOn } from '../../src/renderer/state/resume-run.ts';
import { TrainState } from '../../src/renderer/state/train.svelte.ts';
import { forgetting, fullRateOf } from '#shared/training/fine-tune';
import { findPreset } from '#shared/training/presets';
import { makeDataset } from '../helpers/dataset.ts';
import { smallConfig } from '../helpers/training.ts';
import type { TestBench } from '../helpers/services.ts';
import { type TestWindow, closeWindow, eventually, openBench, openWindow } from './window.ts';

let bench: TestBench;
let window: TestWindow;
let train: TrainState;

test('the end of a run is told where other things are done, with a way to it, and not in Train', async () => {
  const { session } = window;
  const told = () => session.toasts.list.filter(({ text }) => text.startsWith('The training of'));
  session.go('train');
  await trained();
  expect(told()).toEqual([]);
  session.go('annotate');
  const runId = await trained();
  await eventually(() => told().length === 1);
  const [{ kind, text, actions }] = told();
  expect([kind, actions.map(({ label }) => label)]).toEqual(['info', ['Review', 'Show']]);
  expect(text).toMatch(/^The training of ".+" has finished, best mIoU 0\.\d{3} at epoch 1\.$/);
  actions[0].run();
  expect([session.place, session.target.runId]).toEqual(['review', runId]);
  const { run } = session.training!;
  expect(endText({ ...run, status: 'failed', reason: 'out of memory', bestMiou: null })).toMatchObject({
    kind: 'error',
    text: `The training of "${run.name}" failed: out of memory`,
  });
  expect(endText({ ...run, status: 'stopped', bestMiou: null }).text).toBe(`The training of "${run.name}" was stopped.`);
});

/** Trains one epoch and waits for its end. @returns the run's id */
async function trained(): Promise<string> {
  train.config = smallConfig({ epochs: 1 });
  await train.start();
  await eventually(() => window.session.training?.active === false, 30_000);
  return train.runId!;
}

beforeEach(async () => {
  ({ bench, window } = await openBench({ train: 2, val: 1 }));
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

test('a rate that was found is one of the settings that it was searched with, whatever their own rate', async () => {
  train.config = smallConfig({ epochs: 1 });
  await train.findRate();
  await eventually(() => train.search?.state !== 'running', 60_000);
  expect(train.isSearched).toBe(true);
  train.setRate(0.5);
  expect(train.isSearched).toBe(true);
  train.choosePreset('tiny');
  expect(train.isSearched).toBe(false);
  train.config = { ...smallConfig({ epochs: 1 }) };
  expect(train.isSearched).toBe(true);
  train.startFrom = 'another-run';
  expect(train.isSearched).toBe(false);
});

test('weights of a run learn on by its own rate, and stay behind with its name where another preset is chosen', async () => {
  train.config = smallConfig({ epochs: 1 });
  train.setRate(0.02);
  await train.start();
  await eventually(() => window.session.training?.active === false, 30_000);
  const run = await window.session.client.runs.get({ runId: train.runId!, stepsAfter: 0 });
  trainOn(window.session, run);
  await eventually(() => train.startFrom === run.summary.id);
  expect([train.trainedAt, train.config.optimizer.learningRate, forgetting(train.config, train.trainedAt!)]).toEqual([0.02, 0.002, null]);
  const { name } = train;
  train.choosePreset('tiny');
  expect([train.startFrom, train.name]).toEqual([run.summary.id, name]);
  train.config.model.width *= 2;
  train.choosePreset('tiny');
  // The weights were those of another network.
  expect([train.startFrom, train.name]).toEqual([null, '']);
  train.startFrom = run.summary.id;
  train.choosePreset('reference');
  expect([train.startFrom, train.name]).toEqual([null, '']);
  const [{ actions }] = window.session.toasts.list.filter(({ text }) => text.endsWith('and start from random weights.'));
  actions[0].run();
  await eventually(() => train.startFrom === run.summary.id);
  expect(train.presetName).toBe('tiny');
});

test('a name that a person typed stays with another preset', () => {
  train.choosePreset('tiny');
  train.name = 'third try';
  train.choosePreset('light');
  expect(train.name).toBe('third try');
});

test('a fine-tuned run is fine-tuned once more by the same rate', async () => {
  const { session } = window;
  const trainOnLast = async () => {
    const run = await session.client.runs.get({ runId: train.runId!, stepsAfter: 0 });
    trainOn(session, run);
    await eventually(() => train.startFrom === run.summary.id && session.runs.some(({ id }) => id === run.summary.id));
    train.config!.epochs = 1;
  };
  await trained();
  for (const rate of Array.from({ length: 2 }, () => fullRateOf(smallConfig()) / 10)) {
    await trainOnLast();
    expect([train.config!.optimizer.learningRate, forgetting(train.config!, train.trainedAt!)]).toEqual([rate, null]);
    train.fineTune();
    expect(train.config!.optimizer.learningRate).toBe(rate);
    await train.start();
    await eventually(() => session.training?.active === false, 30_000);
  }
});

test('a run that is put in line without a name has one with a date, and says its place', async () => {
  train.config = smallConfig({ epochs: 1 });
  await window.session.client.training.holdQueue();
  await train.enqueue();
  expect(train.queue?.waiting.at(-1)?.name).toMatch(/^tiny \d{4}-\d\d-\d\d \d\d:\d\d$/);
  expect(window.session.toasts.list.at(-1)?.text).toMatch(/is number 1 in the queue\.$/);
});

test('a run that cannot be read is passed over for the last one that can', async () => {
  const sound = await trained();
  const newer = await trained();
  window.session.runs = window.session.runs.map((run) => (run.id === newer ? { ...run, broken: 'its folder is a file' } : run));
  await train.load();
  expect(train.runId).toBe(sound);
});

test('settings that were changed are there after a restart, in the data set that they were changed in', async () => {
  train.config!.epochs = 7;
  train.name = 'half typed';
  train.keep();
  train.destroy();
  const kept = async () => Object.keys(await window.session.client.app.uiState()).some((key) => key.startsWith('recipe:'));
  await vi.waitFor(async () => expect(await kept()).toBe(true), { timeout: 10_000 });
  closeWindow(window);
  window = await openWindow(bench);
  train = new TrainState(window.session);
  await train.load();
  expect([train.config?.epochs, train.name, train.presetName]).toEqual([7, 'half typed', 'light']);
  // Of a preset as it is its name is kept, and not what it has in this version.
  train.choosePreset('tiny');
  train.name = '';
  train.keep();
  train.destroy();
  const left = window.session.remembered<object>(`recipe:${window.session.dataset!.id}`, {});
  expect(left).toMatchObject({ presetName: 'tiny', config: null, changed: false });
});

test('each data set has its own settings: those that were left in it come back, and those of the one before are offered', async () => {
  const [first, second] = [window.session.dataset!, await makeDataset({ train: 1, val: 1 })];
  const go = async (path: string) => {
    await window.session.openFolder(path);
    await eventually(() => window.session.dataset?.path === path);
    await train.load();
  };
  const kept = (id: string) => window.session.remembered<{ config: { epochs: number } } | null>(`recipe:${id}`, null)?.config.epochs;
  train.config!.epochs = 7;
  train.name = 'half typed';
  train.keep();
  await go(second);
  // What was chosen goes along, but for what belongs to the data set before.
  expect([train.config!.epochs, train.name]).toEqual([7, '']);
  const secondId = window.session.dataset!.id;
  train.config!.epochs = 9;
  train.keep();
  expect([kept(first.id), kept(secondId)]).toEqual([7, 9]);
  await go(first.path);
  expect([train.config!.epochs, train.name]).toEqual([7, 'half typed']);
  const { text, actions } = window.session.toasts.list.at(-1)!;
  expect(text).toBe('The settings are those that were left in this data set.');
  actions[0].run();
  await eventually(() => train.config!.epochs === 9);
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

test('settings that were changed are offered back where others come in their place, here or from a run', async () => {
  const { session } = window;
  const offers = () => session.toasts.list.filter(({ actions }) => actions.some(({ label }) => label === 'Undo'));
  const undo = () => {
    const [{ id, actions }] = offers();
    session.toasts.dismiss(id);
    actions[0].run();
  };
  train.choosePreset('tiny');
  train.choosePreset('light');
  expect(offers()).toEqual([]);
  train.config!.epochs = 123;
  train.config!.optimizer.learningRate = 0.5;
  train.choosePreset('light');
  expect(train.config!.epochs).toBe(findPreset('light').config.epochs);
  undo();
  await eventually(() => train.config!.epochs === 123);
  expect(train.config!.optimizer.learningRate).toBe(0.5);
  await train.importRecipe(JSON.stringify({ ...train.presets.find(({ name }) => name === 'tiny')!.config, epochs: 7 }));
  expect([train.presetName, train.config!.epochs]).toEqual(['tiny', 7]);
  undo();
  await eventually(() => train.config!.epochs === 123);
  expect(train.presetName).toBe('light');
  // Left, and something else sent there; taken back before the place is opened again, and after.
  train.destroy();
  const run = { config: smallConfig({ epochs: 5 }), summary: { id: 'r', name: 'a run', hasCheckpoint: false } as RunSummary };
  runAgain(session, run, false);
  expect(session.recipes.current?.config.epochs).toBe(5);
  train = new TrainState(session);
  await train.load();
  expect(train.config!.epochs).toBe(5);
  undo();
  await eventually(() => train.config!.epochs === 123);
});
