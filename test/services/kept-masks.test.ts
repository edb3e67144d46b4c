// What kept masks take on the disk, and what of it "Free space" removes: never what somebody may still need.
import { readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { revisionOf } from '#files/revision';
import type { EditState, KeptMasksUse, RevisionInfo } from '#shared/contract/edits';
import type { RunSummary } from '#shared/contract/runs';
import type { TrainingStatus } from '#shared/contract/training';
import { makeDataset } from '../helpers/dataset.ts';
import { box } from '../helpers/box-patch.ts';
import { openMask, paint, stroke } from '../helpers/edits.ts';
import { createBench, type TestBench } from '../helpers/services.ts';
import { smallConfig } from '../helpers/training.ts';

const imageId = 'train/train-0';
let folder: string;
let bench: TestBench;

beforeEach(async () => {
  folder = await makeDataset({ train: 2, val: 1 });
  bench = createBench();
  await bench.call('datasets.open', { path: folder });
  await bench.workbench.datasets.require().surveyed();
});

const store = () => path.join(folder, '.encnet/revisions');
const kept = (): string[] =>
  readdirSync(store(), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => path.parse(name).name);
const maskFile = () => path.join(folder, 'trainannot/train-0.png');
const revision = () => revisionOf(readFileSync(maskFile()));
const free = () => bench.call<KeptMasksUse>('edits.freeMasks');

/** Makes everything kept so far look as old as a day. */
function aged(): void {
  const yesterday = new Date(Date.now() - 86_400_000);
  for (const name of kept()) utimesSync(path.join(store(), name.slice(0, 2), `${name}.png`), yesterday, yesterday);
}

/** One mask after the other. @returns their revisions */
async function painted(times: number, from = 0): Promise<string[]> {
  const made: string[] = [];
  for (let n = from; n < from + times; n++) {
    await stroke(bench, imageId, box(n * 3, n, 3, 3, n % 11));
    await stroke(bench, imageId, box(n * 3, 40, 2, 2, (n + 1) % 11));
    await bench.call<EditState>('edits.save', { imageId });
    made.push(revision());
  }
  return made;
}

test('the first mask, what runs saw and the newest ten stay; the others go, from the history too', async () => {
  const original = revision();
  const early = await painted(2);
  const end = bench.until<TrainingStatus>('training.status', ({ active }) => !active);
  await bench.call<RunSummary>('training.start', { config: smallConfig({ epochs: 1 }), name: '' });
  await end;
  const later = await painted(13, 2);
  expect(await free()).toMatchObject({ freeableMasks: 0 });
  aged();
  const use = await bench.call<KeptMasksUse>('edits.keptMasks');
  // Of fifteen the newest ten stay, and the second, which the run saw.
  expect(use).toMatchObject({ freeableMasks: 4 });
  expect(await free()).toMatchObject({ freeableMasks: 0, bytes: use.bytes - use.freeableBytes });
  const left = new Set(kept());
  for (const stays of [original, early[1], ...later.slice(-10)]) expect(left.has(stays)).toBe(true);
  for (const gone of [early[0], ...later.slice(0, 3)]) expect(left.has(gone)).toBe(false);
  const listed = (await bench.call<RevisionInfo[]>('edits.revisions', { imageId })).map((info) => info.revision);
  expect(new Set(listed)).toEqual(new Set([original, early[1], ...later.slice(-10)]));
});

test('undo leads back to masks that were freed', async () => {
  const [first] = await painted(13);
  aged();
  expect((await free()).freeableMasks).toBe(0);
  expect(kept()).not.toContain(first);
  for (let n = 0; n < 24; n++) await bench.call('edits.undo', { imageId });
  await bench.call('edits.save', { imageId });
  expect(revision()).toBe(first);
});

test('what another program wrote is in the past also where a person kept their own', async () => {
  await openMask(bench, imageId);
  writeFileSync(maskFile(), readFileSync(path.join(folder, 'trainannot/train-1.png')));
  const theirs = revision();
  await stroke(bench, imageId, box(0, 0, 64, 48, 4));
  expect((await bench.call<EditState>('edits.save', { imageId })).problem).toMatchObject({ kind: 'conflict' });
  await bench.call('edits.resolve', { imageId, keep: 'mine' });
  const past = await bench.call<RevisionInfo[]>('edits.revisions', { imageId });
  expect(past.map(({ origin, current }) => [origin, current])).toEqual([
    ['edit', true],
    ['another program', false],
  ]);
  aged();
  await free();
  await bench.call('edits.restore', { imageId, revision: theirs });
  expect(revision()).toBe(theirs);
});

test('an original that undo leads back to stays the original', async () => {
  const original = revision();
  await paint(bench, imageId, 4);
  await bench.call('edits.undo', { imageId });
  await bench.call('edits.save', { imageId });
  const past = await bench.call<RevisionInfo[]>('edits.revisions', { imageId });
  expect(past.at(-1)).toMatchObject({ revision: original, origin: 'original', current: true });
});
