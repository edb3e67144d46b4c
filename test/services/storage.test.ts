import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { expect, test, vi } from 'vitest';
import pino from 'pino';
import { Preferences } from '#services/app/preferences';
import { takeRunFolder } from '#files/run-folder';
import { EventBus } from '#services/events';
import { Outbox } from '#services/jobs/outbox';
import { LeftRuns } from '#services/runs/left-runs';
import { openDatabase } from '#services/database';
import type { RunStore } from '#services/runs/run-store';
import { temporaryFolder } from '../helpers/dataset.ts';
import { epochMetrics as metrics, newStore } from '../helpers/run-store.ts';

const silent = pino({ level: 'silent' });
const leftRuns = (store: RunStore) =>
  new LeftRuns({ store, outbox: new Outbox(silent), log: silent, events: new EventBus(() => undefined) });

test('migrations run once, and a newer database is refused untouched', () => {
  const file = path.join(temporaryFolder(), 'history.db');
  openDatabase(file).close();
  openDatabase(file).close();
  const raw = new Database(file);
  expect(raw.pragma('user_version', { simple: true })).toBeGreaterThan(0);
  raw.pragma('user_version = 999');
  raw.close();
  expect(() => openDatabase(file)).toThrow(`${file} was written by a newer workbench (schema 999`);
});

test('a file that is no database is named and left alone', () => {
  const file = path.join(temporaryFolder(), 'history.db');
  writeFileSync(file, "this is not a database, but it is somebody's file ".repeat(40));
  const before = readFileSync(file);
  expect(() => openDatabase(file)).toThrow(`${file} is damaged, or no history of the workbench`);
  expect(readFileSync(file).equals(before)).toBe(true);
});

test('best and latest follow the epochs, for metrics that rise and that fall', () => {
  const { store, create, db } = newStore();
  create('a');
  [
    [0.2, 3],
    [0.5, 2],
    [0.4, 1],
  ].forEach(([miou, loss], index) => store.metrics.addEpoch('a', metrics(index + 1, miou, loss), []));
  expect(store.summary('a')).toMatchObject({
    bestMiou: 0.5,
    bestEpoch: 2,
    lastMiou: 0.4,
    lastLoss: 1,
    epochsDone: 3,
    spark: [0.2, 0.5, 0.4],
  });
  expect(store.summary('a').measured).toMatch(/^val, \d+ classes, void left out, input \d+ x \d+/);
  const loss = db.prepare("SELECT best, best_epoch FROM metric_summary WHERE metric = 'loss'").get();
  expect(loss).toEqual({ best: 1, best_epoch: 3 });
  db.close();
});

test('settings that came after a run was made have their standard values in it', () => {
  const { store, create, db } = newStore();
  create('a');
  db.prepare("UPDATE run SET config = json_remove(config, '$.warmUpEpochs', '$.optimizer.clipNorm')").run();
  expect(store.config('a')).toMatchObject({ warmUpEpochs: 0, optimizer: { clipNorm: 0 } });
  db.close();
});

test('runs left running are interrupted at the next start', () => {
  const { store, create, db } = newStore();
  create('a');
  create('b');
  store.setStatus('b', 'finished');
  leftRuns(store).recover();
  expect(store.summary('a')).toMatchObject({ status: 'interrupted', reason: 'The workbench ended while the run was going on.' });
  expect(store.summary('b').status).toBe('finished');
  db.close();
});

test('a history that another program holds is looked at again: it says nothing of a run that was left', async () => {
  const { store, create, db } = newStore();
  create('a');
  const interrupt = vi.spyOn(store, 'interrupt').mockImplementationOnce(() => {
    throw Object.assign(new Error('database is locked'), { code: 'SQLITE_BUSY' });
  });
  const left = leftRuns(store);
  left.recover();
  expect(store.summary('a').status).toBe('running');
  await expect.poll(() => store.summary('a').status, { timeout: 10_000 }).toBe('interrupted');
  expect([interrupt.mock.calls.length, store.summary('a').reason]).toEqual([2, 'The workbench ended while the run was going on.']);
  left.close();
  db.close();
});

test('how a run ended is told from the history where another workbench has it by then', () => {
  const { store, create, db } = newStore();
  create('a');
  store.settle('a', 'stopped', null, new Outbox(silent, () => false));
  // The other one records what its trainer left.
  db.prepare("UPDATE run SET status = 'interrupted' WHERE id = 'a'").run();
  expect(store.summary('a').status).toBe('interrupted');
  db.close();
});

test('a run whose folder a living process writes is left alone until that has ended', async () => {
  const { store, create, db } = newStore();
  create('a');
  const lease = await takeRunFolder(store.folder('a'), 'a trainer');
  const left = leftRuns(store);
  left.recover();
  expect(store.summary('a').status).toBe('running');
  lease.release();
  await expect.poll(() => store.summary('a').status, { timeout: 10_000 }).toBe('interrupted');
  left.close();
  db.close();
});

test('a bad row hides no other run, and can be deleted', () => {
  const { store, create, db } = newStore();
  for (const id of ['a', 'b', 'c', 'd']) create(id);
  db.prepare("UPDATE run SET tags = '{' WHERE id = 'b'").run();
  db.prepare("UPDATE run SET spark = '[[[]]]' WHERE id = 'c'").run();
  db.prepare("UPDATE run SET config = 'null' WHERE id = 'd'").run();
  const broken = store.list(false).map(({ id, broken: reason }) => [id, reason !== null]);
  expect(Object.fromEntries(broken)).toEqual({ a: false, b: true, c: true, d: true });
  store.setDeleted('b', true);
  store.purge(new Date(Date.now() + 1000), (_, error) => expect.fail(String(error)));
  expect(store.list(true).map(({ id }) => id)).not.toContain('b');
  db.close();
});

test('epochs that only the checkpoint knows are added once', () => {
  const { store, create, db } = newStore();
  create('a');
  store.metrics.addEpoch('a', metrics(1, 0.2, 3), []);
  store.metrics.addMissingEpochs('a', [metrics(1, 0.9, 9), metrics(2, 0.3, 2)]);
  expect(store.metrics.epochs('a').map(({ epoch, miou }) => [epoch, miou])).toEqual([
    [1, 0.2],
    [2, 0.3],
  ]);
  db.close();
});

test('deleting hides, restoring shows, and only what was deleted long ago is purged', () => {
  const { store, create, db } = newStore();
  create('a');
  store.metrics.addEpoch('a', metrics(1, 0.1, 1), []);
  store.setDeleted('a', true);
  expect(store.list(false)).toEqual([]);
  store.purge(new Date(Date.now() - 1000), (_, error) => expect.fail(String(error)));
  store.setDeleted('a', false);
  expect(store.list(false).map(({ id }) => id)).toEqual(['a']);
  store.setDeleted('a', true);
  store.purge(new Date(Date.now() + 1000), (_, error) => expect.fail(String(error)));
  expect(store.list(true)).toEqual([]);
  expect(db.prepare('SELECT count(*) AS n FROM epoch').get()).toEqual({ n: 0 });
  db.close();
});

test('settings survive, and a broken file is set aside instead of lost', () => {
  const folder = temporaryFolder();
  const settings = new Preferences(folder, silent);
  settings.setUiState('place', '"train"');
  settings.rememberDataset('/a');
  settings.rememberDataset('/b');
  settings.rememberDataset('/a');
  expect(new Preferences(folder, silent).recentDatasets()).toEqual(['/a', '/b']);
  expect(new Preferences(folder, silent).uiState()).toEqual({ place: '"train"' });
  writeFileSync(path.join(folder, 'settings.json'), '{broken');
  expect(new Preferences(folder, silent).recentDatasets()).toEqual([]);
  expect(existsSync(path.join(folder, 'settings.json.broken'))).toBe(true);
});

test('two workbenches of one person leave each other what they have set', () => {
  const userData = temporaryFolder();
  const open = () => new Preferences(userData, silent);
  const [first, second] = [open(), open()];
  first.setUiState('theme', 'dark');
  second.setUiState('keys', 'own');
  first.rememberDataset('/street');
  expect(open().uiState()).toEqual({ theme: 'dark', keys: 'own' });
  // One that cannot be read any more takes nothing along.
  writeFileSync(path.join(userData, 'settings.json'), '{"uiState":');
  first.setUiState('panel', 'open');
  expect(open().uiState()).toEqual({ theme: 'dark', keys: 'own', panel: 'open' });
});
