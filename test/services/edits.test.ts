// Masks under edit, on real files, journals, worker threads and SQLite.
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { beforeEach, describe, expect, test } from 'vitest';
import { paletteForm } from '#files/mask-form';
import { encodeMask, readStoredMask } from '#files/mask-png';
import { revisionOf } from '#files/revision';
import type { EditState, RepairReport, RevisionInfo, SeenMask } from '#shared/contract/edits';
import type { ImageEntry } from '#shared/contract/datasets';
import { identityFormat, makeDataset, temporaryFolder } from '../helpers/dataset.ts';
import { box } from '../helpers/box-patch.ts';
import { endAsKilled, openMask, openMasks, paint, stroke } from '../helpers/edits.ts';
import { createBench, type TestBench } from '../helpers/services.ts';

const imageId = 'train/train-0';
let folder: string;
let file: string;
let userData: string;
let bench: TestBench;

beforeEach(async () => {
  ({ folder, file, userData, bench } = await openMasks(2));
});

const save = () => bench.call<EditState>('edits.save', { imageId });
const undo = () => bench.call<string | null>('edits.undo', { imageId });
const redo = () => bench.call<string | null>('edits.redo', { imageId });
const journalFile = () => path.join(folder, '.encnet/journal', readdirSync(path.join(folder, '.encnet/journal'))[0]);

/** Ends the workbench as it should and opens the data set with a new one. */
async function restart(): Promise<void> {
  await bench.workbench.shutDown();
  bench = createBench({ userData });
  await bench.call('datasets.open', { path: folder });
}

test('a stroke changes exactly its pixels in the file, and nothing else', async () => {
  const before = readStoredMask(file).values;
  await stroke(bench, imageId, box(5, 6, 3, 2, 9));
  expect((await save()).state).toBe('saved');
  const after = readStoredMask(file).values;
  const changed = [...after.keys()].filter((index) => after[index] !== before[index]);
  const inside = (index: number) => index % 64 >= 5 && index % 64 < 8 && index >= 6 * 64 && index < 8 * 64;
  expect(changed.every(inside)).toBe(true);
  expect(after[6 * 64 + 5]).toBe(9);
});

test('looking at a mask writes nothing', async () => {
  await openMask(bench, imageId);
  await save();
  expect(existsSync(path.join(folder, '.encnet/journal'))).toBe(false);
  expect(existsSync(path.join(folder, '.encnet/revisions'))).toBe(false);
});

test('values that the class set does not know stay as they are where nobody painted', async () => {
  const values = new Uint8Array(64 * 48).fill(3);
  values.fill(200, 0, 500);
  writeFileSync(file, encodeMask({ width: 64, height: 48, ids: values }, identityFormat));
  await restart();
  await stroke(bench, imageId, box(63, 47, 1, 1, 1));
  await save();
  const after = readStoredMask(file).values;
  expect([...after.keys()].filter((index) => after[index] !== values[index])).toEqual([64 * 48 - 1]);
  const entry = (await bench.call<ImageEntry[]>('datasets.images')).find(({ id }) => id === imageId)!;
  expect(entry).toMatchObject({ state: 'problem' });
  expect(entry.problems[0].text).toContain('has value 200 in 500 pixels');
});

test('a palette mask is written back with its palette', async () => {
  const palette: [number, number, number][] = Array.from({ length: 12 }, (_, i) => [i * 20, 255 - i * 20, i]);
  writeFileSync(file, encodeMask({ width: 64, height: 48, ids: new Uint8Array(64 * 48).fill(3) }, identityFormat, paletteForm(palette)));
  await restart();
  await paint(bench, imageId, 8);
  const stored = readStoredMask(file);
  expect([...stored.form.palette!]).toEqual(palette.flat());
  expect(new Set(stored.values)).toEqual(new Set([8]));
});

test('undo and redo go there and back, and undo to the start is the original file to the byte', async () => {
  const original = readFileSync(file);
  await paint(bench, imageId, 3);
  await paint(bench, imageId, 4);
  expect(new Set((await openMask(bench, imageId)).ids)).toEqual(new Set([4]));
  expect([await undo(), await undo(), await undo()]).toEqual(['Brush', 'Brush', null]);
  await save();
  expect(readFileSync(file).equals(original)).toBe(true);
  expect(await redo()).toBe('Brush');
  await save();
  expect(new Set(readStoredMask(file).values)).toEqual(new Set([3]));
});

test('undo and redo survive a restart', async () => {
  const original = readFileSync(file);
  await paint(bench, imageId, 3);
  await paint(bench, imageId, 4);
  await undo();
  await restart();
  const opened = await openMask(bench, imageId);
  expect(new Set(opened.ids)).toEqual(new Set([3]));
  expect(opened).toMatchObject({ undo: 'Brush', redo: 'Brush', state: 'saved', notes: [] });
  await redo();
  expect(new Set((await openMask(bench, imageId)).ids)).toEqual(new Set([4]));
  await undo();
  await undo();
  await save();
  expect(readFileSync(file).equals(original)).toBe(true);
});

test('an image without a mask opens void; its first save makes the file, and undo takes it away', async () => {
  rmSync(file);
  await restart();
  const opened = await openMask(bench, imageId);
  expect(opened.revision).toBeNull();
  expect(new Set(opened.ids)).toEqual(new Set([255]));
  await stroke(bench, imageId, box(0, 0, 2, 2, 0));
  await save();
  expect([...new Set(readStoredMask(file).values)].sort()).toEqual([0, 11]);
  await undo();
  await save();
  expect(existsSync(file)).toBe(false);
  expect((await bench.call<ImageEntry[]>('datasets.images')).find(({ id }) => id === imageId)).toMatchObject({ state: 'unlabelled' });
});

test('a corrupt mask blocks its image instead of opening empty', async () => {
  writeFileSync(file, readFileSync(file).subarray(0, 60));
  await expect(openMask(bench, imageId)).rejects.toMatchObject({ code: 'corrupt-file' });
  await expect(openMask(bench, 'train/none')).rejects.toMatchObject({ code: 'not-found' });
});

test.each([
  ['beyond the right edge', { ...box(60, 0, 10, 1, 1) }],
  ['beyond the bottom', { ...box(0, 47, 1, 2, 1) }],
  ['far outside', { ...box(500, 500, 1, 1, 1) }],
  ['with too few values', { ...box(0, 0, 4, 4, 1), values: new Uint8Array(15) }],
  ['with too many values', { ...box(0, 0, 4, 4, 1), values: new Uint8Array(17) }],
  ['with too few bits', { ...box(0, 0, 4, 4, 1), changed: new Uint8Array(1) }],
  ['of an id outside the class set', { ...box(0, 0, 1, 1, 77) }],
  ['of the stored value of void', { ...box(0, 0, 1, 1, 11) }],
])('a patch %s is refused, and the image opens as before', async (_, patch) => {
  const before = readFileSync(file);
  await expect(stroke(bench, imageId, patch)).rejects.toMatchObject({ code: 'invalid-argument' });
  await restart();
  expect((await openMask(bench, imageId)).notes).toEqual([]);
  expect(readFileSync(file).equals(before)).toBe(true);
});

test('a stroke that is sent twice is done once', async () => {
  await stroke(bench, imageId, box(0, 0, 8, 8, 5), 'window:1');
  await stroke(bench, imageId, box(0, 0, 8, 8, 6), 'window:2');
  await stroke(bench, imageId, box(0, 0, 8, 8, 5), 'window:1');
  const opened = await openMask(bench, imageId, 'window');
  expect(opened.ids[0]).toBe(6);
  expect(opened.known).toEqual(['window:1', 'window:2']);
});

test('every saved mask is kept once, the original first, and each can be taken again', async () => {
  const original = revisionOf(readFileSync(file));
  const { revision: first } = await paint(bench, imageId, 3);
  const { revision: second } = await paint(bench, imageId, 4);
  const history = await bench.call<RevisionInfo[]>('edits.revisions', { imageId });
  expect(history.map(({ revision, origin, current }) => [revision, origin, current])).toEqual([
    [second, 'edit', true],
    [first, 'edit', false],
    [original, 'original', false],
  ]);
  const state = await bench.call<EditState>('edits.restore', { imageId, revision: original });
  expect(state).toMatchObject({ state: 'saved', undo: 'Restore an earlier mask' });
  expect(readStoredMask(file).values).toEqual(
    readStoredMask(path.join(folder, '.encnet/revisions', original.slice(0, 2), `${original}.png`)).values,
  );
  await undo();
  await save();
  expect(revisionOf(readFileSync(file))).toBe(second);
  await expect(bench.call('edits.restore', { imageId, revision: 'ffffffffffffffff' })).rejects.toMatchObject({ code: 'not-found' });
});

describe('another program', () => {
  const theirs = () => encodeMask({ width: 64, height: 48, ids: new Uint8Array(64 * 48).fill(2) }, identityFormat);

  test('is not overwritten unseen; keep mine writes over it and keeps its version', async () => {
    await openMask(bench, imageId);
    writeFileSync(file, theirs());
    const revision = revisionOf(theirs());
    await stroke(bench, imageId, box(0, 0, 64, 48, 5));
    expect((await save()).problem).toMatchObject({ kind: 'conflict' });
    expect(revisionOf(readFileSync(file))).toBe(revision);
    const state = await bench.call<EditState>('edits.resolve', { imageId, keep: 'mine' });
    expect(state).toMatchObject({ state: 'saved', problem: null });
    expect(new Set(readStoredMask(file).values)).toEqual(new Set([5]));
    expect(existsSync(path.join(folder, '.encnet/revisions', revision.slice(0, 2), `${revision}.png`))).toBe(true);
  });

  test('take theirs shows its version, and undo brings back mine', async () => {
    await openMask(bench, imageId);
    writeFileSync(file, theirs());
    await stroke(bench, imageId, box(0, 0, 64, 48, 5));
    await save();
    await bench.call<EditState>('edits.resolve', { imageId, keep: 'theirs' });
    expect(new Set((await openMask(bench, imageId)).ids)).toEqual(new Set([2]));
    expect(revisionOf(readFileSync(file))).toBe(revisionOf(theirs()));
    await undo();
    expect((await save()).state).toBe('saved');
    expect(new Set(readStoredMask(file).values)).toEqual(new Set([5]));
  });

  test('that changed a mask whose strokes were all saved costs only undo, and says so', async () => {
    await paint(bench, imageId, 3);
    await bench.workbench.shutDown();
    writeFileSync(file, theirs());
    bench = createBench({ userData });
    await bench.call('datasets.open', { path: folder });
    const opened = await openMask(bench, imageId);
    expect(opened.notes).toEqual([expect.stringContaining('Undo begins anew')]);
    expect(opened.undo).toBeNull();
    expect(new Set(opened.ids)).toEqual(new Set([2]));
  });

  test('that puts an earlier version back is believed: nothing is painted over it again', async () => {
    const original = readFileSync(file);
    await paint(bench, imageId, 3);
    await paint(bench, imageId, 4);
    await bench.workbench.shutDown();
    writeFileSync(file, original);
    bench = createBench({ userData });
    await bench.call('datasets.open', { path: folder });
    const opened = await openMask(bench, imageId);
    expect(opened.notes).toEqual([expect.stringContaining('Undo begins anew')]);
    expect(readFileSync(file).equals(original)).toBe(true);
    const values = readStoredMask(file).values.map((value) => (value < 11 ? value : 255));
    expect(Buffer.from(opened.ids).equals(values)).toBe(true);
  });

  test('is written over by keep mine also where undo has led back to what was saved', async () => {
    await paint(bench, imageId, 3);
    writeFileSync(file, theirs());
    await stroke(bench, imageId, box(0, 0, 64, 48, 5));
    expect((await save()).problem).toMatchObject({ kind: 'conflict' });
    await undo();
    expect(await bench.call<EditState>('edits.resolve', { imageId, keep: 'mine' })).toMatchObject({ state: 'saved', problem: null });
    expect(new Set(readStoredMask(file).values)).toEqual(new Set([3]));
  });

  test('whose version was taken is in the history under its name, and in the library', async () => {
    await paint(bench, imageId, 3);
    writeFileSync(file, theirs());
    await stroke(bench, imageId, box(0, 0, 2, 2, 5));
    await save();
    await bench.call<EditState>('edits.resolve', { imageId, keep: 'theirs' });
    const past = await bench.call<RevisionInfo[]>('edits.revisions', { imageId });
    const now = past.find(({ current }) => current);
    expect(now).toMatchObject({ origin: 'another program', revision: revisionOf(theirs()) });
    // Mine, which gave way to it, is there beside it.
    expect(past.filter(({ origin, current }) => origin === 'edit' && !current)).toHaveLength(2);
    const entry = (await bench.call<ImageEntry[]>('datasets.images')).find(({ id }) => id === imageId)!;
    expect(entry.classPixels![2]).toBe(64 * 48);
  });

  describe('that wrote over a mask under the brush', () => {
    beforeEach(async () => {
      await openMask(bench, imageId);
      writeFileSync(file, theirs());
      await stroke(bench, imageId, box(0, 0, 64, 48, 5));
    });

    test.each(['before', 'after'])('leaves the choice open where an export is refused that starts %s it is met', async (when) => {
      if (when === 'after') await save();
      const target = path.join(temporaryFolder(), 'out');
      await expect(bench.call('datasetExports.start', { to: 'voc', split: null, out: target, predictionId: null })).rejects.toThrow(
        `What was painted last on ${imageId} is not in its mask`,
      );
      const [waiting] = await bench.call<EditState[]>('edits.unsaved');
      expect(waiting.problem).toMatchObject({ kind: 'conflict' });
      await bench.call<EditState>('edits.resolve', { imageId, keep: 'mine' });
      expect(new Set(readStoredMask(file).values)).toEqual(new Set([5]));
    });

    test('leaves the choice open where its mask is to be repaired', async () => {
      const { failed } = await bench.call<RepairReport>('edits.repair', { imageIds: [imageId], how: 'begin' });
      expect(failed).toEqual([expect.stringContaining('waits for a person')]);
      await bench.call<EditState>('edits.resolve', { imageId, keep: 'mine' });
      expect(new Set(readStoredMask(file).values)).toEqual(new Set([5]));
    });

    test.each(['a refresh', 'a restart'])('has what was painted in the history after %s, to be restored', async (end) => {
      const notices = bench.events;
      if (end === 'a refresh') await bench.call('datasets.refresh');
      else await restart();
      expect(notices.filter(({ name }) => name === 'app.notice')).toEqual([
        {
          name: 'app.notice',
          payload: { kind: 'error', text: expect.stringContaining("in the mask's history, to be restored") as string },
        },
      ]);
      expect(new Set((await openMask(bench, imageId)).ids)).toEqual(new Set([2]));
      const [mine, ...others] = (await bench.call<RevisionInfo[]>('edits.revisions', { imageId })).filter(
        ({ origin }) => origin === 'edit',
      );
      expect(mine.work).toEqual(['Brush']);
      // What is there already is not put there once more when the image is opened.
      expect(others).toEqual([]);
      expect(readdirSync(path.join(folder, '.encnet/journal')).filter((name) => name.endsWith('.aside'))).toEqual([]);
      await bench.call('edits.restore', { imageId, revision: mine.revision });
      expect((await save()).state).toBe('saved');
      expect(new Set(readStoredMask(file).values)).toEqual(new Set([5]));
    });
  });

  test('that changes a mask which nobody paints on is seen when it is opened again, in every window', async () => {
    await openMask(bench, imageId, 'first');
    writeFileSync(file, theirs());
    expect(new Set((await openMask(bench, imageId, 'second')).ids)).toEqual(new Set([2]));
    expect(bench.events.filter(({ name }) => name === 'edits.reopen')).toEqual([
      { name: 'edits.reopen', payload: { imageId, text: expect.stringContaining('changed by another program') as string } },
    ]);
  });
});

describe('a journal', () => {
  /** Strokes that are in the journal but not in the file, as a kill leaves them. */
  async function killedAfter(strokes: number): Promise<Buffer> {
    const before = readFileSync(file);
    for (let n = 0; n < strokes; n++) await stroke(bench, imageId, box(n, n, 2, 2, n + 1));
    const journal = readFileSync(journalFile());
    await bench.workbench.shutDown();
    writeFileSync(file, before);
    writeFileSync(journalFile(), journal);
    return journal;
  }

  const reopen = async () => {
    bench = createBench({ userData });
    await bench.call('datasets.open', { path: folder });
    return openMask(bench, imageId);
  };

  test('brings strokes back that were not in the file, saves them and can undo them', async () => {
    await killedAfter(3);
    const opened = await reopen();
    expect(opened.notes).toEqual(['3 changes that had not been saved came back.']);
    expect([opened.ids[0], opened.ids[65], opened.ids[130]]).toEqual([1, 2, 3]);
    await expect.poll(() => readStoredMask(file).values[130]).toBe(3);
    await undo();
    expect((await openMask(bench, imageId)).ids[3 * 64 + 3]).not.toBe(3);
  });

  test('of a smaller image is set aside and told, and the image opens', async () => {
    await killedAfter(2);
    const small = await makeDataset({ train: 2, val: 1, width: 32, height: 24 });
    for (const name of ['train/train-0.png', 'trainannot/train-0.png']) {
      rmSync(path.join(folder, name));
      renameSync(path.join(small, name), path.join(folder, name));
    }
    const opened = await reopen();
    expect(opened).toMatchObject({ width: 32, height: 24 });
    expect(opened.notes[0]).toContain('it is of a mask of 64 x 48, and the image has 32 x 24 now');
    expect(readdirSync(path.join(folder, '.encnet/journal')).some((name) => name.endsWith('.aside'))).toBe(true);
  });

  test('whose end was cut off by a kill loses the unfinished stroke alone', async () => {
    await killedAfter(2);
    appendFileSync(journalFile(), Buffer.from([40, 0, 0, 0, 1, 2, 3, 4, 5, 6]));
    const opened = await reopen();
    expect(opened.notes).toEqual(['2 changes that had not been saved came back.']);
    await stroke(bench, imageId, box(40, 40, 2, 2, 7));
    await save();
    await restart();
    expect((await openMask(bench, imageId)).ids[40 * 64 + 40]).toBe(7);
  });

  test('of an earlier version is left where it is', async () => {
    await bench.workbench.shutDown();
    const old = path.join(folder, '.encnet/journal/train-train-0-1234abcd.strokes');
    mkdirSync(path.dirname(old), { recursive: true });
    writeFileSync(old, 'strokes of before');
    const opened = await reopen();
    expect(opened.notes).toEqual([]);
    expect(readFileSync(old, 'utf8')).toBe('strokes of before');
  });
});

describe('a journal that somebody', () => {
  /** What a new workbench finds after a kill. */
  async function killed(): Promise<void> {
    await endAsKilled(bench, [path.join(folder, '.encnet/journal'), path.dirname(file)]);
    bench = createBench({ userData });
    await bench.call('datasets.open', { path: folder });
  }

  test.each([
    ['removes', () => rmSync(journalFile())],
    ['shortens', () => truncateSync(journalFile(), 20)],
    ['writes into', () => appendFileSync(journalFile(), 'something else')],
  ])('%s while the mask is painted on is written anew with all that can be undone', async (_, damage) => {
    await stroke(bench, imageId, box(0, 0, 2, 2, 3));
    await save();
    await stroke(bench, imageId, box(4, 0, 2, 2, 5));
    damage();
    await stroke(bench, imageId, box(8, 0, 2, 2, 7));
    await killed();
    const opened = await openMask(bench, imageId);
    expect([opened.ids[0], opened.ids[4], opened.ids[8]]).toEqual([3, 5, 7]);
    expect([await undo(), await undo(), await undo(), await undo()]).toEqual(['Brush', 'Brush', 'Brush', null]);
  });

  test('removes while a mask is looked at is begun anew with what it held', async () => {
    await stroke(bench, imageId, box(0, 0, 2, 2, 3));
    await restart();
    await openMask(bench, imageId);
    rmSync(journalFile());
    await stroke(bench, imageId, box(4, 0, 2, 2, 5));
    await killed();
    const opened = await openMask(bench, imageId);
    expect([opened.ids[0], opened.ids[4]]).toEqual([3, 5]);
    expect([await undo(), await undo(), await undo()]).toEqual(['Brush', 'Brush', null]);
  });

  test('keeps from being written does not keep the workbench from ending, and says why a stroke is not kept', async () => {
    await openMask(bench, imageId);
    writeFileSync(path.join(folder, '.encnet/journal'), 'in the way');
    const told = stroke(bench, imageId, box(0, 0, 2, 2, 3)).catch((error: Error) => error);
    const { problem } = await bench.until<EditState>('edits.state', (state) => state.problem !== null);
    expect(problem!.text).toContain('could not be written: a file is where a folder must be');
    const begin = performance.now();
    await bench.workbench.shutDown();
    expect(performance.now() - begin).toBeLessThan(5000);
    expect(await told).toMatchObject({ code: 'cancelled' });
  });
});

test("a workbench that only reads sets no journal aside and says nothing of strokes that are another one's", async () => {
  await stroke(bench, imageId, box(0, 0, 2, 2, 3));
  // Whoever writes it would meet the damage as well, at the next save.
  await bench.call('edits.save', { imageId });
  const reader = createBench();
  await reader.call('datasets.open', { path: folder });
  appendFileSync(journalFile(), Buffer.alloc(400, 7));
  const before = readdirSync(path.join(folder, '.encnet/journal'));
  expect((await openMask(reader, imageId)).notes).toEqual([]);
  expect(readdirSync(path.join(folder, '.encnet/journal'))).toEqual(before);
});

test('a folder that is moved away is never painted into, and says so', async () => {
  await stroke(bench, imageId, box(0, 0, 2, 2, 3));
  await save();
  const moved = `${folder}-moved`;
  renameSync(folder, moved);
  await expect(stroke(bench, imageId, box(5, 5, 2, 2, 4))).rejects.toThrow(/is gone: it was moved, renamed or deleted/);
  expect(existsSync(folder)).toBe(false);
  renameSync(moved, folder);
  await stroke(bench, imageId, box(5, 5, 2, 2, 4));
  await save();
  expect(readStoredMask(file).values[5 * 64 + 5]).toBe(4);
});

test('a mask of the past is looked at as it was, and the history tells what was done to each', async () => {
  const labelled = (label: string, patch: ReturnType<typeof box>) =>
    bench.call('edits.stroke', { imageId, stroke: `test:${label}`, label, patch });
  await labelled('Superpixels', box(2, 2, 5, 5, 4));
  await labelled('Proposal', box(10, 2, 5, 5, 6));
  await save();
  await labelled('Brush', box(2, 10, 5, 5, 7));
  await save();
  const past = await bench.call<RevisionInfo[]>('edits.revisions', { imageId });
  expect(past.map(({ work }) => work)).toEqual([['Brush'], ['Superpixels', 'Proposal'], []]);
  const seen = await bench.call<SeenMask>('edits.look', { imageId, revision: past[1].revision });
  const ids = inflateRawSync(seen.ids);
  const at = (x: number, y: number) => ids[y * seen.width + x];
  expect([at(3, 3), at(11, 3)]).toEqual([4, 6]);
  expect(at(3, 11)).not.toBe(7);
  await expect(bench.call('edits.look', { imageId, revision: 'ffffffffffffffff' })).rejects.toMatchObject({ code: 'not-found' });
});
