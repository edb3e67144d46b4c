// A history that came with the data set: nothing in it runs, and one bad row hides none of the others.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { QueueState } from '#shared/contract/training';
import type { RunSummary } from '#shared/contract/runs';
import type { BrokenPrediction, PredictionInfo } from '#shared/contract/review';
import { leaseHolder } from '#files/lease';
import { runWriter } from '#files/run-folder';
import { openDatabase, type Db } from '#services/database';
import { hostileSets, insertRun } from '../../scripts/soak/hostile-sets.ts';
import { makeDataset, temporaryFolder } from '../helpers/dataset.ts';
import { createBench, type TestBench } from '../helpers/services.ts';

let bench: TestBench;
let folder: string;

beforeEach(async () => {
  bench = createBench();
  folder = await makeDataset({ train: 1, val: 1 });
});

afterEach(() => bench.workbench.shutDown());

function fill(work: (db: Db) => void): void {
  const db = openDatabase(path.join(folder, '.encnet/history.db'));
  work(db);
  db.close();
}

const runs = () => bench.call<RunSummary[]>('runs.list', { withDeleted: true });
const long = 'x'.repeat(5_000_000);
const nested = `${'['.repeat(150)}${']'.repeat(150)}`;

describe('a run', () => {
  test.each([
    ['settings that are none', { config: '{' }],
    ['settings nested', { config: nested }],
    ['settings too long', { config: long }],
    ['a name too long', { name: long }],
    ['classes that do not count', { classes: '[{"id": 4, "name": "x", "color": [0, 0, 0]}]' }],
    ['tags of numbers', { tags: '[1]' }],
  ])('with %s is shown as damaged, hides no other, and can be deleted', async (_, changes) => {
    fill((db) => {
      insertRun(db, 'honest');
      insertRun(db, 'spoiled', changes);
    });
    await bench.call('datasets.open', { path: folder });
    const found = await runs();
    expect(found.find(({ id }) => id === 'honest')).toMatchObject({ broken: null });
    expect(found.find(({ id }) => id === 'spoiled')).toMatchObject({ broken: expect.stringContaining('damaged') as unknown });
    expect(JSON.stringify(found).length).toBeLessThan(10_000);
    await bench.call('runs.delete', { runId: 'spoiled' });
    expect((await runs()).find(({ id }) => id === 'spoiled')).toMatchObject({ deleted: true });
  });

  test('whose id is a way out is shown by its row, and can be deleted; a sound one never is by its row', async () => {
    fill((db) => {
      insertRun(db, 'honest');
      insertRun(db, '../../x');
      insertRun(db, long);
    });
    await bench.call('datasets.open', { path: folder });
    const broken = (await runs()).filter((run) => run.broken !== null);
    expect(broken.map(({ id }) => id).sort()).toEqual(['row:2', 'row:3']);
    await expect(bench.call('runs.get', { runId: 'row:2' })).rejects.toMatchObject({ code: 'not-found' });
    for (const { id } of broken) await bench.call('runs.delete', { runId: id });
    await expect(bench.call('runs.delete', { runId: 'row:1' })).rejects.toMatchObject({ code: 'not-found' });
    expect((await runs()).map(({ id }) => id)).toEqual(['honest']);
  });
});

const insertion = `INSERT INTO prediction (id, run_id, split, protocol, checkpoint_sha256, created_at, complete, classes, class_set)
  VALUES (?, 'honest', 'val', ?, '', '2020', 1, '[]', '')`;

test('a prediction that cannot be read is told, and can be removed; the others stay', async () => {
  const protocol = JSON.stringify({ split: 'val', classes: 1, void: '', resolution: '', scales: [1], flip: false });
  fill((db) => {
    insertRun(db, 'honest');
    const insert = db.prepare(insertion);
    insert.run('sound', protocol);
    insert.run('nested', nested);
    insert.run('../../x', protocol);
  });
  await bench.call('datasets.open', { path: folder });
  const list = () => bench.call<{ predictions: PredictionInfo[]; broken: BrokenPrediction[] }>('review.predictions');
  const { predictions, broken } = await list();
  expect(predictions.map(({ id }) => id)).toEqual(['sound']);
  expect(broken.map(({ id }) => id).sort()).toEqual(['nested', 'row:3']);
  for (const { id } of broken) await bench.call('review.removeBroken', { id });
  expect(await list()).toMatchObject({ predictions: [{ id: 'sound' }], broken: [] });
  await expect(bench.call('review.removeBroken', { id: 'sound' })).rejects.toMatchObject({ code: 'not-found' });
});

test('a run in line that cannot be read is told, and can be removed', async () => {
  fill((db) => {
    const insert = db.prepare("INSERT INTO queued_run VALUES (?, 'waits', ?, NULL, NULL, 0, '')");
    insert.run('nested', nested);
    insert.run('../../x', '{}');
  });
  await bench.call('datasets.open', { path: folder });
  const { broken } = await bench.call<QueueState>('training.queue');
  expect(broken.map(({ id }) => id).sort()).toEqual(['nested', 'row:2']);
  for (const { id } of broken) await bench.call('training.removeQueued', { id });
  expect(await bench.call<QueueState>('training.queue')).toMatchObject({ broken: [] });
});

test('many rows that each hold much are read one after the other', async () => {
  const classes = JSON.stringify(Array.from({ length: 200 }, (_, id) => ({ id, name: 'x'.repeat(180), color: [0, 0, 0] })));
  const protocol = JSON.stringify({ split: 'val', classes: 200, void: '', resolution: '', scales: [1], flip: false });
  fill((db) => {
    insertRun(db, 'honest', { classes });
    const insert = db.prepare(insertion);
    db.transaction(() => Array.from({ length: 2000 }, (_, n) => insert.run(`p${n}`, protocol)))();
  });
  await bench.call('datasets.open', { path: folder });
  const begin = performance.now();
  await bench.call('review.predictions');
  expect(performance.now() - begin).toBeLessThan(5000);
});

test.each(Object.entries(hostileSets).filter(([name]) => /^(history|lease):/.test(name)))(
  'what would run by itself does not, and the way out is told: %s',
  async (name, spoil) => {
    await spoil(folder, temporaryFolder());
    const opening = bench.call('datasets.open', { path: folder });
    // A lease that cannot be read holds nothing, and is set aside.
    if (name.startsWith('lease')) expect(await opening).toMatchObject({ writable: true });
    else
      await expect(opening).rejects.toMatchObject({
        code: expect.stringMatching(/corrupt-file|unsupported/) as unknown,
        message: expect.stringContaining('history.db') as unknown,
      });
  },
);

test.skipIf(process.platform === 'win32')('a pipe in the place of a lease is refused, and nothing waits for its other end', async () => {
  const run = path.join(folder, '.encnet/runs/honest');
  mkdirSync(run, { recursive: true });
  execFileSync('mkfifo', [path.join(run, '.lease')]);
  fill((db) => insertRun(db, 'honest', { status: 'running' }));
  expect(() => runWriter(run)).toThrow('is no plain file');
  expect(() => leaseHolder(path.join(run, '.lease'))).toThrow('is no plain file');
  await bench.call('datasets.open', { path: folder });
  expect(await runs()).toHaveLength(1);
  expect(existsSync(path.join(run, '.lease'))).toBe(true);
});
