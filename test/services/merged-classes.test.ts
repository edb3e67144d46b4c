// Two classes become one in the files too: what was the one is the other in every mask, in its form, and all is taken back to the byte.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { readMask } from '#files/mask-png';
import { readPng } from '#files/png/png';
import { locateDataset } from '#services/layouts/recognise';
import type { DatasetInfo, ImageEntry } from '#shared/contract/datasets';
import type { RepairReport, RevisionInfo } from '#shared/contract/edits';
import { publishedSets } from '../../scripts/sample/published-sets.ts';
import { classChange, type EditedClass } from '../../src/renderer/features/library/class-set-change.ts';
import { hexOf } from '../../src/renderer/ui/colour.ts';
import { makeDataset, temporaryFolder } from '../helpers/dataset.ts';
import { box } from '../helpers/box-patch.ts';
import { openMask, stroke } from '../helpers/edits.ts';
import { createBench } from '../helpers/services.ts';

const several = publishedSets.filter(({ name }) =>
  ['segnet-camvid', 'cambridge-camvid', 'voc', 'reference', 'cityscapes-labelIds'].includes(name),
);

test.each(several)('$name', async ({ draw, firstId }) => {
  const folder = temporaryFolder();
  await draw(folder);
  const bench = createBench();
  const info = await bench.call<DatasetInfo>('datasets.open', { path: folder });
  const { classSet, maskFiles } = locateDataset(folder);
  const [gone, into] = [classSet.classes[1], classSet.classes[2]];
  const bytes = maskFiles.map((file) => readFileSync(file));
  const before = maskFiles.map((file) => readMask(file, classSet.format).ids);
  const rows = info.classes.map(({ id, name, color, value = id }): EditedClass => ({
    ...{ name, value, color: hexOf(color), isNew: false },
    into: id === gone.id ? `value:${into.value ?? into.id}` : '',
  }));
  const result = classChange(info, 'Merged', rows);
  if ('error' in result) throw new Error(result.error);
  // What waits in the journal is in the file before it is rewritten.
  await openMask(bench, firstId);
  await stroke(bench, firstId, box(3, 3, 2, 2, gone.id));
  const fileOfFirst = locateDataset(folder).images.find(({ id }) => id === firstId)!.maskFile;
  await bench.call('edits.save', { imageId: firstId });
  bytes[maskFiles.indexOf(fileOfFirst)] = readFileSync(fileOfFirst);
  before[maskFiles.indexOf(fileOfFirst)] = readMask(fileOfFirst, classSet.format).ids;

  await bench.call('datasets.arrange', { arrangement: { ...info.arrangement, ...result.change } });
  await bench.workbench.datasets.require().surveyed();
  const imageIds = (await bench.call<ImageEntry[]>('datasets.images')).filter(({ hasMask }) => hasMask).map(({ id }) => id);
  const report = await bench.call<RepairReport>('edits.rewrite', { imageIds, of: result.merged });
  expect(report.failed).toEqual([]);
  const touched = maskFiles.filter((_, at) => before[at].includes(gone.id));
  expect(report.done.length).toBe(touched.length);
  for (const [at, file] of maskFiles.entries()) {
    // In the classes of before: that is what other programs read.
    expect([...readMask(file, classSet.format).ids], path.basename(file)).toEqual(
      [...before[at]].map((id) => (id === gone.id ? into.id : id)),
    );
    const { header, palette } = readPng(readFileSync(file), file, () => undefined);
    expect(header).toEqual(readPng(bytes[at], file, () => undefined).header);
    expect(palette).toEqual(readPng(bytes[at], file, () => undefined).palette);
  }
  const history = await bench.call<RevisionInfo[]>('edits.revisions', { imageId: firstId });
  expect(history[0]).toMatchObject({ origin: 'merged', current: true });
  expect(await bench.call<RepairReport>('edits.rewrite', { imageIds, of: result.merged })).toEqual({ done: [], failed: [] });

  expect(await bench.call<RepairReport>('edits.unrepair', { imageIds: report.done })).toEqual({ done: report.done, failed: [] });
  await bench.call('datasets.arrange', { arrangement: info.isArranged ? info.arrangement : null });
  for (const [at, file] of maskFiles.entries()) expect(readFileSync(file).equals(bytes[at]), file).toBe(true);
  await bench.workbench.shutDown();
});

test('what is painted as a class has the class’s own value, whatever else is read as it', async () => {
  const folder = await makeDataset({ train: 1, val: 1 });
  const bench = createBench();
  const { arrangement } = await bench.call<DatasetInfo>('datasets.open', { path: folder });
  // SegNet's order: 1 is Building, 5 Tree.
  const classes = locateDataset(folder).classSet.classes.filter(({ name }) => name !== 'Building');
  await bench.call('datasets.arrange', {
    arrangement: {
      ...arrangement,
      classes: { name: 'Ten', voidValue: 11, classes: classes.map(({ value = 0, name, color }) => ({ value, name, color })) },
      readAs: { 'value 1': 'Tree' },
    },
  });
  await bench.workbench.datasets.require().surveyed();
  const file = path.join(folder, 'trainannot/train-0.png');
  const tree = locateDataset(folder).classSet.classes.findIndex(({ name }) => name === 'Tree');
  await openMask(bench, 'train/train-0');
  await stroke(bench, 'train/train-0', box(0, 0, 4, 1, 0));
  await stroke(bench, 'train/train-0', box(0, 0, 4, 1, tree));
  await bench.call('edits.save', { imageId: 'train/train-0' });
  expect([...readPng(readFileSync(file), file, () => undefined).samples.subarray(0, 4)]).toEqual([5, 5, 5, 5]);
  await bench.workbench.shutDown();
});
