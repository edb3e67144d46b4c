// What comes in is sound before anything is learnt from it: weights that are numbers, layers that were loaded, pixels that are labelled.
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { beforeEach, describe, expect, test } from 'vitest';
import { EncNet } from '#ml/models/encnet';
import { classPresence, labelledImages, seLoss } from '#ml/losses/se-loss';
import { tf } from '#ml/tensor/runtime';
import { Tape } from '#ml/tensor/tape';
import { fitOffsets } from '#ml/train/class-offsets';
import { Control } from '#ml/train/control';
import { findRate } from '#ml/train/find-rate';
import { RunFiles } from '#ml/train/run-files';
import type { RunModel } from '#ml/train/run-model';
import { readCheckpoint, readModel, writeCheckpoint } from '#ml/weights/checkpoint';
import { lookAtWeights } from '#ml/weights/weight-fit';
import type { TrainJob } from '#shared/training/messages';
import { writtenPng } from '../../scripts/sample/png-writing.ts';
import { temporaryFolder } from '../helpers/dataset.ts';
import { createPool, ofType, runFit, smallConfig, smallJob } from '../helpers/training.ts';

const last = (job: TrainJob) => path.join(job.outDir, 'last.ckpt');

describe('weights', () => {
  let job: TrainJob;
  beforeEach(async () => {
    job = await smallJob();
    await runFit(job);
  });

  /** A checkpoint of that run with one value that is another. */
  function spoilt(name: string, value: number): string {
    const checkpoint = readCheckpoint(last(job));
    const tensor = checkpoint.model.get(name)!;
    const data = tensor.data.slice();
    data[0] = value;
    checkpoint.model.set(name, { ...tensor, data });
    const file = path.join(temporaryFolder(), 'spoilt.ckpt');
    writeCheckpoint(file, checkpoint);
    return file;
  }

  test.each([
    ['backbone.bn1.running_var', Infinity],
    ['decoder.conv_seg.weight', NaN],
  ])('that are no numbers are refused, and which is told: %s', async (name, value) => {
    const file = spoilt(name, value);
    const problem = { code: 'corrupt-file', message: expect.stringContaining(`spoilt.ckpt: ${name} has ${value}`) as unknown };
    expect(() => readModel(file)).toThrow(expect.objectContaining(problem));
    expect(() => lookAtWeights(file, job.config, job.classes)).toThrow(expect.objectContaining(problem));
    const outDir = temporaryFolder();
    await expect(runFit({ ...job, outDir, initialWeights: file })).rejects.toMatchObject(problem);
    expect(existsSync(path.join(outDir, 'best.ckpt'))).toBe(false);
  });

  test('of another width leave random what is kept as loaded: that is told, as of those that are not there', async () => {
    const { config } = job;
    const wider = {
      ...config,
      model: { ...config.model, width: 2 * config.model.width },
      fineTune: { freeze: 'backbone', batchNorm: 'batch' },
    } as const;
    const said = ofType(await runFit({ ...job, config: wider, outDir: temporaryFolder(), initialWeights: last(job) }), 'log');
    const warning = said.find(({ text }) => text.startsWith('warning') && text.includes('stay at random'));
    expect(warning?.text).toMatch(/^warning: \d+ tensors .* the first: backbone\./);
  });
});

test('an image without a labelled pixel says nothing of its scene', () => {
  const labels = new Uint8Array(32).fill(255);
  labels.fill(2, 0, 9);
  const logits = tf.randomNormal([2, 5], 0, 1, 'float32', 7);
  for (const form of ['mse', 'bce'] as const) {
    const both = seLoss(logits, classPresence(labels, 2, 5), form, labelledImages(labels, 2));
    const one = seLoss(tf.slice(logits, 0, 1), classPresence(labels.slice(0, 16), 1, 5), form);
    expect(both.loss).toBeCloseTo(one.loss, 6);
    expect([...tf.abs(tf.slice(both.gradient, 1)).dataSync()]).toEqual([0, 0, 0, 0, 0]);
    expect(tf.max(tf.abs(tf.sub(tf.slice(both.gradient, 0, 1), one.gradient))).dataSync()[0]).toBeLessThan(1e-7);
    const none = new Uint8Array(32).fill(255);
    expect(seLoss(logits, classPresence(none, 2, 5), form, labelledImages(none, 2)).loss).toBe(0);
  }
});

test('a rate is not searched where no pixel is labelled', async () => {
  const { config, classes, maskFormat, train } = await smallJob();
  const png = writtenPng({ width: 64, height: 48, depth: 8, colourType: 0, samples: new Array<number>(64 * 48).fill(11) });
  for (const { maskFile } of train) writeFileSync(maskFile!, png);
  const pool = createPool(maskFormat);
  const search = findRate(
    { kind: 'find-rate', config, classes, maskFormat, train, steps: 4, initialWeights: null },
    pool,
    new Control(),
    () => undefined,
  );
  await expect(search).rejects.toMatchObject({
    code: 'invalid-argument',
    message: expect.stringContaining('all of them are void') as unknown,
  });
  await pool.close();
});

test('a step of a search without a labelled pixel is no point of its curve', async () => {
  const { config, classes, maskFormat, train } = await smallJob();
  const png = writtenPng({ width: 64, height: 48, depth: 8, colourType: 0, samples: new Array<number>(64 * 48).fill(11) });
  for (const { maskFile } of train.slice(0, 3)) writeFileSync(maskFile!, png);
  const pool = createPool(maskFormat);
  const points: number[] = [];
  const job = {
    kind: 'find-rate' as const,
    config: { ...config, batchSize: 1 },
    classes,
    maskFormat,
    train,
    steps: 12,
    initialWeights: null,
  };
  await findRate(job, pool, new Control(), (event) => event.type === 'rate' && points.push(event.point.loss));
  await pool.close();
  expect(points).toHaveLength(3);
  expect(points.every((loss) => loss > 0.5)).toBe(true);
});

test('a network that became no number is not written over one that could predict', async () => {
  const job = await smallJob();
  await runFit(job);
  const { config: _config, classes: _classes, state, ...tensors } = readCheckpoint(last(job));
  tensors.model.get('backbone.bn1.running_mean')!.data[1] = NaN;
  const before = readFileSync(last(job));
  const model = { toTensors: () => ({ updates: 1, ...tensors }) } as unknown as RunModel;
  expect(() => new RunFiles(job).save('last', model, state)).toThrow(
    expect.objectContaining({
      code: 'trainer-failed',
      message: expect.stringContaining('backbone.bn1.running_mean of the network became NaN') as unknown,
    }),
  );
  expect(readFileSync(last(job)).equals(before)).toBe(true);
});

test('batch norm is not taught by one value a channel', () => {
  const { model } = smallConfig();
  const net = new EncNet({ ...model, stageStrides: [1, 2, 2, 2], stageDilations: [1, 1, 1, 1] }, 11, 1);
  const forward = (count: number) => {
    const tape = new Tape({ training: true, recording: false });
    try {
      net.forward(tape, tape.constant(tf.randomNormal([count, 32, 32, 3])));
    } finally {
      tape.dispose();
    }
  };
  expect(() => forward(1)).toThrow('one value a channel');
  expect(() => forward(2)).not.toThrow();
});

test('what is decided by is fitted in windows where prediction slides them', async () => {
  const { config, maskFormat, train } = await smallJob();
  const pool = createPool(maskFormat);
  const views = new Set<string>();
  const render = pool.render.bind(pool);
  pool.render = (sample, view, size) => {
    views.add(`${view.kind} ${size.join(' x ')}`);
    return render(sample, view, size);
  };
  const net = new EncNet(config.model, 11, 1);
  const sliding = { ...config, evaluationSize: [32, 32] as [number, number], evaluation: { ...config.evaluation, sliding: true } };
  const offsets = await fitOffsets(net, pool, train, sliding, () => Promise.resolve());
  await pool.close();
  expect([...views]).toEqual(['window 32 x 32']);
  expect(offsets.every(Number.isFinite)).toBe(true);
});

test('a photo that becomes another while a run goes on is told while it can be put back', async () => {
  const job = await smallJob({ epochs: 3, data: { ...smallConfig().data, cacheMb: 0 } });
  const [{ imageFile }, other] = job.train;
  const events = await runFit(job, (event) => {
    if (event.type === 'epoch' && event.metrics.epoch === 1) writeFileSync(imageFile, readFileSync(other.imageFile));
  });
  const told = ofType(events, 'log').filter(({ text }) => text.includes(imageFile));
  expect(told.map(({ text }) => text)).toEqual([expect.stringContaining('put it back')]);
});

/** Another trainer has the run's folder from now on. */
function takeOver({ outDir }: TrainJob): void {
  const lease = new Database(path.join(outDir, '.lease'));
  lease.prepare("UPDATE lease SET token = 'another'").run();
  lease.close();
}

test('a run whose folder was taken over before it has read its images writes nothing there', async () => {
  const job = { ...(await smallJob()), keepMasks: true };
  const run = runFit(job, ({ type }) => type === 'precision' && takeOver(job));
  await expect(run).rejects.toMatchObject({ code: 'busy' });
  expect(readdirSync(job.outDir).filter((name) => !name.startsWith('.lease'))).toEqual([]);
});

test('a run whose folder was taken over writes nothing more there', async () => {
  const job = await smallJob({ epochs: 3 });
  let kept: Buffer | null = null;
  const run = runFit(job, (event) => {
    if (event.type !== 'epoch' || kept) return;
    kept = readFileSync(last(job));
    takeOver(job);
  });
  await expect(run).rejects.toMatchObject({ code: 'busy' });
  expect(readFileSync(last(job)).equals(kept!)).toBe(true);
});
