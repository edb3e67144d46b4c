import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import readXlsxFile from 'read-excel-file/node';
import sharp from 'sharp';
import { beforeEach, expect, test, vi } from 'vitest';
import { Workers } from '#services/workers/workers';
import type { PredictionInfo, PredictionProgress, ReviewMasks, ReviewResult } from '#shared/contract/review';
import type { RunDetail, RunSummary } from '#shared/contract/runs';
import type { TrainingStatus } from '#shared/contract/training';
import { Confusion } from '#shared/metrics/confusion';
import { findPreset, withSetting } from '#shared/training/presets';
import { makeDataset } from '../helpers/dataset.ts';
import { box } from '../helpers/box-patch.ts';
import { paint, stroke } from '../helpers/edits.ts';
import { createBench, type TestBench } from '../helpers/services.ts';
import { trainerPid } from '../helpers/trainer-pid.ts';

let folder: string;
let bench: TestBench;

beforeEach(async () => {
  folder = await makeDataset({ train: 8, val: 2 });
  bench = createBench();
  await bench.call('datasets.open', { path: folder });
});

const config = (epochs: number) => withSetting(withSetting(findPreset('tiny').config, 'epochs', epochs), 'batchSize', 2);
const ended = () => bench.until<TrainingStatus>('training.status', ({ active }) => !active);
const epoch = (n: number) =>
  bench.until<{ runId: string }>('training.epoch', () => bench.events.filter(({ name }) => name === 'training.epoch').length >= n);

/** Stops the run under way and ends the workbench. */
async function stopAndClose(): Promise<RunSummary> {
  const end = ended();
  await bench.call('training.stop');
  const { run } = await end;
  await bench.workbench.shutDown();
  return run;
}

async function train(epochs: number): Promise<RunSummary> {
  const end = ended();
  await bench.call('training.start', { config: config(epochs), name: 'a run' });
  return (await end).run;
}

test('a run is trained, recorded, exported and reviewed, and the numbers agree', async () => {
  const run = await train(2);
  expect(run).toMatchObject({ status: 'finished', epochsDone: 2, name: 'a run', device: 'CPU', hasCheckpoint: true });
  const detail = await bench.call<RunDetail>('runs.get', { runId: run.id });
  expect(detail.steps.map(({ globalStep }) => globalStep)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(detail.epochs.map((row) => row.epoch)).toEqual([1, 2]);
  expect(detail.checkpoints.map(({ role }) => role).sort()).toContain('best');
  expect(detail.masks).toMatchObject({ changed: [], gone: [], unsure: 0 });
  expect(detail.masks.read).toBeGreaterThan(0);
  for (const file of ['config.json', 'metrics.csv', 'last.ckpt', 'best.ckpt', 'epoch-0001.ckpt'])
    expect(existsSync(path.join(detail.folder, file))).toBe(true);
  expect(readFileSync(path.join(detail.folder, 'metrics.csv'), 'utf8').split('\n')[0]).toMatch(/^epoch,loss,train_acc,test_acc,miou,time,/);

  const datasetId = (await bench.call<{ id: string }>('datasets.current')).id;
  const get = async (extension: string) =>
    Buffer.from(
      await (await bench.workbench.assets.handle(new Request(`http://x/asset/${datasetId}/run/${run.id}.${extension}`))).arrayBuffer(),
    );
  const csv = (await get('csv'))
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => line.split(','));
  expect(csv[0].slice(0, 5)).toEqual(['\uFEFFepoch', 'loss', 'train_acc', 'test_acc', 'time']);
  const [sheet] = (await readXlsxFile(await get('xlsx'))) as unknown as { data: unknown[][] }[];
  const rows = sheet.data;
  expect(rows[1].slice(0, 2)).toEqual([1, detail.epochs[0].loss]);

  const done = bench.until<PredictionProgress>('review.progress', ({ state }) => state !== 'running');
  await bench.call('review.predict', { runId: run.id, split: 'val' });
  const progress = await done;
  expect(progress).toMatchObject({ state: 'finished', done: 2, total: 2 });
  const result = await bench.call<ReviewResult>('review.result', { predictionId: progress.predictionId });
  // The review uses the best checkpoint: its split score is that epoch's validation score.
  expect(result.miou).toBeCloseTo(run.bestMiou!, 9);
  const pooled = new Confusion(11);
  for (const image of result.images) {
    const masks = await bench.call<ReviewMasks>('review.masks', { predictionId: progress.predictionId, imageId: image.id });
    pooled.add(masks.label!, masks.prediction);
  }
  expect(pooled.rows()).toEqual(result.confusion);
  expect(result.images.map(({ miou }) => miou)).toEqual(result.images.map(({ miou }) => miou).sort((a, b) => a! - b!));
  await bench.workbench.shutDown();
});

test('pause holds the run with a checkpoint, resume goes on, stop ends it resumable', async () => {
  const started = bench.until<TrainingStatus>('training.status', ({ phase }) => phase === 'training');
  const run = await bench.call<RunSummary>('training.start', { config: config(200), name: '' });
  await started;
  const paused = bench.until<TrainingStatus>('training.status', ({ phase }) => phase === 'paused');
  // Lists of runs hear of it as well.
  const listed = bench.until<RunSummary>('runs.changed', ({ status }) => status === 'paused');
  // It holds off the machine's sleep; paused, it waits for a person.
  expect(bench.workbench.datasets.isAtWork).toBe(true);
  await bench.call('training.pause');
  await Promise.all([paused, listed]);
  expect(bench.workbench.datasets.isAtWork).toBe(false);
  expect(existsSync(path.join(folder, '.encnet/runs', run.id, 'last.ckpt'))).toBe(true);
  const steps = (await bench.call<RunDetail>('runs.get', { runId: run.id })).steps.length;
  await new Promise((resolve) => setTimeout(resolve, 400));
  expect((await bench.call<RunDetail>('runs.get', { runId: run.id })).steps.length).toBe(steps);
  const goesOn = epoch(1);
  await bench.call('training.resume');
  await goesOn;
  await expect(bench.call('training.start', { config: config(1), name: '' })).rejects.toMatchObject({ code: 'busy' });
  await expect(bench.call('runs.delete', { runId: run.id })).rejects.toMatchObject({ code: 'busy' });
  await expect(bench.call('datasets.openSample')).rejects.toMatchObject({ code: 'busy' });
  expect(await stopAndClose()).toMatchObject({ status: 'stopped', resumable: true });
});

test('a stop after the epoch under way shows, and can be taken back', async () => {
  const status = (passes: (status: TrainingStatus) => boolean) => bench.until<TrainingStatus>('training.status', passes);
  const timed = status(({ secondsLeft }) => secondsLeft !== null);
  await bench.call('training.start', { config: config(200), name: '' });
  await timed;
  await bench.call('training.pause');
  const asked = status(({ stopsAfterEpoch }) => stopsAfterEpoch);
  await bench.call('training.stopAfterEpoch');
  // Of 200 epochs what is left of one, and its validation.
  expect((await asked).secondsLeft!).toBeLessThan((await timed).secondsLeft! / 5);
  const taken = status(({ stopsAfterEpoch }) => !stopsAfterEpoch);
  await bench.call('training.keepGoing');
  await taken;
  const second = epoch(3);
  await bench.call('training.resume');
  await second;
  const stopped = status(({ active }) => !active);
  await bench.call('training.stopAfterEpoch');
  expect((await stopped).run).toMatchObject({ status: 'stopped' });
});

test('pause during validation holds the run too', async () => {
  const validating = bench.until<TrainingStatus>('training.status', ({ phase }) => phase === 'validating');
  await bench.call('training.start', { config: config(200), name: '' });
  await validating;
  const paused = bench.until<TrainingStatus>('training.status', ({ phase }) => phase === 'paused');
  await bench.call('training.pause');
  await paused;
  expect((await stopAndClose()).resumable).toBe(true);
});

test('after an epoch the images that offsets are fitted on are not taken for validated ones', async () => {
  const seen = (of: 'fitting' | 'scoring') => bench.until<TrainingStatus>('training.status', ({ validation }) => validation?.of === of);
  const [fitting, scoring] = [seen('fitting'), seen('scoring')];
  await bench.call('training.start', { config: withSetting(config(200), 'decision', 'mean-iou'), name: '' });
  expect((await fitting).validation).toMatchObject({ total: 8 });
  expect((await scoring).validation).toMatchObject({ total: 2 });
  await stopAndClose();
});

test('a pause while an epoch is validated does not count as time that validation takes', async () => {
  const status = (passes: (status: TrainingStatus) => boolean) => bench.until<TrainingStatus>('training.status', passes);
  await bench.call('training.start', { config: withSetting(config(200), 'decision', 'mean-iou'), name: '' });
  await status(({ phase }) => phase === 'training');
  const began = performance.now();
  await status(({ validation }) => validation?.of === 'fitting');
  const paused = status(({ phase }) => phase === 'paused');
  await bench.call('training.pause');
  await paused;
  const pauseSeconds = 8;
  await new Promise((resolve) => setTimeout(resolve, 1000 * pauseSeconds));
  const goesOn = status(({ phase, validation, secondsLeft }) => phase === 'training' && !validation && secondsLeft !== null);
  await bench.call('training.resume');
  const { secondsLeft } = await goesOn;
  const epochSeconds = (performance.now() - began) / 1000 - pauseSeconds;
  // A share of the pause in each of the other 199 epochs would be more than this, however slow the machine is.
  expect(secondsLeft).toBeLessThan(199 * (epochSeconds + pauseSeconds / 2));
  await stopAndClose();
});

test('two starts at once leave one run', async () => {
  const [first, second] = await Promise.allSettled([
    bench.call('training.start', { config: config(1), name: 'a' }),
    bench.call('training.start', { config: config(1), name: 'b' }),
  ]);
  expect([first.status, second.status].sort()).toEqual(['fulfilled', 'rejected']);
  await ended();
  expect(await bench.call<RunSummary[]>('runs.list', { withDeleted: false })).toHaveLength(1);
  await bench.workbench.shutDown();
});

test('a start that waits until images are read can be given up, and leaves the device free', async () => {
  await bench.call('datasets.open', { path: await makeDataset({ train: 60, val: 2 }) });
  const start = () => bench.call('training.start', { config: config(1), name: 'a' });
  const started = start();
  // Every window shows it, also one that comes now.
  expect(await bench.call('training.starting')).toBe('run');
  await bench.call('training.cancelStart');
  await expect(started).rejects.toMatchObject({ code: 'cancelled' });
  expect(bench.workbench.datasets.require().busyWith).toBe(null);
  expect(bench.events.filter(({ name }) => name === 'training.starting').map(({ payload }) => payload)).toEqual(['run', null]);
  const searched = bench.call('training.findRate', { config: config(1) });
  expect(await bench.call('training.starting')).toBe('rate-search');
  await bench.call('training.cancelStart');
  await expect(searched).rejects.toMatchObject({ code: 'cancelled' });
  expect(await bench.call('runs.list', { withDeleted: true })).toEqual([]);
  await bench.workbench.datasets.require().surveyed();
  // While its masks are being kept, too.
  const run = Object.getOwnPropertyDescriptor(Workers.prototype, 'run')!.value as Workers['run'];
  const keeping = vi.spyOn(Workers.prototype, 'run').mockImplementation(async function (this: Workers, name, input) {
    if (name === 'keepMask') await bench.call('training.cancelStart');
    return run.call(this, name, input);
  });
  await expect(start()).rejects.toMatchObject({ code: 'cancelled', message: expect.stringContaining('while masks were kept') as string });
  keeping.mockRestore();
  expect([await bench.call('runs.list', { withDeleted: true }), await bench.call('training.starting')]).toEqual([[], null]);
  const end = ended();
  await start();
  expect((await end).run.status).toBe('finished');
});

test('broken images are left out of training, validation and review, and named', async () => {
  for (const file of ['train/train-0.png', 'valannot/val-0.png'])
    writeFileSync(path.join(folder, file), readFileSync(path.join(folder, file)).subarray(0, 80));
  const run = await train(1);
  expect(run.status).toBe('finished');
  const done = bench.until<PredictionProgress>('review.progress', ({ state }) => state !== 'running');
  await bench.call('review.predict', { runId: run.id, split: 'train' });
  const progress = await done;
  expect(progress).toMatchObject({ state: 'finished', done: 8 });
  expect(progress.message).toContain('1 image was left out, the first: ');
  expect(progress.message).toContain('train-0.png cannot be decoded');
  expect((await bench.call<ReviewResult>('review.result', { predictionId: progress.predictionId })).images).toHaveLength(7);
  await bench.workbench.shutDown();
});

test('another data set is not opened over a prediction that goes on', async () => {
  const run = await train(1);
  const done = bench.until<PredictionProgress>('review.progress', ({ state }) => state !== 'running');
  await bench.call('review.predict', { runId: run.id, split: 'train' });
  await expect(bench.call('datasets.open', { path: await makeDataset() })).rejects.toMatchObject({ code: 'busy' });
  await done;
  await bench.workbench.shutDown();
});

test('kill -9 of the trainer fails the run with its reason; it resumes from its last checkpoint', async () => {
  const first = epoch(1);
  const run = await bench.call<RunSummary>('training.start', { config: config(6), name: '' });
  await first;
  const end = ended();
  process.kill(trainerPid(), 'SIGKILL');
  const killed = (await end).run;
  expect(killed).toMatchObject({ status: 'failed', resumable: true });
  expect(killed.reason).toContain('killed (SIGKILL)');
  const again = ended();
  await bench.call('training.resumeRun', { runId: run.id });
  expect((await again).run).toMatchObject({ status: 'finished', epochsDone: 6 });
  const detail = await bench.call<RunDetail>('runs.get', { runId: run.id });
  expect(detail.steps.map(({ globalStep }) => globalStep)).toEqual(Array.from({ length: 24 }, (_, index) => index + 1));
  await bench.workbench.shutDown();
});

test('a run that stops mid-epoch and resumes has the curve of one that did not', async () => {
  const whole = await train(3);
  const straight = await bench.call<RunDetail>('runs.get', { runId: whole.id });
  const middle = bench.until<{ point: { globalStep: number } }>('training.step', ({ point }) => point.globalStep >= 6);
  const run = await bench.call<RunSummary>('training.start', { config: config(3), name: '' });
  await middle;
  const stopped = ended();
  await bench.call('training.stop');
  await stopped;
  const finished = ended();
  await bench.call('training.resumeRun', { runId: run.id });
  await finished;
  const resumed = await bench.call<RunDetail>('runs.get', { runId: run.id });
  const curve = (detail: RunDetail) => detail.epochs.map(({ loss, miou }) => [loss, miou]);
  expect(resumed.epochs).toHaveLength(3);
  expect(resumed.steps.map(({ globalStep }) => globalStep)).toEqual(straight.steps.map(({ globalStep }) => globalStep));
  // To the last bit: what is random follows from seed and counters alone.
  expect(curve(resumed)).toEqual(curve(straight));
  await bench.workbench.shutDown();
});

test('a closed workbench leaves the run interrupted and resumable', async () => {
  const first = epoch(1);
  const run = await bench.call<RunSummary>('training.start', { config: config(500), name: '' });
  await first;
  await bench.workbench.shutDown();
  bench = createBench();
  await bench.call('datasets.open', { path: folder });
  const [listed] = await bench.call<RunSummary[]>('runs.list', { withDeleted: false });
  expect(listed).toMatchObject({ id: run.id, status: 'interrupted', resumable: true });
  await bench.workbench.shutDown();
});

test('a corrupt checkpoint is named and the run fails', async () => {
  const run = await train(1);
  const file = path.join(folder, '.encnet/runs', run.id, 'best.ckpt');
  const bytes = readFileSync(file);
  bytes[bytes.length - 5] ^= 255;
  writeFileSync(file, bytes);
  const done = bench.until<PredictionProgress>('review.progress', ({ state }) => state !== 'running');
  await bench.call('review.predict', { runId: run.id, split: 'val' });
  expect(await done).toMatchObject({ state: 'failed', message: `${file} does not have the sha256 it was written with` });
  expect(await bench.call('review.predictions')).toEqual({ predictions: [], broken: [] });
  await bench.workbench.shutDown();
});

const predictions = async () => (await bench.call<{ predictions: PredictionInfo[] }>('review.predictions')).predictions;
const predicted = (until: (progress: PredictionProgress) => boolean = ({ state }) => state !== 'running') =>
  bench.until<PredictionProgress>('review.progress', until);
const resultOf = (predictionId: string) => bench.call<ReviewResult>('review.result', { predictionId });

test('a prediction that is cancelled before its first image leaves nothing; one with some images goes on from them', async () => {
  const run = await train(1);
  const first = predicted();
  await bench.call('review.predict', { runId: run.id, split: 'train' });
  await bench.call('review.cancel');
  expect((await first).state).toBe('cancelled');
  expect((await predictions()).map(({ images }) => images)).not.toContain(0);

  const some = predicted(({ state, done }) => state !== 'running' || done >= 2);
  await bench.call('review.predict', { runId: run.id, split: 'train' });
  await some;
  const cancelled = predicted();
  await bench.call('review.cancel');
  // So few images may be done before that is heard.
  const { state, predictionId } = await cancelled;
  expect(['cancelled', 'finished']).toContain(state);
  const [partial] = await predictions();
  expect(partial.images).toBeGreaterThanOrEqual(2);
  const { renewal } = await resultOf(predictionId);
  expect([renewal.missing.length, renewal.changed]).toEqual([8 - partial.images, []]);

  const rest = predicted();
  const begun = await bench.call<PredictionProgress>('review.predict', { runId: run.id, split: 'train' });
  expect(begun).toMatchObject({ predictionId, total: 8 });
  expect(begun.done).toBe(partial.images);
  expect(await rest).toMatchObject({ state: 'finished', done: 8 });
  expect((await predictions()).map(({ id, images }) => [id, images])).toEqual([[predictionId, 8]]);
  expect((await resultOf(predictionId)).renewal).toEqual({ changed: [], missing: [], newWeights: false, otherClasses: null });
  await bench.workbench.shutDown();
});

test('only what changed is predicted again, and the scores are then what a prediction of everything gives', async () => {
  const run = await train(1);
  const first = predicted();
  await bench.call('review.predict', { runId: run.id, split: 'train' });
  const { predictionId } = await first;
  const files = () => {
    const of = path.join(folder, '.encnet/predictions', predictionId);
    return new Map(
      readdirSync(of)
        .filter((name) => name.endsWith('.png'))
        .map((name) => [name, statSync(path.join(of, name)).mtimeMs]),
    );
  };
  const before = files();
  expect(before.size).toBe(8);
  // Nothing changed: nothing is done, and that is said at once.
  const again = predicted();
  expect(await bench.call<PredictionProgress>('review.predict', { runId: run.id, split: 'train' })).toMatchObject({
    state: 'finished',
    done: 8,
  });
  await again;
  expect(files()).toEqual(before);

  await paint(bench, 'train/train-1', 0);
  expect((await resultOf(predictionId)).renewal).toEqual({
    changed: ['train/train-1'],
    missing: [],
    newWeights: false,
    otherClasses: null,
  });
  const renewed = predicted();
  await bench.call('review.predict', { runId: run.id, split: 'train' });
  expect(await renewed).toMatchObject({ predictionId, state: 'finished', done: 8, total: 8 });
  const now = files();
  expect([...now].filter(([name, time]) => before.get(name) !== time).map(([name]) => name)).toEqual(['train+train-1.png']);
  const scores = await resultOf(predictionId);
  expect(scores.renewal.changed).toEqual([]);

  // Looked at in another way, all of it is predicted: by the same weights, and so the same where that way is the run's own.
  const mirrored = predicted();
  await bench.call('review.predict', { runId: run.id, split: 'train', look: { scales: [1], flip: true } });
  const other = await mirrored;
  expect(other.predictionId).not.toBe(predictionId);
  expect((await resultOf(other.predictionId)).prediction.protocol.flip).toBe(true);
  const whole = predicted();
  await bench.call('review.predict', { runId: run.id, split: 'train' });
  const { images, miou, perClass } = await resultOf((await whole).predictionId);
  expect([miou, perClass, images]).toEqual([scores.miou, scores.perClass, scores.images]);
  expect(images.every(({ loss, suspicious }) => loss !== null && suspicious !== null)).toBe(true);
  expect(perClass.every(({ shapes }) => shapes !== null)).toBe(true);
  expect(perClass.some(({ shapes }) => typeof shapes?.boundaryF === 'number')).toBe(true);
  await bench.workbench.shutDown();
});

test('what was painted a moment ago and is not saved yet is learned from, and is scored', async () => {
  const masks = () => readFileSync(path.join(folder, 'trainannot/train-1.png'));
  const before = masks();
  await stroke(bench, 'train/train-1', box(0, 0, 30, 30, 4));
  const run = await train(1);
  expect(masks().equals(before)).toBe(false);
  expect((await bench.call<RunDetail>('runs.get', { runId: run.id })).masks.changed).toEqual([]);
  await stroke(bench, 'train/train-1', box(30, 0, 10, 30, 5));
  const done = predicted();
  await bench.call('review.predict', { runId: run.id, split: 'train' });
  const { predictionId } = await done;
  expect((await resultOf(predictionId)).renewal).toEqual({ changed: [], missing: [], newWeights: false, otherClasses: null });
  const { label, width } = await bench.call<ReviewMasks>('review.masks', { predictionId, imageId: 'train/train-1' });
  expect([label![0], label![35 + width]]).toEqual([4, 5]);
  await bench.workbench.shutDown();
});

test('a prediction that is taken up writes through no link, though its folder came with the data set', async () => {
  const run = await train(1);
  const done = predicted();
  await bench.call('review.predict', { runId: run.id, split: 'val' });
  const { predictionId } = await done;
  const [outside, sureness] = [path.join(folder, 'outside'), path.join(folder, '.encnet/predictions', predictionId, 'sureness')];
  mkdirSync(outside);
  rmSync(sureness, { recursive: true });
  symlinkSync(outside, sureness);
  await paint(bench, 'val/val-0', 3);
  await expect(bench.call('review.predict', { runId: run.id, split: 'val' })).rejects.toMatchObject({ code: 'forbidden' });
  expect(readdirSync(outside)).toEqual([]);
  await bench.workbench.shutDown();
});

test('a report is a page of its own: numbers as on the screen, pictures inside, and names of others as text', async () => {
  const [first, second] = [await train(1), await train(2)];
  await bench.call('runs.rename', { runId: second.id, name: '<img src=x onerror=alert(1)> & "more"' });
  const ids: string[] = [];
  for (const { id } of [first, second]) {
    const done = predicted();
    await bench.call('review.predict', { runId: id, split: 'val' });
    ids.push((await done).predictionId);
  }
  const { name, html } = await bench.call<{ name: string; html: string }>('review.report', { predictionId: ids[1], against: ids[0] });
  expect(name).toMatch(/^[\p{L}\p{N}.-]+\.html$/u);
  const { miou, perClass, prediction } = await resultOf(ids[1]);
  expect(html).toContain(`mIoU <strong>${miou!.toFixed(3)}</strong>`);
  for (const { id, name: className } of prediction.classes) {
    const row = html.split('\n').find((line) => line.includes(`>${className}</td>`) || line.includes(`</span>${className}</td>`))!;
    expect(row).toContain(perClass[id].iou?.toFixed(3) ?? '–');
  }
  expect(html).toContain('&lt;img src=x onerror=alert(1)&gt; &amp; &quot;more&quot;');
  expect(html).not.toContain('<img src=x');
  // Nothing is fetched from anywhere.
  expect(html.match(/(?:src|href)="(?!data:)/g)).toBeNull();
  expect(html).not.toMatch(/<script|url\(|@import/);
  const pictures = [...html.matchAll(/src="data:image\/jpeg;base64,([^"]+)"/g)].map(([, text]) => Buffer.from(text, 'base64'));
  expect(pictures).toHaveLength(2);
  for (const picture of pictures) expect(await sharp(picture).metadata()).toMatchObject({ format: 'jpeg', width: 1080 });
  await expect(bench.call('review.report', { predictionId: 'none', against: null })).rejects.toMatchObject({ code: 'not-found' });
  await bench.workbench.shutDown();
});

test('masks changed since a run are counted', async () => {
  const run = await train(1);
  await paint(bench, 'train/train-1', 0);
  expect((await bench.call<RunDetail>('runs.get', { runId: run.id })).masks.changed).toHaveLength(1);
  await bench.workbench.shutDown();
});

test.skipIf(process.platform !== 'linux')(
  'memory that cannot be had fails the run with what to change, and the workbench stays up',
  async () => {
    await bench.workbench.shutDown();
    // The trainer under a limit of address space: TensorFlow's libraries fit, the batch does not.
    const program = path.join(folder, 'limited-node.sh');
    writeFileSync(program, `#!/bin/sh\nulimit -v 14000000\nexec "${process.execPath}" "$@"\n`, { mode: 0o755 });
    bench = createBench({ program });
    await bench.call('datasets.open', { path: folder });
    const end = ended();
    const huge = {
      ...config(1),
      batchSize: 8,
      data: { ...config(1).data, size: [2048, 2048] as [number, number] },
      model: { ...config(1).model, width: 64 },
    };
    await bench.call('training.start', { config: huge, name: 'too large' });
    const { run } = await end;
    expect(run.status).toBe('failed');
    expect(run.reason).toMatch(
      /(Memory ran out|memory cannot be had).* try a batch of 4 with 2 accumulated batches, or images smaller than 2048 x 2048/,
    );
    expect(await bench.call<RunSummary[]>('runs.list', { withDeleted: false })).toHaveLength(1);
    await bench.workbench.shutDown();
  },
);
