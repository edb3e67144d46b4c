// The history: thousands of runs, tags and notes, disk use, exports of everything, TensorBoard's files, the starter model.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import readXlsxFile from 'read-excel-file/node';
import { describe, expect, test } from 'vitest';
import { crc32c, TensorBoardWriter } from '#services/exports/tensorboard';
import type { PredictionProgress } from '#shared/contract/review';
import type { DiskUse, RunDetail, RunSummary } from '#shared/contract/runs';
import type { TrainingStatus } from '#shared/contract/training';
import { encodeMask } from '#files/mask-png';
import { identityFormat, makeDataset, temporaryFolder } from '../helpers/dataset.ts';
import { epochMetrics as metrics, newStore } from '../helpers/run-store.ts';
import { paint } from '../helpers/edits.ts';
import { createBench, type TestBench } from '../helpers/services.ts';
import { smallConfig } from '../helpers/training.ts';

test('1,000 runs of 200 epochs list in less than 200 ms', () => {
  const { db, store, create } = newStore();
  db.transaction(() => {
    const insert = db.prepare("INSERT INTO epoch VALUES (?, ?, 1, 0.5, 0.5, ?, 1, 1, 0.1, '[]', '[]')");
    for (let run = 0; run < 1000; run++) {
      create(`run-${run}`);
      for (let epoch = 1; epoch < 200; epoch++) insert.run(`run-${run}`, epoch, (epoch % 37) / 100);
      store.metrics.addEpoch(`run-${run}`, metrics(200, 0.42), []);
    }
  })();
  store.list(false);
  const times = [1, 2, 3].map(() => {
    const begin = performance.now();
    const listed = store.list(false);
    expect(listed).toHaveLength(1000);
    expect(listed[0].spark.length).toBeGreaterThan(20);
    expect(Math.max(...listed[0].spark)).toBe(0.42);
    return performance.now() - begin;
  });
  console.log(`1,000 runs x 200 epochs: ${times.map((ms) => ms.toFixed(0)).join(', ')} ms`);
  expect(Math.min(...times)).toBeLessThan(200);
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

test('an older history gets its sparklines when it is opened', () => {
  const { db, store, create } = newStore();
  create('a');
  for (let epoch = 1; epoch <= 3; epoch++) store.metrics.addEpoch('a', metrics(epoch, epoch / 10), [1, 2, 3, 4]);
  expect(store.summary('a').spark).toEqual([0.1, 0.2, 0.3]);
  expect(store.metrics.confusion('a', 2)).toEqual([1, 2, 3, 4]);
  expect(store.metrics.confusion('a', 9)).toBeNull();
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

test('the masks that changed since a run are named', async () => {
  const { bench, run } = await trained();
  await paint(bench, 'train/train-1', 0);
  expect(await bench.call<RunDetail>('runs.get', { runId: run.id })).toMatchObject({ masksChanged: 1, changedMasks: ['train/train-1'] });
});

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
    writeFileSync(png, encodeMask({ width: 4, height: 2, ids: new Uint8Array(8) }, identityFormat, { palette: [[255, 0, 0]] }));
    const writer = new TensorBoardWriter(folder, 1);
    writer.scalars({
      'validation/mIoU': [
        [10, 0.25],
        [20, 0.5],
      ],
      'train/loss': [[1, 2]],
    });
    writer.images(20, [{ tag: 'prediction/a', file: png, width: 4, height: 2 }]);
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

  test('are written as a run goes, each session beginning where it takes over', async () => {
    const { bench, folder, run } = await trained();
    const files = readdirSync(path.join(folder, '.encnet/runs', run.id, 'tensorboard'));
    expect(files).toHaveLength(1);
    await bench.workbench.shutDown();
  });
});

test('a broken strip hides nothing', async () => {
  const { bench, run, folder } = await trained();
  const strip = path.join(folder, '.encnet/runs', run.id, 'strip');
  mkdirSync(strip, { recursive: true });
  writeFileSync(path.join(strip, 'strip.json'), '{');
  expect((await bench.call<RunDetail>('runs.get', { runId: run.id })).strip).toBeNull();
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
    expect(Math.max(...detail.epochs.map(({ miou }) => miou))).toBeCloseTo(offered.miou, 2);
    expect(detail.diskBytes).toBeLessThan(30e6);
    const done = bench.until<PredictionProgress>('review.progress', ({ state }) => state !== 'running');
    await bench.call('review.predict', { runId: run.id, split: 'val' });
    expect(await done).toMatchObject({ state: 'finished', done: 2 });
    await bench.call('runs.delete', { runId: run.id });
    expect(await bench.call<RunSummary>('runs.addStarter')).toMatchObject({ deleted: false });
    expect(await bench.call<RunSummary[]>('runs.list', { withDeleted: true })).toHaveLength(1);
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
