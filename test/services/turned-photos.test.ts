// Photos that are turned before they are shown: masks that lie as the pixels are stored are named, and mended by one action.
import { readFileSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { afterEach, expect, test } from 'vitest';
import { readStoredMask } from '#files/mask-png';
import { shownSize, storedAt } from '#files/orientation';
import type { ImageEntry } from '#shared/contract/datasets';
import type { RepairReport, RevisionInfo } from '#shared/contract/edits';
import { problemGroups } from '#shared/data/problem-groups';
import { writtenPng } from '../../scripts/sample/png-writing.ts';
import { makeDataset } from '../helpers/dataset.ts';
import { box } from '../helpers/box-patch.ts';
import { openMask, stroke } from '../helpers/edits.ts';
import { createBench, type TestBench } from '../helpers/services.ts';

const turns = [2, 3, 4, 5, 6, 7, 8];
const idOf = (orientation: number) => `train/train-${orientation - 1}`;
let bench: TestBench;
let folder: string;
afterEach(() => bench.workbench.shutDown());

/** Pixels as they are stored so that they are shown as these. */
function unturned(pixels: Uint8Array, channels: number, shown: { width: number; height: number }, orientation: number) {
  const size = shownSize(shown, orientation);
  const from = storedAt(orientation, size);
  const stored = new Uint8Array(pixels.length);
  for (let i = 0; i < shown.width * shown.height; i++) {
    const to = from(i % shown.width, Math.floor(i / shown.width));
    for (let c = 0; c < channels; c++) stored[to * channels + c] = pixels[i * channels + c];
  }
  return { ...size, stored };
}

const maskFile = (orientation: number) => path.join(folder, `trainannot/train-${orientation - 1}.png`);

/** One photo of each orientation. @param asStored whether masks lie as the pixels of the photos, or as they are seen */
async function withTurns(asStored: boolean): Promise<Map<number, Uint8Array>> {
  folder = await makeDataset({ train: 8, val: 1 });
  const seen = new Map<number, Uint8Array>();
  for (const orientation of turns) {
    const photo = path.join(folder, `train/train-${orientation - 1}.png`);
    const { data, info } = await sharp(photo).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    const { width, height, stored } = unturned(data, 3, info, orientation);
    const turned = sharp(stored, { raw: { width, height, channels: 3 } }).withMetadata({ orientation });
    writeFileSync(photo, await turned.png().toBuffer());
    const mask = readStoredMask(maskFile(orientation));
    seen.set(orientation, mask.values);
    if (!asStored) continue;
    const lying = unturned(mask.values, 1, mask, orientation);
    const { width: across, height: down } = lying;
    writeFileSync(maskFile(orientation), writtenPng({ width: across, height: down, depth: 8, colourType: 0, samples: [...lying.stored] }));
  }
  bench = createBench();
  await bench.call('datasets.open', { path: folder });
  return seen;
}

async function entries(): Promise<ImageEntry[]> {
  await bench.workbench.datasets.require().surveyed();
  return bench.call<ImageEntry[]>('datasets.images');
}

test('masks as photos are seen have no problem, however the photos are turned', async () => {
  await withTurns(false);
  expect((await entries()).flatMap(({ problems }) => problems)).toEqual([]);
});

test('masks as the pixels of photos are stored are one problem, also of one size, and one action turns each as its photo is', async () => {
  const seen = await withTurns(true);
  const [group, ...others] = problemGroups(await entries());
  expect([group.kind, group.imageIds.toSorted(), others]).toEqual(['turned', turns.map(idOf), []]);
  const { problems } = (await entries()).find(({ id }) => id === idOf(3))!;
  expect(problems[0].text).toMatch(/train-2\.png lies as the pixels of .+train-2\.png are stored.+its EXIF orientation is 3/);
  const before = new Map(turns.map((orientation) => [orientation, readFileSync(maskFile(orientation))]));
  const report = await bench.call<RepairReport>('edits.repair', { imageIds: group.imageIds, how: 'as-photo' });
  expect([report.done.toSorted(), report.failed]).toEqual([turns.map(idOf), []]);
  for (const [orientation, values] of seen)
    expect([orientation, readStoredMask(maskFile(orientation)).values]).toEqual([orientation, values]);
  expect((await entries()).flatMap(({ problems: left }) => left)).toEqual([]);
  await bench.call('edits.unrepair', { imageIds: group.imageIds });
  for (const [orientation, content] of before) expect(readFileSync(maskFile(orientation)).equals(content)).toBe(true);
});

test('a mask of which a person says that it fits is left at that', async () => {
  await withTurns(true);
  await entries();
  const fits = idOf(3);
  await bench.call('datasets.acceptPhotos', { imageIds: [fits] });
  const kindsOf = async () => (await entries()).find(({ id }) => id === fits)!.problems.map(({ kind }) => kind);
  expect(await kindsOf()).toEqual([]);
  // One of another size is not to be accepted.
  await bench.call('datasets.acceptPhotos', { imageIds: [idOf(6)] });
  expect((await entries()).find(({ id }) => id === idOf(6))!.problems.map(({ kind }) => kind)).toEqual(['turned']);
});

test('what is in doubt stays so: after a stroke, and once the turn is taken back', async () => {
  await withTurns(true);
  await entries();
  const kindsOf = async (orientation: number) =>
    (await entries()).find(({ id }) => id === idOf(orientation))!.problems.map(({ kind }) => kind);
  await openMask(bench, idOf(3));
  await stroke(bench, idOf(3), box(1, 1, 2, 2, 3));
  await bench.call('edits.save', { imageId: idOf(3) });
  expect(await kindsOf(3)).toEqual(['turned']);
  await bench.call('edits.repair', { imageIds: [idOf(4)], how: 'as-photo' });
  expect(await kindsOf(4)).toEqual([]);
  await bench.call('edits.unrepair', { imageIds: [idOf(4)] });
  expect(await kindsOf(4)).toEqual(['turned']);
});

test('what a person says of masks in doubt holds when the folder is read anew, until another program writes one', async () => {
  await withTurns(true);
  const doubtful = (await entries()).filter(({ problems }) => problems.some(({ is }) => is === 'in-doubt')).map(({ id }) => id);
  expect(doubtful.length).toBeGreaterThan(1);
  await bench.call('datasets.acceptPhotos', { imageIds: doubtful });
  await entries();
  await bench.workbench.shutDown();
  const files = doubtful.map((id) => path.join(folder, `trainannot/${path.basename(id)}.png`));
  for (const file of files) utimesSync(file, 1, 1);
  const { width, height, values } = readStoredMask(files[1]);
  values[0] = values[0] === 0 ? 1 : 0;
  writeFileSync(files[1], writtenPng({ width, height, depth: 8, colourType: 0, samples: [...values] }));
  bench = createBench();
  await bench.call('datasets.open', { path: folder });
  const found = (await entries()).filter(({ problems }) => problems.some(({ is }) => is === 'in-doubt'));
  expect(found.map(({ id }) => id)).toEqual([doubtful[1]]);
});

test('an earlier mask that lies as stored is named again when it is put back', async () => {
  await withTurns(true);
  await entries();
  await bench.call('edits.repair', { imageIds: [idOf(3)], how: 'as-photo' });
  const revisions = await bench.call<RevisionInfo[]>('edits.revisions', { imageId: idOf(3) });
  const original = revisions.find(({ origin }) => origin === 'original')!;
  const told = bench.until<ImageEntry[]>('datasets.images', (found) =>
    found.some(({ id, problems }) => id === idOf(3) && problems.length > 0),
  );
  await bench.call('edits.restore', { imageId: idOf(3), revision: original.revision });
  await told;
  expect((await entries()).find(({ id }) => id === idOf(3))!.problems.map(({ kind }) => kind)).toEqual(['turned']);
});

test('a large turned photo is looked at in its turn, and keeps nobody waiting for ever', async () => {
  const size = { width: 6000, height: 4000 };
  folder = await makeDataset({ train: 1, val: 1 });
  const photo = path.join(folder, 'train/train-0.png');
  const noise = { create: { ...size, channels: 3 as const, background: 'teal' } };
  writeFileSync(photo, await sharp(noise).withMetadata({ orientation: 3 }).png().toBuffer());
  writeFileSync(
    path.join(folder, 'trainannot/train-0.png'),
    await sharp({ create: { ...size, channels: 3, background: '#010101' } })
      .toColourspace('b-w')
      .png()
      .toBuffer(),
  );
  bench = createBench();
  await bench.call('datasets.open', { path: folder });
  expect((await entries()).find(({ id }) => id === 'train/train-0')).toMatchObject({ ...size, problems: [] });
}, 60_000);
