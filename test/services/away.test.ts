// Folders that go away or are put anew while a data set is open, and runs and predictions beside them.
import { cpSync, existsSync, linkSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { beforeEach, expect, test } from 'vitest';
import type { DatasetInfo, ImageEntry } from '#shared/contract/datasets';
import type { PredictionProgress } from '#shared/contract/review';
import type { RunSummary } from '#shared/contract/runs';
import type { TrainingStatus } from '#shared/contract/training';
import { makeDataset, temporaryFolder } from '../helpers/dataset.ts';
import { box } from '../helpers/box-patch.ts';
import { openMask, stroke } from '../helpers/edits.ts';
import { createBench, type TestBench } from '../helpers/services.ts';
import { smallConfig } from '../helpers/training.ts';

let folder: string;
let userData: string;
let bench: TestBench;
const labels = () => path.join(folder, 'trainannot');

beforeEach(async () => {
  folder = await makeDataset({ train: 4, val: 2 });
  userData = temporaryFolder();
  bench = createBench({ userData });
  await bench.call('datasets.open', { path: folder });
  await bench.workbench.datasets.require().surveyed();
});

/** Trains to the end. */
async function trained(epochs = 1): Promise<RunSummary> {
  const end = bench.until<TrainingStatus>('training.status', ({ active }) => !active);
  await bench.call('training.start', { config: smallConfig({ epochs }), name: 'a run' });
  return (await end).run;
}

test('a run starts without a mask that is gone, and records exactly the masks it keeps', async () => {
  rmSync(path.join(labels(), 'train-0.png'));
  const run = await trained();
  const { train } = JSON.parse(readFileSync(path.join(folder, '.encnet/runs', run.id, 'samples.json'), 'utf8')) as {
    train: { id: string; revision: string }[];
  };
  expect(train.map(({ id }) => id)).toEqual(['train/train-1', 'train/train-2', 'train/train-3']);
  for (const { revision } of train) {
    expect(existsSync(path.join(folder, '.encnet/revisions', revision.slice(0, 2), `${revision}.png`))).toBe(true);
  }
});

test('a run does not start while its label folder is away, and none is recorded', async () => {
  renameSync(labels(), `${labels()}-away`);
  await expect(bench.call('training.start', { config: smallConfig(), name: '' })).rejects.toMatchObject({ code: 'not-found' });
  renameSync(`${labels()}-away`, labels());
  expect(await bench.call('runs.list', { withDeleted: true })).toEqual([]);
  expect((await trained()).status).toBe('finished');
});

test('a label folder that was put anew leaves the others usable, and opening the data set again takes it', async () => {
  cpSync(labels(), `${labels()}-new`, { recursive: true });
  rmSync(labels(), { recursive: true });
  renameSync(`${labels()}-new`, labels());
  await expect(openMask(bench, 'train/train-0')).rejects.toThrow(/is gone: .* or open the data set again/);
  await stroke(bench, 'val/val-0', box(0, 0, 2, 2, 3));
  expect(await bench.call<DatasetInfo>('datasets.open', { path: folder })).toMatchObject({ writable: true });
  await stroke(bench, 'train/train-0', box(0, 0, 2, 2, 3));
  expect((await openMask(bench, 'val/val-0')).ids[0]).toBe(3);
});

test('a folder that is away during the survey is told once, and its images are read when it is back', async () => {
  const large = await makeDataset({ train: 1, val: 1, width: 640, height: 480 });
  const at = path.join(large, 'trainannot');
  for (let n = 1; n < 150; n++) {
    for (const name of ['train', 'trainannot']) linkSync(path.join(large, name, 'train-0.png'), path.join(large, name, `train-${n}.png`));
  }
  await bench.call('datasets.open', { path: large });
  renameSync(at, `${at}-away`);
  await bench.until('app.notice', () => true);
  await new Promise((resolve) => setTimeout(resolve, 800));
  renameSync(`${at}-away`, at);
  await bench.workbench.datasets.require().surveyed();
  expect(bench.events.filter(({ name }) => name === 'app.notice')).toHaveLength(1);
  const images = await bench.call<ImageEntry[]>('datasets.images');
  expect(images.filter(({ surveyed, classPixels }) => !surveyed || classPixels === null)).toEqual([]);
});

test('a run that had done all its epochs when its workbench was killed is finished', async () => {
  const run = await trained();
  await bench.workbench.shutDown();
  const db = new Database(path.join(folder, '.encnet/history.db'));
  db.exec("UPDATE run SET status = 'running'; DELETE FROM epoch");
  db.close();
  bench = createBench({ userData });
  await bench.call('datasets.open', { path: folder });
  const [found] = await bench.call<RunSummary[]>('runs.list', { withDeleted: false });
  expect(found).toMatchObject({ id: run.id, status: 'finished', reason: null, epochsDone: 1, resumable: false });
});

test('a run that a split is predicted with is not deleted meanwhile', async () => {
  await bench.call('runs.addStarter');
  const end = bench.until<PredictionProgress>('review.progress', ({ state }) => state !== 'running');
  await bench.call('review.predict', { runId: 'starter', split: 'val' });
  await expect(bench.call('runs.delete', { runId: 'starter' })).rejects.toMatchObject({ code: 'busy' });
  expect(await end).toMatchObject({ state: 'finished' });
  await bench.call('runs.delete', { runId: 'starter' });
});
