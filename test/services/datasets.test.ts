import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { encodeMask } from '#files/mask-png';
import type { DatasetInfo, FolderListing, ImageEntry } from '#shared/contract/datasets';
import { typedPath } from '#services/app/typed-path';
import { identityFormat, makeDataset, temporaryFolder } from '../helpers/dataset.ts';
import { box } from '../helpers/box-patch.ts';
import { openMask, stroke } from '../helpers/edits.ts';
import { createBench } from '../helpers/services.ts';

async function openSurveyed(folder: string) {
  const bench = createBench();
  const info = await bench.call<DatasetInfo>('datasets.open', { path: folder });
  await bench.workbench.datasets.require().surveyed();
  const images = await bench.call<ImageEntry[]>('datasets.images');
  return { bench, info, images, entry: (id: string) => images.find((image) => image.id === id)! };
}

test("recognises SegNet's layout and counts classes", async () => {
  const { info, images, bench } = await openSurveyed(await makeDataset());
  expect(info).toMatchObject({
    layout: 'train / trainannot',
    classSet: 'CamVid-11',
    writable: true,
    splits: [
      { name: 'train', images: 4, labelled: 4 },
      { name: 'val', images: 2, labelled: 2 },
    ],
  });
  expect(images.every(({ state, width, height }) => state === 'labelled' && width === 64 && height === 48)).toBe(true);
  expect(images[0].classPixels!.reduce((sum, count) => sum + count, 0)).toBe(64 * 48);
  await bench.workbench.shutDown();
});

test("recognises the reference's layout with its 32 classes", async () => {
  const { info, bench } = await openSurveyed(await makeDataset({ layout: 'reference' }));
  expect(info).toMatchObject({ layout: 'train_images / train_labels', classSet: 'CamVid-32' });
  expect(info.classes).toHaveLength(32);
  expect(info.splits.map(({ name }) => name)).toEqual(['train', 'val']);
  await bench.workbench.shutDown();
});

test('names each problem at its image and keeps the rest usable', async () => {
  const folder = await makeDataset();
  const mask = (name: string) => path.join(folder, 'trainannot', name);
  rmSync(mask('train-0.png'));
  writeFileSync(mask('train-1.png'), readFileSync(mask('train-1.png')).subarray(0, 90));
  writeFileSync(mask('train-2.png'), encodeMask({ width: 64, height: 48, ids: new Uint8Array(64 * 48).fill(40) }, identityFormat));
  writeFileSync(mask('train-3.png'), encodeMask({ width: 32, height: 24, ids: new Uint8Array(32 * 24) }, identityFormat));
  writeFileSync(path.join(folder, 'val/val-0.png'), readFileSync(path.join(folder, 'val/val-0.png')).subarray(0, 500));
  const { entry, bench } = await openSurveyed(folder);
  expect(entry('train/train-0')).toMatchObject({
    state: 'unlabelled',
    hasMask: false,
    problems: [{ kind: 'no-mask', text: `${mask('train-0.png')} is missing: the image has no mask` }],
  });
  expect(entry('train/train-1').problems[0].text).toContain('train-1.png is not a whole PNG');
  expect(entry('train/train-2').problems[0].text).toBe(
    `${mask('train-2.png')} has value 40 in 3072 pixels, which is not in the class set CamVid-11`,
  );
  expect(entry('train/train-3').problems[0].text).toBe(`${mask('train-3.png')} must be 64 x 48 as its image, received 32 x 24`);
  expect(entry('val/val-0').problems[0].text).toContain('val-0.png is not a whole PNG: it is cut off');
  expect(entry('val/val-1')).toMatchObject({ state: 'labelled', problems: [] });
  await bench.workbench.shutDown();
});

test('refuses what is no data set, naming the layouts, and keeps the open one', async () => {
  const { bench, info } = await openSurveyed(await makeDataset());
  const empty = temporaryFolder();
  await expect(bench.call('datasets.open', { path: empty })).rejects.toThrow(
    `${empty} is not a data set as it is: nothing in it has a known layout`,
  );
  for (const name of ['home/IMG_1.HEIC', 'trip/IMG_2.heic']) {
    mkdirSync(path.dirname(path.join(empty, name)), { recursive: true });
    writeFileSync(path.join(empty, name), 'ftypheic');
  }
  await expect(bench.call('datasets.open', { path: empty })).rejects.toThrow(
    `2 photos in ${empty} are of a kind that is not read (.heic), the first: home/IMG_1.HEIC. Convert them to JPEG or PNG`,
  );
  await expect(bench.call('datasets.open', { path: '/nowhere/at/all' })).rejects.toThrow('/nowhere/at/all is not a folder');
  expect((await bench.call<DatasetInfo>('datasets.current')).id).toBe(info.id);
  await bench.workbench.shutDown();
});

test("a class set of the data set's own is used, and a broken one named", async () => {
  const folder = await makeDataset();
  const file = path.join(folder, 'classes.json');
  writeFileSync(
    file,
    JSON.stringify({
      name: 'Two',
      voidValue: 255,
      classes: [
        { value: 0, name: 'a', color: [1, 2, 3] },
        { value: 0, name: 'b', color: [4, 5, 6] },
      ],
    }),
  );
  const bench = createBench();
  await expect(bench.call('datasets.open', { path: folder })).rejects.toThrow(`${file}: value 0 belongs to two classes`);
  await bench.workbench.shutDown();
});

test('a folder whose mode forbids writing is read only, for root too, and nothing is written into it', async () => {
  const folder = await makeDataset({ train: 1, val: 1 });
  const before = readdirSync(folder);
  for (const name of [...before, '.']) chmodSync(path.join(folder, name), 0o555);
  const { bench, info } = await openSurveyed(folder);
  expect(info.writable).toBe(false);
  expect((await openMask(bench, 'train/train-0')).readOnlyReason).toContain('cannot be written');
  await expect(stroke(bench, 'train/train-0', box(0, 0, 2, 2, 1))).rejects.toMatchObject({ code: 'read-only' });
  expect(readdirSync(folder)).toEqual(before);
  await bench.workbench.shutDown();
  for (const name of ['.', ...before]) chmodSync(path.join(folder, name), 0o755);
});

test.each(['.encnet', '.encnet/lease.db', '.encnet/history.db'])(
  'a data set is read only whose %s somebody else has begun',
  async (name) => {
    const folder = await makeDataset({ train: 1, val: 1 });
    await (await openSurveyed(folder)).bench.workbench.shutDown();
    chmodSync(path.join(folder, name), 0o555);
    const { bench, info } = await openSurveyed(folder);
    expect(info.writable).toBe(false);
    expect((await openMask(bench, 'train/train-0')).readOnlyReason).toContain('its .encnet cannot be written');
    await bench.workbench.shutDown();
    chmodSync(path.join(folder, name), 0o755);
  },
);

test('a second start reads the survey from the history instead of the files', async () => {
  const folder = await makeDataset();
  const first = await openSurveyed(folder);
  await first.bench.workbench.shutDown();
  const bench = createBench();
  await bench.call('datasets.open', { path: folder });
  expect((await bench.call<ImageEntry[]>('datasets.images')).every(({ surveyed }) => surveyed)).toBe(true);
  await bench.workbench.shutDown();
});

test('serves images, thumbnails and colour masks, and says 404 for what is not there', async () => {
  const { bench, info } = await openSurveyed(await makeDataset());
  const get = (address: string) => bench.workbench.assets.handle(new Request(`http://x/asset/${info.id}/${address}`));
  const image = await get('image/train/train-0');
  expect(image.headers.get('content-type')).toBe('image/png');
  expect(await sharp(Buffer.from(await (await get('thumb/train/train-0?size=32')).arrayBuffer())).metadata()).toMatchObject({
    format: 'jpeg',
    width: 32,
  });
  expect(await sharp(Buffer.from(await (await get('mask/train/train-0?size=64')).arrayBuffer())).metadata()).toMatchObject({
    format: 'png',
    width: 64,
    channels: 4,
  });
  expect((await get('image/train/nothing')).status).toBe(404);
  expect((await get('image/../../etc/passwd')).status).toBe(404);
  expect((await bench.workbench.assets.handle(new Request('http://x/asset/other/image/train/train-0'))).status).toBe(404);
  await bench.workbench.shutDown();
});

test('lists folders and marks data sets', async () => {
  const folder = await makeDataset();
  const bench = createBench();
  const listing = await bench.call<{ folders: { path: string; looksLikeDataset: boolean }[] }>('datasets.listFolders', {
    path: path.dirname(folder),
  });
  expect(listing.folders.find((entry) => entry.path === folder)?.looksLikeDataset).toBe(true);
  // A folder of photos is walked through, and opens when it is asked for.
  const inside = await bench.call<typeof listing>('datasets.listFolders', { path: folder });
  expect(inside.folders.map(({ looksLikeDataset }) => looksLikeDataset)).toEqual([false, false, false, false]);
  // Large data sets lie on another disk, and are linked.
  symlinkSync(folder, `${folder}-linked`);
  const { folders: beside } = await bench.call<typeof listing>('datasets.listFolders', { path: path.dirname(folder) });
  expect(beside.find((each) => each.path === `${folder}-linked`)).toMatchObject({ looksLikeDataset: true });
  rmSync(`${folder}-linked`);
  await expect(bench.call('datasets.listFolders', { path: '/nowhere' })).rejects.toThrow('/nowhere does not exist');
  await bench.workbench.shutDown();
});

test.each([
  ['two names', ['Road', 'Road'], 'two classes are named "Road"'],
  ["void's word", ['Road', 'not labelled'], 'a class is named "not labelled", which is the word for void'],
])('a class set with %s is refused by what is wrong with it', async (_, names, message) => {
  const folder = await makeDataset({ train: 1, val: 1 });
  const classes = names.map((name, value) => ({ value, name, color: [value, 1, 2] }));
  writeFileSync(path.join(folder, 'classes.json'), JSON.stringify({ name: 'x', voidValue: 255, classes }));
  await expect(createBench().call('datasets.open', { path: folder })).rejects.toThrow(message);
});

test('one image that cannot be recorded keeps none of those that are read with it from being known, and is named', async () => {
  const bench = createBench();
  await bench.call('datasets.open', { path: await makeDataset({ train: 70, val: 2 }) });
  const { dataset } = bench.workbench.datasets.require();
  const bad = 'train/train-65';
  const surveyAll = dataset.surveyAll.bind(dataset);
  dataset.surveyAll = (ids) => (ids.includes(bad) ? Promise.reject(new Error('no room')) : surveyAll(ids));
  await bench.workbench.datasets.require().surveyed();
  expect(
    dataset
      .images()
      .filter(({ surveyed }) => !surveyed)
      .map(({ id }) => id),
  ).toEqual([bad]);
  // It is tried again whenever something is looked at again, and told once.
  for (let looks = 0; looks < 2; looks++) {
    bench.workbench.datasets.require().readAgain();
    await bench.workbench.datasets.require().surveyed();
  }
  const told = bench.events.filter(({ name }) => name === 'app.notice').map(({ payload }) => (payload as { text: string }).text);
  expect(told).toEqual([`${bad} could not be surveyed: no room`]);
  await bench.workbench.shutDown();
});

test('a path is taken as people paste it: in quotes, from the home folder on, as an address', async () => {
  const home = os.homedir();
  expect(typedPath('~')).toBe(home);
  expect(typedPath('~/street scenes')).toBe(path.join(home, 'street scenes'));
  expect(typedPath("'/data/street scenes'\n")).toBe('/data/street scenes');
  expect(typedPath('file:///data/street%20scenes')).toBe('/data/street scenes');
  expect(typedPath('file:///data/100%')).toBe('/data/100%');
  expect(typedPath('/data/~')).toBe('/data/~');
  expect(typedPath('file://localhost/data/x')).toBe('/data/x');
  // What is there as it stands is that, whatever it is called.
  const odd = path.join(temporaryFolder(), 'scenes ');
  mkdirSync(odd);
  mkdirSync(odd.trimEnd());
  expect(typedPath(odd)).toBe(odd);
  const folder = await makeDataset({ train: 1, val: 1 });
  const bench = createBench({ userData: temporaryFolder() });
  expect(await bench.call('datasets.open', { path: ` "${folder}" ` })).toMatchObject({ path: folder });
  await bench.workbench.shutDown();
});

test('a link that leads nowhere, or in a circle, keeps no folder from being looked into', async () => {
  const folder = temporaryFolder();
  symlinkSync('a.pth', path.join(folder, 'a.pth'));
  symlinkSync('/nowhere/b.ckpt', path.join(folder, 'b.ckpt'));
  mkdirSync(path.join(folder, 'c.pth'));
  writeFileSync(path.join(folder, 'd.safetensors'), 'four');
  mkdirSync(path.join(folder, 'images'));
  const bench = createBench();
  const { folders, weights } = await bench.call<FolderListing>('datasets.listFolders', { path: folder });
  expect(weights).toEqual([{ name: 'd.safetensors', path: path.join(folder, 'd.safetensors'), bytes: 4 }]);
  expect(folders.map(({ name }) => name)).toEqual(['c.pth', 'images']);
  await bench.workbench.shutDown();
});
