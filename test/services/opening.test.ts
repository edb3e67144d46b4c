// What is open at last where a person and the start of the workbench each open something.
import path from 'node:path';
import { expect, test } from 'vitest';
import { openFirstDataset } from '../../src/main/create-services.ts';
import { makeDataset } from '../helpers/dataset.ts';
import { createBench } from '../helpers/services.ts';

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
