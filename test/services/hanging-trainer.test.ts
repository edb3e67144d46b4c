// A trainer that takes no order any more: a person's insistence ends it, and nothing else does.
import { expect, test } from 'vitest';
import type { RunDetail, RunSummary } from '#shared/contract/runs';
import type { TrainingStatus } from '#shared/contract/training';
import { makeDataset } from '../helpers/dataset.ts';
import { createBench } from '../helpers/services.ts';
import { smallConfig } from '../helpers/training.ts';
import { trainerPid } from '../helpers/trainer-pid.ts';

test('a trainer that hangs while it is told to stop is ended at once, and its run goes on from its last checkpoint', async () => {
  const bench = createBench();
  await bench.call('datasets.open', { path: await makeDataset({ train: 8, val: 2 }) });
  const first = bench.until('training.epoch', () => true);
  const run = await bench.call<RunSummary>('training.start', { config: smallConfig({ epochs: 500 }), name: '' });
  const ended = bench.until<TrainingStatus>('training.status', ({ active }) => !active);
  await first;
  await expect(bench.call('training.endAtOnce')).rejects.toMatchObject({ code: 'conflict' });
  // As one that waits for a disk that is away.
  process.kill(trainerPid(), 'SIGSTOP');
  await bench.call('training.stop');
  await bench.call('training.endAtOnce');
  await ended;
  const [listed] = await bench.call<RunSummary[]>('runs.list', { withDeleted: false });
  expect(listed).toMatchObject({ id: run.id, status: 'interrupted', resumable: true });
  expect((await bench.call<RunDetail>('runs.get', { runId: run.id })).summary.reason).toContain('ended at once');
  await expect(bench.call('training.endAtOnce')).rejects.toMatchObject({ code: 'not-found' });
  await bench.workbench.shutDown();
});
