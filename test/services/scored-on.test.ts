// What scores are of: runs compare where classes, validation images and their labels are the same.
import { expect, test } from 'vitest';
import { validationMark } from '#services/runs/validation-mark';
import type { DatasetInfo } from '#shared/contract/datasets';
import type { RunDetail } from '#shared/contract/runs';
import type { TrainingStatus } from '#shared/contract/training';
import { againstBaseline, measuredOtherwise, scoredApart } from '../../src/renderer/features/runs/against.ts';
import { makeDataset } from '../helpers/dataset.ts';
import { paint } from '../helpers/edits.ts';
import { createBench } from '../helpers/services.ts';
import { smallConfig } from '../helpers/training.ts';

test('a mark is the same whatever order images come in, and another for other images, labels and classes', () => {
  const classes = [{ id: 0, name: 'Road', color: [1, 1, 1] as [number, number, number] }];
  const sample = (id: string, revision: string) => ({ id, imageFile: '', maskFile: '', revision });
  const [a, b] = [sample('val/a', '11'), sample('val/b', '22')];
  const mark = validationMark(classes, [a, b]);
  expect(mark).toMatch(/^[0-9a-f]{16}$/);
  expect(validationMark(classes, [b, a])).toBe(mark);
  const others = [
    validationMark(classes, [a]),
    validationMark(classes, [a, { ...b, revision: '23' }]),
    validationMark([{ ...classes[0], name: 'Sky' }], [a, b]),
  ];
  expect(new Set([mark, ...others]).size).toBe(4);
  expect(validationMark(classes, [])).toBeNull();
});

test('of a run that was scored on labels that were put right since, that is told beside one that is scored on these', async () => {
  const bench = createBench();
  await bench.call('datasets.open', { path: await makeDataset({ train: 2, val: 2 }) });
  const trained = async (name: string): Promise<RunDetail> => {
    const end = bench.until<TrainingStatus>('training.status', ({ active }) => !active);
    await bench.call('training.start', { config: smallConfig({ epochs: 1 }), name });
    return bench.call<RunDetail>('runs.get', { runId: (await end).run.id });
  };
  const [first, alike] = [await trained('first'), await trained('alike')];
  await paint(bench, 'train/train-0', 3);
  const taught = await trained('with another label to learn from');
  expect(first.summary.validation).toMatch(/^[0-9a-f]{16}$/);
  expect([alike, taught].map(({ summary }) => measuredOtherwise(first.summary, summary))).toEqual([null, null]);
  await paint(bench, 'val/val-0', 3);
  const other = await trained('other');
  expect(measuredOtherwise(first.summary, other.summary)).toBe(
    "Scored on other images, labels or classes than the baseline: what lies between them is not the networks' alone.",
  );
  expect(againstBaseline(first, other)[0].name).toBe('mIoU');
  expect([scoredApart([first, alike]), scoredApart([first])]).toEqual([null, null]);
  expect(scoredApart([first, alike, other])).toMatch(/^Not all of them were scored alike: first on val, .*, other on val, .*, with other /);
  // Folds of one division are scored on a part of it each.
  const fold = (run: RunDetail, index: number, count = 5) => ({
    ...run,
    config: { ...run.config, fold: { count, index } },
    summary: { ...run.summary, measured: `fold ${index + 1} of ${count}` },
  });
  expect(scoredApart([fold(first, 0), fold(other, 1)])).toBeNull();
  expect(scoredApart([fold(first, 0), fold(other, 1, 4)])).toContain('not the networks');
  const table = await bench.workbench.assets.handle(
    new Request(`http://x/asset/${(await bench.call<DatasetInfo>('datasets.current')).id}/history/runs.csv`),
  );
  expect([table.status, await table.text()].join()).toContain(first.summary.validation!);
  await bench.workbench.shutDown();
});
