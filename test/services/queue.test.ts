// The line of runs, sweeps, estimates and the rate search, through the real services and real trainers.
import { createHash } from 'node:crypto';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { RunDetail, RunSummary } from '#shared/contract/runs';
import type { QueuedRun, QueueState, RateSearch, RunEstimate, TrainingStatus } from '#shared/contract/training';
import { findPreset, withSetting } from '#shared/training/presets';
import { startOfFile } from '#shared/training/start-weights';
import type { WeightFit } from '#shared/training/weight-fit';
import { expandSweep, sweepSchema, type Sweep } from '#shared/training/sweep';
import { makeDataset, temporaryFolder } from '../helpers/dataset.ts';
import { createBench, type TestBench } from '../helpers/services.ts';
import { smallConfig } from '../helpers/training.ts';

let folder: string;
let userData: string;
let bench: TestBench;

beforeEach(async () => {
  folder = await makeDataset({ train: 4, val: 2 });
  userData = temporaryFolder();
  bench = createBench({ userData });
  await bench.call('datasets.open', { path: folder });
});

const config = smallConfig({ epochs: 1 });
const runs = () => bench.call<RunSummary[]>('runs.list', { withDeleted: false });
const notices = () => bench.events.filter(({ name }) => name === 'app.notice').map(({ payload }) => payload);
const ended = (count: number) =>
  bench.until<TrainingStatus>(
    'training.status',
    ({ active }) =>
      !active &&
      bench.events.filter(({ name, payload }) => name === 'training.status' && !(payload as TrainingStatus).active).length >= count,
  );

describe('the line', () => {
  test('runs one after the other, by priority, then as they came', async () => {
    const three = ended(3);
    await bench.call('training.enqueue', { config, name: 'first' });
    await bench.call('training.enqueue', { config, name: 'second' });
    const state = await bench.call<QueueState>('training.enqueue', { config, name: 'third' });
    expect(state.waiting.map(({ name }) => name)).toEqual(['second', 'third']);
    const { waiting } = await bench.call<QueueState>('training.prioritise', { id: state.waiting[1].id, priority: 5 });
    expect(waiting.map(({ name }) => name)).toEqual(['third', 'second']);
    await three;
    expect((await runs()).map(({ name, status }) => `${name} ${status}`).sort()).toEqual([
      'first finished',
      'second finished',
      'third finished',
    ]);
    const order = (await runs()).sort((a, b) => a.createdAt.localeCompare(b.createdAt)).map(({ name }) => name);
    expect(order).toEqual(['first', 'third', 'second']);
    await bench.workbench.shutDown();
  });

  test('survives a restart, and then waits for a person', async () => {
    await bench.call('training.start', { config: { ...config, epochs: 500 }, name: 'long' });
    await bench.call('training.enqueue', { config, name: 'waiting' });
    await bench.workbench.shutDown();
    bench = createBench({ userData });
    await bench.call('datasets.open', { path: folder });
    const state = await bench.call<QueueState>('training.queue');
    expect(state).toMatchObject({ held: true, waiting: [{ name: 'waiting' }] });
    expect((await runs()).map(({ name }) => name)).toEqual(['long']);
    const end = ended(1);
    await bench.call('training.startQueue');
    expect((await end).run).toMatchObject({ name: 'waiting', status: 'finished' });
    expect(await bench.call('training.queue')).toEqual({ held: false, waiting: [], broken: [] });
    await bench.workbench.shutDown();
  });

  test('stops after a run that a person stopped, and goes on when it is started', async () => {
    await bench.call('training.start', { config: { ...config, epochs: 500 }, name: 'long' });
    await bench.call('training.enqueue', { config, name: 'next' });
    const stopped = ended(1);
    await bench.call('training.stop');
    await stopped;
    expect(await bench.call('training.queue')).toMatchObject({ held: true, waiting: [{ name: 'next' }] });
    expect(notices()).toEqual([{ kind: 'info', text: expect.stringMatching(/^"long" was stopped\. .*"Start the queue"/) as string }]);
    const done = ended(2);
    await bench.call('training.startQueue');
    expect((await done).run).toMatchObject({ name: 'next', status: 'finished' });
    await bench.workbench.shutDown();
  });

  test('that was held and has become empty holds nothing that comes later; what a person holds stays so', async () => {
    await bench.call('training.start', { config: { ...config, epochs: 500 }, name: 'long' });
    const { waiting } = await bench.call<QueueState>('training.enqueue', { config, name: 'next' });
    const stopped = ended(1);
    await bench.call('training.stop');
    await stopped;
    expect(await bench.call('training.queue')).toMatchObject({ held: true });
    await bench.call('training.removeQueued', { id: waiting[0].id });
    const done = ended(2);
    await bench.call('training.enqueue', { config, name: 'later' });
    expect((await done).run).toMatchObject({ name: 'later', status: 'finished' });
    await bench.call('training.holdQueue');
    expect(await bench.call('training.enqueue', { config, name: 'held' })).toMatchObject({ held: true, waiting: [{ name: 'held' }] });
    await bench.workbench.shutDown();
  });

  test('waits where a trainer cannot begin: the next one could not either', async () => {
    const broken = createBench({ program: '/bin/false' });
    await broken.call('datasets.open', { path: await makeDataset({ train: 2, val: 1 }) });
    await broken.call('training.holdQueue');
    for (const name of ['a', 'b', 'c']) await broken.call('training.enqueue', { config, name });
    const notice = broken.until<{ text: string }>('app.notice', ({ text }) => text.includes('"a"'));
    await broken.call('training.startQueue');
    expect((await notice).text).toMatch(/"a" failed: .*exit code 1.*\. The runs in line wait: start them when that is mended\./);
    expect(await broken.call('training.queue')).toMatchObject({ held: true, waiting: [{ name: 'b' }, { name: 'c' }] });
    await broken.workbench.shutDown();
  });

  test('goes on after a resume that is refused while it reads its images, which leaves the run as it was', async () => {
    const epoch = bench.until('training.epoch', () => true);
    const run = await bench.call<RunSummary>('training.start', { config: { ...config, epochs: 500 }, name: 'long' });
    await epoch;
    const stopped = ended(1);
    await bench.call('training.stop');
    await stopped;
    copyFileSync(path.join(folder, 'val/val-0.png'), path.join(folder, 'train/train-0.png'));
    const done = ended(3);
    await bench.call('training.resumeRun', { runId: run.id });
    await bench.call('training.enqueue', { config, name: 'next' });
    expect((await done).run).toMatchObject({ name: 'next', status: 'finished' });
    const refused = (await runs()).find(({ id }) => id === run.id);
    expect(refused).toMatchObject({ status: 'stopped', resumable: true, reason: expect.stringContaining('other photos') as string });
    await bench.workbench.shutDown();
  });

  test('gives a removed run back in its place', async () => {
    await bench.call('training.holdQueue');
    for (const name of ['a', 'b', 'c']) await bench.call('training.enqueue', { config, name });
    const { waiting } = await bench.call<QueueState>('training.queue');
    const removed = await bench.call<QueuedRun>('training.removeQueued', { id: waiting[1].id });
    expect((await bench.call<QueueState>('training.queue')).waiting.map(({ name }) => name)).toEqual(['a', 'c']);
    expect((await bench.call<QueueState>('training.restoreQueued', { run: removed })).waiting.map(({ name }) => name)).toEqual([
      'a',
      'b',
      'c',
    ]);
    await expect(bench.call('training.removeQueued', { id: 'nobody' })).rejects.toMatchObject({ code: 'not-found' });
    await bench.workbench.shutDown();
  });

  test('holds, with the run kept, where the next cannot be started', async () => {
    await bench.call('training.holdQueue');
    await bench.call('training.enqueue', { config, name: 'lost', startFrom: 'no-such-run' });
    const notice = bench.until<{ text: string }>('app.notice', () => true);
    await bench.call('training.startQueue');
    expect((await notice).text).toMatch(/"lost" could not be started: The run|"lost" could not be started: There is no run "no-such-run"/);
    expect(await bench.call('training.queue')).toMatchObject({ held: true, waiting: [{ name: 'lost' }] });
    await bench.workbench.shutDown();
  });
});

test('a run that is queued during a rate search starts when the search has ended', async () => {
  await bench.call('training.findRate', { config });
  await bench.call('training.enqueue', { config, name: 'after the search' });
  expect(await bench.call('training.queue')).toMatchObject({ held: false, waiting: [{ name: 'after the search' }] });
  const end = ended(1);
  await bench.call('training.cancelFindRate');
  expect((await end).run).toMatchObject({ name: 'after the search', status: 'finished' });
  await bench.workbench.shutDown();
});

test('a workbench that closes in the middle of a start loses no run', async () => {
  await bench.call('training.holdQueue');
  await bench.call('training.enqueue', { config: { ...config, epochs: 500 }, name: 'caught' });
  await bench.call('training.startQueue');
  await bench.workbench.shutDown();
  bench = createBench({ userData });
  await bench.call('datasets.open', { path: folder });
  const { waiting } = await bench.call<QueueState>('training.queue');
  expect([...waiting, ...(await runs())].map(({ name }) => name)).toEqual(['caught']);
  await bench.workbench.shutDown();
});

test('what no queue wrote is refused', async () => {
  for (const run of [{}, { id: 'x', name: 'x', config, startFrom: null, sweep: null, priority: 1e9, createdAt: '' }])
    await expect(bench.call('training.restoreQueued', { run })).rejects.toMatchObject({ code: 'invalid-argument' });
  await expect(bench.call('training.start', { config, name: '', startFrom: '../../elsewhere' })).rejects.toMatchObject({
    code: 'not-found',
  });
  await bench.workbench.shutDown();
});

describe('a sweep', () => {
  const sweep = (changes: Partial<Sweep>): Sweep => ({
    name: 'rates',
    kind: 'grid',
    config,
    settings: [{ path: 'optimizer.learningRate', values: [0.001, 0.01] }],
    runs: 5,
    ...changes,
  });

  test('of a grid has every combination, each with its own settings and name', () => {
    const all = expandSweep(
      sweep({
        settings: [
          { path: 'optimizer.learningRate', values: [0.001, 0.01] },
          { path: 'loss.seWeight', values: [0, 0.2, 0.4] },
        ],
      }),
    );
    expect(all).toHaveLength(6);
    expect(new Set(all.map(({ name }) => name)).size).toBe(6);
    expect(all[4]).toMatchObject({
      name: 'rates: learningRate 0.01, seWeight 0.2',
      config: { optimizer: { learningRate: 0.01 }, loss: { seWeight: 0.2 } },
    });
    expect(config.optimizer.learningRate).not.toBe(0.01);
  });

  test('varies each setting once: another list of the same would be in the names alone', () => {
    const twice = { path: 'batchSize', values: [4, 8] };
    expect(sweepSchema.safeParse({ ...sweep({ settings: [twice, twice] }) }).error?.issues[0].message).toBe(
      'each setting may be varied once',
    );
    expect(sweepSchema.safeParse(sweep({ settings: [twice] })).success).toBe(true);
  });

  test('drawn at random stays in its range and repeats by seed', () => {
    const random = sweep({
      kind: 'random',
      settings: [{ path: 'optimizer.learningRate', low: 1e-4, high: 1e-1, logarithmic: true }],
      runs: 40,
    });
    const rates = expandSweep(random).map((run) => run.config.optimizer.learningRate);
    expect(rates.every((rate) => rate >= 1e-4 && rate <= 1e-1)).toBe(true);
    expect(rates.filter((rate) => rate < 1e-2).length).toBeGreaterThan(15);
    expect(expandSweep(random)).toEqual(expandSweep(random));
  });

  test('rounds what it draws for whole settings, and another schedule brings its own settings', () => {
    const epochs = expandSweep(
      sweep({ kind: 'random', settings: [{ path: 'epochs', low: 1, high: 9, logarithmic: false }], runs: 20 }),
    ).map((run) => run.config.epochs);
    expect(epochs.every((value) => Number.isInteger(value) && value >= 1 && value <= 9)).toBe(true);
    // A run is called by what it has.
    const batches = expandSweep(sweep({ kind: 'random', settings: [{ path: 'batchSize', low: 1, high: 9, logarithmic: false }], runs: 9 }));
    for (const { name, config } of batches) expect(name).toContain(`batchSize ${config.batchSize}`);
    // What a person has named is taken at its word, or refused by it.
    for (const [path, value] of [
      ['loss.priorCorrection', 1.2],
      ['batchSize', 6.5],
      ['data.brightness', 0.95],
    ] as const)
      expect(() => expandSweep(sweep({ settings: [{ path, values: [value] }] }))).toThrow(String(value));
    const schedules = expandSweep(sweep({ settings: [{ path: 'schedule.kind', values: ['poly', 'cosine'] }] })).map(
      (run) => run.config.schedule,
    );
    expect(schedules).toEqual([
      { kind: 'poly', power: 0.9 },
      { kind: 'cosine', floor: 0 },
    ]);
  });

  test.each([
    ['an unknown setting', { settings: [{ path: 'optimizer.speed', values: [1] }] }, 'There is no setting "optimizer.speed"'],
    ['a value against a rule', { settings: [{ path: 'batchSize', values: [0] }] }, 'Setting batchSize'],
    [
      'a range in a grid',
      { settings: [{ path: 'batchSize', low: 1, high: 2, logarithmic: false }] },
      'needs a list of values for batchSize',
    ],
    [
      'a range that falls',
      { kind: 'random', settings: [{ path: 'optimizer.learningRate', low: 1, high: 0.1, logarithmic: true }] },
      'must rise from above 0, received 1 to 0.1',
    ],
    [
      'too many runs',
      { settings: Array.from({ length: 3 }, () => ({ path: 'seed', values: Array.from({ length: 10 }, (_, i) => i) })) },
      'may have 200 runs, received 1000',
    ],
  ] as [string, Partial<Sweep>, string][])('with %s is refused by name', (_, changes, message) => {
    expect(() => expandSweep(sweep(changes))).toThrow(message);
  });

  test('becomes runs in line that know their sweep', async () => {
    const done = ended(2);
    await bench.call('training.sweep', sweep({}));
    await done;
    expect((await runs()).map(({ name, sweep: of, status }) => [name, of, status]).sort()).toEqual([
      ['rates: learningRate 0.001', 'rates', 'finished'],
      ['rates: learningRate 0.01', 'rates', 'finished'],
    ]);
    await bench.workbench.shutDown();
  });
});

test('folds hold out one block of the labelled images each, all of them once, and say so', async () => {
  const done = ended(3);
  const settings = [{ path: 'fold.index', values: [0, 1, 2] }];
  await bench.call('training.sweep', {
    name: 'folds',
    kind: 'grid',
    runs: 3,
    settings,
    config: { ...config, fold: { count: 3, index: 0 } },
  });
  await done;
  const all = (await runs()).sort((a, b) => a.name.localeCompare(b.name));
  expect(all.map(({ name, status }) => `${name} ${status}`)).toEqual([
    'folds: fold 1 finished',
    'folds: fold 2 finished',
    'folds: fold 3 finished',
  ]);
  const details = await Promise.all(all.map(({ id }) => bench.call<RunDetail>('runs.get', { runId: id })));
  expect(details.map(({ protocol }) => protocol.split)).toEqual(['fold 1 of 3', 'fold 2 of 3', 'fold 3 of 3']);
  const held = details.map(({ folder: at }) => {
    const samples = JSON.parse(readFileSync(path.join(at, 'samples.json'), 'utf8')) as Record<'train' | 'validation', { id: string }[]>;
    expect(samples.train.length + samples.validation.length).toBe(6);
    const ids = (list: { id: string }[]) => list.map(({ id }) => id);
    expect(ids(samples.train).filter((id) => ids(samples.validation).includes(id))).toEqual([]);
    return ids(samples.validation);
  });
  expect(held.map((ids) => ids.length)).toEqual([2, 2, 2]);
  expect(new Set(held.flat()).size).toBe(6);
  await expect(bench.call('training.start', { config: { ...config, fold: { count: 3, index: 3 } }, name: '' })).rejects.toThrow(
    'must be one of the folds',
  );
  await bench.workbench.shutDown();
});

test("a run can start from another's best weights", async () => {
  const first = ended(1);
  await bench.call('training.start', { config, name: 'first' });
  const { run } = await first;
  const second = ended(2);
  await bench.call('training.start', { config: { ...config, seed: 99 }, name: 'second', startFrom: run.id });
  const { run: next } = await second;
  expect(next.status).toBe('finished');
  expect((await bench.call<string[]>('training.log', { runId: next.id })).join('\n')).toMatch(
    /\d+ tensors taken from .*best\.ckpt; 0 start at random/,
  );
  const { origin } = await bench.call<RunDetail>('runs.get', { runId: next.id });
  const { checkpoints } = await bench.call<RunDetail>('runs.get', { runId: run.id });
  expect(origin).toMatchObject({
    weights: { run: { id: run.id, name: 'first' }, epoch: checkpoints.find(({ role }) => role === 'best')!.epoch },
    sessions: [{ by: 'window', command: null }],
  });
  await bench.workbench.shutDown();
});

describe('the estimate', () => {
  const estimate = (of: typeof config) => bench.call<RunEstimate>('training.estimate', { config: of });

  test('grows with batch, size and width, and counts the parameters of the network', async () => {
    const { config: light } = findPreset('light');
    const base = await estimate(light);
    expect(base.measured).toBe(false);
    expect(Math.abs(base.parameters / 3_207_300 - 1)).toBeLessThan(0.05);
    expect((await estimate({ ...light, batchSize: 16 })).memoryMb).toBeGreaterThan(base.memoryMb);
    expect((await estimate(withSetting(light, 'data.size', [528, 704]))).epochSeconds).toBeGreaterThan(2 * base.epochSeconds);
    expect((await estimate(withSetting(light, 'model.width', 96))).epochSeconds).toBeGreaterThan(2 * base.epochSeconds);
    await bench.workbench.shutDown();
  });

  test('warns of what the machine cannot hold, and says what to change', async () => {
    const huge = { ...findPreset('reference').config, batchSize: 128 };
    const { warnings } = await estimate(withSetting(huge, 'data.size', [1024, 1024]));
    expect(warnings[0]).toMatch(
      /This needs about [\d.]+ GB of [\d.]+ GB: try a batch of 64 with 2 accumulated batches, or images smaller than 1024 x 1024\./,
    );
    await bench.workbench.shutDown();
  });

  test('follows what was measured here once a run has been timed', async () => {
    const end = ended(1);
    await bench.call('training.start', { config: { ...config, epochs: 2 }, name: '' });
    const { run } = await end;
    const { measured, epochSeconds } = await estimate(config);
    expect(measured).toBe(true);
    // A network that does a hundred times as much is not told by one that waits for its parts.
    expect((await estimate(findPreset('light').config)).measured).toBe(false);
    expect(epochSeconds).toBeGreaterThan(0.2 * (run.durationSeconds / 2));
    expect(epochSeconds).toBeLessThan(5 * (run.durationSeconds / 2));
    await bench.workbench.shutDown();
  });
});

test('a recipe goes out and comes back as JSON; a broken one is named', async () => {
  const parse = (text: string) => bench.call('training.parseRecipe', { text });
  const { config: paper } = findPreset('paper');
  expect(await parse(JSON.stringify(paper))).toEqual(paper);
  await expect(parse('{')).rejects.toMatchObject({
    code: 'invalid-argument',
    message: "The recipe cannot be read: it is not JSON: Expected property name or '}' at line 1, column 2",
  });
  await expect(parse(JSON.stringify({ ...paper, batchSize: 0 }))).rejects.toMatchObject({
    message: expect.stringContaining('Setting batchSize') as string,
  });
  await expect(parse(JSON.stringify({ ...paper, speed: 1 }))).rejects.toMatchObject({
    message: expect.stringContaining('speed') as string,
  });
  await bench.workbench.shutDown();
});

test('a rate search reports its curve, keeps the device to itself, and can be cancelled', async () => {
  const finished = bench.until<RateSearch>('training.rate', ({ state }) => state !== 'running');
  await bench.call('training.findRate', { config });
  await expect(bench.call('training.start', { config, name: '' })).rejects.toMatchObject({
    code: 'busy',
    message: expect.stringContaining('learning-rate search') as string,
  });
  await bench.until<RateSearch>('training.rate', ({ points }) => points.length >= 3);
  await bench.call('training.cancelFindRate');
  const search = await finished;
  expect(search).toMatchObject({ state: 'stopped', total: 80 });
  expect(search.precision).toEqual({ precision: 'float32', reason: null });
  expect(search.points.length).toBeGreaterThanOrEqual(3);
  expect(await bench.call('training.rateSearch')).toEqual(search);
  await bench.workbench.shutDown();
});

test('a pause outlives the application', async () => {
  const step = bench.until('training.step', () => true);
  await bench.call('training.start', { config: { ...config, epochs: 500 }, name: 'paused one' });
  await step;
  const paused = bench.until<TrainingStatus>('training.status', ({ phase }) => phase === 'paused');
  await bench.call('training.pause');
  await paused;
  await bench.workbench.shutDown();
  bench = createBench({ userData });
  await bench.call('datasets.open', { path: folder });
  const [run] = await runs();
  expect(run).toMatchObject({ status: 'paused', resumable: true });
  const going = bench.until('training.step', () => true);
  await bench.call('training.resumeRun', { runId: run.id });
  await going;
  await bench.workbench.shutDown();
});

describe('a weight file', () => {
  async function trained(): Promise<string> {
    const first = ended(1);
    await bench.call('training.start', { config, name: 'first' });
    const { run } = await first;
    const { folder: from } = await bench.call<RunDetail>('runs.get', { runId: run.id });
    const file = path.join(temporaryFolder(), 'mine.ckpt');
    copyFileSync(path.join(from, 'best.ckpt'), file);
    return file;
  }

  test('is looked at, and a run starts from it, knows it and remembers its hash', async () => {
    const file = await trained();
    const look = (of: typeof config, named = file) => bench.call<WeightFit>('training.lookAtWeights', { file: named, config: of });
    const fit = await look(config, ` "${file}" `);
    expect(fit).toMatchObject({ file, missing: [], mismatched: [], unexpected: [], remedy: null });
    expect(fit.taken).toBe(fit.tensors);
    const wider = await look(withSetting(config, 'model.width', 2 * config.model.width));
    expect(wider.taken).toBeLessThan(fit.taken);
    expect(wider.remedy).toMatchObject({ settings: { 'model.width': config.model.width }, taken: fit.taken, tensors: fit.tensors });
    const second = ended(2);
    await bench.call('training.start', { config: { ...config, seed: 99 }, name: 'second', startFrom: startOfFile(file) });
    const { run } = await second;
    expect(run.status).toBe('finished');
    const { origin } = await bench.call<RunDetail>('runs.get', { runId: run.id });
    expect(origin!.weights).toMatchObject({ file, run: null, taken: fit.taken, tensors: fit.tensors });
    expect(origin!.weights!.sha256).toBe(createHash('sha256').update(readFileSync(file)).digest('hex'));
    await bench.workbench.shutDown();
  });

  test('waits in line by its path, also over a restart; one that has gone is told by its path', async () => {
    const file = path.join(temporaryFolder(), 'gone.pth');
    await bench.call('training.holdQueue');
    await bench.call('training.enqueue', { config, name: 'later', startFrom: startOfFile(file) });
    await bench.workbench.shutDown();
    bench = createBench({ userData });
    await bench.call('datasets.open', { path: folder });
    expect(await bench.call<QueueState>('training.queue')).toMatchObject({
      waiting: [{ name: 'later', startFrom: startOfFile(file) }],
      broken: [],
    });
    await expect(bench.call('training.start', { config, name: '', startFrom: startOfFile(file) })).rejects.toThrow(
      `${file} does not exist`,
    );
    await bench.workbench.shutDown();
  });

  test('that cannot be read is refused by its name; a newer look ends an older one, and the end of the workbench each', async () => {
    const bad = path.join(temporaryFolder(), 'notes.pth');
    writeFileSync(bad, 'no weights');
    const look = (file: string) => bench.call<WeightFit>('training.lookAtWeights', { file, config });
    await expect(look(bad)).rejects.toThrow(`${bad} is neither a zip nor a pickle`);
    await expect(look('/nowhere/x.pth')).rejects.toThrow('/nowhere/x.pth');
    const [older, newer] = await Promise.allSettled([look(bad), look(bad)]);
    expect(older).toMatchObject({ status: 'rejected', reason: { code: 'cancelled' } });
    expect(newer).toMatchObject({ status: 'rejected', reason: { code: 'corrupt-file' } });
    const last = look(bad);
    await Promise.all([bench.workbench.shutDown(), expect(last).rejects.toMatchObject({ code: 'cancelled' })]);
  });
});
