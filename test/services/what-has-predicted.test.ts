// What stands beside the scores of a prediction: which weights made it, what they had learnt from, and what it was reckoned in.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { assertReviewable } from '#services/review/prediction-store';
import type { DatasetInfo } from '#shared/contract/datasets';
import type { PredictionProgress, ReviewResult } from '#shared/contract/review';
import type { RunSummary } from '#shared/contract/runs';
import type { TrainingStatus } from '#shared/contract/training';
import { encodeStoredMask } from '#files/mask-writing';
import { readCheckpointHeader } from '#files/checkpoint-header';
import type { RunConfig } from '#shared/training/run-config';
import { lookOf } from '../../src/renderer/state/review-look.ts';
import { makeDataset } from '../helpers/dataset.ts';
import { createBench, type TestBench } from '../helpers/services.ts';
import { smallConfig } from '../helpers/training.ts';

let bench: TestBench;
let folder: string;

beforeEach(async () => {
  bench = createBench();
  folder = await makeDataset({ train: 3, val: 2 });
  await bench.call('datasets.open', { path: folder });
});
afterEach(() => bench.workbench.shutDown());

async function trained(config: Partial<RunConfig> = {}): Promise<RunSummary> {
  const end = bench.until<TrainingStatus>('training.status', ({ active }) => !active);
  await bench.call('training.start', { config: smallConfig({ epochs: 2, ...config }), name: 'a run' });
  return (await end).run;
}

async function predicted(runId: string, split = 'val'): Promise<ReviewResult> {
  const end = bench.until<PredictionProgress>('review.progress', ({ state }) => state !== 'running');
  await bench.call('review.predict', { runId, split });
  return bench.call<ReviewResult>('review.result', { predictionId: (await end).predictionId });
}

test('weights are told by the epochs that their file has seen, whatever the history has heard of', async () => {
  const run = await trained();
  const { history } = readCheckpointHeader(path.join(folder, '.encnet/runs', run.id, 'best.ckpt'));
  // As it is where the disk was full when a better epoch was to be recorded.
  const db = new Database(path.join(folder, '.encnet/history.db'));
  db.prepare("UPDATE metric_summary SET best_epoch = 99 WHERE run_id = ? AND metric = 'miou'").run(run.id);
  db.prepare('UPDATE checkpoint SET epoch = 99 WHERE run_id = ?').run(run.id);
  db.close();
  const { prediction } = await predicted(run.id);
  expect(prediction.weights).toEqual({ role: 'best', epoch: history.at(-1)!.epoch });
  expect((await bench.call<{ predictions: unknown[] }>('review.predictions')).predictions).toEqual([prediction]);
});

test('what is renewed is reckoned as the rest, and a first one as its run', async () => {
  const run = await trained({ precision: 'bfloat16' });
  const first = await predicted(run.id);
  expect([run.precision, first.prediction.precision]).toEqual(['bfloat16', 'bfloat16']);
  const db = new Database(path.join(folder, '.encnet/history.db'));
  db.prepare("UPDATE run SET precision = 'float32' WHERE id = ?").run(run.id);
  writeFileSync(
    path.join(folder, 'valannot/val-0.png'),
    encodeStoredMask({ width: 64, height: 48, values: new Uint8Array(64 * 48).fill(2) }),
  );
  await bench.call('datasets.refresh');
  await bench.workbench.datasets.require().surveyed();
  const { prediction } = await predicted(run.id);
  expect([prediction.id, prediction.precision]).toEqual([first.prediction.id, 'bfloat16']);
  // Of one of before nothing is known, and it is gone on with as its run reckons.
  db.prepare('UPDATE prediction SET precision = NULL, weights = NULL, epoch = NULL').run();
  db.close();
  const older = await bench.call<ReviewResult>('review.result', { predictionId: prediction.id });
  expect([older.prediction.precision, older.prediction.weights]).toEqual([null, null]);
  // Renewed in a part, it is not said to be in what that part is.
  writeFileSync(
    path.join(folder, 'valannot/val-0.png'),
    encodeStoredMask({ width: 64, height: 48, values: new Uint8Array(64 * 48).fill(3) }),
  );
  await bench.call('datasets.refresh');
  await bench.workbench.datasets.require().surveyed();
  expect((await predicted(run.id)).prediction).toMatchObject({ id: prediction.id, precision: null });
});

test('a split that was made anew tells how many of its images the run has learnt from', async () => {
  const run = await trained();
  expect((await predicted(run.id)).learntFrom).toBe(0);
  expect(await predicted(run.id, 'train')).toMatchObject({ learntFrom: 3 });
  const { arrangement } = await bench.call<DatasetInfo>('datasets.current');
  const splits = { by: 'ids', splits: { train: ['val/val-1'], val: ['val/val-0', 'train/train-0', 'train/train-1'] } };
  await bench.call('datasets.arrange', { arrangement: { ...arrangement, splits } });
  await bench.workbench.datasets.require().surveyed();
  const { learntFrom, images } = await predicted(run.id);
  expect([learntFrom, images.length]).toEqual([2, 3]);
});

test('what could not be reviewed together is refused before it is predicted', () => {
  expect(() => assertReviewable(18_000, 66)).toThrow(
    '18,000 images of 66 classes are more than can be reviewed together, which are 11,478: predict a split of fewer images',
  );
  expect(() => assertReviewable(20_000, 19)).not.toThrow();
});

test('another look at the images goes by windows where the run validates by windows', async () => {
  const config = smallConfig();
  const run = await trained({ evaluation: { ...config.evaluation, sliding: true } });
  const end = bench.until<PredictionProgress>('review.progress', ({ state }) => state !== 'running');
  await bench.call('review.predict', { runId: run.id, split: 'val', look: { scales: [1], flip: true } });
  const { prediction } = await bench.call<ReviewResult>('review.result', { predictionId: (await end).predictionId });
  expect([prediction.protocol.flip, prediction.protocol.resolution]).toEqual([true, expect.stringMatching(/^windows of/)]);
  expect(lookOf(prediction.protocol)).toBe('mirrored');
});
