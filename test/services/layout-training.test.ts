// Every published layout trains as it opens: the trainer reads the images, splits and pixels that the window shows.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { DatasetInfo, ImageEntry } from '#shared/contract/datasets';
import type { TrainingStatus } from '#shared/contract/training';
import { publishedSets } from '../../scripts/sample/published-sets.ts';
import { temporaryFolder } from '../helpers/dataset.ts';
import { createBench } from '../helpers/services.ts';
import { smallConfig } from '../helpers/training.ts';

test.each(publishedSets)('$name', async (set) => {
  const folder = temporaryFolder();
  await set.draw(folder);
  const bench = createBench();
  const { classes, arrangement } = await bench.call<DatasetInfo>('datasets.open', { path: folder });
  await bench.workbench.datasets.require().surveyed();
  // What comes without a validation split gets one, as the window offers it.
  if (set.splits.val === undefined) {
    const [last] = (await bench.call<ImageEntry[]>('datasets.images')).slice(-1);
    await bench.call('datasets.arrange', { arrangement: { ...arrangement, splits: { by: 'ids', splits: { val: [last.id] } } } });
    await bench.workbench.datasets.require().surveyed();
  }
  const entries = (await bench.call<ImageEntry[]>('datasets.images')).filter(({ hasMask }) => hasMask);
  const labelled = (split: string) => entries.filter((entry) => entry.split === split);
  const end = bench.until<TrainingStatus>('training.status', ({ active }) => !active);
  await bench.call('training.start', { config: smallConfig({ epochs: 1 }), name: 'a run' });
  const { run } = await end;
  expect(run).toMatchObject({ status: 'finished' });

  const { train, validation } = JSON.parse(readFileSync(path.join(folder, '.encnet/runs', run.id, 'samples.json'), 'utf8')) as Record<
    'train' | 'validation',
    { id: string }[]
  >;
  expect(train.map(({ id }) => id)).toEqual(labelled('train').map(({ id }) => id));
  expect(validation.map(({ id }) => id)).toEqual(labelled('val').map(({ id }) => id));
  // Masks are scored as they are: every labelled pixel once.
  const confusion = await bench.call<number[][]>('runs.confusion', { runId: run.id, epoch: 1 });
  const pixels = classes.map(({ id }) => labelled('val').reduce((sum, { classPixels }) => sum + classPixels![id], 0));
  expect(confusion.map((row) => row.reduce((sum, count) => sum + count, 0))).toEqual(pixels);
  await bench.workbench.shutDown();
});
