// What a search for a learning rate needs: images to learn from, and none to be scored on.
import { expect, test } from 'vitest';
import type { RateSearch } from '#shared/contract/training';
import { makeDataset } from '../helpers/dataset.ts';
import { createBench } from '../helpers/services.ts';
import { smallConfig } from '../helpers/training.ts';

test('a rate is searched for where no image is there to validate on', async () => {
  const bench = createBench();
  await bench.call('datasets.open', { path: await makeDataset({ train: 2, val: 0 }) });
  await expect(bench.call('training.start', { config: smallConfig(), name: '' })).rejects.toThrow('its split val');
  const found = bench.until<RateSearch>('training.rate', ({ points }) => points.length > 0);
  await bench.call('training.findRate', { config: smallConfig() });
  expect((await found).points[0].loss).toBeGreaterThan(0);
  const ended = bench.until<RateSearch>('training.rate', ({ state }) => state !== 'running');
  await bench.call('training.cancelFindRate');
  await ended;
  await bench.workbench.shutDown();
});
