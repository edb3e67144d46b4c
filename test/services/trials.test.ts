// Images that are not of the data set, predicted by the starter through the real services and a real trainer.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { readStoredMask } from '#files/mask-png';
import { KeptNames } from '#services/trials/kept-name';
import type { DatasetInfo, ImageEntry } from '#shared/contract/datasets';
import type { RunSummary } from '#shared/contract/runs';
import { noAffixes } from '#shared/data/arrangement';
import type { TrialPictures, TrialState } from '#shared/contract/trials';
import { makeDataset, temporaryFolder } from '../helpers/dataset.ts';
import { createBench, type TestBench } from '../helpers/services.ts';

let folder: string;
let others: string;
let bench: TestBench;
let run: RunSummary;

beforeEach(async () => {
  folder = await makeDataset({ train: 2, val: 2 });
  others = temporaryFolder();
  const photos = readdirSync(path.join(folder, 'train'));
  cpSync(path.join(folder, 'train', photos[0]), path.join(others, 'b.png'));
  cpSync(path.join(folder, 'train', photos[1]), path.join(others, 'a.png'));
  writeFileSync(path.join(others, 'notes.txt'), 'no image');
  writeFileSync(path.join(others, 'broken.png'), 'no image either');
  bench = createBench();
  await bench.call('datasets.open', { path: folder });
  run = await bench.call<RunSummary>('runs.addStarter');
});

const predicted = async (): Promise<TrialState> => {
  const ended = bench.until<TrialState>('trials.changed', ({ running, done }) => !running && done > 0);
  await bench.call('trials.predict', { runId: run.id });
  return ended;
};
test('photos that are links are tried under their own names, and one that leads nowhere keeps none of the others from it', async () => {
  const links = temporaryFolder();
  symlinkSync(path.join(others, 'a.png'), path.join(links, 'one.png'));
  expect((await bench.call<TrialState>('trials.addFrom', { path: path.join(links, 'one.png') })).images).toHaveLength(1);
  const [named] = (await bench.call<TrialState>('trials.state')).images;
  expect(named.name).toBe('one.png');
  await bench.call('trials.remove', { ids: [named.id] });
  // Stores keep files under names that say nothing, and without an ending.
  cpSync(path.join(others, 'a.png'), path.join(others, 'ab12'));
  symlinkSync('ab12', path.join(others, 'c.png'));
  symlinkSync('nowhere', path.join(others, 'gone.png'));
  symlinkSync('.', path.join(others, 'folder.png'));
  const { images: added } = await bench.call<TrialState>('trials.addFrom', { path: others });
  expect(added.map(({ name }) => name)).toEqual(['a.png', 'b.png', 'broken.png', 'c.png', 'gone.png']);
  const { images } = await predicted();
  expect(images.map(({ name, state }) => `${name} ${state}`)).toEqual([
    'a.png predicted',
    'b.png predicted',
    'broken.png failed',
    'c.png predicted',
    'gone.png failed',
  ]);
  await expect(bench.call('trials.keep', { ids: [images[4].id], split: 'train' })).rejects.toThrow(path.join(others, 'gone.png'));
  await bench.call('trials.keep', { ids: [images[3].id], split: 'train' });
  expect(existsSync(path.join(folder, 'train/c.png'))).toBe(true);
});

test('predictions of weights that a run has no more say so, and are made again', async () => {
  await bench.call('trials.addFrom', { path: path.join(others, 'a.png') });
  expect(await predicted()).toMatchObject({ newWeights: false });
  const best = path.join(folder, '.encnet/runs', run.id, 'best.ckpt');
  const later = new Date(Date.now() + 60_000);
  utimesSync(best, later, later);
  expect(await bench.call<TrialState>('trials.state')).toMatchObject({ newWeights: true, runId: run.id });
  expect(await predicted()).toMatchObject({ newWeights: false, images: [{ state: 'predicted' }] });
});

test('a deleted run predicts nothing', async () => {
  await bench.call('runs.delete', { runId: run.id });
  await expect(bench.call('review.predict', { runId: run.id, split: 'val' })).rejects.toThrow(/is deleted: restore it/);
  await bench.call('trials.addFrom', { path: path.join(others, 'a.png') });
  await expect(bench.call('trials.predict', { runId: run.id })).rejects.toThrow(/is deleted: restore it/);
});

const trialFolder = () => path.join(folder, '.encnet/trials');

test('a folder is predicted where it lies; what cannot be read is told by its image, and the data set is as it was', async () => {
  const before = (await bench.call<ImageEntry[]>('datasets.images')).length;
  const added = await bench.call<TrialState>('trials.addFrom', { path: `"${others}"` });
  expect(added.images.map(({ name, state }) => `${name} ${state}`)).toEqual(['a.png waiting', 'b.png waiting', 'broken.png waiting']);
  const { images, runId } = await predicted();
  expect(runId).toBe(run.id);
  expect(images.map(({ state }) => state)).toEqual(['predicted', 'predicted', 'failed']);
  expect(images[2].reason).toContain('broken.png');
  const { image, prediction } = await bench.call<TrialPictures>('trials.pictures', { id: images[0].id });
  expect([...image.subarray(0, 2)]).toEqual([0xff, 0xd8]);
  const file = path.join(temporaryFolder(), 'p.png');
  writeFileSync(file, prediction!);
  const mask = readStoredMask(file);
  expect(mask.width * mask.height).toBe(mask.values.length);
  expect((await bench.call<ImageEntry[]>('datasets.images')).length).toBe(before);
  // Asked again by the same run: what failed is not tried for ever, and nothing is predicted anew.
  expect(await bench.call<TrialState>('trials.predict', { runId: run.id })).toMatchObject({ running: false });
  await bench.workbench.shutDown();
  expect(existsSync(trialFolder())).toBe(false);
  expect(readdirSync(others).sort()).toEqual(['a.png', 'b.png', 'broken.png', 'notes.txt']);
});

test('one that is kept is part of a split, beside one of its name; one that is removed leaves nothing of what was dropped', async () => {
  const content = new Uint8Array(readFileSync(path.join(others, 'a.png')));
  const name = readdirSync(path.join(folder, 'val')).sort()[0];
  await bench.call('trials.add', { name, content });
  await bench.call('trials.add', { name: '../../evil.png', content });
  const { images } = await predicted();
  expect(images.map(({ name: shown, state }) => `${shown} ${state}`)).toEqual([`${name} predicted`, 'evil.png predicted']);
  const { files } = await bench.call<{ files: string[] }>('trials.keep', { ids: [images[0].id], split: 'val' });
  const [made] = files;
  expect(made).toBe(path.join(folder, 'val', name.replace('.png', '-2.png')));
  expect(new Uint8Array(readFileSync(made))).toEqual(content);
  const kept = `val/${name.replace('.png', '-2')}`;
  const found = async () => (await bench.call<ImageEntry[]>('datasets.images')).find(({ id }) => id === kept);
  await expect.poll(found, { timeout: 10_000 }).toMatchObject({ split: 'val', hasMask: false });
  expect((await bench.call<TrialState>('trials.remove', { ids: [images[1].id] })).images).toEqual([]);
  expect(readdirSync(trialFolder())).toEqual(['predictions']);
  expect(readdirSync(path.join(trialFolder(), 'predictions'))).toEqual([]);
  await bench.workbench.shutDown();
});

test('one that is kept takes the label of no other, and is named as the images of its folder are', async () => {
  // The image is a JPEG whose mask has the name of what is kept.
  const own = readdirSync(path.join(folder, 'val')).sort()[0];
  const stem = path.parse(own).name;
  cpSync(path.join(folder, 'val', own), path.join(folder, 'val', `${stem}.jpg`));
  rmSync(path.join(folder, 'val', own));
  await bench.call('datasets.refresh');
  const before = (await bench.call<ImageEntry[]>('datasets.images')).find(({ id }) => id === `val/${stem}`)!;
  expect(before.hasMask).toBe(true);
  const content = new Uint8Array(readFileSync(path.join(others, 'a.png')));
  const { images } = await bench.call<TrialState>('trials.add', { name: own.toUpperCase().replace('.PNG', '.png'), content });
  const { files } = await bench.call<{ files: string[] }>('trials.keep', { ids: [images[0].id], split: 'val' });
  expect(path.basename(files[0])).toBe(`${stem.toUpperCase()}-2.png`);
  await expect.poll(async () => (await bench.call<ImageEntry[]>('datasets.images')).length).toBe(5);
  expect((await bench.call<ImageEntry[]>('datasets.images')).find(({ id }) => id === `val/${stem}`)).toMatchObject({ hasMask: true });
  const affixes = { imagePrefix: 'img_', imageSuffix: '_leftImg8bit', maskPrefix: '', maskSuffix: '_gtFine_labelIds' };
  expect(new KeptNames([], [], affixes).next('a.png')).toBe('img_a_leftImg8bit.png');
  expect(new KeptNames(['img_a_leftImg8bit.png'], [], affixes).next('img_a_leftImg8bit.jpg')).toBe('img_a-2_leftImg8bit.jpg');
  expect(new KeptNames([], ['a_gtFine_labelIds.png'], affixes).next('A.png')).toBe('img_A-2_leftImg8bit.png');
  expect(new KeptNames(['b.jpg'], [], noAffixes).next('b.jpg.png')).toBe('b.jpg-2.png');
  const several = new KeptNames(['a.png'], [], noAffixes);
  expect(['a.png', 'a.png', '.b.png', '.png', '..b.png'].map((each) => several.next(each))).toEqual([
    'a-2.png',
    'a-3.png',
    'b.png',
    'image.png',
    'b-2.png',
  ]);
  // In one folder with the masks, a photo that is called as these are would be one.
  const marked = { ...noAffixes, maskSuffix: '_L' };
  expect(new KeptNames(['street.jpg'], ['street.jpg'], marked, true).next('street_L.png')).toBe('kept-street_L-photo.png');
  expect(new KeptNames(['street.jpg'], [], marked).next('street_L.png')).toBe('street_L.png');
  await bench.workbench.shutDown();
});

test('one is kept in no split that it would not be in', async () => {
  const { arrangement } = await bench.call<DatasetInfo>('datasets.current');
  const [first] = (await bench.call<ImageEntry[]>('datasets.images')).filter(({ split }) => split === 'train');
  await bench.call('datasets.arrange', { arrangement: { ...arrangement, splits: { by: 'ids', splits: { val: [first.id] } } } });
  const { images: again } = await bench.call<TrialState>('trials.addFrom', { path: path.join(others, 'a.png') });
  await expect(bench.call('trials.keep', { ids: again.map(({ id }) => id), split: 'val' })).rejects.toThrow(
    'A new image would be in "train" and not in "val", since the splits were made for the images that were there: keep it in "train"',
  );
  writeFileSync(path.join(folder, 'mine.txt'), 'val-0\n');
  const lists = { by: 'lists', lists: { val: 'mine.txt' }, rest: 'train' };
  await bench.call('datasets.arrange', { arrangement: { ...arrangement, splits: lists } });
  const { images: third } = await bench.call<TrialState>('trials.addFrom', { path: path.join(others, 'a.png') });
  await expect(bench.call('trials.keep', { ids: third.map(({ id }) => id), split: 'val' })).rejects.toThrow('are lists of names');
  // Where every image is in a list there is no other split to choose: it is kept, and where it landed is told.
  writeFileSync(path.join(folder, 'all.txt'), 'train-0\ntrain-1\ntrain-2\nval-0\nval-1\n');
  const whole = { by: 'lists', lists: { val: 'all.txt' }, rest: 'rest' };
  await bench.call('datasets.arrange', { arrangement: { ...arrangement, splits: whole } });
  expect((await bench.call<ImageEntry[]>('datasets.images')).every(({ split }) => split === 'val')).toBe(true);
  const { images: last } = await bench.call<TrialState>('trials.addFrom', { path: path.join(others, 'a.png') });
  expect(await bench.call('trials.keep', { ids: last.slice(-1).map(({ id }) => id), split: 'val' })).toMatchObject({ split: 'rest' });
  await bench.workbench.shutDown();
});

test('a file of a person is never removed, wherever it lies; what is kept by half is told as it is', async () => {
  // A folder whose path begins as that of what was dropped.
  const beside = `${trialFolder()}-of-mine`;
  mkdirSync(beside, { recursive: true });
  cpSync(path.join(others, 'a.png'), path.join(beside, 'mine.png'));
  cpSync(path.join(others, 'b.png'), path.join(beside, 'theirs.png'));
  const { images } = await bench.call<TrialState>('trials.addFrom', { path: beside });
  await bench.call('trials.remove', { ids: [images[0].id] });
  expect(readdirSync(beside).sort()).toEqual(['mine.png', 'theirs.png']);
  const { images: again } = await bench.call<TrialState>('trials.addFrom', { path: path.join(beside, 'mine.png') });
  rmSync(path.join(beside, 'mine.png'));
  const told = bench.until<TrialState>('trials.changed', () => true);
  await expect(bench.call('trials.keep', { ids: again.map(({ id }) => id), split: 'val' })).rejects.toThrow('mine.png');
  expect((await told).images.map(({ name }) => name)).toEqual(['mine.png']);
  expect(existsSync(path.join(folder, 'val/theirs.png'))).toBe(true);
  await bench.workbench.shutDown();
});

test('what is no image, not there, or of a split without a folder is refused by its name', async () => {
  await expect(bench.call('trials.add', { name: 'notes.txt', content: new Uint8Array(3) })).rejects.toThrow('notes.txt is no image');
  await expect(bench.call('trials.addFrom', { path: '/nowhere/x.png' })).rejects.toThrow('/nowhere/x.png');
  const empty = path.join(others, 'empty');
  mkdirSync(empty);
  await expect(bench.call('trials.addFrom', { path: empty })).rejects.toThrow(`${empty} holds no image`);
  const many = path.join(others, 'many');
  mkdirSync(many);
  for (let n = 0; n < 501; n++) writeFileSync(path.join(many, `${n}.png`), '');
  await expect(bench.call('trials.addFrom', { path: many })).rejects.toThrow(`${many} holds 501 images, and at most 500`);
  const { images } = await bench.call<TrialState>('trials.addFrom', { path: path.join(others, 'a.png') });
  await expect(bench.call('trials.keep', { ids: [images[0].id], split: 'other' })).rejects.toThrow('its split "other"');
  await expect(bench.call('trials.pictures', { id: 't99' })).rejects.toMatchObject({ code: 'not-found' });
  // What has gone meanwhile is told by its name, and the others are predicted.
  await bench.call('trials.addFrom', { path: path.join(others, 'b.png') });
  rmSync(path.join(others, 'a.png'));
  const { images: ended } = await predicted();
  expect(ended.map(({ state }) => state)).toEqual(['failed', 'predicted']);
  await bench.workbench.shutDown();
});

test('is cancelled, keeps the data set open meanwhile, and goes on from there', async () => {
  for (let n = 0; n < 30; n++) cpSync(path.join(others, 'a.png'), path.join(others, `more-${n}.png`));
  rmSync(path.join(others, 'broken.png'));
  await bench.call('trials.addFrom', { path: others });
  const first = bench.until<TrialState>('trials.changed', ({ done }) => done >= 1);
  const ended = bench.until<TrialState>('trials.changed', ({ running, done }) => !running && done > 0);
  await bench.call('trials.predict', { runId: run.id });
  await expect(bench.call('trials.predict', { runId: run.id })).rejects.toMatchObject({ code: 'busy' });
  await expect(bench.call('datasets.openSample')).rejects.toThrow('A prediction of other images is going on');
  await first;
  await bench.call('trials.cancel');
  const { images } = await ended;
  expect(images.filter(({ state }) => state === 'waiting').length).toBeGreaterThan(0);
  const whole = await predicted();
  expect(whole.images.every(({ state }) => state === 'predicted')).toBe(true);
  await bench.workbench.shutDown();
});
