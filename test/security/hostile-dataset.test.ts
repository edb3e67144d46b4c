// What lies in a data set's .encnet came with the folder and is as hostile as any file.
import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { openDatabase, type Db } from '#services/database';
import { findPreset } from '#shared/training/presets';
import { makeDataset, temporaryFolder } from '../helpers/dataset.ts';
import { createBench } from '../helpers/services.ts';

/** A data set that brings its own history. */
async function datasetWith(fill: (db: Db) => void): Promise<string> {
  const folder = await makeDataset({ train: 1, val: 1 });
  const db = openDatabase(path.join(folder, '.encnet/history.db'));
  fill(db);
  db.close();
  return folder;
}

function insertRun(db: Db, id: string, deletedAt: string | null = null): void {
  db.prepare(
    `INSERT INTO run (id, name, preset, status, config, classes, code_version, dataset_fingerprint, seed, epochs,
      created_at, updated_at, deleted_at)
    VALUES (?, 'a run', 'tiny', 'finished', ?, '[]', '1', 'f', 1, 1, '2020-01-01', '2020-01-01', ?)`,
  ).run(id, JSON.stringify(findPreset('tiny').config), deletedAt);
}

function insertPrediction(db: Db, id: string, runId: string): void {
  db.prepare(
    `INSERT INTO prediction (id, run_id, split, protocol, checkpoint_sha256, created_at, complete)
      VALUES (?, ?, 'val', '{}', '', '2020-01-01', 0)`,
  ).run(id, runId);
}

/** A folder that nobody gave the workbench, with one file in it. */
function bystander(): { folder: string; file: string } {
  const folder = temporaryFolder();
  const file = path.join(folder, 'thesis.txt');
  writeFileSync(file, 'years of work');
  return { folder, file };
}

const escape = (folder: string, below: string, victim: string) => path.relative(path.join(folder, '.encnet', below), victim);

test.each(['relative', 'absolute'])('opening a data set never removes a folder that an id of its history names: %s', async (kind) => {
  const { folder: victim, file } = bystander();
  const folder = await datasetWith(() => undefined);
  const nameIn = (below: string) => (kind === 'relative' ? escape(folder, below, victim) : victim);
  const db = openDatabase(path.join(folder, '.encnet/history.db'));
  insertRun(db, nameIn('runs'), '2020-01-01');
  insertRun(db, 'honest');
  insertPrediction(db, nameIn('predictions'), 'honest');
  insertPrediction(db, '..', 'honest');
  insertPrediction(db, '.', 'honest');
  db.close();
  const bench = createBench();
  await bench.call('datasets.open', { path: folder });
  await bench.call('runs.purgeDeleted');
  expect(readFileSync(file, 'utf8')).toBe('years of work');
  expect(existsSync(path.join(folder, '.encnet/history.db'))).toBe(true);
  expect(await bench.call<{ id: string }[]>('runs.list', { withDeleted: true })).toEqual(
    expect.arrayContaining([expect.objectContaining({ id: 'honest' })]),
  );
  await bench.workbench.shutDown();
});

test('a run whose id is a path is served, exported and read by no method', async () => {
  const { folder: victim, file } = bystander();
  const folder = await datasetWith(() => undefined);
  const id = escape(folder, 'runs', victim);
  const db = openDatabase(path.join(folder, '.encnet/history.db'));
  insertRun(db, id);
  db.close();
  writeFileSync(path.join(victim, 'last.ckpt'), 'x');
  const bench = createBench();
  await bench.call('datasets.open', { path: folder });
  for (const method of ['runs.get', 'training.resumeRun', 'training.log'])
    await expect(bench.call(method, { runId: id })).rejects.toMatchObject({ code: 'not-found' });
  expect(readFileSync(file, 'utf8')).toBe('years of work');
  await bench.workbench.shutDown();
});

test('links inside .encnet are not followed: nothing is written or removed beyond them', async () => {
  const { folder: victim, file } = bystander();
  const folder = await datasetWith((db) => {
    insertRun(db, 'gone', '2020-01-01');
    insertRun(db, 'kept');
    insertPrediction(db, 'half', 'kept');
  });
  const work = path.join(folder, '.encnet');
  for (const name of ['runs', 'predictions', 'journal', 'originals', 'revisions']) symlinkSync(victim, path.join(work, name));
  mkdirSync(path.join(victim, 'gone'));
  mkdirSync(path.join(victim, 'half'));
  writeFileSync(path.join(victim, 'gone/best.ckpt'), 'weights');
  const before = readdirSync(victim);
  const bench = createBench();
  await expect(bench.call('datasets.open', { path: folder })).rejects.toMatchObject({ code: 'forbidden' });
  expect(readFileSync(file, 'utf8')).toBe('years of work');
  expect(readdirSync(victim)).toEqual(before);
  expect(readFileSync(path.join(victim, 'gone/best.ckpt'), 'utf8')).toBe('weights');
  await bench.workbench.shutDown();
});

test('a run whose strip is a link is neither resumed nor shown', async () => {
  const { folder: victim } = bystander();
  const folder = await datasetWith((db) => insertRun(db, 'kept'));
  mkdirSync(path.join(folder, '.encnet/runs/kept'), { recursive: true });
  writeFileSync(path.join(folder, '.encnet/runs/kept/last.ckpt'), 'x');
  symlinkSync(victim, path.join(folder, '.encnet/runs/kept/strip'));
  const bench = createBench();
  await bench.call('datasets.open', { path: folder });
  await expect(bench.call('training.resumeRun', { runId: 'kept' })).rejects.toMatchObject({ code: 'forbidden' });
  expect(readdirSync(victim)).toEqual(['thesis.txt']);
  await bench.workbench.shutDown();
});

test.each(['history.db', 'history.db-wal', 'runs/starter/best.ckpt'])(
  'a file of .encnet that is a link is refused by its name: %s',
  async (name) => {
    const { file } = bystander();
    const folder = await makeDataset({ train: 1, val: 1 });
    const link = path.join(folder, '.encnet', name);
    mkdirSync(path.dirname(link), { recursive: true });
    symlinkSync(file, link);
    const bench = createBench();
    const opening = bench.call('datasets.open', { path: folder });
    if (name.startsWith('history')) await expect(opening).rejects.toThrow(link);
    else {
      await opening;
      await expect(bench.call('runs.addStarter')).rejects.toThrow(link);
    }
    expect(readFileSync(file, 'utf8')).toBe('years of work');
    await bench.workbench.shutDown();
  },
);

test('an .encnet that is itself a link is not followed, and the message says what to do', async () => {
  const { folder: victim } = bystander();
  const folder = await makeDataset({ train: 1, val: 1 });
  symlinkSync(victim, path.join(folder, '.encnet'));
  const bench = createBench();
  await expect(bench.call('datasets.open', { path: folder })).rejects.toThrow(/\.encnet is a link.*put a folder in its place/);
  expect(readdirSync(victim)).toEqual(['thesis.txt']);
  await bench.workbench.shutDown();
});
