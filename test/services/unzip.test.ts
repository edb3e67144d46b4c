import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { zipSync, type Zippable } from 'fflate';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { unzipBeside } from '#services/layouts/unzip';
import type { DatasetInfo } from '#shared/contract/datasets';
import { publishedSets } from '../../scripts/sample/published-sets.ts';
import { makeDataset, temporaryFolder } from '../helpers/dataset.ts';
import { zipEntries } from '../helpers/zip-entries.ts';
import { createBench, type TestBench } from '../helpers/services.ts';

let bench: TestBench;
let folder: string;
beforeEach(() => {
  bench = createBench();
  folder = temporaryFolder();
});
afterEach(() => bench.workbench.shutDown());

const open = (file: string) => bench.call<DatasetInfo>('datasets.open', { path: file });

async function zipOf(name: string, inside: string, more: Zippable = {}): Promise<string> {
  const set = temporaryFolder();
  await publishedSets.find((each) => each.name === name)!.draw(set);
  const entries = await zipEntries(set, inside);
  const zip = path.join(folder, `${name}.zip`);
  writeFileSync(zip, zipSync({ ...entries, ...more }, { level: 1 }));
  return zip;
}

test.each(['', 'CamVid/', 'a/b/'])('a zip of a published set opens, whatever it lies in: "%s"', async (inside) => {
  const zip = await zipOf('kaggle-camvid', inside, { '__MACOSX/._x.png': new Uint8Array(4), 'readme.exe': new Uint8Array(4) });
  const info = await open(zip);
  expect(info.splits.map(({ name, images }) => [name, images])).toEqual([
    ['train', 2],
    ['val', 1],
    ['test', 1],
  ]);
  expect(existsSync(path.join(folder, 'kaggle-camvid/readme.exe'))).toBe(false);
  // The second time it is there already, with what was painted.
  expect((await open(zip)).id).toBe(info.id);
});

test('a zip with a password says so, and leaves nothing behind', async () => {
  const zip = await zipOf('kaggle-camvid', '');
  const bytes = readFileSync(zip);
  // What marks an entry as encrypted, in its own head and in the list at the end.
  for (let at = 0; at < bytes.length - 4; at++) {
    const mark = bytes.readUInt32LE(at);
    if (mark === 0x04034b50) bytes[at + 6] |= 1;
    if (mark === 0x02014b50) bytes[at + 8] |= 1;
  }
  writeFileSync(zip, bytes);
  await expect(open(zip)).rejects.toThrow(/is protected by a password \(.*\): unpack it yourself, and open the folder/);
  expect(readdirSync(folder)).toEqual(['kaggle-camvid.zip']);
});

test('a folder that a zip was unpacked to is taken though some of its files are gone or are others by now', async () => {
  const zip = await zipOf('kaggle-camvid', '');
  const { id, path: at } = await open(zip);
  const photos = readdirSync(path.join(at, 'train'));
  rmSync(path.join(at, 'train', photos[0]));
  expect((await open(zip)).id).toBe(id);
  expect(readdirSync(folder).sort()).toEqual(['kaggle-camvid', 'kaggle-camvid.zip']);
});

/** A zip whose names do not say that they are UTF-8, as some systems write them. */
function unflagged(zip: Uint8Array): Uint8Array {
  const view = new DataView(zip.buffer, zip.byteOffset, zip.length);
  for (let at = 0; at < zip.length - 10; at++) {
    const signature = view.getUint32(at, true);
    const flags = { 0x04034b50: at + 6, 0x02014b50: at + 8 }[signature];
    if (flags !== undefined) view.setUint16(flags, view.getUint16(flags, true) & ~0x800, true);
  }
  return zip;
}

test('names that are UTF-8 without saying so are read as that', async () => {
  const set = temporaryFolder();
  await publishedSets.find((each) => each.name === 'kaggle-camvid')!.draw(set);
  const entries = await zipEntries(set, '');
  const photo = Object.keys(entries).find((name) => /train\/.*\.png$/.test(name))!;
  const renamed = Object.fromEntries(
    Object.entries(entries).map(([name, content]) => [name.replace(/^(.*\/)/, '$1Straße_東京_'), content]),
  );
  const zip = path.join(folder, 'street.zip');
  writeFileSync(zip, unflagged(zipSync(renamed, { level: 1 })));
  const info = await open(zip);
  expect(readdirSync(path.join(info.path, 'train'))).toContain(`Straße_東京_${path.basename(photo)}`);
  expect((await open(zip)).id).toBe(info.id);
});

test.each([
  ['a way out of the folder', { '../outside.png': new Uint8Array(4) }],
  ['a path from the root', { '/outside.png': new Uint8Array(4) }],
  ['a drive', { 'C:/outside.png': new Uint8Array(4) }],
])('a zip with %s is refused, and nothing of it is left', async (_, more) => {
  const zip = await zipOf('kaggle-camvid', '', more);
  await expect(open(zip)).rejects.toMatchObject({ code: 'corrupt-file' });
  expect(readdirSync(folder)).toEqual(['kaggle-camvid.zip']);
  expect(existsSync(path.join(path.dirname(folder), 'outside.png'))).toBe(false);
});

test('what is no zip, and one without images, say so', async () => {
  const file = path.join(folder, 'x.zip');
  writeFileSync(file, 'no zip at all, and long enough to look for its end');
  await expect(open(file)).rejects.toThrow(`${file} is no zip that can be read`);
  writeFileSync(file, zipSync({ 'a.txt': new Uint8Array(3) }));
  await expect(open(file)).rejects.toThrow(`${file} holds no image`);
  await expect(open(path.join(folder, 'gone.zip'))).rejects.toThrow('gone.zip does not exist');
  expect(readdirSync(folder)).toEqual(['x.zip']);
});

test.skipIf(process.platform === 'win32')('a pipe that is called a zip is refused, and the next one is opened', async () => {
  const pipe = path.join(temporaryFolder(), 'x.zip');
  execFileSync('mkfifo', [pipe]);
  bench = createBench();
  await expect(bench.call('datasets.open', { path: pipe })).rejects.toMatchObject({
    message: expect.stringContaining('x.zip is a pipe') as string,
  });
  const folder = await makeDataset({ train: 1, val: 1 });
  expect(await bench.call<DatasetInfo>('datasets.open', { path: folder })).toMatchObject({ path: folder });
});

test('a zip whose bytes were changed is found by its check sums, and leaves nothing', async () => {
  const zip = await zipOf('kaggle-camvid', '', { 'classes.txt': [new TextEncoder().encode('sky\nroad\n'), { level: 0 }] });
  const bytes = readFileSync(zip);
  bytes[bytes.indexOf('sky\nroad') + 1] = 'K'.charCodeAt(0);
  writeFileSync(zip, bytes);
  await expect(open(zip)).rejects.toThrow(
    `${zip} is damaged: classes.txt in it is not what was packed, by its check sum. Get the zip again`,
  );
  expect(readdirSync(folder)).toEqual(['kaggle-camvid.zip']);
});

test('a zip that is packed in a way that is not read tells the way out', async () => {
  const zip = await zipOf('kaggle-camvid', '');
  const bytes = readFileSync(zip);
  // The way that an entry is packed, in its own head and in the list at the end: LZMA.
  for (let at = 0; at < bytes.length - 4; at++) {
    const mark = bytes.readUInt32LE(at);
    if (mark === 0x04034b50) bytes[at + 8] = 14;
    if (mark === 0x02014b50) bytes[at + 10] = 14;
  }
  writeFileSync(zip, bytes);
  await expect(open(zip)).rejects.toThrow(/unsupported compression method: 14. Unpack it yourself, and open the folder/);
});

test('a zip that is damaged within, or holds a name twice, is named, and leaves nothing', async () => {
  const noise = Uint8Array.from({ length: 5000 }, (_, at) => (at * at * 7919) % 251);
  const bytes = Buffer.from(zipSync({ 'set/images/a.png': noise, 'set/images/b.png': noise }));
  const file = path.join(folder, 'x.zip');
  const damaged = Buffer.from(bytes);
  damaged.fill(0, 60, 400);
  writeFileSync(file, damaged);
  await expect(open(file)).rejects.toMatchObject({
    code: 'corrupt-file',
    message: expect.stringContaining(`${file} is no zip that`) as string,
  });
  // The second entry is called as the first.
  for (let at = bytes.indexOf('b.png'); at >= 0; at = bytes.indexOf('b.png', at)) bytes.write('a', at);
  writeFileSync(file, bytes);
  await expect(open(file)).rejects.toMatchObject({ code: 'corrupt-file', message: expect.stringContaining('a.png') as string });
  expect(readdirSync(folder)).toEqual(['x.zip']);
});

test('a name that this disk does not take, or takes for another of the zip, is told as that, with a way out', async () => {
  const name = `${'street '.repeat(40)}.png`;
  const file = path.join(folder, 'x.zip');
  writeFileSync(file, zipSync({ [`images/${name}`]: new Uint8Array(20) }));
  await expect(open(file)).rejects.toMatchObject({
    code: 'corrupt-file',
    message: `"${name}" of ${file} is a longer name than this disk takes. Unpack the zip on a disk that takes it, and open that folder`,
  });
  expect(readdirSync(folder)).toEqual(['x.zip']);
});

test('a name that no file can have is told, and what it holds ends nothing', async () => {
  const bytes = Buffer.from(zipSync({ 'images/a.png': new Uint8Array(200) }));
  // Told as 3 bytes, of which it holds more, in a file that cannot be made.
  const entry = bytes.indexOf(Buffer.from([0x50, 0x4b, 1, 2]));
  bytes.writeUInt32LE(3, entry + 24);
  bytes[bytes.lastIndexOf('a.png')] = 0;
  const file = path.join(folder, 'x.zip');
  writeFileSync(file, bytes);
  await expect(open(file)).rejects.toMatchObject({
    code: 'corrupt-file',
    message: `${file} holds a name that no file can have`,
  });
  // What fails late has done so by now.
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(readdirSync(folder)).toEqual(['x.zip']);
});

test('what would fill a disk is not unpacked: too many files, too many bytes, or too large a one', async () => {
  const file = path.join(folder, 'x.zip');
  writeFileSync(file, zipSync({ 'images/a.png': new Uint8Array(5000), 'images/b.png': new Uint8Array(50), 'c.txt': new Uint8Array(5) }));
  const limits = { entries: 10, bytes: 1e6, ofOne: 1e6 };
  await expect(unzipBeside(file, { limits: { ...limits, entries: 2 } })).rejects.toThrow('holds 3 files, and at most 2 are unpacked');
  await expect(unzipBeside(file, { limits: { ...limits, bytes: 4000 } })).rejects.toMatchObject({ code: 'too-large' });
  expect(readdirSync(folder)).toEqual(['x.zip']);
  await unzipBeside(file, { limits: { ...limits, ofOne: 1000 } });
  expect(readdirSync(path.join(folder, 'x/images'))).toEqual(['b.png']);
});

test('a link in a zip is not made', async () => {
  const zip = await zipOf('kaggle-camvid', '', {
    'train/link.png': [new TextEncoder().encode('/etc/passwd'), { os: 3, attrs: 0o120777 << 16 }],
  });
  await open(zip);
  expect(existsSync(path.join(folder, 'kaggle-camvid/train/link.png'))).toBe(false);
});

test('what is given up is what was asked for: while it is unpacked, and while it waits for another to be opened', async () => {
  const [zip, other] = [await zipOf('kaggle-camvid', ''), await makeDataset({ train: 1, val: 1 })];
  const giveUp = (of: string) => bench.call('datasets.cancelOpening', { path: of });
  const [first, second] = [open(zip), open(other)];
  await giveUp(other);
  await expect(second).rejects.toMatchObject({ code: 'cancelled' });
  const { path: opened } = await first;
  rmSync(opened, { recursive: true });

  const [again, next] = [open(zip), open(other)];
  await giveUp(zip);
  await expect(again).rejects.toMatchObject({ code: 'cancelled' });
  expect((await next).path).toBe(other);
  expect(existsSync(opened)).toBe(false);
});
