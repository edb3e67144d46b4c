// The short form of `npm run soak -- hostile`: every hostile picture and special file beside sound ones, in the services themselves.
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { z } from 'zod';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DatasetInfo, ImageEntry } from '#shared/contract/datasets';
import { standardLimits } from '#shared/data/read-limits';
import { linkTarget } from '#files/link-target';
import { openPicture, withPicture } from '#files/picture';
import { readJsonFile } from '#files/json-file';
import { readPlainFile, readPlainFileAsync } from '#files/plain-file';
import { letLinksInto, useReadLimits } from '#files/read-limits';
import { pictureFiles, png, pngChunk, pngFiles, pngHeader, specialFiles, type Plants } from '../../scripts/soak/hostile-files.ts';
import { makeDataset, temporaryFolder } from '../helpers/dataset.ts';
import { createBench, type TestBench } from '../helpers/services.ts';

let bench: TestBench;
let outside: string;

beforeEach(() => {
  bench = createBench();
  outside = temporaryFolder();
  for (const name of ['secret.png', 'last.ckpt']) writeFileSync(path.join(outside, name), 'nobody may read this');
});

afterEach(async () => {
  await bench.workbench.shutDown();
  useReadLimits(standardLimits);
});

/** What no reader needs to refuse: the pixels are whole whatever lies around them. */
const harmless = /profile|a text that|hundred thousand|palette of nothing|no palette/;
// Large ones are the soak's.
const quick = (plants: Plants) => Object.entries(plants).filter(([name]) => !/99 megapixels/.test(name));

async function planted(where: 'train' | 'trainannot', plants: Plants): Promise<{ folder: string; names: Map<string, string> }> {
  const folder = await makeDataset({ train: 1, val: 1 });
  const names = new Map<string, string>();
  for (const [index, [name, plant]] of quick(plants).entries()) {
    const id = `p${index}`;
    const other = where === 'train' ? 'trainannot' : 'train';
    copyFileSync(path.join(folder, other, 'train-0.png'), path.join(folder, other, `${id}.png`));
    await plant(path.join(folder, where, `${id}.png`), outside);
    names.set(`train/${id}`, name);
  }
  return { folder, names };
}

test('hostile masks are problems of their own images, each told by its file; none hides another, and none is written over', async () => {
  const { folder, names } = await planted('trainannot', { ...pngFiles, ...specialFiles });
  const before = readdirSync(path.join(folder, 'trainannot')).sort();
  await bench.call('datasets.open', { path: folder });
  await bench.workbench.datasets.require().surveyed();
  const images = new Map((await bench.call<ImageEntry[]>('datasets.images')).map((image) => [image.id, image]));
  expect(images.get('train/train-0')).toMatchObject({ state: 'labelled', problems: [] });
  for (const [id, name] of names) {
    const { problems } = images.get(id)!;
    if (harmless.test(name)) continue;
    expect(problems.map(({ text }) => text).join(), name).toContain(`${path.basename(id)}.png`);
    await expect(bench.call('edits.open', { imageId: id, window: 'w' }), name).rejects.toMatchObject({
      code: expect.stringMatching(/corrupt-file|too-large|forbidden/) as unknown,
    });
  }
  expect(readdirSync(path.join(folder, 'trainannot')).sort()).toEqual(before);
});

test('hostile images are problems or left out, and the sound ones stay', async () => {
  const { folder, names } = await planted('train', { ...pictureFiles, ...specialFiles });
  const info = await bench.call<DatasetInfo>('datasets.open', { path: folder });
  await bench.workbench.datasets.require().surveyed();
  const images = new Map((await bench.call<ImageEntry[]>('datasets.images')).map((image) => [image.id, image]));
  expect(images.get('train/train-0')!.problems).toEqual([]);
  for (const [id, name] of names) {
    const found = images.get(id);
    if (found) expect(found.problems.map(({ text }) => text).join(), name).toContain(`${path.basename(id)}.png`);
    else expect(info.problems.join()).toMatch(/files are left out, the first: /);
  }
  expect(info.problems.join()).not.toContain('nobody may read this');
});

test('what is served as a picture is one by its bytes, with the type of these', async () => {
  const folder = await makeDataset({ train: 3, val: 1 });
  writeFileSync(path.join(folder, 'train/train-1.png'), '<!doctype html><script>alert(1)</script>');
  copyFileSync(path.join(folder, 'val/val-0.png'), path.join(folder, 'train/train-2.jpg'));
  const { id } = await bench.call<DatasetInfo>('datasets.open', { path: folder });
  const get = (name: string) => bench.workbench.assets.handle(new Request(`http://x/asset/${id}/image/train/${name}`));
  expect((await get('train-0')).headers.get('content-type')).toBe('image/png');
  const page = await get('train-1');
  expect([page.status, page.headers.get('content-type')]).toEqual([422, 'text/plain; charset=utf-8']);
  expect(await page.text()).not.toContain('script');
});

describe('a link of a data set', () => {
  test('that stays within it is read; a mask that was one is written in its place, and what it led to stays as it was', async () => {
    const folder = await makeDataset({ train: 2, val: 1 });
    const [own, other] = ['train-0.png', 'train-1.png'].map((name) => path.join(folder, 'trainannot', name));
    rmSync(other);
    symlinkSync('train-0.png', other);
    await bench.call('datasets.open', { path: folder });
    await bench.workbench.datasets.require().surveyed();
    expect(await bench.call<ImageEntry[]>('datasets.images')).toContainEqual(
      expect.objectContaining({ id: 'train/train-1', problems: [] }),
    );
    const before = readFileSync(own);
    await bench.call('edits.open', { imageId: 'train/train-1', window: 'w' });
    const patch = { left: 0, top: 0, width: 1, height: 1, changed: Uint8Array.of(1), values: Uint8Array.of(7) };
    await bench.call('edits.stroke', { imageId: 'train/train-1', stroke: 's', label: 'Brush', patch });
    await bench.call('edits.save', { imageId: 'train/train-1' });
    expect(readFileSync(own).equals(before)).toBe(true);
    expect(readFileSync(other).equals(before)).toBe(false);
  });

  test('is followed as long as anybody reads its folder: the end of one reader is not that of another', () => {
    const folder = temporaryFolder();
    writeFileSync(path.join(folder, 'file'), '');
    symlinkSync('file', path.join(folder, 'link'));
    const [first, second] = [letLinksInto(folder), letLinksInto(folder)];
    first();
    expect(linkTarget(path.join(folder, 'link'))).toBe(path.join(folder, 'file'));
    second();
    expect(linkTarget(path.join(folder, 'link'))).toBe(null);
  });

  test('into what the workbench keeps is none of a data set', async () => {
    const folder = await makeDataset({ train: 1, val: 1 });
    mkdirSync(path.join(folder, '.encnet'));
    copyFileSync(path.join(folder, 'trainannot/train-0.png'), path.join(folder, '.encnet/kept.png'));
    rmSync(path.join(folder, 'trainannot/train-0.png'));
    symlinkSync('../.encnet/kept.png', path.join(folder, 'trainannot/train-0.png'));
    await bench.call('datasets.open', { path: folder });
    await expect(bench.call('edits.open', { imageId: 'train/train-0', window: 'w' })).rejects.toMatchObject({ code: 'forbidden' });
  });

  test('that leads out is named with what to do, and followed once its folder is named', async () => {
    const folder = await makeDataset({ train: 1, val: 1 });
    const store = temporaryFolder();
    copyFileSync(path.join(folder, 'train/train-0.png'), path.join(store, 'b.png'));
    symlinkSync(path.join(store, 'b.png'), path.join(folder, 'train/b.png'));
    const refused = await bench.call<DatasetInfo>('datasets.open', { path: folder });
    expect(refused.problems.join()).toMatch(/b\.png is a link that leads out of the data set.*"Links may lead to" in Settings/);
    await bench.call('app.setReadLimits', { ...standardLimits, linkedFolders: [store] });
    const opened = await bench.call<DatasetInfo>('datasets.current');
    expect(opened.problems.join()).not.toContain('b.png');
    expect(await bench.call<ImageEntry[]>('datasets.images')).toContainEqual(expect.objectContaining({ id: 'train/b' }));
  });

  test('in the place of a folder of images or masks is refused, and nothing is written beyond it', async () => {
    for (const name of ['train', 'trainannot']) {
      const folder = await makeDataset({ train: 1, val: 1 });
      const target = temporaryFolder();
      const moved = path.join(folder, name);
      for (const file of readdirSync(moved)) copyFileSync(path.join(moved, file), path.join(target, file));
      rmSync(moved, { recursive: true });
      symlinkSync(target, moved);
      await expect(bench.call('datasets.open', { path: folder })).rejects.toMatchObject({ code: 'forbidden' });
      expect(existsSync(path.join(target, '.encnet'))).toBe(false);
    }
  });

  test('is resolved to where it really leads, by whatever way', () => {
    const folder = temporaryFolder();
    mkdirSync(path.join(folder, 'a'));
    writeFileSync(path.join(folder, 'a/file'), '');
    symlinkSync('a', path.join(folder, 'way'));
    symlinkSync(outside, path.join(folder, 'out'));
    symlinkSync('circle', path.join(folder, 'circle'));
    symlinkSync(`${folder}-evil`, path.join(folder, 'beside'));
    mkdirSync(path.join(folder, '.encnet'));
    writeFileSync(path.join(folder, '.encnet/kept.png'), '');
    symlinkSync('.encnet/kept.png', path.join(folder, 'kept'));
    const end = letLinksInto(folder);
    expect(linkTarget(path.join(folder, 'way/file'))).toBe(path.join(folder, 'a/file'));
    for (const name of ['out', 'out/secret.png', 'circle', 'beside', 'nothing', 'kept'])
      expect(linkTarget(path.join(folder, name)), name).toBe(null);
    end();
    expect(linkTarget(path.join(folder, 'way/file'))).toBe(null);
  });
});

describe('limits', () => {
  test('are told with the limit and the setting that raises it; a raised one takes effect at once', async () => {
    const folder = await makeDataset({ train: 2, val: 1, width: 64, height: 48 });
    await bench.call('app.setReadLimits', { ...standardLimits, megapixels: 1 });
    const wide = png(pngHeader({ width: 2000, height: 1000 }), pngChunk('IDAT', deflateSync(Buffer.alloc(1000 * 2001))));
    writeFileSync(path.join(folder, 'train/train-1.png'), wide);
    await bench.call('datasets.open', { path: folder });
    await bench.workbench.datasets.require().surveyed();
    const problemsOf = async () =>
      (await bench.call<ImageEntry[]>('datasets.images'))
        .find(({ id }) => id === 'train/train-1')!
        .problems.map(({ text }) => text)
        .join();
    expect(await problemsOf()).toMatch(
      /train-1\.png is 2000 x 1000, which is 2 megapixels, and at most 1 are read: raise "Largest picture" in Settings/,
    );
    await bench.call('app.setReadLimits', standardLimits);
    await bench.workbench.datasets.require().surveyed();
    // Its mask is still that of the small picture.
    expect(await problemsOf()).toMatch(/must be 2000 x 1000 as its image/);
    expect(await bench.call('app.readLimits')).toEqual(standardLimits);
  });

  test('are refused where they make no sense', async () => {
    for (const limits of [
      { ...standardLimits, megapixels: 0 },
      { ...standardLimits, megabytes: NaN },
      { ...standardLimits, linkedFolders: [''] },
    ])
      await expect(bench.call('app.setReadLimits', limits)).rejects.toMatchObject({ code: 'invalid-argument' });
  });

  test('of a picture count what it takes once it is decoded', async () => {
    const file = path.join(temporaryFolder(), 'deep.png');
    writeFileSync(file, png(pngHeader({ width: 1000, height: 1000, depth: 16, colour: 6 }), pngChunk('IDAT', Buffer.alloc(10))));
    useReadLimits({ ...standardLimits, megapixels: 1 });
    await expect(openPicture(file)).rejects.toMatchObject({
      code: 'too-large',
      message: expect.stringContaining('8 MB once it is decoded') as unknown,
    });
  });
});

describe('a plain file', () => {
  test.each(Object.keys(specialFiles).filter((name) => name !== 'a file of 3 GB'))('is not %s', async (name) => {
    const file = path.join(temporaryFolder(), 'x.png');
    await specialFiles[name](file, outside);
    expect(() => readPlainFile(file, { limitBytes: 1e9 })).toThrow(file);
    await expect(readPlainFileAsync(file, { limitBytes: 1e9 })).rejects.toMatchObject({ code: 'forbidden' });
  });

  test('that a person has named may be a link, but neither a pipe nor a device behind one', () => {
    const folder = temporaryFolder();
    symlinkSync(path.join(outside, 'secret.png'), path.join(folder, 'link'));
    symlinkSync('/dev/zero', path.join(folder, 'zero'));
    expect(Buffer.from(readPlainFile(path.join(folder, 'link'), { limitBytes: 100, follow: true })).toString()).toBe(
      'nobody may read this',
    );
    expect(() => readPlainFile(path.join(folder, 'zero'), { limitBytes: 100, follow: true })).toThrow('is a device');
  });

  test('that is larger than it may be is not read at all', async () => {
    const file = path.join(temporaryFolder(), 'x');
    await specialFiles['a file of 3 GB'](file, outside);
    expect(() => readPlainFile(file, { limitBytes: 1e6 })).toThrow('has 3,000 MB, and at most 1 MB are read');
    expect(() => readJsonFile(file, z.unknown(), 'anything')).toThrow('at most 16 MB are read');
  });
});

test('several large pictures are decoded one after the other', async () => {
  const file = path.join(temporaryFolder(), 'large.png');
  await sharp({ create: { width: 6000, height: 4100, channels: 3, background: 'red' } })
    .png({ compressionLevel: 1 })
    .toFile(file);
  let together = 0;
  let most = 0;
  const work = () =>
    withPicture(file, async (image) => {
      most = Math.max(most, ++together);
      await image.resize({ width: 8 }).raw().toBuffer();
      together--;
    });
  await Promise.all([work(), work(), work()]);
  expect(most).toBe(1);
});
