// Exports over the real services: one at a time, of one split, given up in the middle; and the values that a mask goes out with.
import { existsSync, readdirSync, renameSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readPng } from '#files/png/png';
import type { DatasetExportReport, DatasetExportState } from '#shared/contract/dataset-exports';
import type { DatasetInfo } from '#shared/contract/datasets';
import type { ExportFormName } from '#shared/data/export-forms';
import { voidId } from '#shared/mask/void-id';
import { builtInClassSet } from '#services/class-sets/class-set';
import { cityscapesIds } from '#services/dataset-exports/cityscapes-ids';
import { panopticMask } from '#services/dataset-exports/coco';
import { formOfExport } from '#services/dataset-exports/forms';
import { assertFitsZip } from '#services/dataset-exports/zip-room';
import { makeDataset, temporaryFolder } from '../helpers/dataset.ts';
import { createBench, type TestBench } from '../helpers/services.ts';

let bench: TestBench;
let out: string;

beforeEach(async () => {
  bench = createBench();
  await bench.call('datasets.open', { path: await makeDataset({ train: 30, val: 2 }) });
  await bench.workbench.datasets.require().surveyed();
  out = path.join(temporaryFolder(), 'out');
});
afterEach(() => bench.workbench.shutDown());

const start = (to: string, split: string | null, at = out) =>
  bench.call<DatasetExportReport>('datasetExports.start', { to, split, out: at, predictionId: null });

test('of one split holds its images and no other', async () => {
  expect(await start('segnet', 'val')).toMatchObject({ out, images: 2 });
  expect(readdirSync(out).toSorted()).toEqual(['classes.json', 'report.csv', 'val', 'val.txt', 'valannot']);
  expect(readdirSync(path.join(out, 'valannot'))).toHaveLength(2);
});

test('one goes on at a time; given up in the middle it leaves nothing behind, and the next one can begin', async () => {
  const ended = bench.until<DatasetExportState>('datasetExports.changed', (state) => 'end' in state);
  const going = start('cityscapes', null);
  await expect(start('segnet', 'val', `${out}-2`)).rejects.toMatchObject({ code: 'busy' });
  await bench.call('datasetExports.cancel');
  await expect(going).rejects.toMatchObject({ code: 'cancelled' });
  expect(await ended).toMatchObject({ end: { report: null, problem: expect.stringMatching(/cancelled|stopped/i) as string } });
  expect(readdirSync(path.dirname(out))).toEqual([]);
  expect(await start('segnet', 'val')).toMatchObject({ images: 2 });
  expect(existsSync(path.join(out, 'val.txt'))).toBe(true);
});

test('classes go out under the ids that Cityscapes gives them, and what it does not know is told', () => {
  const names = builtInClassSet('camvid-11').classes.map(({ name }) => name);
  expect(cityscapesIds(names)).toEqual({
    labelIds: [23, 11, 17, 7, 8, 21, 20, 13, 26, 24, 25],
    trainIds: [10, 2, 5, 0, 1, 8, 7, 4, 13, 11, 12],
    missing: [],
  });
  expect(cityscapesIds(['Bridge', 'RoadShoulder', 'ParkingBlock', 'Animal'])).toEqual({
    labelIds: [15, 6, 9, 0],
    trainIds: [255, 255, 255, 255],
    missing: ['Animal'],
  });
});

const samplesOf = (content: Uint8Array) => [...readPng(content, 'x.png', () => undefined).samples];

test('what is not labelled is 0 among label ids and 255 among those that are trained', () => {
  const { classes } = builtInClassSet('camvid-11');
  const image = { split: 'val', name: 'x', extension: '.png', picture: new Uint8Array(), width: 3, height: 1 };
  const files = formOfExport.cityscapes.files({ ...image, ids: Uint8Array.of(0, 8, voidId) }, classes);
  const valuesOf = (ending: string) => samplesOf(files.find((file) => file.path.endsWith(ending))!.content as Uint8Array);
  expect(valuesOf('_gtFine_labelIds.png')).toEqual([23, 26, 0]);
  expect(valuesOf('_gtFine_labelTrainIds.png')).toEqual([10, 13, 255]);
});

test('a segment of COCO is its category as a colour, and void is black', () => {
  expect(samplesOf(panopticMask({ width: 3, height: 1, ids: Uint8Array.of(0, 254, voidId) }))).toEqual([1, 0, 0, 255, 0, 0, 0, 0, 0]);
});

test('into the data set itself is refused, since it would be read as more images; beside it and as a zip it is not', async () => {
  const { path: folder } = await bench.call<DatasetInfo>('datasets.current');
  const link = path.join(temporaryFolder(), 'link');
  symlinkSync(folder, link);
  const before = readdirSync(folder);
  const inner = path.join(temporaryFolder(), 'inner');
  symlinkSync(path.join(folder, 'train'), inner);
  for (const at of [folder, path.join(folder, 'export'), path.join(folder, 'train/a/b'), path.join(link, 'export'), path.join(inner, 'x')])
    await expect(start('segnet', 'val', at)).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining(`${at} lies in the data set's own folder, ${folder}, where`) as string,
    });
  expect(readdirSync(folder)).toEqual(before);
  expect(await start('segnet', 'val', `${folder}-export`)).toMatchObject({ images: 2 });
  expect(await start('segnet', 'val', path.join(folder, 'val.zip'))).toMatchObject({ images: 2 });
  await expect(start('segnet', 'val', path.join(temporaryFolder(), 'long'.repeat(80)))).rejects.toMatchObject({ code: 'invalid-argument' });
});

test('a zip that will not hold it is refused before anything is written', async () => {
  const { classes } = builtInClassSet('camvid-11');
  const folder = temporaryFolder();
  const large = path.join(folder, 'large.png');
  writeFileSync(large, '');
  truncateSync(large, 1.5e9);
  const images = (count: number, imageFile = path.join(folder, 'none.png')) => Array.from({ length: count }, () => ({ imageFile }));
  const fits = (to: ExportFormName, count: number, file?: string, at = 'out.zip') => assertFitsZip(at, to, classes, images(count, file));
  await expect(fits('cityscapes', 16_384)).rejects.toThrow('out.zip would have more than 65,534 files: export into a folder instead');
  await fits('cityscapes', 16_383);
  await fits('segnet', 32_000);
  await expect(fits('segnet', 3, large)).rejects.toThrow('out.zip would have more than 4 GB: export into a folder instead');
  // Of these only masks go out, or into a folder.
  await fits('colour', 3, large);
  await fits('segnet', 3, large, 'out');
  // Others are written anew, and may become smaller.
  renameSync(large, path.join(folder, 'large.tif'));
  await fits('segnet', 3, path.join(folder, 'large.tif'));
});
