// Where a run comes from, as its trainer found it: weights, data, machine, and each time that it went on.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { readRunOrigin } from '#files/run-folder';
import { readCheckpoint } from '#ml/weights/checkpoint';
import type { TrainJob } from '#shared/training/messages';
import type { RunOrigin } from '#shared/training/run-origin';
import { makeDataset, temporaryFolder } from '../helpers/dataset.ts';
import { jobData } from '../helpers/job-data.ts';
import { runFit, smallConfig } from '../helpers/training.ts';

async function jobFor(epochs: number): Promise<TrainJob> {
  return {
    kind: 'train',
    config: smallConfig({ epochs, schedule: { kind: 'constant' } }),
    ...jobData(await makeDataset({ train: 4, val: 2 })),
    outDir: path.join(temporaryFolder(), 'run'),
    resumeFrom: null,
    initialWeights: null,
  };
}
const originOf = ({ outDir }: TrainJob): RunOrigin => readRunOrigin(outDir)!;
const checkpointOf = ({ outDir }: TrainJob, name = 'last'): string => path.join(outDir, `${name}.ckpt`);

test('a run from nothing tells its data and its machine, and adds each time that it went on', async () => {
  const job = await jobFor(2);
  await runFit(job, (event, control) => event.type === 'epoch' && control.stop());
  const first = originOf(job);
  expect(first.weights).toBeNull();
  const { data } = readCheckpoint(checkpointOf(job)).state;
  expect(first.data).toEqual({ folder: job.origin.folder, ...data });
  expect(first.data).toMatchObject({ train: 4, validation: 2 });
  expect(first.sessions).toMatchObject([
    { by: 'command line', command: null, codeVersion: 'test', epoch: 0, step: 0, machine: { cores: os.cpus().length, device: 'CPU' } },
  ]);
  const origin = { ...job.origin, by: 'window' as const, codeVersion: 'newer', folder: 'elsewhere' };
  await runFit({ ...job, resumeFrom: checkpointOf(job), origin });
  const second = originOf(job);
  // What it was started on stays as it was: only who went on with it is new.
  expect({ ...second, sessions: second.sessions.slice(0, 1) }).toEqual(first);
  expect(second.sessions.slice(1)).toMatchObject([{ by: 'window', codeVersion: 'newer', epoch: 1, step: 0 }]);
});

test('a run from weights tells their file, its hash, whose they are, how far they had learnt, and how much of them fits', async () => {
  const before = await jobFor(3);
  await runFit(before);
  const initialWeights = checkpointOf(before, 'epoch-0002');
  const file = existsSync(initialWeights) ? initialWeights : checkpointOf(before);
  const job = await jobFor(1);
  await runFit({ ...job, initialWeights: file, origin: { ...job.origin, weightsOf: { id: 'a', name: 'the first one' } } });
  const { weights } = originOf(job);
  const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex');
  expect(weights).toMatchObject({ file, sha256, run: { id: 'a', name: 'the first one' }, epoch: readCheckpoint(file).state.epoch });
  expect(weights!.taken).toBe(weights!.tensors);
  expect(weights!.tensors).toBeGreaterThan(50);
});

test('a run that did not keep it from the start stays one whose origin is not known, and a damaged file ends no run', async () => {
  const job = await jobFor(3);
  await runFit(job, (event, control) => event.type === 'epoch' && control.stop());
  const file = path.join(job.outDir, 'origin.json');
  rmSync(file);
  await runFit({ ...job, resumeFrom: checkpointOf(job) }, (event, control) => event.type === 'epoch' && control.stop());
  expect(readRunOrigin(job.outDir)).toBeNull();
  writeFileSync(file, '{');
  const events = await runFit({ ...job, resumeFrom: checkpointOf(job) });
  expect(events.at(-1)).toMatchObject({ type: 'done', reason: 'finished' });
  expect(events.some((event) => event.type === 'log' && event.text.includes('origin.json'))).toBe(true);
});

test('what is refused, and what is stopped before it knows its images, leaves no origin that is not so', async () => {
  const job = await jobFor(1);
  await runFit(job);
  const whole = originOf(job);
  await expect(runFit({ ...job, resumeFrom: checkpointOf(job) })).rejects.toMatchObject({ code: 'invalid-argument' });
  expect(originOf(job)).toEqual(whole);
});

test('a run that is stopped while its images are read tells its origin once it goes on, its weights too', async () => {
  const before = await jobFor(1);
  await runFit(before);
  const job = { ...(await jobFor(1)), initialWeights: checkpointOf(before) };
  await runFit(job, (event, control) => event.type === 'precision' && control.stop());
  expect(readRunOrigin(job.outDir)).toBeNull();
  expect(readCheckpoint(checkpointOf(job)).state).toMatchObject({ epoch: 0, step: 0, elapsedSeconds: 0 });
  await runFit({ ...job, initialWeights: null, resumeFrom: checkpointOf(job) });
  const origin = originOf(job);
  expect(origin.weights).toMatchObject({ file: checkpointOf(before), epoch: 1 });
  expect(origin.data).toMatchObject({ train: 4, validation: 2 });
  expect(origin.sessions).toHaveLength(1);
  expect(readCheckpoint(checkpointOf(job)).state.originDue).toBeNull();
});

test('a run takes no origin over that another left in its folder', async () => {
  const first = await jobFor(1);
  await runFit({ ...first, origin: { ...first.origin, folder: 'of the first' } });
  rmSync(checkpointOf(first));
  await runFit(first);
  expect(originOf(first)).toMatchObject({ data: { folder: first.origin.folder }, sessions: [{ epoch: 0 }] });
});
