// Training, predicting and accepting over class sets that change between, on real trainers and PNG files.
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { readStoredMask } from '#files/mask-png';
import { encodeStoredMask } from '#files/mask-writing';
import type { EditState } from '#shared/contract/edits';
import type { PredictionProgress, ReviewMasks, ReviewResult } from '#shared/contract/review';
import type { RunDetail, RunSummary } from '#shared/contract/runs';
import type { TrainingStatus } from '#shared/contract/training';
import { builtInClassSet } from '#services/class-sets/class-set';
import { makeDataset, temporaryFolder } from '../helpers/dataset.ts';
import { smallConfig } from '../helpers/training.ts';
import { createBench, type TestBench } from '../helpers/services.ts';

interface Entry {
  value: number;
  name: string;
  color: number[];
}

const camvid = (): Entry[] =>
  builtInClassSet('camvid-11').classes.map(({ id, value = id, name, color }) => ({ value, name, color: [...color] }));

let folder: string;
let userData: string;
let bench: TestBench;

const setClasses = (classes: Entry[]) =>
  writeFileSync(path.join(folder, 'classes.json'), JSON.stringify({ name: 'own', voidValue: 11, classes }));

async function reopen(): Promise<void> {
  await bench.workbench.shutDown();
  bench = createBench({ userData });
  await bench.call('datasets.open', { path: folder });
}

beforeEach(async () => {
  folder = await makeDataset({ train: 4, val: 2 });
  userData = temporaryFolder();
  setClasses(camvid());
  bench = createBench({ userData });
  await bench.call('datasets.open', { path: folder });
});

async function train(): Promise<RunSummary> {
  const end = bench.until<TrainingStatus>('training.status', ({ active }) => !active);
  await bench.call('training.start', { config: smallConfig({ epochs: 1 }), name: 'a run' });
  return (await end).run;
}

async function predict(runId: string): Promise<PredictionProgress> {
  const end = bench.until<PredictionProgress>('review.progress', ({ state }) => state !== 'running');
  await bench.call('review.predict', { runId, split: 'val' });
  return end;
}

const imageId = 'val/val-0';
const maskFile = () => path.join(folder, 'valannot/val-0.png');

/** The names of the classes that a mask's stored values mean. */
function namesIn(file: string, classes: Entry[]): string[] {
  const byValue = new Map(classes.map(({ value, name }) => [value, name]));
  return [...readStoredMask(file).values].map((value) => byValue.get(value) ?? 'void');
}

/** A prediction made for CamVid's classes, and the names that it shows. */
async function predicted(): Promise<{ predictionId: string; names: string[]; run: RunSummary }> {
  const run = await train();
  const { predictionId } = await predict(run.id);
  const { prediction } = await bench.call<ReviewMasks>('review.masks', { predictionId, imageId });
  return { predictionId, names: [...prediction].map((id) => camvid()[id].name), run };
}

/** Has a prediction show one class all over, whatever a network of one epoch sees. */
function showAll(predictionId: string, id: number): void {
  const file = path.join(folder, '.encnet/predictions', predictionId, 'val+val-0.png');
  const { width, height } = readStoredMask(file);
  writeFileSync(file, encodeStoredMask({ width, height, values: new Uint8Array(width * height).fill(id) }));
}

const swapped = (): Entry[] => {
  const classes = camvid();
  [classes[0], classes[1]] = [classes[1], classes[0]];
  return classes;
};
const renamed = (): Entry[] => camvid().map((entry, id) => (id < 2 ? { ...entry, name: ['Building', 'Sky'][id] } : entry));

describe('a prediction', () => {
  test('taken after two entries of classes.json were exchanged writes the classes that it shows', async () => {
    const { predictionId, names } = await predicted();
    setClasses(swapped());
    await reopen();
    const result = await bench.call<ReviewResult>('review.result', { predictionId });
    expect(result.foreign).toBeNull();
    expect(result.prediction.classes.map(({ name }) => name)).toEqual(camvid().map(({ name }) => name));
    await bench.call<EditState>('edits.takePrediction', { imageId, predictionId });
    expect(namesIn(maskFile(), swapped())).toEqual(names);
  });

  test('whose classes were renamed is shown with its own, and not taken', async () => {
    const { predictionId } = await predicted();
    const before = readFileSync(maskFile());
    setClasses(renamed());
    await reopen();
    const result = await bench.call<ReviewResult>('review.result', { predictionId });
    expect(result.foreign).toContain('it was made for Sky (0), Building (1)');
    expect(result.foreign).toContain('the data set has Building (0), Sky (1)');
    expect(result.perClass).toHaveLength(11);
    const take = () => bench.call('edits.takePrediction', { imageId, predictionId });
    showAll(predictionId, 0);
    await expect(take()).rejects.toThrow(/is no class of the data set now; it was made for Sky \(0\), Building \(1\)/);
    expect(readFileSync(maskFile()).equals(before)).toBe(true);
    // Road is what it was.
    showAll(predictionId, 3);
    await take();
    expect(new Set(namesIn(maskFile(), renamed()))).toEqual(new Set(['Road']));
  });

  test('of a longer class set still has its scores', async () => {
    const { predictionId } = await predicted();
    const before = await bench.call<ReviewResult>('review.result', { predictionId });
    setClasses(camvid().slice(0, 3));
    await reopen();
    const result = await bench.call<ReviewResult>('review.result', { predictionId });
    expect(result.confusion).toEqual(before.confusion);
    expect(result.foreign).not.toBeNull();
    const { label } = await bench.call<ReviewMasks>('review.masks', { predictionId, imageId });
    expect(Math.max(...label!.filter((id) => id !== 255))).toBeLessThanOrEqual(2);
  });

  test('with a network whose classes come in another order scores as before; with other classes it is refused by both lists', async () => {
    const { run, predictionId } = await predicted();
    const before = await bench.call<ReviewResult>('review.result', { predictionId });
    setClasses(swapped());
    await reopen();
    const again = await predict(run.id);
    expect(again.state).toBe('finished');
    expect((await bench.call<ReviewResult>('review.result', { predictionId: again.predictionId })).confusion).toEqual(before.confusion);
    setClasses(renamed());
    await reopen();
    const both = /has the classes Sky \(0\), Building \(1\).*; the data set has Building \(0\), Sky \(1\)/;
    await expect(predict(run.id)).rejects.toThrow(both);
    // It is told beside the prediction, which is as it was: no label has changed.
    const { renewal } = await bench.call<ReviewResult>('review.result', { predictionId });
    expect(renewal.otherClasses).toMatch(both);
    setClasses(swapped());
    await reopen();
    await bench.workbench.datasets.require().surveyed();
    const now = await bench.call<ReviewResult>('review.result', { predictionId: again.predictionId });
    expect(now.renewal).toMatchObject({ changed: [], otherClasses: null });
  });
});

describe('a run', () => {
  const stopped = async (): Promise<RunSummary> => {
    const epoch = bench.until('training.epoch', () => true);
    const end = bench.until<TrainingStatus>('training.status', ({ active }) => !active);
    await bench.call('training.start', { config: smallConfig({ epochs: 500 }), name: 'a run' });
    await epoch;
    await bench.call('training.stop');
    return (await end).run;
  };

  test.each([
    ['reordered', swapped],
    ['renamed', renamed],
    ['fewer', () => camvid().slice(0, 5)],
    ['more', () => [...camvid(), { value: 40, name: 'New', color: [1, 2, 3] }]],
  ])('is not resumed with classes that are %s: both lists are told, and the checkpoint is as it was', async (_, classes) => {
    const run = await stopped();
    const checkpoint = path.join(folder, '.encnet/runs', run.id, 'last.ckpt');
    const before = readFileSync(checkpoint);
    setClasses(classes());
    await reopen();
    await expect(bench.call('training.resumeRun', { runId: run.id })).rejects.toThrow(
      /The run "a run" has the classes Sky \(0\), Building \(1\).*; the data set has /,
    );
    expect(readFileSync(checkpoint).equals(before)).toBe(true);
    // The device is free: whatever else keeps a search from starting.
    const search = await bench.call<unknown>('training.findRate', { config: smallConfig() }).catch((error: unknown) => error);
    expect(search).not.toMatchObject({ code: 'busy' });
  });

  test('keeps its classes in its details whatever the data set has now', async () => {
    const run = await train();
    setClasses(camvid().slice(0, 3));
    await reopen();
    const detail = await bench.call<RunDetail>('runs.get', { runId: run.id });
    expect(detail.classes.map(({ name }) => name)).toEqual(camvid().map(({ name }) => name));
  });

  /** Resumes a run for an epoch: no sample of its own is missing. */
  const expectToGoOnWhole = async ({ id: runId }: RunSummary): Promise<void> => {
    const epoch = bench.until('training.epoch', () => true);
    await bench.call('training.resumeRun', { runId });
    await epoch;
    const log = await bench.call<string[]>('training.log', { runId });
    expect(log.filter((line) => line.includes('left out'))).toEqual([]);
  };

  test('that was stopped before its first step goes on with the masks of its start', async () => {
    const ended = bench.until<RunSummary>('runs.changed', ({ status }) => status === 'stopped');
    const run = await bench.call<RunSummary>('training.start', { config: smallConfig({ epochs: 3 }), name: '' });
    await bench.call('training.stop');
    await ended;
    writeFileSync(path.join(folder, 'trainannot/train-0.png'), 'not a mask any more');
    await reopen();
    await expectToGoOnWhole(run);
  });

  test('trains on the masks it recorded, and goes on with them, whatever is edited meanwhile', async () => {
    const run = await stopped();
    const work = path.join(folder, '.encnet');
    const { train: samples } = JSON.parse(readFileSync(path.join(work, 'runs', run.id, 'samples.json'), 'utf8')) as {
      train: { id: string; revision: string }[];
    };
    expect(samples).toHaveLength(4);
    for (const { revision } of samples)
      expect(existsSync(path.join(work, 'revisions', revision.slice(0, 2), `${revision}.png`))).toBe(true);
    // The folder's own mask goes; the run goes on with the one it saw.
    writeFileSync(path.join(folder, 'trainannot/train-0.png'), 'not a mask any more');
    cpSync(path.join(folder, 'trainannot/train-1.png'), path.join(folder, 'trainannot/train-2.png'));
    await reopen();
    await expectToGoOnWhole(run);
    expect(await bench.call<RunDetail>('runs.get', { runId: run.id })).toMatchObject({
      masks: { changed: expect.toSatisfy((ids: string[]) => ids.length === 2) as string[] },
    });
  });
});
