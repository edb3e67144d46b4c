// A save writes the file that is there: behind links, with its permissions; what is write-protected is left alone.
import { chmodSync, chownSync, linkSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeDataset } from '../helpers/dataset.ts';
import { box } from '../helpers/box-patch.ts';
import { openMask, stroke } from '../helpers/edits.ts';
import { createBench, type TestBench } from '../helpers/services.ts';

const imageId = 'train/train-0';
let bench: TestBench;
let folder: string;
let file: string;

beforeEach(async () => {
  folder = await makeDataset({ train: 2, val: 1 });
  file = path.join(folder, 'trainannot/train-0.png');
  bench = createBench();
});
afterEach(() => bench.workbench.shutDown());

async function paint(): Promise<void> {
  await bench.call('datasets.open', { path: folder });
  await openMask(bench, imageId);
  await stroke(bench, imageId, box(0, 0, 9, 9, 4));
  await bench.call('edits.save', { imageId });
}

test.each([0o664, 0o600, 0o640])('permissions stay: %o', async (mode) => {
  chmodSync(file, mode);
  await paint();
  expect(statSync(file).mode & 0o7777).toBe(mode);
});

test.skipIf(process.getuid?.() !== 0)('the owner stays who it was', async () => {
  chownSync(file, 1234, 4321);
  await paint();
  expect([statSync(file).uid, statSync(file).gid]).toEqual([1234, 4321]);
});

test('a link to a mask in the data set stays a link, and the mask behind it is written', async () => {
  const store = path.join(folder, 'store/deep.png');
  mkdirSync(path.dirname(store));
  renameSync(file, store);
  symlinkSync('../store/deep.png', file);
  const before = readFileSync(store);
  await paint();
  expect(lstatSync(file).isSymbolicLink()).toBe(true);
  expect(readFileSync(store)).not.toEqual(before);
  expect(readFileSync(file)).toEqual(readFileSync(store));
  await bench.call('edits.undo', { imageId });
  await bench.call('edits.save', { imageId });
  expect(readFileSync(store)).toEqual(before);
});

test('a mask with two names has the same content under both', async () => {
  const other = path.join(folder, 'again.png');
  linkSync(file, other);
  const before = readFileSync(file);
  await paint();
  expect(readFileSync(other)).toEqual(readFileSync(file));
  expect(readFileSync(file)).not.toEqual(before);
  expect(statSync(file).ino).toBe(statSync(other).ino);
});

test("a mask that shares its bytes with another one of its folder is parted from it: that one is another image's", async () => {
  const other = path.join(folder, 'trainannot/train-1.png');
  rmSync(other);
  linkSync(file, other);
  const before = readFileSync(file);
  await paint();
  expect(readFileSync(other)).toEqual(before);
  expect(readFileSync(file)).not.toEqual(before);
});

test('so is one that shares them with a mask of another folder, and one that comes to share them later', async () => {
  const other = path.join(folder, 'valannot/val-0.png');
  const backup = path.join(folder, 'kept.png');
  linkSync(file, backup);
  await paint();
  expect(readFileSync(backup)).toEqual(readFileSync(file));
  rmSync(other);
  linkSync(file, other);
  const theirs = readFileSync(other);
  await stroke(bench, imageId, box(20, 20, 9, 9, 5));
  await bench.call('edits.save', { imageId });
  expect(readFileSync(other)).toEqual(theirs);
  expect(readFileSync(file)).not.toEqual(theirs);
});

test('a write-protected mask is not replaced, and the strokes are kept until it may be', async () => {
  chmodSync(file, 0o444);
  const before = readFileSync(file);
  await expect(paint()).resolves.toBeUndefined();
  expect(readFileSync(file)).toEqual(before);
  expect(await bench.call('edits.save', { imageId })).toMatchObject({
    state: 'failed',
    problem: { text: expect.stringMatching(/is write-protected/) as string },
  });
  chmodSync(file, 0o644);
  await bench.call('edits.save', { imageId });
  expect(readFileSync(file)).not.toEqual(before);
});
