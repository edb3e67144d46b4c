// A run that goes on keeps its own classes, samples and steps; what it is not gets no checkpoint.
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { readCheckpointHeader } from '#files/checkpoint-header';
import { locateRunSamples, readRunSamples, runWriter, takeRunFolder } from '#files/run-folder';
import { revisionOf } from '#files/revision';
import { Control } from '#ml/train/control';
import { fit } from '#ml/train/fit';
import { keepMask, keptMask } from '#ml/train/kept-masks';
import { differingSettings } from '#ml/train/resume-guard';
import { readCheckpoint, writeCheckpoint } from '#ml/weights/checkpoint';
import type { Sample } from '#shared/data/sample';
import type { TrainerEvent, TrainJob } from '#shared/training/messages';
import type { RunConfig } from '#shared/training/run-config';
import { makeDataset, temporaryFolder } from '../helpers/dataset.ts';
import { jobData } from '../helpers/job-data.ts';
import { createPool, ofType, runFit, smallConfig } from '../helpers/training.ts';

const last = (job: TrainJob) => path.join(job.outDir, 'last.ckpt');

async function jobFor(changes: Partial<RunConfig> = {}, train = 6): Promise<TrainJob> {
  return {
    kind: 'train',
    config: smallConfig(changes),
    ...jobData(await makeDataset({ train })),
    outDir: path.join(temporaryFolder(), 'run'),
    resumeFrom: null,
    initialWeights: null,
  };
}

/** A run stopped after its first epoch. */
async function stopped(changes: Partial<RunConfig> = {}): Promise<TrainJob> {
  const job = await jobFor({ epochs: 4, schedule: { kind: 'constant' }, ...changes });
  await runFit(job, (event, control) => event.type === 'epoch' && control.stop());
  return { ...job, resumeFrom: last(job) };
}

describe('a resume', () => {
  const changes: [string, Partial<RunConfig>, RegExp][] = [
    ['another batch', { batchSize: 3 }, /batchSize 3, was 2/],
    ['another optimiser', { optimizer: { ...smallConfig().optimizer, kind: 'sgd' } }, /optimizer\.kind "sgd", was "adamw"/],
    ['another rate', { optimizer: { ...smallConfig().optimizer, learningRate: 0.1 } }, /optimizer\.learningRate 0\.1, was /],
    ['another schedule', { schedule: { kind: 'poly', power: 0.9 } }, /schedule\.kind "poly", was "constant"/],
    ['averaged weights', { emaDecay: 0.9 }, /emaDecay 0\.9, was 0/],
    ['another seed', { seed: 99 }, /seed 99, was /],
    ['another size', { data: { ...smallConfig().data, size: [48, 64] } }, /data\.size \[48,64\], was \[32,48\]/],
  ];

  test.each(changes)('with %s is refused by name, before anything is written', async (_, config, message) => {
    const job = await stopped();
    const before = readFileSync(last(job));
    const settings = readFileSync(path.join(job.outDir, 'config.json'));
    await expect(runFit({ ...job, config: { ...job.config, ...config } })).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringMatching(message) as string,
    });
    expect(readFileSync(last(job)).equals(before)).toBe(true);
    expect(readFileSync(path.join(job.outDir, 'config.json')).equals(settings)).toBe(true);
    expect(runWriter(job.outDir)).toBeNull();
  });

  test('may have other workers, another cache, more patience and, where the rate does not depend on it, another end', async () => {
    const job = await stopped();
    const { data } = job.config;
    const config = {
      ...job.config,
      epochs: 3,
      patience: 50,
      validateEvery: 2,
      checkpointEvery: 2,
      data: { ...data, workers: 2, cacheMb: 1 },
    };
    const events = await runFit({ ...job, config });
    expect(ofType(events, 'epoch').map(({ metrics }) => metrics.epoch)).toEqual([2, 3]);
  });

  test('goes on in the precision that it began with: by name or as it comes, but not in another one', async () => {
    const job = await stopped({ precision: 'bfloat16' });
    const as = (precision: RunConfig['precision']) => ({ ...job, config: { ...job.config, precision, epochs: 2 } });
    await expect(runFit(as('float32'))).rejects.toThrow('precision "float32", was "bfloat16"');
    const [choice] = ofType(await runFit(as('auto')), 'precision');
    expect(choice.precision).toBe('bfloat16');
  });

  test('of a one-cycle run with more epochs is refused: its rate would jump', async () => {
    const job = await stopped({ schedule: { kind: 'one-cycle', cycles: 1, warmUp: 0.2, startDivisor: 10, endDivisor: 100 } });
    await expect(runFit({ ...job, config: { ...job.config, epochs: 40 } })).rejects.toThrow('epochs 40, was 4');
  });

  test('of a finished run says that nothing is left, and changes no file', async () => {
    const job = await jobFor({ epochs: 1 });
    await runFit(job);
    const before = readFileSync(last(job));
    await expect(runFit({ ...job, resumeFrom: last(job) })).rejects.toThrow('has finished its 1 epochs: nothing is left to do');
    expect(readFileSync(last(job)).equals(before)).toBe(true);
  });

  test.each([
    ['fewer', (job: TrainJob) => job.train.slice(0, 5), /with 6 training and 2 validation images; now there are 5 training/],
    [
      'others',
      (job: TrainJob) => job.train.map((sample, index) => (index === 0 ? { ...sample, id: 'train/other' } : sample)),
      /as many, but not the same/,
    ],
    [
      'others in their masks',
      (job: TrainJob) => job.train.map((sample) => ({ ...sample, revision: 'ffffffffffffffff' })),
      /as many, but not the same/,
    ],
  ])('with images that are %s is refused with both counts', async (_, train, message) => {
    const job = await stopped();
    await expect(runFit({ ...job, train: train(job) })).rejects.toThrow(message);
  });

  test('with another photo of the same name and size is refused', async () => {
    const job = await stopped();
    cpSync(job.train[1].imageFile, job.train[0].imageFile);
    await expect(runFit(job)).rejects.toThrow(/trained on other photos than there are now by the same names/);
  });

  test('with values of its masks read as another class is refused; with those that no mask has it goes on', async () => {
    const job = await stopped();
    const reading = (value: number, id: number) => ({ ...job.maskFormat, toId: job.maskFormat.toId.with(value, id) });
    await expect(runFit({ ...job, maskFormat: reading(3, 1) })).rejects.toThrow(/its masks were read in another way/);
    const events = await runFit({ ...job, maskFormat: reading(200, 1) });
    expect(ofType(events, 'done')[0].reason).toBe('finished');
  });

  test('of a run of before that was recorded goes on without it', async () => {
    const job = await stopped();
    const checkpoint = readCheckpoint(last(job));
    const { content: _, ...data } = checkpoint.state.data!;
    writeCheckpoint(last(job), { ...checkpoint, state: { ...checkpoint.state, data } });
    expect(ofType(await runFit(job), 'done')[0].reason).toBe('finished');
  });

  test('has its loss held against what it was before', async () => {
    const job = await stopped();
    const checkpoint = readCheckpoint(last(job));
    const { guard } = checkpoint.state;
    expect(guard).toEqual({ seen: 3, smoothed: expect.closeTo(checkpoint.state.history[0].loss!, 0) as number });
    writeCheckpoint(last(job), { ...checkpoint, state: { ...checkpoint.state, guard: { seen: 30, smoothed: 1e-6 } } });
    await expect(runFit(job)).rejects.toMatchObject({ code: 'trainer-failed', message: expect.stringContaining('exploded') as string });
  });

  test('with classes in another order is refused with both lists', async () => {
    const job = await stopped();
    const classes = job.classes.map((_, id) => ({ ...job.classes[(id + 1) % job.classes.length], id }));
    await expect(runFit({ ...job, classes })).rejects.toThrow(
      /has the classes Sky \(0\), Building \(1\).*; the data set has Building \(1\)/,
    );
  });

  test('that is stopped before its first step leaves the run as it was', async () => {
    const job = await stopped();
    const before = readFileSync(last(job));
    const events = await runFit(job, (_, control) => control.stop());
    expect(ofType(events, 'done')[0].reason).toBe('stopped');
    expect(readFileSync(last(job)).equals(before)).toBe(true);
  });

  test('never has an epoch without a new step', async () => {
    const job = await jobFor({ epochs: 2, schedule: { kind: 'constant' } });
    await runFit(job, (event, control) => event.type === 'step' && event.metrics.globalStep === 2 && control.stop());
    const events = await runFit({ ...job, resumeFrom: last(job) });
    const steps = ofType(events, 'step').map(({ metrics }) => [metrics.epoch, metrics.globalStep]);
    expect(steps).toEqual([
      [1, 3],
      [2, 4],
      [2, 5],
      [2, 6],
    ]);
  });
});

const imageOf = (job: { train: Sample[]; validation: Sample[] }, id: string) =>
  [...job.train, ...job.validation].find((sample) => sample.id === id)!.imageFile;

describe("a run's folder", () => {
  test('is written by one trainer at a time, and says by which', async () => {
    const job = await jobFor();
    const lease = await takeRunFolder(job.outDir, 'another trainer');
    await expect(runFit(job)).rejects.toMatchObject({
      code: 'busy',
      message: expect.stringMatching(/A run is being written in .* by another trainer on .* \(process \d+\), since/) as string,
    });
    expect(existsSync(path.join(job.outDir, 'config.json'))).toBe(false);
    lease.release();
    await runFit({ ...job, config: { ...job.config, epochs: 1 } });
    expect(runWriter(job.outDir)).toBeNull();
  });

  test('holds no settings of a start that failed', async () => {
    const job = await jobFor();
    for (const { maskFile } of job.train) writeFileSync(maskFile!, 'no mask');
    await expect(runFit(job)).rejects.toMatchObject({ code: 'invalid-argument' });
    expect(existsSync(path.join(job.outDir, 'config.json'))).toBe(false);
    expect(existsSync(last(job))).toBe(false);
    expect(runWriter(job.outDir)).toBeNull();
  });

  test('a stop is heard while masks are kept, and the run goes on from there', async () => {
    const job = { ...(await jobFor({ epochs: 1 })), keepMasks: true };
    const events = await runFit(job, (event, control) => event.type === 'precision' && control.stop());
    expect(ofType(events, 'done')[0].reason).toBe('stopped');
    expect(existsSync(path.join(job.outDir, 'masks'))).toBe(false);
    expect(ofType(await runFit({ ...job, resumeFrom: last(job) }), 'done')[0]).toMatchObject({ reason: 'finished', epoch: 1 });
  });

  test('tells what a run trains on that was stopped while it read its samples', async () => {
    const job = { ...(await jobFor({ epochs: 1 })), keepMasks: true };
    const pool = createPool(job.maskFormat);
    const control = new Control();
    const get = pool.get.bind(pool);
    pool.get = (sample) => {
      control.stop();
      return get(sample);
    };
    await fit(job, pool, control, () => undefined);
    await pool.close();
    const { train } = readRunSamples(job.outDir)!;
    expect(train.map(({ id }) => id)).toEqual(job.train.map(({ id }) => id));
    // It goes on with the masks of its start, and then knows what it sees.
    const where = { maskFile: (revision: string) => keptMask(job.outDir, revision), imageFile: (id: string) => imageOf(job, id) };
    for (const { maskFile } of job.train) writeFileSync(maskFile!, 'painted over meanwhile');
    const own = locateRunSamples(job.outDir, where)!;
    await runFit({ ...job, ...own, keepMasks: false, resumeFrom: last(job) });
    expect(readCheckpoint(last(job)).state).toMatchObject({ epoch: 1, data: { train: 6, validation: 2 } });
  });

  test('is paused while it reads its samples as it is while it trains: with a checkpoint, until somebody goes on', async () => {
    const job = await jobFor({ epochs: 1 });
    const pool = createPool(job.maskFormat);
    const control = new Control();
    control.pause();
    const events: TrainerEvent[] = [];
    const running = fit(job, pool, control, (event) => events.push(event));
    await expect.poll(() => events.map(({ type }) => type), { timeout: 20_000 }).toEqual(['precision', 'checkpoint', 'paused']);
    expect(readCheckpoint(last(job)).state).toMatchObject({ epoch: 0, step: 0 });
    control.resume();
    await running;
    await pool.close();
    expect(ofType(events, 'resumed')).toHaveLength(1);
    expect(ofType(events, 'epoch')).toHaveLength(1);
    expect(ofType(events, 'done')[0].reason).toBe('finished');
  });

  test('keeps the masks of a run outside a workbench, and what it goes on with', async () => {
    const job = { ...(await jobFor({ epochs: 1 })), keepMasks: true };
    await runFit(job);
    const samples = readRunSamples(job.outDir)!;
    expect(samples.train.map(({ id }) => id)).toEqual(job.train.map(({ id }) => id));
    for (const { revision } of samples.train) expect(revisionOf(readFileSync(keptMask(job.outDir, revision)))).toBe(revision);
    expect(readCheckpoint(last(job)).state.data).toMatchObject({ train: 6, validation: 2 });
  });

  test('trains on the masks it keeps, whatever is written over them meanwhile', async () => {
    const plain = await jobFor({ epochs: 2, data: { ...smallConfig().data, cacheMb: 0 } });
    const moved = temporaryFolder();
    cpSync(path.dirname(path.dirname(plain.train[0].maskFile!)), moved, { recursive: true });
    await runFit(plain);
    const edited = { ...plain, ...jobData(moved), outDir: temporaryFolder(), keepMasks: true };
    await runFit(edited, (event) => {
      // After the first step somebody paints over every mask, and takes one away.
      if (event.type !== 'step' || event.metrics.globalStep !== 1) return;
      for (const { maskFile } of edited.train) cpSync(edited.validation[0].maskFile!, maskFile!);
      rmSync(edited.train[0].maskFile!);
    });
    const weights = ({ outDir }: TrainJob) => [...readCheckpoint(path.join(outDir, 'last.ckpt')).model.values()].map(({ data }) => data);
    expect(weights(edited)).toEqual(weights(plain));
  });

  test('with a list of samples that is none is named', () => {
    const folder = temporaryFolder();
    expect(readRunSamples(folder)).toBeNull();
    writeFileSync(path.join(folder, 'samples.json'), '{"train": [{"id": "a", "revision": "../../etc/passwd"}], "validation": []}');
    expect(() => readRunSamples(folder)).toThrow(`${path.join(folder, 'samples.json')} does not hold a run's samples`);
  });
});

test('a mask that cannot be found is left to the first reading, which names it', () => {
  const sample = { id: 'a', imageFile: '/nowhere.png', maskFile: '/nowhere-mask.png' };
  expect(keepMask(sample, temporaryFolder())).toEqual(sample);
  expect(keepMask({ ...sample, maskFile: null }, temporaryFolder()).maskFile).toBeNull();
  // One that may not be read, as one that is larger than what is read.
  const folder = path.join(temporaryFolder(), 'mask.png');
  mkdirSync(folder);
  expect(keepMask({ ...sample, maskFile: folder }, temporaryFolder())).toEqual({ ...sample, maskFile: folder });
});

test('differing settings are told with both values, also where one side lacks them', () => {
  const config = smallConfig();
  const other = { ...config, evaluationSize: null, schedule: { kind: 'step' as const, stepEpochs: 2, gamma: 0.5 } };
  const texts = differingSettings(config, other).map(({ text }) => text);
  expect(texts).toContain('evaluationSize null, was [48,64]');
  expect(texts).toContain('schedule.stepEpochs 2, was not set');
});

test("a checkpoint's header tells its classes and epochs without its tensors", async () => {
  const job = await jobFor({ epochs: 1 });
  await runFit(job);
  const header = readCheckpointHeader(last(job));
  expect(header.classes).toEqual(job.classes);
  expect(header.history.map(({ epoch }) => epoch)).toEqual([1]);
  expect(header.config).toEqual(job.config);
});
