// What a data set says of itself (encnet.json, lists of classes and splits) is as hostile as the rest of it.
import { copyFileSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { DatasetInfo } from '#shared/contract/datasets';
import { makeDataset, temporaryFolder } from '../helpers/dataset.ts';
import { createBench, type TestBench } from '../helpers/services.ts';

let bench: TestBench;
let folder: string;
beforeEach(async () => {
  bench = createBench();
  folder = await makeDataset({ train: 2, val: 1 });
});
afterEach(() => bench.workbench.shutDown());

const sound = {
  version: 1,
  title: 'said',
  sources: [{ split: 'train', images: 'train', masks: 'trainannot' }],
  classes: { builtIn: 'camvid-11' },
};
const open = (said: object | string) => {
  writeFileSync(path.join(folder, 'encnet.json'), typeof said === 'string' ? said : JSON.stringify({ ...sound, ...said }));
  return bench.call<DatasetInfo>('datasets.open', { path: folder });
};
const sources = (images: string, masks = 'trainannot') => ({ sources: [{ split: 'train', images, masks }] });

test.each([
  ['a folder above', sources('../x')],
  ['a folder above, on the way', sources('train/../../x')],
  ['a path from the root', sources('/etc')],
  ['a drive', sources('C:/x')],
  ['another separator', sources('..\\x')],
  ['masks above', sources('train', '../../x')],
  ['a list above', { splits: { by: 'lists', lists: { train: '../list.txt' }, rest: 'train' } }],
  ['classes above', { classes: { file: '../classes.json' } }],
  ['a split that is a path', { sources: [{ split: '../x', images: 'train', masks: 'trainannot' }] }],
  ['a split that is the folder above', { sources: [{ split: '..', images: 'train', masks: 'trainannot' }] }],
  ['masks where the workbench keeps its own', sources('train', '.encnet/revisions')],
  ['what nothing reads', { onOpen: 'rm' }],
  ['another version', { version: 2 }],
  ['no JSON', '{'],
  ['deep JSON', '['.repeat(5000)],
])('%s is refused with file and rule', async (_, said) => {
  await expect(open(said)).rejects.toMatchObject({ code: 'corrupt-file', message: expect.stringContaining('encnet.json') as string });
});

test('folders, lists and classes that are links out of the data set are refused', async () => {
  const outside = temporaryFolder();
  mkdirSync(path.join(outside, 'images'));
  writeFileSync(path.join(outside, 'codes.txt'), 'secret\n');
  symlinkSync(path.join(outside, 'images'), path.join(folder, 'linked'));
  symlinkSync(path.join(outside, 'codes.txt'), path.join(folder, 'codes.txt'));
  symlinkSync(path.join(outside, 'codes.txt'), path.join(folder, 'list.txt'));
  const refused = { code: 'forbidden', message: expect.not.stringContaining('secret') as string };
  await expect(open(sources('linked'))).rejects.toMatchObject(refused);
  await expect(open({ classes: { file: 'codes.txt' } })).rejects.toMatchObject(refused);
  await expect(open({ splits: { by: 'lists', lists: { val: 'list.txt' }, rest: 'train' } })).rejects.toMatchObject(refused);
});

test.each([
  ['images', sources('link/images')],
  ['masks', sources('train', 'link/images')],
  ['masks that are not there yet', sources('train', 'link/new')],
  ['a list', { splits: { by: 'lists', lists: { val: 'link/list.txt' }, rest: 'train' } }],
  ['classes', { classes: { file: 'link/codes.txt' } }],
])('%s behind a link on the way are refused as behind one at its end', async (_, said) => {
  const outside = temporaryFolder();
  mkdirSync(path.join(outside, 'images'));
  copyFileSync(path.join(folder, 'train/train-0.png'), path.join(outside, 'images/train-0.png'));
  for (const name of ['list.txt', 'codes.txt']) writeFileSync(path.join(outside, name), 'secret\n');
  symlinkSync(outside, path.join(folder, 'link'));
  const link = path.join(folder, 'link');
  const opened = open(said);
  await expect(opened).rejects.toMatchObject({ code: 'forbidden', message: expect.stringContaining(`${link} is a link`) as string });
  expect(readdirSync(outside).toSorted()).toEqual(['codes.txt', 'images', 'list.txt']);
});

test.each([
  ['val.txt', 'a/'.repeat(500_000), 'val.txt: line 1 has more than'],
  ['label_colors.txt', `1 2 3${' '.repeat(1_000_000)}x\u2028y`, 'label_colors.txt: line 1 has more than'],
  ['label_colors.txt', `1 2 3${' '.repeat(4000)}x\u2028y`, 'x'],
])('a line of %s that nobody wrote by hand keeps nothing waiting', async (name, line, told) => {
  writeFileSync(path.join(folder, name), `${line}\n`);
  const begun = performance.now();
  const said = name === 'val.txt' ? { splits: { by: 'lists', lists: { val: name }, rest: 'train' } } : { classes: { file: name } };
  const opened = await open(said).catch((error: unknown) => error as Error);
  expect(performance.now() - begun).toBeLessThan(5000);
  expect(opened instanceof Error ? opened.message : JSON.stringify(opened)).toContain(told);
});

test('one folder named a thousand times is read once, and names of objects are names', async () => {
  const begun = performance.now();
  const info = await open({
    sources: Array.from({ length: 1000 }, () => sound.sources[0]),
    splits: { by: 'ids', splits: JSON.parse('{"__proto__": ["train/train-0"], "constructor": ["train/train-1"]}') as object },
    readAs: JSON.parse('{"__proto__": "Road", "value 20": null}') as object,
  }).catch((error: unknown) => error as Error);
  expect(performance.now() - begun).toBeLessThan(5000);
  if (info instanceof Error) expect(info.message).toMatch(/encnet.json/);
  else expect(info.splits.reduce((sum, { images }) => sum + images, 0)).toBe(2);
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  await expect(bench.call('datasets.recent')).resolves.toBeDefined();
});
