// One job of a trainer process, from its start to its one end, on real processes that obey, hang, die and talk nonsense.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import pino from 'pino';
import { describe, expect, test, vi } from 'vitest';
import { Device } from '#services/jobs/device';
import { Job, type JobEnd, type JobPhase } from '#services/jobs/job';
import { Outbox } from '#services/jobs/outbox';
import { trainerProgram } from '#services/jobs/trainer-program';
import { asDatabaseError, isPassing } from '#services/database-error';
import { EventBus } from '#services/events';
import type { ExportJob, TrainerEvent } from '#shared/training/messages';
import { openDatabase } from '#services/database';
import { WorkFolder } from '#services/datasets/work-folder';
import { RunStore } from '#services/runs/run-store';
import { QueueStore } from '#services/training/queue-store';
import { ActiveRun } from '#services/training/active-run';
import { RunQueue } from '#services/training/run-queue';
import { temporaryFolder } from '../helpers/dataset.ts';
import { smallConfig } from '../helpers/training.ts';

const silent = pino({ level: 'silent' });
const job: ExportJob = { kind: 'export', checkpoint: '', outFile: '', format: 'onnx', half: false, size: null, notes: {} };

/** A trainer whose script is this. */
function trainer(script: string): { entry: string; program: string } {
  const entry = path.join(temporaryFolder(), 'trainer.mjs');
  writeFileSync(
    entry,
    `const say = (event) => process.send(event);
     let stop = () => { say({ type: 'done', reason: 'stopped', epoch: 0 }); process.disconnect(); setTimeout(() => process.exit(0), 20); };
     process.on('message', (command) => { if (command.type === 'stop') stop(); else if (command.type === 'pause') say({ type: 'paused' });
       else if (command.type === 'resume') say({ type: 'resumed' }); });
     ${script}`,
  );
  return { entry, program: process.execPath };
}

function run(
  script: string,
  changes: { onEvent?: (event: TrainerEvent) => void; onEnd?: (end: JobEnd) => void; device?: Device; lingerMs?: number } = {},
) {
  const events: TrainerEvent[] = [];
  const phases: JobPhase[] = [];
  const reported: string[] = [];
  const ends: JobEnd[] = [];
  const running = new Job({
    host: trainer(script),
    job,
    lingerMs: changes.lingerMs,
    claim: changes.device?.take('A test'),
    onEvent: (event) => {
      events.push(event);
      changes.onEvent?.(event);
    },
    onPhase: (phase) => phases.push(phase),
    onEnd: (end) => {
      ends.push(end);
      changes.onEnd?.(end);
    },
    report: (_error, during) => reported.push(during),
  });
  return { job: running, events, phases, reported, ends };
}

const started =
  "say({ type: 'ready', device: 'CPU', tensorflow: 'x' }); " +
  "say({ type: 'started', epoch: 0, step: 0, history: [], parameters: 1, steps: 1 });";
const until = (passes: () => boolean) => vi.waitFor(() => expect(passes()).toBe(true), { timeout: 5000 });

describe('a job', () => {
  test('that finishes says so once', async () => {
    const { job: running, ends, phases } = run(`${started} say({ type: 'done', reason: 'finished', epoch: 1 }); process.disconnect();`);
    expect(await running.ended).toEqual({ outcome: 'finished', code: null, reason: null });
    expect(ends).toHaveLength(1);
    expect(phases).toEqual(['running']);
    expect(running.phase).toBe('ended');
  });

  test('is paused, goes on and is stopped, each in its turn', async () => {
    const { job: running, phases } = run(`${started} setInterval(() => undefined, 100);`);
    await until(() => running.phase === 'running');
    running.steer('pause');
    await until(() => running.phase === 'paused');
    running.steer('resume');
    await until(() => phases.filter((phase) => phase === 'running').length >= 2);
    running.steer('stop');
    running.steer('pause');
    expect(running.phase).toBe('stopping');
    expect((await running.ended).outcome).toBe('stopped');
    running.steer('stop');
    expect(phases).toEqual(['running', 'pausing', 'paused', 'running', 'stopping']);
  });

  test.each([
    ['ends without a word', 'process.exit(0);', /ended without a result \(exit code 0\)/],
    ['ends with an error', "console.error('Error: out of cheese'); process.exit(7);", /exit code 7\)\. Error: out of cheese/],
    ['is killed', 'process.kill(process.pid, "SIGKILL");', /was killed \(SIGKILL\), as a system does when memory runs out/],
    ['aborts', 'process.abort();', /crashed \(SIGABRT\)/],
    [
      'says harmless things before',
      "console.error('oneDNN custom operations are on. round-off errors'); process.exit(3);",
      /^The trainer ended without a result \(exit code 3\)\.$/,
    ],
  ])('whose trainer %s has failed with its reason', async (_, script, reason) => {
    const end = await run(script).job.ended;
    expect(end).toMatchObject({ outcome: 'failed', code: 'trainer-failed', reason: expect.stringMatching(reason) as string });
  });

  test('that reports a failure and then dies keeps its own reason', async () => {
    const { job: running } = run(
      "say({ type: 'failed', code: 'disk-full', message: 'the disk is full' }); setTimeout(() => process.exit(1), 50);",
    );
    expect(await running.ended).toEqual({ outcome: 'failed', code: 'disk-full', reason: 'the disk is full' });
  });

  test('whose events cannot be taken stops with that reason, and nothing is thrown', async () => {
    const { job: running, reported } = run(`${started} setInterval(() => undefined, 100);`, {
      onEvent: (event) => {
        if (event.type === 'started') throw new Error('no room for it');
      },
    });
    const end = await running.ended;
    expect(end).toMatchObject({ outcome: 'failed', reason: 'Its results could not be recorded: no room for it' });
    expect(reported).toEqual(['the event "started" of a trainer']);
  });

  test('whose end cannot be recorded ends all the same, and frees the device', async () => {
    const device = new Device();
    const { job: running, reported } = run('process.exit(1);', {
      device,
      onEnd: () => {
        throw new Error('the disk is full');
      },
    });
    expect(device.takenBy).toBe('A test');
    expect((await running.ended).outcome).toBe('failed');
    expect(device.takenBy).toBeNull();
    expect(reported).toEqual(['the end of a job']);
  });

  test('that is closed while it writes a checkpoint is left to itself, never killed', async () => {
    const mark = path.join(temporaryFolder(), 'written');
    const { job: running } = run(`${started}
      stop = () => undefined;
      const { writeFileSync } = await import('node:fs');
      process.on('disconnect', () => setTimeout(() => { writeFileSync(${JSON.stringify(mark)}, 'whole'); process.exit(0); }, 300));
      setInterval(() => undefined, 1000);`);
    await until(() => running.phase === 'running');
    expect(await running.close(100)).toEqual({ outcome: 'left', code: null, reason: null });
    const { existsSync } = await import('node:fs');
    await until(() => existsSync(mark));
  });

  test('whose trainer has said that it is done but does not end is ended, with what it said', async () => {
    const { job: running } = run(`${started} say({ type: 'done', reason: 'finished', epoch: 1 }); setInterval(() => undefined, 100);`, {
      lingerMs: 200,
    });
    expect(await running.ended).toEqual({ outcome: 'finished', code: null, reason: null });
  });

  test('that ends within the patience is not left', async () => {
    const { job: running } = run(`${started} setInterval(() => undefined, 100);`);
    await until(() => running.phase === 'running');
    expect((await running.close(5000)).outcome).toBe('stopped');
  });
});

describe('the device', () => {
  test('is one claim at a time, and a claim given back twice frees nobody else', () => {
    const device = new Device();
    const freed = vi.fn();
    const stop = device.onFreed(freed);
    const first = device.take('A training run');
    expect(() => device.take('A search')).toThrow('A training run is going on: stop it or wait for its end');
    first.free();
    const second = device.take('A search');
    first.free();
    expect(device.takenBy).toBe('A search');
    second.free();
    expect(freed).toHaveBeenCalledTimes(2);
    stop();
    device.take('x').free();
    expect(freed).toHaveBeenCalledTimes(2);
  });
});

describe('the outbox', () => {
  const full = () => Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });

  test('writes at once what can be written', () => {
    const outbox = new Outbox(silent);
    const work = vi.fn();
    outbox.write('a step', work);
    expect(work).toHaveBeenCalledOnce();
    expect(outbox.size).toBe(0);
  });

  test('keeps order while the disk is full, and writes when there is room', async () => {
    const outbox = new Outbox(silent);
    const written: number[] = [];
    let room = false;
    for (const n of [1, 2, 3]) {
      outbox.write('a step', () => {
        if (!room) throw full();
        written.push(n);
      });
    }
    expect(outbox.size).toBe(3);
    room = true;
    await until(() => written.length === 3);
    expect(written).toEqual([1, 2, 3]);
    expect(outbox.size).toBe(0);
  });

  test('does not stand still over what can never be written', () => {
    const outbox = new Outbox(silent);
    const after = vi.fn();
    outbox.write('nonsense', () => {
      throw new TypeError('a bug');
    });
    outbox.write('a step', after);
    expect(after).toHaveBeenCalledOnce();
  });

  test('tries once more when it closes, and does not throw', () => {
    const outbox = new Outbox(silent);
    let room = false;
    const written = vi.fn();
    outbox.write('a step', () => {
      if (!room) throw full();
      written();
    });
    outbox.write('never', () => {
      throw full();
    });
    room = true;
    outbox.close();
    expect(written).toHaveBeenCalledOnce();
    expect(outbox.size).toBe(0);
  });

  test('writes nothing once another workbench has the data set', () => {
    let ours = true;
    const outbox = new Outbox(silent, () => ours);
    const work = vi.fn();
    ours = false;
    outbox.write('a step', work);
    outbox.close();
    expect(work).not.toHaveBeenCalled();
  });
});

test.each([
  ['SQLITE_FULL', 'disk-full', true],
  ['SQLITE_BUSY', 'busy', true],
  ['SQLITE_BUSY_SNAPSHOT', 'busy', true],
  ['SQLITE_READONLY', 'read-only', true],
  ['SQLITE_CANTOPEN', 'read-only', true],
  ['SQLITE_IOERR_WRITE', 'disk-full', true],
  ['SQLITE_NOTADB', 'corrupt-file', false],
  ['SQLITE_CORRUPT', 'corrupt-file', false],
  ['SQLITE_ERROR', 'corrupt-file', false],
] as const)('%s is told as %s with the file', (code, expected, passing) => {
  const error = Object.assign(new Error('x'), { code });
  expect(asDatabaseError(error, '/data/history.db')).toMatchObject({
    code: expected,
    message: expect.stringContaining('/data/history.db') as string,
  });
  expect(isPassing(error)).toBe(passing);
});

test('what is no error of the database is left as it is', () => {
  const error = new TypeError('a bug');
  expect(asDatabaseError(error, '/x')).toBe(error);
  expect(isPassing(error)).toBe(false);
  expect(isPassing(null)).toBe(false);
});

test('one window that cannot be told keeps no other from being told', () => {
  const report = vi.fn();
  const bus = new EventBus(report);
  const heard = vi.fn();
  bus.subscribe(() => {
    throw new Error('its socket is gone');
  });
  const stop = bus.subscribe(heard);
  bus.of('set').emit('app.notice', { kind: 'info', text: 'x' });
  stop();
  bus.emit('app.notice', { kind: 'info', text: 'y' });
  expect(heard.mock.calls).toEqual([['app.notice', { kind: 'info', text: 'x' }, 'set']]);
  expect(report).toHaveBeenCalledTimes(2);
});

test('trainers run on the Node that npm brought, or on the one that is shipped', () => {
  expect(path.basename(trainerProgram(undefined))).toMatch(/^node/);
  expect(trainerProgram(undefined)).toContain('node_modules');
  const resources = temporaryFolder();
  expect(trainerProgram(resources)).toContain('node_modules');
  const shipped = path.join(resources, 'node', process.platform === 'win32' ? 'node.exe' : 'node');
  mkdirSync(path.dirname(shipped));
  writeFileSync(shipped, '');
  expect(trainerProgram(resources)).toBe(shipped);
});

/** What a run under way needs of a data set. */
function common() {
  const workFolder = new WorkFolder(temporaryFolder());
  const db = openDatabase(workFolder.at('history.db'), false);
  return { workFolder, db, events: new EventBus(() => undefined).of('a data set'), outbox: new Outbox(silent), device: new Device() };
}

/** A run under way whose trainer is this script; a validation of it is reckoned to take 20 steps. */
function activeRun(script: string, config = smallConfig()) {
  const { workFolder, db, events, outbox, device } = common();
  const store = new RunStore(db, workFolder);
  store.create({ id: 'a', name: 'a', config, classes: [], codeVersion: '1', datasetFingerprint: 'f', samples: [] });
  const ended = vi.fn();
  const active = new ActiveRun({
    runId: 'a',
    before: null,
    store,
    job: {
      kind: 'train',
      config,
      classes: [],
      maskFormat: { toId: [], voidValue: 255 },
      train: [],
      validation: [],
      outDir: store.folder('a'),
      resumeFrom: null,
      initialWeights: null,
      origin: { by: 'window', command: null, codeVersion: '1', folder: '', weightsOf: null },
    },
    validationSteps: 20,
    host: trainer(script),
    claim: device.take('A training run'),
    events,
    outbox,
    log: silent,
    ended,
  });
  return { db, outbox, device, active, ended };
}

test('the time left has validations in it before one was timed', async () => {
  const words = {
    type: 'step',
    rssMb: 1,
    metrics: { epoch: 1, step: 1, stepsPerEpoch: 10, globalStep: 1, totalSteps: 100, stepMs: 80, waitMs: 20 },
  };
  const { active, device, db, outbox } = activeRun(
    `say(${JSON.stringify(words)}); setInterval(() => undefined, 1000);`,
    smallConfig({ epochs: 10, validateEvery: 5 }),
  );
  await until(() => active.status().step !== null);
  // 99 steps of 0.1 s, and two validations of 20 such steps.
  expect(active.status().secondsLeft).toBeCloseTo(9.9 + 4, 6);
  active.steer(null, 'stop');
  await until(() => device.takenBy === null);
  db.close();
  outbox.close();
});

test('the time left keeps what a validation took while the next one begins, and knows that of one image', async () => {
  const step = (at: number) => ({ epoch: 1, step: at, stepsPerEpoch: 10, globalStep: at, totalSteps: 100, stepMs: 80, waitMs: 20 });
  const says = (...words: object[]) => words.map((word) => `say(${JSON.stringify(word)});`).join('');
  const looks = (done: number, total: number) => ({ type: 'validating', done, total, fitted: 0 });
  const { active, device, db, outbox } = activeRun(
    `${says({ type: 'step', rssMb: 1, metrics: step(10) }, looks(1, 3))}
     setTimeout(() => { ${says(looks(2, 3))} }, 600);
     setTimeout(() => { ${says(looks(3, 3), { type: 'step', rssMb: 1, metrics: step(11) }, looks(1, 3))} }, 1200);
     setTimeout(() => { ${says({ type: 'step', rssMb: 1, metrics: step(12) })} }, 1800);
     setTimeout(() => { ${says(looks(1, 1))} }, 2600);
     setInterval(() => undefined, 1000);`,
    smallConfig({ epochs: 10 }),
  );
  const validations = () => (active.status().secondsLeft! - (100 - active.status().step!.globalStep) * 0.1) / 10;
  await until(() => active.status().step?.globalStep === 12);
  // The first took 3 images of about 0.6 s; the second has only begun.
  expect(validations()).toBeGreaterThan(1);
  await until(() => active.status().validation?.total === 1);
  const { secondsLeft } = active.status();
  // Nine more of about 0.8 s.
  expect(secondsLeft! - 8.8).toBeGreaterThan(9 * 0.5);
  active.steer(null, 'stop');
  await until(() => device.takenBy === null);
  db.close();
  outbox.close();
});

describe('a history that cannot be read any more', () => {
  test('keeps no run from ending, frees the device and tells how it ended', async () => {
    const { db, outbox, device, active, ended } = activeRun('setTimeout(() => process.exit(7), 300);');
    db.close();
    await until(() => device.takenBy === null);
    expect(ended).toHaveBeenCalledOnce();
    expect(active.status()).toMatchObject({
      active: false,
      run: { status: 'failed', reason: expect.stringContaining('exit code 7') as string },
    });
    outbox.close();
  });

  test('holds the line instead of ending the workbench', () => {
    const { db, events, device } = common();
    const start = vi.fn();
    const queue = new RunQueue({ store: new QueueStore(db), events, device, log: silent, start });
    db.close();
    queue.advance();
    queue.hold();
    queue.close();
    expect(start).not.toHaveBeenCalled();
  });
});
