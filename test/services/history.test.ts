import { root } from '../helpers/workbench.ts';
import { findPreset } from '#shared/training/presets';
import { WorkFolder } from '#services/datasets/work-folder';
import { RunStore } from '#services/runs/run-store';
import { openDatabase } from '#services/database';
import protobuf from 'protobufjs';
import Database from 'better-sqlite3';
// The history: thousands of runs, tags and notes, disk use, exports of everything, TensorBoard's files, the starter model.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import readXlsxFile from 'read-excel-file/node';
import { describe, expect, test, vi } from 'vitest';
import type { StepPoint } from '#shared/training/messages';
import { crc32c, TensorBoardWriter } from '#services/training/tensorboard-writer';
import { TensorBoardCurves } from '#services/training/tensorboard-curves';
import type { PredictionProgress } from '#shared/contract/review';
import type { DiskUse, RunDetail, RunSummary } from '#shared/contract/runs';
import type { TrainingStatus } from '#shared/contract/training';
import { paletteForm } from '#files/mask-form';
import { encodeMask } from '#files/mask-png';
import { leastMs } from '../helpers/least-ms.ts';
import { identityFormat, makeDataset, temporaryFolder } from '../helpers/dataset.ts';
import { epochMetrics as metrics, newStore } from '../helpers/run-store.ts';
import { paint } from '../helpers/edits.ts';
import { createBench, type TestBench } from '../helpers/services.ts';
import { smallConfig } from '../helpers/training.ts';

test('1,000 runs of 200 epochs list in less than 200 ms', async () => {
  const { db, store, create } = newStore();
  db.transaction(() => {
    const insert = db.prepare("INSERT INTO epoch VALUES (?, ?, 1, 0.5, 0.5, ?, 1, 1, 0.1, '[]', '[]', NULL)");
    for (let run = 0; run < 1000; run++) {
      create(`run-${run}`);
      for (let epoch = 1; epoch < 200; epoch++) insert.run(`run-${run}`, epoch, (epoch % 37) / 100);
      store.metrics.addEpoch(`run-${run}`, metrics(200, 0.42), []);
    }
  })();
  store.list(false);
  const least = await leastMs(() => {
    const listed = store.list(false);
    expect(listed).toHaveLength(1000);
    expect(listed[0].spark.length).toBeGreaterThan(20);
    expect(Math.max(...listed[0].spark)).toBe(0.42);
  });
  console.log(`1,000 runs x 200 epochs: ${least.toFixed(0)} ms`);
  expect(least).toBeLessThan(200);
  db.close();
});

test('no two runs have one name: the second of a minute gets a number, and a rename says which is taken', () => {
  const { db, store } = newStore();
  const create = (id: string, name: string) =>
    store.create({ id, name, config: smallConfig(), classes: [], codeVersion: '1', datasetFingerprint: 'f', samples: [] }).name;
  expect([create('a', 'light 10:15'), create('b', 'light 10:15'), create('c', 'light 10:15')]).toEqual([
    'light 10:15',
    'light 10:15 2',
    'light 10:15 3',
  ]);
  expect(() => store.rename('c', 'light 10:15')).toThrow('There is another run "light 10:15"');
  store.rename('c', 'light 10:15 3');
  store.rename('c', 'wide crops');
  expect([create('d', 'light 10:15'), create('e', 'x'.repeat(120)), create('f', 'x'.repeat(120))]).toEqual([
    'light 10:15 3',
    'x'.repeat(120),
    `${'x'.repeat(118)} 2`,
  ]);
  db.close();
});

test('tags and notes are kept, doubles are not', () => {
  const { db, store, create } = newStore();
  create('a');
  store.annotate('a', { tags: ['good', 'good', 'night'], note: 'wide crops' });
  expect(store.summary('a')).toMatchObject({ tags: ['good', 'night'], note: 'wide crops' });
  store.annotate('a', { note: '' });
  expect(store.summary('a')).toMatchObject({ tags: ['good', 'night'], note: '' });
  db.close();
});

test('an older history is brought to the newest schema with all it holds, and its runs get their sparklines', () => {
  const folder = temporaryFolder();
  const file = path.join(folder, 'history.db');
  // As the first two versions left it: before tags, notes, sweeps and sparklines, and before predictions carried classes.
  const old = new Database(file);
  const migrations = path.join(root, 'resources/migrations');
  for (const name of ['0001-history.sql', '0002-run-owner.sql']) old.exec(readFileSync(path.join(migrations, name), 'utf8'));
  old.pragma('user_version = 2');
  old.exec(`INSERT INTO run (id, name, preset, status, config, classes, code_version, dataset_fingerprint, seed, epochs,
      created_at, updated_at)
    VALUES ('a', 'of before', 'tiny', 'finished', '${JSON.stringify(findPreset('tiny').config)}', '[{"id":0,"name":"Sky","color":[1,2,3]}]',
      '0', 'f', 1, 3, '2025-01-01', '2025-01-01')`);
  for (const [epoch, miou] of [
    [1, 0.1],
    [2, 0.3],
    [3, 0.2],
  ]) {
    old.exec(`INSERT INTO epoch VALUES ('a', ${epoch}, 1, 0.5, 0.5, ${miou}, 1, 1, 0.1, '[${miou}]', '[1,2,3,4]')`);
  }
  old.exec("INSERT INTO prediction VALUES ('p', 'a', 'val', '{}', 'sha', '2025-01-01', 1)");
  old.close();
  const db = openDatabase(file);
  const store = new RunStore(db, new WorkFolder(folder));
  expect(store.summary('a')).toMatchObject({ name: 'of before', spark: [0.1, 0.3, 0.2], tags: [], note: '', sweep: null, broken: null });
  expect(store.metrics.confusion('a', 2)).toEqual([1, 2, 3, 4]);
  expect(store.metrics.confusion('a', 9)).toBeNull();
  expect(db.prepare('SELECT classes FROM prediction').get()).toEqual({ classes: '[]' });
  expect(db.pragma('user_version', { simple: true })).toBe(readdirSync(migrations).length);
  db.close();
});

test('steps of before without a label lose the loss of 0 that they were given', () => {
  const folder = temporaryFolder();
  const file = path.join(folder, 'history.db');
  const old = new Database(file);
  const migrations = path.join(root, 'resources/migrations');
  const before = readdirSync(migrations).filter((name) => name < '0015');
  for (const name of before) old.exec(readFileSync(path.join(migrations, name), 'utf8'));
  old.pragma(`user_version = ${before.length}`);
  old.exec(`INSERT INTO run (id, name, preset, status, config, classes, code_version, dataset_fingerprint, seed, epochs, created_at,
      updated_at) VALUES ('a', 'blank', 'tiny', 'finished', '{}', '[]', '0', 'f', 1, 1, '2026-01-01', '2026-01-01')`);
  old.exec("INSERT INTO step VALUES ('a', 1, 0.5, 1.5, 0.25, 0.1, 1.2, 0.3, 0, 2, 9), ('a', 2, 1, 0, NULL, 0.1, 0, 0, 0, 0, 9)");
  old.exec("INSERT INTO epoch VALUES ('a', 1, 1.5, 0.25, 0.5, 0.1, 1, 1, 0.1, '[0.1]', '[1]', 2)");
  old.exec("INSERT INTO epoch VALUES ('a', 2, 0, NULL, NULL, NULL, 2, 1, 0.1, '[]', '[]', NULL)");
  old.exec("INSERT INTO metric_summary VALUES ('a', 'loss', 0, 0, 2)");
  // What a run that was deleted by hand has left keeps nobody out.
  old.pragma('foreign_keys = OFF');
  old.exec("INSERT INTO step VALUES ('gone', 1, 0.5, 1.5, 0.25, 0.1, 1.2, 0.3, 0, 2, 9)");
  old.close();
  const db = openDatabase(file);
  const { metrics } = new RunStore(db, new WorkFolder(folder));
  expect(metrics.steps('a')).toEqual([
    {
      ...{ globalStep: 1, epoch: 0.5, loss: 1.5, accuracy: 0.25, learningRate: 0.1, crossEntropy: 1.2, sceneLoss: 0.3, auxiliaryLoss: 0 },
      gradientNorm: 2,
      imagesPerSecond: 9,
    },
    {
      ...{
        globalStep: 2,
        epoch: 1,
        loss: null,
        accuracy: null,
        learningRate: 0.1,
        crossEntropy: null,
        sceneLoss: null,
        auxiliaryLoss: null,
      },
      gradientNorm: null,
      imagesPerSecond: 9,
    },
  ]);
  expect(metrics.epochs('a').map(({ loss, miou, validationLoss }) => [loss, miou, validationLoss])).toEqual([
    [1.5, 0.1, 2],
    [null, null, null],
  ]);
  expect(db.prepare("SELECT latest, best, best_epoch FROM metric_summary WHERE metric = 'loss'").get()).toEqual({
    latest: 1.5,
    best: 1.5,
    best_epoch: 1,
  });
  db.close();
});

async function trained(): Promise<{ bench: TestBench; folder: string; run: RunSummary; datasetId: string }> {
  const folder = await makeDataset({ train: 4, val: 2 });
  const bench = createBench();
  await bench.call('datasets.open', { path: folder });
  const end = bench.until<TrainingStatus>('training.status', ({ active }) => !active);
  await bench.call('training.start', { config: smallConfig({ epochs: 2 }), name: 'a, "quoted" run' });
  return { bench, folder, run: (await end).run, datasetId: (await bench.call<{ id: string }>('datasets.current')).id };
}

test('everything goes out as CSV, xlsx and JSON, disk use is told, and a deleted run leaves for good when asked', async () => {
  const { bench, run, datasetId } = await trained();
  const get = async (address: string) => bench.workbench.assets.handle(new Request(`http://x/asset/${datasetId}/${address}`));
  const bytes = async (address: string) => Buffer.from(await (await get(address)).arrayBuffer());
  await bench.call('runs.annotate', { runId: run.id, tags: ['one', 'two'], note: 'first, with a comma' });

  const [header, row] = (await bytes('history/runs.csv')).toString().trim().split('\n');
  expect(header.startsWith('id,name,status,preset,best_miou')).toBe(true);
  expect(row).toContain('"a, ""quoted"" run",finished,tiny');
  expect(row).toContain('one two,"first, with a comma"');
  const sheets = (await readXlsxFile(await bytes('history/runs.xlsx'))) as unknown as { sheet: string; data: unknown[][] }[];
  expect(sheets.map(({ sheet, data }) => [sheet, data.length])).toEqual([
    ['runs', 2],
    ['epochs', 3],
  ]);
  const all = JSON.parse((await bytes('history/runs.json')).toString()) as (RunDetail & { classes: unknown[] })[];
  expect(all[0]).toMatchObject({ summary: { id: run.id, note: 'first, with a comma' }, config: { preset: 'tiny' } });
  expect(all[0].steps).toHaveLength(4);
  expect(all[0].classes).toHaveLength(11);
  expect(JSON.parse((await bytes(`run/${run.id}.json`)).toString())).toEqual(all[0]);
  expect((await get(`run/${run.id}.exe`)).status).toBe(404);
  // Separated as a person says; without a word, for spreadsheets.
  const head = async (query: string) => (await bytes(`run/${run.id}.csv${query}`)).toString().split('\n')[0];
  expect(await head('')).toMatch(/^\uFEFFepoch,loss,/);
  expect(await head('?csv=semicolon')).toMatch(/^\uFEFFepoch;loss;/);
  expect(await head('?csv=plain')).toMatch(/^epoch,loss,/);
  expect((await get(`run/${run.id}.csv?csv=pipe`)).status).toBe(422);
  expect(await (await get(`run/${run.id}.csv?csv=pipe`)).text()).toBe('csv must be one of comma, semicolon, tab, plain, received "pipe"');

  const detail = await bench.call<RunDetail>('runs.get', { runId: run.id });
  expect(detail.strip).toMatchObject({
    epoch: 2,
    images: [
      { imageId: 'val/val-0', file: '0.png' },
      { imageId: 'val/val-1', file: '1.png' },
    ],
  });
  expect((await get(`strip/${run.id}/0.png`)).headers.get('content-type')).toBe('image/png');
  expect((await get(`strip/${run.id}/..%2Flast.ckpt`)).status).toBe(404);
  expect(
    (await bench.call<number[][]>('runs.confusion', { runId: run.id, epoch: 2 })).flat().reduce((sum, count) => sum + count, 0),
  ).toBeGreaterThan(1000);

  const before = await bench.call<DiskUse>('runs.diskUse');
  expect(before.runs[run.id]).toBe(detail.diskBytes);
  expect(before.totalBytes).toBeGreaterThan(100_000);
  await bench.call('runs.delete', { runId: run.id });
  expect((await bench.call<DiskUse>('runs.diskUse')).deletedBytes).toBe(before.totalBytes);
  expect(await bench.call('runs.purgeDeleted')).toEqual({ runs: {}, totalBytes: 0, deletedBytes: 0 });
  await bench.workbench.shutDown();
});

test('a run that has all its epochs is finished by a resume, with those that nobody told of; a deleted one does not go on', async () => {
  const { bench, run, folder } = await trained();
  const history = new Database(path.join(folder, '.encnet/history.db'));
  history.exec("UPDATE run SET status = 'stopped'; DELETE FROM epoch WHERE epoch = 2");
  // Of a trainer that outlived its workbench what it wrote then was not heard, nor that files went.
  const checkpointsOf = async () => (await bench.call<RunDetail>('runs.get', { runId: run.id })).checkpoints;
  const written = (await checkpointsOf()).toSorted((a, b) => (a.file < b.file ? -1 : 1));
  history.exec(
    "UPDATE checkpoint SET sha256 = 'of before', epoch = 1 WHERE file = 'last.ckpt'; DELETE FROM checkpoint WHERE file = 'best.ckpt'",
  );
  history.exec(`INSERT INTO checkpoint VALUES ('${run.id}', 'epoch', 'epoch-0099.ckpt', 1, 'gone', '2026')`);
  history.close();
  const resume = () => bench.call<RunSummary>('training.resumeRun', { runId: run.id });
  expect(await resume()).toMatchObject({ status: 'finished', reason: null, epochsDone: 2 });
  expect((await bench.call<RunDetail>('runs.get', { runId: run.id })).epochs.map(({ epoch }) => epoch)).toEqual([1, 2]);
  expect((await checkpointsOf()).toSorted((a, b) => (a.file < b.file ? -1 : 1))).toEqual(written);
  expect(bench.workbench.datasets.require().busyWith).toBeNull();
  await bench.call('runs.delete', { runId: run.id });
  await expect(resume()).rejects.toThrow(/is deleted: restore it/);
});

test('the masks that changed since a run are named', async () => {
  const { bench, run } = await trained();
  await paint(bench, 'train/train-1', 0);
  expect(await bench.call<RunDetail>('runs.get', { runId: run.id })).toMatchObject({ masks: { changed: ['train/train-1'], gone: [] } });
});

const eventType = protobuf
  .parse(
    `syntax = "proto3";
   message Value { string tag = 1; oneof value { float simple_value = 2; } }
   message Summary { repeated Value value = 1; }
   message Event { double wall_time = 1; int64 step = 2; string file_version = 3; Summary summary = 5; }`,
    { keepCase: true },
  )
  .root.lookupType('Event');

/** The values of a tag in an event file, read as TensorBoard does: a value that is not there is none. */
function eventValues(bytes: Buffer, tag: string): [number, number][] {
  const values: [number, number][] = [];
  for (let at = 0; at + 12 < bytes.length;) {
    const length = Number(bytes.readBigUInt64LE(at));
    const event = eventType.toObject(eventType.decode(bytes.subarray(at + 12, at + 12 + length)), { longs: Number, oneofs: true }) as {
      step?: number;
      summary?: { value?: { tag: string; value?: string; simple_value?: number }[] };
    };
    for (const each of event.summary?.value ?? []) {
      if (each.tag === tag && each.value === 'simple_value') values.push([event.step ?? 0, each.simple_value!]);
    }
    at += 16 + length;
  }
  return values;
}

const eventSteps = (bytes: Buffer, tag: string): number[] => eventValues(bytes, tag).map(([step]) => step);

describe("TensorBoard's files", () => {
  test('have the sums of the standard', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  });

  const python = ['/usr/bin/python3', 'python3'].find(
    (name) => spawnSync(name, ['-c', 'import tensorboard'], { stdio: 'ignore' }).status === 0,
  );
  if (!python) console.log('skipped: reading event files with TensorBoard, because it is not installed (pip install tensorboard)');

  const write = () => {
    const folder = temporaryFolder();
    const png = path.join(folder, 'a.png');
    writeFileSync(png, encodeMask({ width: 4, height: 2, ids: new Uint8Array(8) }, identityFormat, paletteForm([[255, 0, 0]])));
    const writer = new TensorBoardWriter(folder, 1);
    writer.scalars({
      'validation/mIoU': [
        [10, 0.25],
        [20, 0.5],
      ],
      'train/loss': [[1, 2]],
    });
    writer.images(20, [{ tag: 'prediction/a', file: png }]);
    return folder;
  };

  test('are framed records: length, sum, bytes, sum', () => {
    const folder = write();
    const file = readFileSync(
      path.join(
        folder,
        readdirSync(folder).find((name) => name.startsWith('events.out.tfevents'))!,
      ),
    );
    const masked = (bytes: Buffer) => {
      const crc = crc32c(bytes);
      return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
    };
    let [at, records] = [0, 0];
    for (; at < file.length; records++) {
      const length = Number(file.readBigUInt64LE(at));
      expect(file.readUInt32LE(at + 8)).toBe(masked(file.subarray(at, at + 8)));
      expect(file.readUInt32LE(at + 12 + length)).toBe(masked(file.subarray(at + 12, at + 12 + length)));
      at += 16 + length;
    }
    expect([at, records]).toEqual([file.length, 6]);
  });

  test.skipIf(!python)('are read by TensorBoard itself', () => {
    const script = `
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
import json, sys
acc = EventAccumulator(sys.argv[1]); acc.Reload()
scalars = {tag: [[e.step, round(e.value, 4)] for e in acc.Scalars(tag)] for tag in acc.Tags()["scalars"]}
print(json.dumps({"scalars": scalars, "images": acc.Tags()["images"]}))`;
    const read = JSON.parse(execFileSync(python!, ['-c', script, write()], { encoding: 'utf8' })) as unknown;
    expect(read).toEqual({
      scalars: {
        'validation/mIoU': [
          [10, 0.25],
          [20, 0.5],
        ],
        'train/loss': [[1, 2]],
      },
      images: ['prediction/a'],
    });
  });

  test('are written as a run goes, each session in a file of its own that begins where it takes over', async () => {
    const folder = await makeDataset({ train: 4, val: 2 });
    const bench = createBench();
    await bench.call('datasets.open', { path: folder });
    const config = smallConfig({ epochs: 500, schedule: { kind: 'constant' } });
    const epoch = bench.until('training.epoch', () => true);
    const stopped = bench.until<TrainingStatus>('training.status', ({ active }) => !active);
    const run = await bench.call<RunSummary>('training.start', { config, name: 'x' });
    await epoch;
    await bench.call('training.stop');
    await stopped;
    const at = path.join(folder, '.encnet/runs', run.id, 'tensorboard');
    const [first] = readdirSync(at);
    const before = readFileSync(path.join(at, first));
    const again = bench.until('training.epoch', () => true);
    const over = bench.until<TrainingStatus>('training.status', ({ active }) => !active);
    await bench.call('training.resumeRun', { runId: run.id });
    await again;
    await bench.call('training.stop');
    await over;
    const files = readdirSync(at);
    expect(files).toHaveLength(2);
    expect(readFileSync(path.join(at, first)).equals(before)).toBe(true);
    const steps = (name: string) => eventSteps(readFileSync(path.join(at, name)), 'train/loss');
    const second = files.find((name) => name !== first)!;
    // No step is told twice, and none is missing between the two.
    expect(steps(second)[0]).toBe(steps(first).at(-1)! + 1);
  });

  test('hold the steps of an epoch that a killed workbench never saw the end of, but for the last seconds', () => {
    const folder = temporaryFolder();
    const curves = new TensorBoardCurves(folder, [], (line) => expect.unreachable(line));
    const now = vi.spyOn(performance, 'now');
    curves.begin(1);
    for (let step = 1; step <= 10; step++) {
      now.mockReturnValue(performance.timeOrigin + 1000 * step);
      curves.step({ ...({} as StepPoint), globalStep: step, loss: step });
    }
    now.mockRestore();
    const at = path.join(folder, 'tensorboard');
    const steps = eventSteps(readFileSync(path.join(at, readdirSync(at)[0])), 'train/loss');
    expect([steps[0], steps.at(-1)! >= 7]).toEqual([1, true]);
  });

  test('place an epoch that a session begins by validating at the step that it was stopped after', () => {
    const folder = temporaryFolder();
    const curves = new TensorBoardCurves(folder, [], (line) => expect.unreachable(line));
    curves.begin(67);
    curves.epoch({ ...metrics(2, 0.25), perClassIou: [] });
    const at = path.join(folder, 'tensorboard');
    const bytes = readFileSync(path.join(at, readdirSync(at)[0]));
    expect(eventValues(bytes, 'validation/mIoU')).toEqual([[66, 0.25]]);
  });

  test('hold a value of exactly 0', () => {
    const folder = temporaryFolder();
    const writer = new TensorBoardWriter(folder, 1);
    writer.scalars({ zero: [[1, 0]], one: [[2, 1]] });
    const bytes = readFileSync(path.join(folder, readdirSync(folder)[0]));
    expect(eventValues(bytes, 'zero')).toEqual([[1, 0]]);
    expect(eventValues(bytes, 'one')).toEqual([[2, 1]]);
  });
});

test('a broken strip, and a broken origin, hide nothing else', async () => {
  const { bench, run, folder } = await trained();
  const strip = path.join(folder, '.encnet/runs', run.id, 'strip');
  mkdirSync(strip, { recursive: true });
  writeFileSync(path.join(strip, 'strip.json'), '{');
  writeFileSync(path.join(folder, '.encnet/runs', run.id, 'origin.json'), '{');
  const detail = await bench.call<RunDetail>('runs.get', { runId: run.id });
  expect([detail.strip, detail.origin]).toEqual([null, null]);
  // A strip is drawn anew; where a run comes from nobody can find out again.
  expect(detail.originProblem).toContain('origin.json');
  await bench.workbench.shutDown();
});

describe('the starter model', () => {
  test('comes as a finished run whose weights predict, once, and comes back after it was deleted', async () => {
    const folder = await makeDataset({ train: 2, val: 2 });
    const bench = createBench();
    await bench.call('datasets.open', { path: folder });
    const offered = await bench.call<{ title: string; miou: number; protocol: string }>('runs.starter');
    expect(offered.miou).toBeGreaterThanOrEqual(0.6);
    expect(offered.protocol).toContain('CamVid val');
    const run = await bench.call<RunSummary>('runs.addStarter');
    expect(run).toMatchObject({ id: 'starter', status: 'finished', hasCheckpoint: true, resumable: false, tags: ['starter'] });
    const detail = await bench.call<RunDetail>('runs.get', { runId: run.id });
    expect(Math.max(...detail.epochs.map(({ miou }) => miou ?? 0))).toBeCloseTo(offered.miou, 2);
    expect(detail.diskBytes).toBeLessThan(30e6);
    const done = bench.until<PredictionProgress>('review.progress', ({ state }) => state !== 'running');
    await bench.call('review.predict', { runId: run.id, split: 'val' });
    expect(await done).toMatchObject({ state: 'finished', done: 2 });
    await bench.call('runs.delete', { runId: run.id });
    expect(await bench.call<RunSummary>('runs.addStarter')).toMatchObject({ deleted: false });
    expect(await bench.call<RunSummary[]>('runs.list', { withDeleted: true })).toHaveLength(1);
    await bench.workbench.shutDown();
  });

  test('of a newer workbench is a run of its own: the older one keeps its weights and what it predicted', async () => {
    const folder = await makeDataset({ train: 2, val: 2 });
    const bench = createBench();
    await bench.call('datasets.open', { path: folder });
    await bench.call('runs.addStarter');
    // As if another file had come with the workbench then.
    const history = new Database(path.join(folder, '.encnet/history.db'));
    history.prepare("UPDATE checkpoint SET sha256 = ? WHERE run_id = 'starter'").run('0'.repeat(64));
    history.close();
    const newer = await bench.call<RunSummary>('runs.addStarter');
    expect(newer).toMatchObject({ id: expect.stringMatching(/^starter-[0-9a-f]{8}$/) as string, status: 'finished', tags: ['starter'] });
    expect((await bench.call<RunDetail>('runs.get', { runId: newer.id })).ownProtocol).toContain('CamVid val');
    // The card that is here is not that of the older one's weights.
    expect((await bench.call<RunDetail>('runs.get', { runId: 'starter' })).ownProtocol).toBeNull();
    expect((await bench.call<RunSummary>('runs.addStarter')).id).toBe(newer.id);
    expect((await bench.call<RunSummary[]>('runs.list', { withDeleted: true })).map(({ id }) => id).sort()).toEqual(['starter', newer.id]);
    await bench.workbench.shutDown();
  });

  test('is not offered for other classes', async () => {
    const folder = await makeDataset({ layout: 'reference', train: 2, val: 1 });
    const bench = createBench();
    await bench.call('datasets.open', { path: folder });
    expect(await bench.call('runs.starter')).toBeNull();
    await expect(bench.call('runs.addStarter')).rejects.toMatchObject({ code: 'not-found' });
    await bench.workbench.shutDown();
  });
});
