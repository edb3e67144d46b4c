// The loop itself, on real TensorFlow and real files: exact resumes, guards, averages, evaluation, the rate finder.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { EncNet } from '#ml/models/encnet';
import { liveHandles } from '#ml/tensor/runtime';
import { Control } from '#ml/train/control';
import { fit } from '#ml/train/fit';
import { findRate, searchedRate, suggestRate } from '#ml/train/find-rate';
import { hasStalled, LossGuard } from '#ml/train/guards';
import { predictSample } from '#ml/train/predict';
import { readCheckpoint, readModel } from '#ml/weights/checkpoint';
import type { TrainerEvent, TrainJob } from '#shared/training/messages';
import { plainEvaluation, type RunConfig } from '#shared/training/run-config';
import { withSettings } from '#shared/training/presets';
import { makeDataset, temporaryFolder } from '../helpers/dataset.ts';
import { jobData } from '../helpers/job-data.ts';
import { canMount, withSmallDisk } from '../helpers/small-disk.ts';
import { createPool, ofType, runFit, smallConfig } from '../helpers/training.ts';

async function jobFor(changes: Partial<RunConfig> = {}): Promise<TrainJob> {
  return {
    kind: 'train',
    config: smallConfig(changes),
    ...jobData(await makeDataset({ train: 6 })),
    outDir: temporaryFolder(),
    resumeFrom: null,
    initialWeights: null,
  };
}
const last = (job: TrainJob) => path.join(job.outDir, 'last.ckpt');
/** All that a run learnt, to the last bit; its times are its own. */
const outcome = (job: TrainJob) => {
  const { model, training, optimizer, state } = readCheckpoint(last(job));
  return {
    model,
    training,
    optimizer,
    history: state.history.map(({ timeSeconds: _, epochSeconds: _e, ...rest }) => rest),
    best: state.best,
    updates: state.optimizerUpdates,
  };
};

describe('a resume', () => {
  const everything: Partial<RunConfig> = {
    epochs: 3,
    emaDecay: 0.9,
    accumulate: 1,
    data: { ...smallConfig().data, classBalance: 0.3, rotation: 5, hue: 0.05 },
  };

  test.each([
    ['in the middle of an epoch', 4],
    ['after the first step', 1],
    ['at the end of an epoch', 3],
  ])('%s ends as a run without a stop, to the last bit', async (_, at) => {
    const job = await jobFor(everything);
    await runFit(job);
    const stopped: TrainJob = { ...job, outDir: temporaryFolder() };
    const first = await runFit(stopped, (event, control) => {
      if (event.type === 'step' && event.metrics.globalStep === at) control.stop();
    });
    expect(ofType(first, 'done')[0].reason).toBe('stopped');
    const second = await runFit({ ...stopped, resumeFrom: last(stopped) });
    expect(ofType(second, 'started')[0].epoch * 3 + ofType(second, 'started')[0].step).toBe(at);
    expect(outcome(stopped)).toEqual(outcome(job));
  });

  test('in the middle of a validation does it again, and a moved folder resumes as well', async () => {
    const job = await jobFor(everything);
    await runFit(job);
    const stopped: TrainJob = { ...job, outDir: temporaryFolder() };
    await runFit(stopped, (event, control) => {
      if (event.type === 'validating' && event.done === 1) control.stop();
    });
    const moved: TrainJob = { ...job, outDir: path.join(temporaryFolder(), 'elsewhere') };
    cpSync(stopped.outDir, moved.outDir, { recursive: true });
    await runFit({ ...moved, resumeFrom: last(moved) });
    expect(outcome(moved)).toEqual(outcome(job));
    expect(readModel(path.join(moved.outDir, 'best.ckpt')).epoch).toBe(readCheckpoint(last(moved)).state.best!.epoch);
  });

  test('after a pause during a validation, with averaged weights, ends the same: its checkpoint is not taken crosswise', async () => {
    const job = await jobFor(everything);
    await runFit(job);
    const paused: TrainJob = { ...job, outDir: temporaryFolder() };
    await runFit(paused, (event, control) => {
      if (event.type === 'validating' && event.done === 1) control.pause();
      // What a kill would find while it is paused.
      if (event.type === 'paused') {
        cpSync(last(paused), path.join(paused.outDir, 'copy.ckpt'));
        setTimeout(() => control.stop(), 0);
      }
    });
    const resumed: TrainJob = { ...job, outDir: temporaryFolder(), resumeFrom: path.join(paused.outDir, 'copy.ckpt') };
    await runFit(resumed);
    expect(outcome(resumed)).toEqual(outcome(job));
  });

  test('of a stop during the reading of the images begins at the beginning', async () => {
    const job = await jobFor({ epochs: 1 });
    await runFit(job);
    const pool = createPool(job.maskFormat);
    const control = new Control();
    control.stop();
    const stopped: TrainJob = { ...job, outDir: temporaryFolder() };
    const events: TrainerEvent[] = [];
    await fit(stopped, pool, control, (event) => events.push(event));
    await pool.close();
    expect(ofType(events, 'done')[0].reason).toBe('stopped');
    await runFit({ ...stopped, resumeFrom: last(stopped) });
    expect(outcome(stopped)).toEqual(outcome(job));
  });

  test('with more workers and another cache is the same run', async () => {
    const job = await jobFor({ epochs: 2 });
    await runFit(job);
    const other: TrainJob = {
      ...job,
      outDir: temporaryFolder(),
      config: { ...job.config, data: { ...job.config.data, workers: 3, cacheMb: 0 } },
    };
    await runFit(other);
    expect(outcome(other)).toEqual(outcome(job));
  });
});

describe('checkpoints of a run', () => {
  test('are last, best and every n epochs; only last carries the optimiser', async () => {
    const job = await jobFor({ epochs: 4, checkpointEvery: 2 });
    await runFit(job);
    expect(
      ['last.ckpt', 'best.ckpt', 'epoch-0002.ckpt', 'epoch-0004.ckpt', 'metrics.csv', 'config.json', 'strip/0.png', 'strip/1.png'].filter(
        (name) => !existsSync(path.join(job.outDir, name)),
      ),
    ).toEqual([]);
    expect(readCheckpoint(path.join(job.outDir, 'best.ckpt')).optimizer.size).toBe(0);
    expect(statSync(path.join(job.outDir, 'best.ckpt')).size).toBeLessThan(0.5 * statSync(last(job)).size);
  });

  test('are written on the way where an epoch is long, and before it is scored; a resume from there ends the same', async () => {
    const job = await jobFor({ epochs: 1, batchSize: 1 });
    const straight = await runFit(job);
    const now = performance.now.bind(performance);
    let leap = 0;
    const spy = vi.spyOn(performance, 'now').mockImplementation(() => now() + leap);
    const long = { ...job, outDir: path.join(temporaryFolder(), 'long') };
    const kept = path.join(temporaryFolder(), 'kept.ckpt');
    const heard: string[] = [];
    try {
      await runFit(long, (event) => {
        heard.push(event.type === 'step' ? `step ${event.metrics.step}` : event.type);
        // Eleven minutes in the second step, and one and a half in the last.
        if (event.type === 'step' && event.metrics.step === 2) leap += 660_000;
        if (event.type === 'step' && event.metrics.step === 6) leap += 90_000;
        if (event.type === 'checkpoint' && heard.at(-2) === 'step 2') cpSync(event.file, kept);
      });
    } finally {
      spy.mockRestore();
    }
    const told = heard.filter((type) => /step [26]|checkpoint|validating|epoch/.test(type));
    expect([...new Set(told.slice(0, 5))]).toEqual(['step 2', 'checkpoint', 'step 6', 'validating']);
    expect(told.slice(0, 5).at(-2)).toBe('checkpoint');
    const resumed = await runFit({ ...job, outDir: path.join(temporaryFolder(), 'again'), resumeFrom: kept });
    const scoresOfEpoch = (events: TrainerEvent[]) => ofType(events, 'epoch').map(({ metrics: { loss, miou } }) => ({ loss, miou }));
    expect(scoresOfEpoch(resumed)).toEqual(scoresOfEpoch(straight));
  });

  test('half written by a killed process are cleared away, and nothing else is', async () => {
    const job = await jobFor({ epochs: 1 });
    for (const name of ['.last.ckpt.123-4.tmp', '.keep', 'notes.tmp']) writeFileSync(path.join(job.outDir, name), 'x');
    await runFit(job);
    expect(
      readdirSync(job.outDir)
        .filter((name) => /tmp|keep/.test(name))
        .sort(),
    ).toEqual(['.keep', 'notes.tmp']);
  });

  test.skipIf(!canMount)('survive a disk that is full: the one of before is whole, and the error names the file', async () => {
    const disk = temporaryFolder();
    await withSmallDisk(disk, '700k', async () => {
      const schedule = { kind: 'constant' as const };
      const job: TrainJob = { ...(await jobFor({ epochs: 1, schedule })), outDir: path.join(disk, 'run') };
      await runFit(job).catch(() => undefined);
      const small = { ...job, outDir: temporaryFolder() };
      await runFit(small);
      const whole = statSync(last(small)).size;
      spawnSync('mount', ['-o', `remount,size=${Math.ceil((whole * 2.2) / 1024)}k`, disk]);
      cpSync(last(small), last(job));
      await expect(runFit({ ...job, resumeFrom: last(job), config: { ...job.config, epochs: 3 } })).rejects.toMatchObject({
        code: 'disk-full',
        message: expect.stringContaining('the disk is full') as string,
      });
      expect(readCheckpoint(last(job)).state.epoch).toBeGreaterThanOrEqual(1);
      expect(readdirSync(job.outDir).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    });
  });

  test('of a run that averages predict with the average and go on with the weights', async () => {
    const job = await jobFor({ epochs: 1, emaDecay: 0.9 });
    await runFit(job);
    const { model, training } = readCheckpoint(last(job));
    expect([...training.keys()]).toEqual([...model.keys()]);
    expect(training.get('decoder.conv_seg.weight')!.data).not.toEqual(model.get('decoder.conv_seg.weight')!.data);
    expect([...readModel(path.join(job.outDir, 'best.ckpt')).model.keys()]).toEqual([...model.keys()]);
  });
});

describe('guards', () => {
  const where = { epoch: 1, step: 2, ids: ['train/a'], labelled: 9 };
  const seen = (losses: number[]) => {
    const guard = new LossGuard();
    for (const loss of losses) guard.check(loss, where);
  };

  test('a loss that is not a number, or explodes, ends the run and names the batch; a wild start does not', () => {
    expect(() => seen([1, NaN])).toThrow('The loss became NaN in epoch 1, step 2 (images train/a)');
    expect(() => seen([...Array<number>(40).fill(1), 100])).toThrow(
      /exploded to 100 from about 1\.00 in epoch 1, step 2 \(images train\/a\)/,
    );
    expect(() => seen([1, 100, 2, ...Array<number>(40).fill(1), 10])).not.toThrow();
  });

  test('steps without a labelled pixel are no measure of one with some', () => {
    const guard = new LossGuard();
    for (let n = 0; n < 30; n++) guard.check(0.01, { ...where, labelled: 0 });
    expect(() => guard.check(3, where)).not.toThrow();
    expect(() => guard.check(NaN, { ...where, labelled: 0 })).toThrow('became NaN');
  });

  test('an absurd rate fails with the last good weights kept', async () => {
    const job = await jobFor({ epochs: 1 });
    await runFit(job);
    const wild: TrainJob = {
      ...job,
      initialWeights: last(job),
      config: {
        ...job.config,
        epochs: 30,
        loss: { ...job.config.loss, seForm: 'mse', seWeight: 10 },
        optimizer: { ...job.config.optimizer, kind: 'sgd', learningRate: 10 },
      },
    };
    await expect(runFit(wild)).rejects.toMatchObject({
      code: 'trainer-failed',
      message: expect.stringMatching(/The loss (became|exploded).*epoch \d+, step \d.*images train\/train/) as string,
    });
    const { model, optimizer } = readCheckpoint(last(job));
    for (const { data } of [...model.values(), ...optimizer.values()]) expect(data.every(Number.isFinite)).toBe(true);
  });

  test('is validated as often as the recipe says, and after the last epoch: it learns the same, and its best is a scored one', async () => {
    const every = await jobFor({ epochs: 5, emaDecay: 0.5 });
    await runFit(every);
    const job: TrainJob = { ...every, config: { ...every.config, validateEvery: 2 }, outDir: temporaryFolder() };
    const events = await runFit(job);
    const [a, b] = [every, job].map((each) => readCheckpoint(last(each)));
    expect(b.model).toEqual(a.model);
    const scores = ({ history }: typeof a.state) => history.map(({ epoch, miou, validationLoss }) => [epoch, miou, validationLoss]);
    expect(scores(b.state)).toEqual(
      scores(a.state).map(([epoch, ...all]) => (epoch === 1 || epoch === 3 ? [epoch, null, null] : [epoch, ...all])),
    );
    expect(b.state.history.map(({ perClassIou }) => perClassIou.length)).toEqual([0, 11, 0, 11, 11]);
    const best = b.state.history.reduce((best, row) => ((row.miou ?? 0) > (best.miou ?? 0) ? row : best));
    expect(b.state.best).toEqual({ miou: best.miou, epoch: best.epoch });
    expect(readModel(path.join(job.outDir, 'best.ckpt')).epoch).toBe(best.epoch);
    expect(ofType(events, 'strip').map(({ epoch }) => epoch)).toEqual([2, 4, 5]);
    expect(ofType(events, 'epoch').map(({ confusion }) => confusion.length)).toEqual([0, 121, 0, 121, 121]);
    const table = readFileSync(path.join(job.outDir, 'metrics.csv'), 'utf8').trim().split('\n');
    expect(table).toHaveLength(6);
    expect(new Set(table.map((row) => row.split(',').length)).size).toBe(1);
  });

  test('ended after an epoch that would not be scored, it is scored all the same', async () => {
    const job = await jobFor({ epochs: 5, validateEvery: 5 });
    await runFit(job, (event, control) => {
      if (event.type === 'step') control.stopAfterEpoch = true;
    });
    const { history, best } = readCheckpoint(last(job)).state;
    expect(history).toHaveLength(1);
    expect(history[0].miou).toEqual(expect.any(Number));
    expect(best?.epoch).toBe(1);
  });

  test('patience ends a run that gets no better, and says so', async () => {
    expect(hasStalled({ ...smallConfig(), patience: 2 }, 5, 3)).toBe(true);
    expect(hasStalled({ ...smallConfig(), patience: 2 }, 4, 3)).toBe(false);
    expect(hasStalled({ ...smallConfig(), patience: 0 }, 99, 1)).toBe(false);
    // Between two validations nothing can have become better.
    expect(hasStalled({ ...smallConfig(), patience: 2, validateEvery: 4, epochs: 9 }, 7, 4)).toBe(false);
    expect(hasStalled({ ...smallConfig(), patience: 2, validateEvery: 4, epochs: 9 }, 8, 4)).toBe(true);
    // A rate that rises again has to fall first: patience begins anew with its cycle.
    const schedule = { kind: 'one-cycle', cycles: 2, warmUp: 0.2, startDivisor: 10, endDivisor: 100 } as const;
    const twice = { ...smallConfig(), patience: 10, epochs: 80, schedule };
    expect([39, 40, 41, 49, 50].map((epoch) => hasStalled(twice, epoch, 30))).toEqual([false, true, false, false, true]);
    const job = await jobFor({ epochs: 50, patience: 2, optimizer: { ...smallConfig().optimizer, learningRate: 1e-9 } });
    const events = await runFit(job);
    expect(ofType(events, 'epoch').length).toBeLessThan(50);
    expect(ofType(events, 'log').some(({ text }) => text.startsWith('ended early: no better mIoU'))).toBe(true);
    expect(ofType(events, 'done')[0].reason).toBe('finished');
  });

  test('whose batches of one cannot be mixed says so', async () => {
    const { data } = smallConfig();
    const said = async (changes: Partial<RunConfig>, images?: number) => {
      const job = await jobFor({ epochs: 1, ...changes, data: { ...data, mix: 'classes' } });
      return ofType(await runFit({ ...job, train: job.train.slice(0, images) }), 'log').map(({ text }) => text);
    };
    const warning = 'warning: nothing is mixed in a batch of one: data.mix "classes"';
    expect(await said({ batchSize: 1 })).toContain(`${warning} does nothing`);
    expect(await said({ batchSize: 4 }, 1)).toContain(`${warning} does nothing`);
    expect(await said({ batchSize: 2, accumulate: 2 }, 3)).toContain(`${warning} leaves that image as it is`);
    expect(await said({ batchSize: 2 })).toEqual([]);
  });

  test('whose folder is moved away ends, and makes no second folder in its place', async () => {
    const job = await jobFor({ epochs: 3 });
    const moved = `${job.outDir}-moved`;
    const ended = runFit(job, (event) => event.type === 'epoch' && event.metrics.epoch === 1 && renameSync(job.outDir, moved));
    await expect(ended).rejects.toMatchObject({ code: 'not-found', message: expect.stringContaining('it was moved or renamed') as string });
    expect(existsSync(job.outDir)).toBe(false);
    // What was written is whole, and goes on where it is now.
    const events = await runFit({ ...job, outDir: moved, resumeFrom: path.join(moved, 'last.ckpt') });
    expect(ofType(events, 'epoch').map(({ metrics }) => metrics.epoch)).toEqual([2, 3]);
  });

  test('no file that was left out stops a run; with none left it names the first', async () => {
    const job = await jobFor({ epochs: 1 });
    await expect(runFit({ ...job, train: job.train.map((sample) => ({ ...sample, maskFile: null })) })).rejects.toThrow(
      'No image of the training split can be used',
    );
  });
});

test('a run leaves no tensor behind', async () => {
  const job = await jobFor({ epochs: 1, emaDecay: 0.9 });
  await runFit(job);
  const before = liveHandles().tensors;
  await runFit({ ...job, outDir: temporaryFolder() });
  expect(liveHandles().tensors).toBe(before);
});

describe('evaluation', () => {
  test.each([
    ['scales and mirror images', { sliding: false, scales: [0.75, 1, 1.5], flip: true }],
    ['sliding windows', { sliding: true, scales: [1], flip: false }],
    ['sliding windows at two scales, mirrored', { sliding: true, scales: [1, 1.5], flip: true }],
  ])('by %s gives every pixel a class and leaves nothing behind', async (_, evaluation) => {
    const { train, maskFormat } = jobData(await makeDataset());
    const { model } = smallConfig();
    const net = new EncNet(model, 11, 1);
    const pool = createPool(maskFormat);
    await predictSample(net, pool, train[0], { inputSize: [32, 40], evaluation, sureness: true });
    const before = liveHandles().tensors;
    const { ids, sureness } = await predictSample(net, pool, train[0], { inputSize: [32, 40], evaluation, sureness: true });
    expect(liveHandles().tensors).toBe(before);
    expect(ids).toHaveLength(64 * 48);
    expect(Math.max(...ids)).toBeLessThan(11);
    expect([sureness!.width, sureness!.height]).toEqual([64, 48]);
    expect(Math.min(...sureness!.confidence)).toBeGreaterThanOrEqual(Math.floor(255 / 11));
    expect(Math.max(...sureness!.entropy)).toBeGreaterThan(0);
    await pool.close();
    net.dispose();
  });

  test('one window as large as the image is the plain way', async () => {
    const { train, maskFormat } = jobData(await makeDataset());
    const net = new EncNet(smallConfig().model, 11, 1);
    const pool = createPool(maskFormat);
    const predict = (sliding: boolean) =>
      predictSample(net, pool, train[0], { inputSize: [48, 64], evaluation: { ...plainEvaluation, sliding } });
    expect((await predict(true)).ids).toEqual((await predict(false)).ids);
    await pool.close();
    net.dispose();
  });

  test('windows that the image cuts short have the scale that was asked for, and are not stretched', async () => {
    const { train, maskFormat } = jobData(await makeDataset());
    const net = new EncNet(smallConfig().model, 11, 1);
    const pool = createPool(maskFormat);
    const seen = async (sliding: boolean, scale: number, inputSize: [number, number]) => {
      const evaluation = { sliding, scales: [scale, scale], flip: false };
      return (await predictSample(net, pool, train[0], { inputSize, evaluation, sureness: true })).sureness!.confidence;
    };
    // Twice as high and wide as the image of 64 x 48, and higher alone.
    expect(await seen(true, 1, [96, 128])).toEqual(await seen(false, 1, [48, 64]));
    expect(await seen(true, 0.5, [48, 64])).toEqual(await seen(false, 0.5, [48, 64]));
    expect(await seen(true, 1, [96, 64])).toEqual(await seen(false, 1, [48, 64]));
    await pool.close();
    net.dispose();
  });
});

describe('the rate finder', () => {
  test('rises from one end to the other and reads the steepest fall', () => {
    expect([searchedRate(0, 50), searchedRate(49, 50)]).toEqual([1e-6, expect.closeTo(3, 9)]);
    const points = Array.from({ length: 60 }, (_, i) => ({
      learningRate: searchedRate(i, 60),
      loss: 2 - 1.5 / (1 + Math.exp(-(i - 30) / 2)) + (i > 45 ? (i - 45) ** 2 : 0),
    }));
    expect(suggestRate(points)).toBeCloseTo(searchedRate(30, 60), 4);
    expect(suggestRate([{ learningRate: 1, loss: 1 }])).toBeNull();
    // Weights that know their task: the loss wavers, falls a little, and rises.
    const wavering = points.map(({ learningRate }, i) => ({ learningRate, loss: 0.9 + 0.012 * Math.sin(i) + (i > 45 ? (i - 45) / 9 : 0) }));
    expect(suggestRate(wavering)).toBeNull();
  });

  test('runs on real data, reports every point, leaves nothing behind and can be stopped', async () => {
    const { train, classes, maskFormat } = jobData(await makeDataset());
    const search = async (stopAt: number) => {
      const pool = createPool(maskFormat);
      const control = new Control();
      const events: TrainerEvent[] = [];
      const job = { kind: 'find-rate' as const, config: smallConfig(), classes, maskFormat, train, steps: 12, initialWeights: null };
      await findRate(job, pool, control, (event) => {
        events.push(event);
        if (event.type === 'rate' && event.done === stopAt) control.stop();
      });
      await pool.close();
      return events;
    };
    const events = await search(Infinity);
    const points = ofType(events, 'rate').map(({ point }) => point);
    expect(points.length).toBeGreaterThan(5);
    expect(points.every(({ learningRate }, i) => i === 0 || learningRate > points[i - 1].learningRate)).toBe(true);
    expect(ofType(events, 'rate-found')).toHaveLength(1);
    const before = liveHandles().tensors;
    const stopped = await search(3);
    expect(liveHandles().tensors).toBe(before);
    expect(ofType(stopped, 'rate')).toHaveLength(3);
    expect(ofType(stopped, 'done')[0].reason).toBe('stopped');
    expect(ofType(stopped, 'rate-found')[0].suggestion).toBeNull();
  });
});

test('a rate is searched from the weights that a run would start with, by the statistics that the recipe keeps', async () => {
  const data = jobData(await makeDataset());
  const outDir = temporaryFolder();
  const config = smallConfig({ epochs: 4 });
  await runFit({ kind: 'train', config, ...data, outDir, resumeFrom: null, initialWeights: null });
  const { train, classes, maskFormat } = data;
  const firstLoss = async (initialWeights: string | null, settings: Record<string, unknown> = {}) => {
    const pool = createPool(maskFormat);
    const events: TrainerEvent[] = [];
    const job = {
      kind: 'find-rate' as const,
      config: withSettings(config, settings),
      classes,
      maskFormat,
      train,
      steps: 2,
      initialWeights,
    };
    try {
      await findRate(job, pool, new Control(), (event) => void events.push(event));
    } finally {
      await pool.close();
    }
    return ofType(events, 'rate')[0].point.loss;
  };
  const weights = path.join(outDir, 'last.ckpt');
  const [random, trained, running] = [
    await firstLoss(null),
    await firstLoss(weights),
    await firstLoss(weights, { 'fineTune.batchNorm': 'running' }),
  ];
  expect(trained).toBeLessThan(random);
  // By the statistics that were loaded, not by the batch's.
  expect(running).not.toBeCloseTo(trained, 4);
  await expect(firstLoss(null, { 'fineTune.batchNorm': 'running' })).rejects.toMatchObject({ code: 'invalid-argument' });
});

test('watched images come first in the strip, with others from all over the split; another choice holds later', async () => {
  const data = jobData(await makeDataset({ train: 2, val: 10 }));
  const outDir = temporaryFolder();
  const job: TrainJob = { kind: 'train', config: smallConfig({ epochs: 3 }), ...data, outDir, resumeFrom: null, initialWeights: null };
  const events = await runFit({ ...job, watched: ['val/val-9', 'val/val-2', 'val/gone', 'val/val-9'] }, (event, control) => {
    if (event.type === 'epoch' && event.metrics.epoch === 2) control.watched = ['val/val-4'];
  });
  const strips = ofType(events, 'strip').map(({ images }) => images);
  expect(strips.map((images) => images.length)).toEqual([6, 6, 6]);
  expect(strips[0].slice(0, 2)).toEqual([
    { imageId: 'val/val-9', file: '0.png' },
    { imageId: 'val/val-2', file: '1.png' },
  ]);
  expect(strips[1]).toEqual(strips[0]);
  expect(strips[2][0]).toEqual({ imageId: 'val/val-4', file: '0.png' });
  for (const images of strips) expect(new Set(images.map(({ imageId }) => imageId)).size).toBe(6);
  // The pictures are those of the images that they are told as.
  const written = readdirSync(path.join(outDir, 'strip')).sort();
  expect(written).toEqual(['0.png', '1.png', '2.png', '3.png', '4.png', '5.png', 'strip.json']);
  expect(JSON.parse(readFileSync(path.join(outDir, 'strip/strip.json'), 'utf8'))).toEqual({ epoch: 3, images: strips[2] });
});
