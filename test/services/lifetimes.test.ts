// Data sets, jobs and their owners: what opens wholly or not at all, what ends in order, and what a bad row, a locked file, a full disk or
// another workbench does to it.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, linkSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { leaseHolder } from '#files/lease';
import { readStoredMask } from '#files/mask-png';
import type { DatasetInfo, ImageEntry } from '#shared/contract/datasets';
import type { EditState, RevisionInfo } from '#shared/contract/edits';
import type { PredictionInfo, PredictionProgress, ReviewResult } from '#shared/contract/review';
import type { DiskUse, RunSummary } from '#shared/contract/runs';
import type { QueueState, RateSearch, TrainingStatus } from '#shared/contract/training';
import { openFirstDataset } from '../../src/main/create-services.ts';
import { makeDataset, temporaryFolder } from '../helpers/dataset.ts';
import { box } from '../helpers/box-patch.ts';
import { openMask, stroke } from '../helpers/edits.ts';
import { createBench, type TestBench } from '../helpers/services.ts';
import { canMount, withSmallDisk } from '../helpers/small-disk.ts';
import { smallConfig } from '../helpers/training.ts';

let folder: string;
let bench: TestBench;
const imageId = 'train/train-0';
const history = (of = folder) => path.join(of, '.encnet/history.db');
const current = () => bench.call<DatasetInfo>('datasets.current');
async function predicted(runId: string): Promise<void> {
  const done = bench.until<PredictionProgress>('review.progress', ({ state }) => state !== 'running');
  await bench.call('review.predict', { runId, split: 'val' });
  expect(await done).toMatchObject({ state: 'finished' });
}
const runs = () => bench.call<RunSummary[]>('runs.list', { withDeleted: true });

beforeEach(async () => {
  folder = await makeDataset({ train: 4, val: 2 });
  bench = createBench();
});

/** Changes a history as nobody should, while no workbench has it open. */
function tamper(sql: string, of = folder): void {
  const db = new Database(history(of));
  db.exec(sql);
  db.close();
}

const opened = async () => {
  await bench.call('datasets.open', { path: folder });
  await bench.workbench.datasets.require().surveyed();
};

describe('a data set', () => {
  test.each([
    [
      'a history that is no database',
      (at: string) => writeFileSync(history(at), 'somebody wrote this instead '.repeat(50)),
      'corrupt-file',
    ],
    ['a history of a newer workbench', (at: string) => tamper('PRAGMA user_version = 999', at), 'unsupported'],
    ['a history of another program', (at: string) => tamper('DROP TABLE run', at), 'corrupt-file'],
    ['no images', (at: string) => rmSync(path.join(at, 'train'), { recursive: true }), null],
  ])('with %s does not open, and the one before stays open and can be painted', async (_, spoil, code) => {
    const other = await makeDataset({ train: 1, val: 1 });
    await bench.call('datasets.open', { path: other });
    await bench.call('datasets.open', { path: folder });
    const { events } = bench;
    await bench.call('datasets.open', { path: folder });
    spoil(other);
    if (code === null) rmSync(path.join(other, 'val'), { recursive: true });
    events.length = 0;
    await expect(bench.call('datasets.open', { path: other })).rejects.toMatchObject({ code: code ?? 'not-a-dataset' });
    expect(events.filter(({ name }) => name === 'datasets.changed')).toEqual([]);
    expect((await current()).path).toBe(folder);
    await stroke(bench, imageId, box(0, 0, 2, 2, 1));
    expect(leaseHolder(path.join(other, '.encnet/lease.db'))).toBeNull();
  });

  test('that is locked by another program says so at once instead of standing still', async () => {
    await opened();
    await bench.workbench.shutDown();
    const lock = new Database(history());
    lock.pragma('journal_mode = DELETE');
    lock.exec('BEGIN EXCLUSIVE');
    bench = createBench();
    const begin = Date.now();
    await expect(bench.call('datasets.open', { path: folder })).rejects.toThrow(`${history()} is locked by another program`);
    // SQLite would wait for 5 seconds if nothing told it otherwise.
    expect(Date.now() - begin).toBeLessThan(3000);
    lock.exec('ROLLBACK');
    lock.close();
    await expect(bench.call('datasets.open', { path: folder })).resolves.toMatchObject({ path: folder });
  });

  test('two openings at once leave one open, wholly', async () => {
    const other = await makeDataset({ train: 1, val: 1 });
    await Promise.all([bench.call('datasets.open', { path: folder }), bench.call('datasets.open', { path: other })]);
    expect((await current()).path).toBe(other);
    expect(leaseHolder(path.join(folder, '.encnet/lease.db'))).toBeNull();
    expect(leaseHolder(path.join(other, '.encnet/lease.db'))).not.toBeNull();
  });

  test('a call for another one is refused, never carried out on the open one', async () => {
    await opened();
    const answer = await bench.workbench.dispatch({
      kind: 'call',
      id: 1,
      method: 'edits.stroke',
      input: { imageId, stroke: 'w:1', label: 'Brush', patch: box(0, 0, 2, 2, 1) },
      dataset: 'another',
    });
    expect(answer).toMatchObject({ ok: false, error: { code: 'conflict' } });
    expect((await openMask(bench, imageId)).undo).toBeNull();
  });

  test('closes its lease, its history and its journals, and can be moved then', async () => {
    await opened();
    await stroke(bench, imageId, box(0, 0, 2, 2, 1));
    await bench.workbench.shutDown();
    expect(leaseHolder(path.join(folder, '.encnet/lease.db'))).toBeNull();
    expect(existsSync(`${history()}-wal`)).toBe(false);
    const descriptors = readdirSync('/proc/self/fd').flatMap((fd) => {
      try {
        return [readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8') && path.join('/proc/self/fd', fd)];
      } catch {
        return [];
      }
    });
    const { readlinkSync } = await import('node:fs');
    const ours = descriptors.flatMap((fd) => {
      try {
        return [readlinkSync(fd)].filter((target) => target.startsWith(folder));
      } catch {
        return [];
      }
    });
    expect(ours).toEqual([]);
  });
});

describe('one bad row', () => {
  test('of an image has it read anew, and hides nothing', async () => {
    await opened();
    await bench.workbench.shutDown();
    tamper(`UPDATE image SET class_pixels = '[[[[' WHERE id = '${imageId}'; UPDATE image SET problems = '{}' WHERE id = 'train/train-1'`);
    bench = createBench();
    await opened();
    const images = await bench.call<ImageEntry[]>('datasets.images');
    expect(images).toHaveLength(6);
    expect(images.every(({ state }) => state === 'labelled')).toBe(true);
  });

  test('of the queue is shown as that, hides no other, and can be removed', async () => {
    await opened();
    await bench.workbench.shutDown();
    const db = new Database(history());
    const insert = db.prepare("INSERT INTO queued_run (id, name, config, priority, created_at) VALUES (?, ?, ?, 0, '2026-01-01')");
    insert.run('bad', 'of another version', '{"epochs": "many"}');
    insert.run('worse', 'no JSON', '{');
    insert.run('good', 'sound', JSON.stringify(smallConfig({ epochs: 1 })));
    db.close();
    bench = createBench();
    await opened();
    const queue = await bench.call<QueueState>('training.queue');
    expect(queue.waiting.map(({ name }) => name)).toEqual(['sound']);
    expect(queue.broken.map(({ name }) => name)).toEqual(['of another version', 'no JSON']);
    expect(await bench.call('training.removeQueued', { id: 'bad' })).toBeNull();
    expect(await bench.call('training.removeQueued', { id: 'worse' })).toBeNull();
    expect((await bench.call<QueueState>('training.queue')).broken).toEqual([]);
    await expect(bench.call('training.removeQueued', { id: 'worse' })).rejects.toMatchObject({ code: 'not-found' });
  });

  test('of the runs is shown as broken beside the others', async () => {
    await opened();
    await bench.call('runs.addStarter');
    await bench.workbench.shutDown();
    tamper(`INSERT INTO run (id, name, preset, status, config, classes, code_version, dataset_fingerprint, seed, epochs,
        created_at, updated_at, tags)
      VALUES ('bad', 'bad', 'tiny', 'finished', '{}', '[]', '1', 'f', 1, 1, '2020', '2020', 'no list')`);
    bench = createBench();
    await opened();
    const broken = Object.fromEntries((await runs()).map(({ id, broken: reason }) => [id, reason]));
    expect(broken).toMatchObject({ starter: null, bad: expect.stringContaining('damaged') as string });
    await bench.call('runs.delete', { runId: 'bad' });
  });

  test('of another version is named, can be deleted, and keeps no other from being exported', async () => {
    await opened();
    await bench.call('runs.addStarter');
    await bench.workbench.shutDown();
    tamper(`INSERT INTO run (id, name, preset, status, config, classes, code_version, dataset_fingerprint, seed, epochs, created_at,
        updated_at) SELECT 'newer', 'newer', preset, 'finished', json_set(config, '$.optimizer.kind', 'lion'), classes, '9', 'f', 1, 1,
        '2020', '2020' FROM run WHERE id = 'starter'`);
    bench = createBench();
    await opened();
    const newer = (await runs()).find(({ id }) => id === 'newer')!;
    expect(newer.broken).toMatch(/does not know its settings\. .*optimizer\.kind/);
    const { id: datasetId } = await current();
    for (const form of ['csv', 'json', 'xlsx']) {
      const answer = await bench.workbench.assets.handle(new Request(`http://x/asset/${datasetId}/history/runs.${form}`));
      const bytes = Buffer.from(await answer.arrayBuffer());
      expect([form, answer.status]).toEqual([form, 200]);
      if (form === 'xlsx') expect(bytes.subarray(0, 2).toString()).toBe('PK');
      if (form === 'json')
        expect((JSON.parse(bytes.toString()) as { summary: { id: string } }[]).map(({ summary }) => summary.id)).toEqual(['starter']);
      if (form === 'csv') expect(bytes.toString().trim().split('\n')).toHaveLength(2);
    }
    await bench.call('runs.delete', { runId: 'newer' });
    expect((await runs()).filter(({ deleted }) => !deleted).map(({ id }) => id)).toEqual(['starter']);
  });

  test('of a prediction leaves the other images their scores', async () => {
    await opened();
    await bench.call('runs.addStarter');
    await predicted('starter');
    await bench.workbench.shutDown();
    tamper("UPDATE prediction_image SET confusion = '[1,' WHERE image_id = (SELECT min(image_id) FROM prediction_image)");
    bench = createBench();
    await opened();
    const [{ id }] = (await bench.call<{ predictions: PredictionInfo[] }>('review.predictions')).predictions;
    const { images, miou } = await bench.call<ReviewResult>('review.result', { predictionId: id });
    expect(images.map(({ confusion }) => confusion !== null).sort()).toEqual([false, true]);
    expect(miou).not.toBeNull();
  });
});

describe('something in .encnet that is not ours', () => {
  test('does not keep the data set from being opened', async () => {
    await opened();
    await stroke(bench, imageId, box(0, 0, 2, 2, 1));
    await bench.call('edits.save', { imageId });
    await bench.workbench.shutDown();
    for (const name of ['revisions', 'journal', 'runs', 'predictions']) {
      mkdirSync(path.join(folder, '.encnet', name), { recursive: true });
      writeFileSync(path.join(folder, '.encnet', name, '.DS_Store'), 'a system wrote this');
    }
    bench = createBench();
    await opened();
    expect(await current()).toMatchObject({ writable: true });
  });

  test('as a link in one run hides no other run, is told, and nothing behind it is read or removed', async () => {
    await opened();
    await bench.call('runs.addStarter');
    await bench.workbench.shutDown();
    tamper(`INSERT INTO run (id, name, preset, status, config, classes, code_version, dataset_fingerprint, seed, epochs, created_at,
        updated_at, deleted_at) SELECT 'linked', 'linked', preset, 'running', config, classes, '1', 'f', 1, 1, '2020', '2020', NULL
        FROM run WHERE id = 'starter'`);
    const outside = temporaryFolder();
    writeFileSync(path.join(outside, 'last.ckpt'), 'outside');
    symlinkSync(outside, path.join(folder, '.encnet/runs/linked'));
    bench = createBench();
    await opened();
    const broken = Object.fromEntries((await runs()).map(({ id, broken: reason }) => [id, reason]));
    expect(broken).toEqual({ starter: null, linked: expect.stringContaining('is a link') as string });
    expect(await bench.call<DiskUse>('runs.diskUse')).toMatchObject({ runs: { linked: 0 } });
    await bench.workbench.shutDown();
    tamper("UPDATE run SET deleted_at = '2020'");
    bench = createBench();
    await opened();
    expect((await runs()).map(({ id }) => id)).toEqual(['linked']);
    expect(readFileSync(path.join(outside, 'last.ckpt'), 'utf8')).toBe('outside');
  });
});

describe('a mask', () => {
  test('is saved while another program has the history locked, and its revision is recorded when that lets go', async () => {
    await opened();
    const lock = new Database(history());
    lock.exec('BEGIN IMMEDIATE');
    await stroke(bench, imageId, box(0, 0, 4, 4, 7));
    expect(await bench.call<EditState>('edits.save', { imageId })).toMatchObject({ state: 'saved', problem: null });
    await stroke(bench, imageId, box(4, 4, 4, 4, 8));
    expect(await bench.call<EditState>('edits.save', { imageId })).toMatchObject({ state: 'saved', problem: null });
    expect(readStoredMask(path.join(folder, 'trainannot/train-0.png')).values[0]).toBe(7);
    lock.exec('ROLLBACK');
    lock.close();
    await expect
      .poll(async () => (await bench.call<RevisionInfo[]>('edits.revisions', { imageId })).map(({ origin }) => origin), { timeout: 5000 })
      .toEqual(['edit', 'edit', 'original']);
  });

  test.skipIf(!canMount)('on a full disk is visibly not safe, and is saved by itself when there is room', async () => {
    const disk = temporaryFolder();
    await withSmallDisk(disk, '4m', async () => {
      const { cpSync } = await import('node:fs');
      const data = path.join(disk, 'data');
      cpSync(folder, data, { recursive: true });
      await bench.call('datasets.open', { path: data });
      await bench.workbench.datasets.require().surveyed();
      await stroke(bench, imageId, box(0, 0, 4, 4, 7));
      await bench.call('edits.save', { imageId });
      const filler = path.join(disk, 'filler');
      spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=4k'], { stdio: 'ignore' });
      const problem = bench.until<EditState>('edits.state', (state) => state.problem !== null);
      let answered = false;
      const painted = stroke(bench, imageId, box(0, 0, 64, 48, 9)).then(() => (answered = true));
      const state = await problem;
      expect(state.problem).toMatchObject({ kind: 'disk', text: expect.stringContaining('the disk is full') as string });
      expect(state.durable).toBeLessThan(state.seq);
      expect(answered).toBe(false);
      rmSync(filler);
      await painted;
      await expect.poll(() => readStoredMask(path.join(data, 'trainannot/train-0.png')).values[10 * 64 + 10], { timeout: 8000 }).toBe(9);
      await bench.workbench.shutDown();
    });
  });
});

describe('a second workbench', () => {
  test('reads only, says who has the data set, and marks, resumes, purges and discards nothing', async () => {
    await opened();
    const started = bench.until<TrainingStatus>('training.status', ({ phase }) => phase === 'training');
    const run = await bench.call<RunSummary>('training.start', { config: smallConfig({ epochs: 500 }), name: 'the first' });
    await started;
    const second = createBench();
    const info = await second.call<DatasetInfo>('datasets.open', { path: folder });
    expect(info).toMatchObject({
      writable: false,
      heldBy: expect.stringMatching(/workbench in the browser on .* \(process \d+\), since/) as string,
    });
    expect((await second.call<RunSummary[]>('runs.list', { withDeleted: true }))[0]).toMatchObject({ id: run.id, status: 'running' });
    const refused: [string, unknown][] = [
      ['edits.stroke', { imageId, stroke: 'w:1', label: 'Brush', patch: box(0, 0, 2, 2, 1) }],
      ['training.start', { config: smallConfig(), name: '' }],
      ['training.resumeRun', { runId: run.id }],
      ['training.enqueue', { config: smallConfig(), name: '' }],
      ['training.findRate', { config: smallConfig() }],
      ['runs.delete', { runId: run.id }],
      ['runs.rename', { runId: run.id, name: 'mine' }],
      ['runs.purgeDeleted', undefined],
      ['runs.addStarter', undefined],
      ['review.predict', { runId: run.id, split: 'val' }],
    ];
    for (const [method, input] of refused) await expect(second.call(method, input), method).rejects.toMatchObject({ code: 'read-only' });
    expect((await openMask(second, imageId)).readOnlyReason).toContain('is open in workbench in the browser');
    await second.workbench.shutDown();
    expect(await bench.call<TrainingStatus>('training.status')).toMatchObject({ active: true });
    expect((await runs())[0]).toMatchObject({ id: run.id, status: 'running' });
  });

  test('shows what the first has saved since, also of a mask that it opened while strokes waited there', async () => {
    await opened();
    await stroke(bench, imageId, box(0, 0, 4, 4, 7));
    const second = createBench();
    await second.call('datasets.open', { path: folder });
    const seen = async () => (await openMask(second, imageId)).ids;
    expect((await seen())[0]).toBe(7);
    expect(await second.workbench.datasets.waitsFor()).toEqual([]);
    await bench.call('edits.save', { imageId });
    await stroke(bench, imageId, box(8, 8, 2, 2, 5));
    await bench.call('edits.save', { imageId });
    expect([(await seen())[0], (await seen())[8 * 64 + 8]]).toEqual([7, 5]);
    await second.workbench.shutDown();
  });

  test('that takes over is given the data set when the first has saved what it has in hand', async () => {
    await opened();
    await stroke(bench, imageId, box(0, 0, 4, 4, 7));
    const second = createBench();
    await second.call('datasets.open', { path: folder });
    const lost = bench.until<DatasetInfo>('datasets.changed', ({ heldBy }) => heldBy !== null);
    expect(await second.call<DatasetInfo>('datasets.takeOver')).toMatchObject({ writable: true, heldBy: null });
    await lost;
    expect(readStoredMask(path.join(folder, 'trainannot/train-0.png')).values[0]).toBe(7);
    await expect(stroke(bench, imageId, box(8, 8, 2, 2, 1))).rejects.toMatchObject({ code: 'read-only' });
    const opening = await openMask(second, imageId);
    expect(opening).toMatchObject({ undo: 'Brush', readOnlyReason: null });
    await stroke(second, imageId, box(8, 8, 2, 2, 1));
  });
});

test('a data set by another way to its folder is the same one', async () => {
  await opened();
  const link = path.join(temporaryFolder(), 'link');
  symlinkSync(folder, link);
  expect(await bench.call<DatasetInfo>('datasets.open', { path: link })).toMatchObject({ id: (await current()).id, writable: true });
  const second = createBench();
  expect(await second.call<DatasetInfo>('datasets.open', { path: link })).toMatchObject({ writable: false });
  // Opened again once it is free, it can be written.
  await bench.workbench.shutDown();
  expect(await second.call<DatasetInfo>('datasets.open', { path: link })).toMatchObject({ writable: true, heldBy: null });
});

test('a take-over waits for no survey, and what waited for it starts nothing', async () => {
  const large = await makeDataset({ train: 1, val: 1, width: 1280, height: 720 });
  for (let n = 1; n < 700; n++) {
    for (const name of ['train', 'trainannot']) linkSync(path.join(large, name, 'train-0.png'), path.join(large, name, `train-${n}.png`));
  }
  const first = createBench();
  await first.call('datasets.open', { path: large });
  const started = first.call('training.start', { config: smallConfig(), name: '' }).catch((error: Error) => error);
  const second = createBench();
  await second.call('datasets.open', { path: large });
  const begin = performance.now();
  await second.call('datasets.takeOver');
  expect(performance.now() - begin).toBeLessThan(6000);
  expect(await started).toMatchObject({ code: expect.stringMatching(/cancelled|read-only/) as string });
  expect(await second.call('runs.list', { withDeleted: true })).toEqual([]);
});

describe('jobs', () => {
  afterEach(() => void vi.useRealTimers());

  test('two runs that start within one second have folders of their own', async () => {
    await opened();
    const ids: string[] = [];
    // Each is called by the second that it begins in.
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
    for (let n = 0; n < 2; n++) {
      const end = bench.until<TrainingStatus>('training.status', ({ active }) => !active);
      const { id } = await bench.call<RunSummary>('training.start', { config: smallConfig({ epochs: 1 }), name: '' });
      ids.push(id);
      await bench.call('training.stop');
      await end;
    }
    expect(ids[1]).toBe(`${ids[0]}-2`);
    expect(ids.map((id) => existsSync(path.join(folder, '.encnet/runs', id)))).toEqual([true, true]);
  });

  test('a program that is not there fails the run with its reason and frees the device', async () => {
    await bench.workbench.shutDown();
    bench = createBench({ program: '/nowhere/node' });
    await opened();
    const end = bench.until<TrainingStatus>('training.status', ({ active }) => !active);
    await bench.call('training.start', { config: smallConfig(), name: 'x' });
    expect((await end).run).toMatchObject({ status: 'failed', reason: expect.stringContaining('could not be started') as string });
    const over = bench.until<RateSearch>('training.rate', ({ state }) => state !== 'running');
    await bench.call('training.findRate', { config: smallConfig() });
    expect(await over).toMatchObject({ state: 'failed' });
    expect(bench.workbench.datasets.require().busyWith).toBeNull();
  });

  test('a resume with fewer images is refused by name, and the run stays as it was', async () => {
    await opened();
    const epoch = bench.until('training.epoch', () => true);
    const end = bench.until<TrainingStatus>('training.status', ({ active }) => !active);
    const run = await bench.call<RunSummary>('training.start', { config: smallConfig({ epochs: 500 }), name: 'x' });
    await epoch;
    await bench.call('training.stop');
    await end;
    await bench.workbench.shutDown();
    rmSync(path.join(folder, 'train/train-3.png'));
    bench = createBench();
    await opened();
    await expect(bench.call('training.resumeRun', { runId: run.id })).rejects.toThrow('There is no image "train/train-3"');
    expect((await runs())[0]).toMatchObject({ status: 'stopped' });
  });
});

describe('the user folder', () => {
  test('that is a file, or may not be written, does not keep the workbench from starting, and says what is wrong', async () => {
    const userData = path.join(temporaryFolder(), 'user');
    writeFileSync(userData, 'a file where a folder should be');
    await bench.workbench.shutDown();
    bench = createBench({ userData });
    expect(await openFirstDataset(bench.workbench, null)).toContain('The sample could not be opened either');
    expect(await openFirstDataset(bench.workbench, folder)).toBeNull();
    await stroke(bench, imageId, box(0, 0, 2, 2, 1));
    await expect(bench.call('app.setUiState', { key: 'place', value: '"train"' })).resolves.toBeUndefined();
  });

  test('with half a sample gets a whole one: half a copy is never taken for it', async () => {
    const userData = temporaryFolder();
    mkdirSync(path.join(userData, 'sample.partial-1/train'), { recursive: true });
    bench = createBench({ userData });
    const info = await bench.call<DatasetInfo>('datasets.openSample');
    expect(info.splits.reduce((sum, { images }) => sum + images, 0)).toBe(52);
  });

  test('has the log, which names what failed inside and holds no token', async () => {
    const userData = temporaryFolder();
    await bench.workbench.shutDown();
    bench = createBench({ userData });
    await opened();
    await bench.workbench.shutDown();
    const log = readFileSync(path.join(userData, 'logs/workbench.log'), 'utf8');
    expect(log).toContain('the workbench begins');
    expect(log).toContain('the workbench ends');
    chmodSync(path.join(userData, 'logs'), 0o755);
  });
});

test('a data set that another workbench had can be painted here when that one has ended, without anybody doing something', async () => {
  const folder = await makeDataset({ train: 1, val: 1 });
  const [first, second] = [createBench(), createBench()];
  await first.call('datasets.open', { path: folder });
  expect(await second.call<DatasetInfo>('datasets.open', { path: folder })).toMatchObject({ writable: false });
  const free = second.until<DatasetInfo>('datasets.changed', ({ writable }) => writable);
  await first.workbench.shutDown();
  expect(await free).toMatchObject({ heldBy: null });
  await second.call('edits.open', { imageId: 'train/train-0', window: 'w' });
}, 20_000);
