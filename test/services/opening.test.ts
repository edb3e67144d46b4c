// What is open at last where a person and the start of the workbench each open something.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { DatasetScope } from '#services/datasets/dataset-scope';
import type { DatasetInfo } from '#shared/contract/datasets';
import type { TrainingStatus } from '#shared/contract/training';
import { AppError } from '#shared/errors';
import { openFirstDataset } from '../../src/main/create-services.ts';
import { makeDataset } from '../helpers/dataset.ts';
import { createBench } from '../helpers/services.ts';
import { smallConfig } from '../helpers/training.ts';

test('a data set that a person asks for while the first cannot be opened stays: no sample takes its place', async () => {
  const folder = await makeDataset({ train: 1, val: 1 });
  const bench = createBench();
  const { datasets } = bench.workbench;
  const first = openFirstDataset(bench.workbench, path.join(folder, 'nowhere'));
  const [problem, info] = await Promise.all([first, datasets.open(folder)]);
  expect([problem, info.path, datasets.current()?.path]).toEqual([expect.stringContaining('nowhere'), folder, folder]);
  expect(problem).not.toContain('sample');
  // The sample is told while it is opened, as any other.
  const told: unknown[] = [];
  const end = bench.workbench.events.subscribe((name, payload) => name === 'datasets.opening' && told.push(payload));
  await datasets.openSample();
  end();
  expect(told).toEqual([expect.stringMatching(/sample$/), null]);
  await bench.workbench.shutDown();
});

test('what cannot be opened again after it was closed to be read anew says that nothing is open, and opens when it can', async () => {
  const folder = await makeDataset({ train: 1, val: 1 });
  const bench = createBench();
  await bench.call('datasets.open', { path: folder });
  const opens = vi.spyOn(DatasetScope, 'open').mockRejectedValue(new AppError('busy', 'the history is locked'));
  await expect(bench.call('datasets.refresh')).rejects.toMatchObject({
    code: 'busy',
    message: expect.stringMatching(
      /^the history is locked\. .* was closed to be read anew and could not be opened again: open it/,
    ) as string,
  });
  expect([opens.mock.calls.length, bench.workbench.datasets.current()]).toEqual([4, null]);
  opens.mockRestore();
  expect((await bench.call<DatasetInfo>('datasets.open', { path: folder })).path).toBe(folder);
  await bench.workbench.shutDown();
});

test('what was begun in a data set while another one was looked at goes on, and the other one is not opened for it', async () => {
  const [first, second] = [await makeDataset({ train: 2, val: 1 }), await makeDataset({ train: 1, val: 1 })];
  const bench = createBench();
  await bench.call('datasets.open', { path: first });
  const open = DatasetScope.open.bind(DatasetScope);
  const end = bench.until<TrainingStatus>('training.status', ({ active }) => !active);
  vi.spyOn(DatasetScope, 'open').mockImplementationOnce(async (options) => {
    const scope = await open(options);
    await bench.call('training.start', { config: smallConfig({ epochs: 1 }), name: 'begun meanwhile' });
    return scope;
  });
  await expect(bench.call('datasets.open', { path: second })).rejects.toMatchObject({ code: 'busy' });
  expect(bench.workbench.datasets.current()?.path).toBe(first);
  expect((await end).run.status).toBe('finished');
  // The other one was let go of.
  expect((await bench.call<DatasetInfo>('datasets.open', { path: second })).writable).toBe(true);
  vi.restoreAllMocks();
  await bench.workbench.shutDown();
});

test('a folder that is to be read in another way while a run goes on stays as it is', async () => {
  const folder = await makeDataset({ train: 4, val: 2 });
  const bench = createBench();
  const target = await makeDataset({ train: 2, val: 1 });
  const own = path.join(target, 'encnet.json');
  const { arrangement } = await bench.call<DatasetInfo>('datasets.open', { path: target });
  const splits = { by: 'ids', splits: { val: ['train/train-0'] } };
  await bench.call('datasets.arrange', { arrangement: { ...arrangement, splits } });
  const before = readFileSync(own, 'utf8');
  await bench.call('datasets.open', { path: folder });
  await bench.call('training.start', { config: smallConfig({ epochs: 50 }), name: '' });
  const asked = bench.call('datasets.openAs', { path: target, arrangement: { ...arrangement, title: 'Other' } });
  await expect(asked).rejects.toMatchObject({ code: 'busy' });
  expect(readFileSync(own, 'utf8')).toBe(before);
  await bench.call('training.stop');
  await bench.until<TrainingStatus>('training.status', ({ active }) => !active);
  await bench.workbench.shutDown();
});
