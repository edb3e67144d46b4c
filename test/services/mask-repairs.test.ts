// A mask that cannot be used offers what fits, for one or for many, and every file is kept as it was.
import { existsSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readPng } from '#files/png/png';
import { revisionOf } from '#files/revision';
import type { ImageEntry } from '#shared/contract/datasets';
import type { EditState, RepairReport, RevisionInfo } from '#shared/contract/edits';
import { problemGroups } from '#shared/data/problem-groups';
import { writtenPng } from '../../scripts/sample/png-writing.ts';
import { makeDataset } from '../helpers/dataset.ts';
import { box } from '../helpers/box-patch.ts';
import { openMask, stroke } from '../helpers/edits.ts';
import { createBench, type TestBench } from '../helpers/services.ts';

const [width, height] = [64, 48];
const palette = [0, 0, 0, 10, 20, 30, 40, 50, 60];
let bench: TestBench;
let folder: string;
const ids = ['train/train-0', 'train/train-1'];
const fileOf = (id: string, extension = 'png') => path.join(folder, `trainannot/${path.basename(id)}.${extension}`);
const samplesOf = (file: string) => {
  const { header, samples, palette: entries } = readPng(readFileSync(file), file, () => undefined);
  return { width: header.width, height: header.height, depth: header.depth, palette: entries && [...entries], samples: [...samples] };
};
const entryOf = async (id: string) => (await bench.call<ImageEntry[]>('datasets.images')).find((entry) => entry.id === id)!;
const repair = (how: string, imageIds = ids) => bench.call<RepairReport>('edits.repair', { imageIds, how });

beforeEach(async () => {
  folder = await makeDataset({ train: 2, val: 1 });
  bench = createBench();
});
afterEach(() => bench.workbench.shutDown());

async function open(): Promise<void> {
  await bench.call('datasets.open', { path: folder });
  await bench.workbench.datasets.require().surveyed();
}

/** A palette mask of 2 bits whose value tells its row and column apart. */
const patterned = (columns: number, rows: number) =>
  writtenPng({
    ...{ width: columns, height: rows, depth: 2, colourType: 3, palette },
    samples: Array.from({ length: columns * rows }, (_, index) => ((index % columns) * 3 + Math.floor(index / columns)) % 3),
  });

test('masks of another size are fitted by the nearest label in their form, and taken back to the byte', async () => {
  for (const id of ids) writeFileSync(fileOf(id), patterned(32, 24));
  const before = ids.map((id) => readFileSync(fileOf(id)));
  await open();
  expect(problemGroups([await entryOf(ids[0])]).map(({ kind }) => kind)).toEqual(['size']);
  expect(await repair('fit')).toEqual({ done: ids, failed: [] });
  const half = Array.from({ length: 32 * 24 }, (_, index) => ((index % 32) * 3 + Math.floor(index / 32)) % 3);
  const expected = Array.from(
    { length: width * height },
    (_, index) => half[(Math.floor(index / width) >> 1) * 32 + ((index % width) >> 1)],
  );
  expect(samplesOf(fileOf(ids[0]))).toEqual({ width, height, depth: 2, palette, samples: expected });
  expect(await entryOf(ids[0])).toMatchObject({ state: 'labelled', problems: [] });
  await openMask(bench, ids[0]);
  await stroke(bench, ids[0], box(0, 0, 1, 1, 2));
  await bench.call('edits.save', { imageId: ids[0] });
  expect((await bench.call<RevisionInfo[]>('edits.revisions', { imageId: ids[0] })).map(({ origin }) => origin)).toEqual([
    'edit',
    'repaired',
    'original',
  ]);
  // What was painted on since is not taken back over.
  const report = await bench.call<RepairReport>('edits.unrepair', { imageIds: ids });
  expect(report).toEqual({ done: [ids[1]], failed: [expect.stringMatching(/train-0.png has been changed since/)] });
  expect(readFileSync(fileOf(ids[1]))).toEqual(before[1]);
});

test('a mask that lies on its side is turned', async () => {
  writeFileSync(fileOf(ids[0]), patterned(height, width));
  const before = samplesOf(fileOf(ids[0])).samples;
  await open();
  await repair('turn-right', [ids[0]]);
  const after = samplesOf(fileOf(ids[0]));
  expect([after.width, after.height]).toEqual([width, height]);
  // What was in the lower left corner is in the upper left one.
  expect(after.samples[0]).toBe(before[(width - 1) * height]);
  expect(after.samples[width - 1]).toBe(before[0]);
  await bench.call('edits.unrepair', { imageIds: [ids[0]] });
  await repair('turn-left', [ids[0]]);
  expect(samplesOf(fileOf(ids[0])).samples[0]).toBe(before[height - 1]);
});

test('a BMP is the mask of its image and is converted by the numbers of its palette', async () => {
  const file = Buffer.alloc(1078 + width * height);
  file.write('BM');
  for (const [at, value] of [[10, 1078], [14, 40], [18, width], [22, height], [46, 256]]) file.writeUInt32LE(value, at); // prettier-ignore
  file.writeUInt32LE((8 << 16) | 1, 26);
  for (let entry = 0; entry < 256; entry++) file.set([3 * entry, 5 * entry, entry], 54 + 4 * entry);
  for (let at = 0; at < width * height; at++) file[1078 + at] = at % 11;
  rmSync(fileOf(ids[0]));
  writeFileSync(fileOf(ids[0], 'bmp'), file);
  await open();
  expect((await entryOf(ids[0])).problems).toEqual([
    { kind: 'mask', is: 'convertible', text: `${fileOf(ids[0], 'bmp')} is a BMP, and masks are read as PNG: convert it` },
  ]);
  expect(await repair('convert', [ids[0]])).toEqual({ done: [ids[0]], failed: [] });
  const rows = Array.from({ length: height }, (_, row) => Array.from({ length: width }, (__, column) => (row * width + column) % 11));
  expect(samplesOf(fileOf(ids[0])).samples).toEqual(rows.toReversed().flat());
  expect(await entryOf(ids[0])).toMatchObject({ state: 'labelled', problems: [] });
  expect(readFileSync(fileOf(ids[0], 'bmp'))).toEqual(file);
});

test('a long repair tells how far it is, is stopped after the mask in hand, and is one at a time', async () => {
  const last = path.join(folder, 'valannot/val-0.png');
  for (const file of [...ids.map((id) => fileOf(id)), last]) writeFileSync(file, patterned(32, 24));
  await open();
  const begun = bench.until<{ done: number } | null>('edits.repairing', (progress) => progress?.done === 1);
  const repairing = repair('fit', [...ids, 'val/val-0']);
  await expect(repair('begin')).rejects.toMatchObject({ code: 'busy' });
  await begun;
  await bench.call('edits.cancelRepair');
  // The second may be in hand when the first is told of.
  const { done, failed } = await repairing;
  expect([[ids[0]], ids]).toContainEqual(done);
  expect(failed).toEqual([]);
  expect(samplesOf(last)).toMatchObject({ width: 32, height: 24 });
  expect(bench.events.filter(({ name }) => name === 'edits.repairing').at(-1)?.payload).toBeNull();
});

test('a TIFF is converted beside itself, a JPEG begun anew beside itself, and a broken PNG in its place', async () => {
  const values = Buffer.from(Array.from({ length: width * height }, (_, index) => index % 11));
  for (const id of ids) rmSync(fileOf(id));
  await sharp(values, { raw: { width, height, channels: 1 } })
    .tiff({ compression: 'lzw' })
    .toFile(fileOf(ids[0], 'tif'));
  await sharp(values, { raw: { width, height, channels: 1 } })
    .jpeg()
    .toFile(fileOf(ids[1], 'jpg'));
  writeFileSync(path.join(folder, 'valannot/val-0.png'), 'no picture');
  await open();
  expect((await repair('convert', [ids[0]])).failed).toEqual([]);
  expect(samplesOf(fileOf(ids[0])).samples).toEqual([...values]);
  expect(existsSync(fileOf(ids[0], 'tif'))).toBe(true);
  expect(await repair('begin', [ids[1], 'val/val-0'])).toEqual({ done: [ids[1], 'val/val-0'], failed: [] });
  expect(new Set(samplesOf(fileOf(ids[1])).samples)).toEqual(new Set([11]));
  for (const id of [...ids, 'val/val-0']) expect(await entryOf(id)).toMatchObject({ problems: [] });
  await openMask(bench, ids[1]);
  await stroke(bench, ids[1], box(0, 0, 2, 2, 3));
  await bench.call('edits.save', { imageId: ids[1] });
  expect(samplesOf(fileOf(ids[1])).samples[0]).toBe(3);
  await bench.call('edits.unrepair', { imageIds: ['val/val-0'] });
  expect(readFileSync(path.join(folder, 'valannot/val-0.png'), 'utf8')).toBe('no picture');
});

test('what cannot be repaired says why and keeps none of the others', async () => {
  writeFileSync(fileOf(ids[0]), 'no picture');
  writeFileSync(fileOf(ids[1]), patterned(32, 24));
  await open();
  expect(await repair('fit')).toEqual({ done: [ids[1]], failed: [expect.stringMatching(/train-0.png is not a whole PNG/)] });
  expect(readFileSync(fileOf(ids[0]), 'utf8')).toBe('no picture');
});

test.each([
  ['cut off', (whole: Buffer) => whole.subarray(0, whole.length / 2)],
  ['of another size', () => patterned(32, 24)],
])('an earlier mask comes back in the place of one that is %s by now, and that can be taken back', async (_, spoilt) => {
  await open();
  await openMask(bench, ids[0]);
  await stroke(bench, ids[0], box(3, 3, 9, 9, 2));
  await bench.call('edits.save', { imageId: ids[0] });
  const painted = readFileSync(fileOf(ids[0]));
  const { revision } = await bench.call<EditState>('edits.save', { imageId: ids[0] });
  await bench.workbench.shutDown();
  const now = spoilt(painted);
  writeFileSync(fileOf(ids[0]), now);
  bench = createBench();
  await open();
  await expect(openMask(bench, ids[0])).rejects.toMatchObject({ code: 'corrupt-file' });
  expect(await bench.call('edits.restore', { imageId: ids[0], revision })).toMatchObject({ replaced: true, state: 'saved' });
  expect(readFileSync(fileOf(ids[0])).equals(painted)).toBe(true);
  expect(await entryOf(ids[0])).toMatchObject({ problems: [] });
  await bench.call('edits.unrepair', { imageIds: [ids[0]] });
  expect(readFileSync(fileOf(ids[0])).equals(now)).toBe(true);
});

test('an earlier mask comes back beside a TIFF, which stays as it is', async () => {
  const [png, tiff] = [fileOf(ids[0]), fileOf(ids[0], 'tif')];
  writeFileSync(tiff, await sharp(readFileSync(png)).toColourspace('b-w').tiff({ compression: 'none' }).toBuffer());
  rmSync(png);
  const before = readFileSync(tiff);
  await open();
  expect((await repair('convert', [ids[0]])).done).toEqual([ids[0]]);
  const [{ revision }] = await bench.call<RevisionInfo[]>('edits.revisions', { imageId: ids[0] });
  const converted = readFileSync(png);
  await bench.call('edits.unrepair', { imageIds: [ids[0]] });
  expect([existsSync(png), readFileSync(tiff).equals(before)]).toEqual([false, true]);
  expect(await bench.call('edits.restore', { imageId: ids[0], revision })).toMatchObject({ replaced: true });
  expect([readFileSync(png).equals(converted), readFileSync(tiff).equals(before)]).toEqual([true, true]);
});

test('a hand that paints while masks are repaired paints on what they are then, and meets no conflict', async () => {
  await open();
  await openMask(bench, ids[0]);
  const problems: unknown[] = [];
  for (let round = 0; round < 16; round++) {
    const repairing = repair('begin', [ids[0]]);
    await new Promise((resolve) => setTimeout(resolve, 2 * round));
    await stroke(bench, ids[0], box(round, 0, 1, 1, 2));
    expect((await repairing).failed).toEqual([]);
    problems.push((await bench.call<EditState>('edits.save', { imageId: ids[0] })).problem);
  }
  expect(problems).toEqual(problems.map(() => null));
});

test('a repair that is going on when another workbench takes the data set ends with the mask in hand, before that one has it', async () => {
  const large = await makeDataset({ train: 1, val: 1, width: 800, height: 600 });
  const masks = Array.from({ length: 200 }, (_, n) => path.join(large, `trainannot/train-${n}.png`));
  for (let n = 1; n < 200; n++) linkSync(path.join(large, 'train/train-0.png'), path.join(large, `train/train-${n}.png`));
  const lying = patterned(600, 800);
  for (const file of masks) writeFileSync(file, lying);
  await bench.call('datasets.open', { path: large });
  await bench.workbench.datasets.require().surveyed();
  const second = createBench();
  await second.call('datasets.open', { path: large });
  const begun = bench.until<{ done: number } | null>('edits.repairing', (progress) => progress !== null && progress.done > 0);
  const repairing = repair(
    'fit',
    masks.map((_, n) => `train/train-${n}`),
  );
  await begun;
  await second.call('datasets.takeOver');
  const then = masks.map((file) => revisionOf(readFileSync(file)));
  const { done, failed } = await repairing;
  expect(masks.map((file) => revisionOf(readFileSync(file)))).toEqual(then);
  expect(failed).toEqual([]);
  expect(done.length).toBeLessThan(masks.length);
  expect(done).toEqual(masks.flatMap((file, n) => (samplesOf(file).width === 800 ? [`train/train-${n}`] : [])));
  await second.workbench.shutDown();
});
