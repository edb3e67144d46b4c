// How masks are read stays what it was: what a person paints is read at the next opening as it was painted.
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { DatasetInfo } from '#shared/contract/datasets';
import { readStoredMask } from '#files/mask-png';
import { readingName } from '#services/layouts/kept-reading';
import { locateDataset } from '#services/layouts/recognise';
import { writtenPng } from '../../scripts/sample/png-writing.ts';
import { box } from '../helpers/box-patch.ts';
import { temporaryFolder } from '../helpers/dataset.ts';
import { openMask, stroke } from '../helpers/edits.ts';
import { layInto, photoSize, putInto } from '../helpers/folders.ts';
import { createBench, type TestBench } from '../helpers/services.ts';

const { width, height } = photoSize;
type Colours = readonly (readonly [number, number, number])[];

const names = ['road', 'car', 'sky'];
const colourSets: Record<string, Colours> = {
  'street colours': [
    [128, 64, 128],
    [0, 0, 142],
    [70, 130, 180],
  ],
  'greys of streets': [
    [128, 128, 128],
    [192, 192, 192],
    [64, 64, 64],
  ],
  'pure colours': [
    [255, 0, 0],
    [0, 255, 0],
    [0, 0, 255],
  ],
  'one of them black': [
    [0, 0, 0],
    [0, 0, 142],
    [70, 130, 180],
  ],
  'one of them white': [
    [255, 255, 255],
    [0, 0, 0],
    [70, 130, 180],
  ],
  'black, grey and white': [
    [0, 0, 0],
    [80, 80, 80],
    [255, 255, 255],
  ],
};

const listsOf: Record<string, (colours: Colours) => [string, string]> = {
  'label_colors.txt': (colours) => ['label_colors.txt', names.map((name, at) => `${colours[at].join(' ')} ${name}`).join('\n')],
  'class_dict.csv': (colours) => ['class_dict.csv', ['name,r,g,b', ...names.map((name, at) => `${name},${colours[at].join()}`)].join('\n')],
  'classes.json': (colours) => ['classes.json', JSON.stringify(names.map((name, at) => ({ name, color: colours[at] })))],
};

let folder: string;
let bench: TestBench;
beforeEach(() => {
  folder = temporaryFolder();
  bench = createBench({});
});

const open = () => bench.call<DatasetInfo>('datasets.open', { path: folder });
const readAnew = () => bench.call<DatasetInfo>('datasets.refresh');
/** Opens another data set in between, as the next start would. */
async function openAgain(): Promise<DatasetInfo> {
  await bench.call('datasets.openSample');
  return open();
}

async function paintOn(imageId: string, values: readonly number[]): Promise<Uint8Array> {
  for (const [at, value] of values.entries()) await stroke(bench, imageId, box(3 * at, 1, 3, 2, value));
  await bench.call('edits.save', { imageId });
  return (await openMask(bench, imageId)).ids;
}

describe.each(['label_colors.txt', 'classes.json'])('%s', (list) => {
  test.each(Object.keys(colourSets))('a few strokes on images without masks, %s', async (colours) => {
    await layInto(folder, 'images/1.jpg images/2.jpg', false);
    putInto(folder, ...listsOf[list](colourSets[colours]));
    const before = await open();
    for (const value of [0, 1, 2]) {
      await openMask(bench, 'images/1');
      const painted = await paintOn('images/1', [value]);
      const now = await readAnew();
      expect([now.arrangement.masks, now.arrangement.classes]).toEqual([before.arrangement.masks, before.arrangement.classes]);
      expect((await openMask(bench, 'images/1')).ids).toEqual(painted);
    }
  });

  test.each(Object.keys(colourSets))('an erased corner of palettes on black, %s', async (colours) => {
    await layInto(folder, 'images/1.jpg images/2.jpg', false);
    putInto(folder, ...listsOf[list](colourSets[colours]));
    const palette = [[0, 0, 0] as const, ...colourSets[colours]];
    const samples = Array.from({ length: width * height }, (_, i) => i % palette.length);
    for (const name of ['1', '2'])
      putInto(folder, `masks/${name}.png`, writtenPng({ width, height, depth: 8, colourType: 3, palette: palette.flat(), samples }));
    const before = await open();
    const other = (await openMask(bench, 'images/2')).ids;
    await openMask(bench, 'images/1');
    const painted = await paintOn('images/1', [255, 255]);
    const now = await readAnew();
    expect(now.arrangement.masks).toBe(before.arrangement.masks);
    expect((await openMask(bench, 'images/1')).ids).toEqual(painted);
    expect((await openMask(bench, 'images/2')).ids).toEqual(other);
  });
});

test('colours on black are read by a list that names no black, however much is black, and in whatever a mask is written', async () => {
  const colours = colourSets['street colours'];
  const palette = [[0, 0, 0] as const, ...colours];
  for (const kinds of [2, 3, 4])
    for (const colourType of [2, 3] as const) {
      folder = temporaryFolder();
      await layInto(folder, 'images/1.jpg', false);
      putInto(folder, ...listsOf['label_colors.txt'](colours));
      const indices = Array.from({ length: width * height }, (_, i) => (i % 2 === 0 ? 0 : (i >> 1) % kinds));
      const samples = colourType === 3 ? indices : indices.flatMap((at) => palette[at]);
      putInto(folder, 'masks/1.png', writtenPng({ width, height, depth: 8, colourType, palette: palette.flat(), samples }));
      const { classSet, images } = locateDataset(folder);
      const { values, toId } = readStoredMask(images[0].maskFile, classSet.format);
      expect(Array.from(values, (code) => toId[code])).toEqual(indices.map((at) => (at === 0 ? 255 : at - 1)));
    }
});

test('a reading that is damaged is looked for anew, which is told', async () => {
  await layInto(folder, 'images/1.jpg =masks/1.png');
  await open();
  await bench.call('datasets.openSample');
  const file = path.join(folder, '.encnet', readingName);
  writeFileSync(file, '{"version":1');
  for (const info of [await open(), await openAgain()]) expect(info.problems.join()).toContain(`${file} does not hold how masks were read`);
  rmSync(file);
  expect((await openAgain()).problems).toEqual([]);
});

test('masks that show another reading than the one of before are read by that', async () => {
  await layInto(folder, 'images/1.jpg', false);
  putInto(folder, ...listsOf['classes.json'](colourSets['street colours']));
  expect((await open()).arrangement.masks).toBe('value');
  await openMask(bench, 'images/1');
  await paintOn('images/1', [1]);
  await bench.call('datasets.openSample');
  rmSync(path.join(folder, 'masks/1.png'));
  const samples = Array.from({ length: width * height }, (_, i) => colourSets['street colours'][i % 3]).flat();
  putInto(folder, 'masks/1.png', writtenPng({ width, height, depth: 8, colourType: 2, samples }));
  expect((await open()).arrangement.masks).toBe('colour');
});

test('palettes that another program numbers in its own order are read by their colours, whatever was read before', async () => {
  await layInto(folder, 'images/1.jpg =masks/1.png', false);
  putInto(folder, 'label_colors.txt', '10 10 10 bg\n128 64 128 road\n70 130 180 sky\n');
  expect((await open()).arrangement.masks).toBe('value');
  await bench.call('datasets.openSample');
  const samples = Array.from({ length: width * height }, (_, i) => i % 3);
  const palette = [70, 130, 180, 128, 64, 128, 10, 10, 10];
  putInto(folder, 'masks/1.png', writtenPng({ width, height, depth: 8, colourType: 3, palette, samples }));
  expect((await open()).arrangement.masks).toBe('colour');
  expect([...(await openMask(bench, 'images/1')).ids.slice(0, 3)]).toEqual([2, 1, 0]);
});

test('what was said of a folder is forgotten with how masks were read by it', async () => {
  await layInto(folder, 'images/1.jpg', false);
  putInto(folder, ...listsOf['label_colors.txt'](colourSets['one of them black']));
  const samples = Array.from({ length: width * height }, (_, i) => Number(i % 3 === 0));
  putInto(folder, 'masks/1.png', writtenPng({ width, height, depth: 8, colourType: 0, samples }));
  const found = (await open()).arrangement;
  const other = found.masks === 'value' ? 'first-channel' : 'value';
  await bench.call('datasets.arrange', { arrangement: { ...found, masks: other } });
  expect((await openAgain()).arrangement.masks).toBe(other);
  expect((await bench.call<DatasetInfo>('datasets.arrange', { arrangement: null })).arrangement.masks).toBe(found.masks);
  expect((await openAgain()).arrangement.masks).toBe(found.masks);
});

test.skipIf(process.getuid?.() === 0)('what was written before and cannot be looked at is told, and keeps nothing closed', async () => {
  await layInto(folder, 'images/1.jpg', false);
  putInto(folder, ...listsOf['label_colors.txt'](colourSets['street colours']));
  await open();
  await bench.call('datasets.openSample');
  const revisions = path.join(folder, '.encnet/revisions');
  mkdirSync(revisions, { recursive: true });
  chmodSync(revisions, 0);
  expect((await open()).problems.join()).toContain(`${revisions} could not be read: no permission`);
  chmodSync(revisions, 0o700);
});
