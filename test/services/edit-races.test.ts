// Masks under edit where things cross: another program, other windows, a folder that is away, a journal that is lost at a bad moment.
import { appendFileSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type * as AtomicWrite from '#files/atomic-write';
import { renameOver } from '#files/atomic-write';
import { encodeMask, readStoredMask } from '#files/mask-png';
import type { EditState, RevisionInfo } from '#shared/contract/edits';
import { WorkFolder } from '#services/datasets/work-folder';
import { EditSession } from '#services/edits/edit-session';
import { encodeRecord } from '#services/edits/journal-record';
import { Journals } from '#services/edits/journals';
import { revisionFile } from '#services/edits/revision-store';
import { identityFormat, temporaryFolder } from '../helpers/dataset.ts';
import { box } from '../helpers/box-patch.ts';
import { endAsKilled, openMask, openMasks, stroke } from '../helpers/edits.ts';
import { createBench, type TestBench } from '../helpers/services.ts';
import { canMount, withSmallDisk } from '../helpers/small-disk.ts';

vi.mock('#files/atomic-write', async (original) => {
  const real = await original<typeof AtomicWrite>();
  return { ...real, renameOver: vi.fn(real.renameOver) };
});

const imageId = 'train/train-0';
let folder: string;
let file: string;
let userData: string;
let bench: TestBench;

beforeEach(async () => {
  ({ folder, file, userData, bench } = await openMasks(9));
  await bench.workbench.datasets.require().surveyed();
});
afterEach(() => vi.restoreAllMocks());

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const save = () => bench.call<EditState>('edits.save', { imageId });
const journals = () => path.join(folder, '.encnet/journal');
const journalFile = () =>
  path.join(
    journals(),
    readdirSync(journals()).find((name) => name.endsWith('.journal'))!,
  );
const asides = () => readdirSync(journals()).filter((name) => name.endsWith('.aside'));
const plain = (value: number) => encodeMask({ width: 64, height: 48, ids: new Uint8Array(64 * 48).fill(value) }, identityFormat);
const openOthers = async () => {
  for (let n = 1; n < 9; n++) await openMask(bench, `train/train-${n}`);
};

/** Fills a small disk to its last block. */
function fill(at: string): void {
  try {
    for (;;) appendFileSync(at, Buffer.alloc(1024));
  } catch (error) {
    expect(error).toMatchObject({ code: 'ENOSPC' });
  }
}

/** What a new workbench finds after a kill at this moment. */
async function killed(): Promise<void> {
  await endAsKilled(bench, [journals(), path.dirname(file)]);
  bench = createBench({ userData });
  await bench.call('datasets.open', { path: folder });
}

describe('a folder that is away for a moment', () => {
  test.each(['the data set', 'its masks'])('%s: is no empty mask, and nothing of it is painted over', async (which) => {
    const before = readFileSync(file);
    await openMask(bench, imageId);
    const at = which === 'its masks' ? path.dirname(file) : folder;
    renameSync(at, `${at}-away`);
    await expect(openMask(bench, imageId)).rejects.toMatchObject({ code: 'not-found' });
    await expect(openMask(bench, 'train/train-5')).rejects.toMatchObject({ code: 'not-found' });
    renameSync(`${at}-away`, at);
    expect((await openMask(bench, imageId)).ids.every((id) => id === 255)).toBe(false);
    await stroke(bench, imageId, box(5, 5, 2, 2, 4));
    expect(await save()).toMatchObject({ state: 'saved', problem: null });
    const [was, is] = [before, readFileSync(file)].map((content) => {
      writeFileSync(path.join(userData, 'mask.png'), content);
      return readStoredMask(path.join(userData, 'mask.png')).values;
    });
    const painted = [5, 6].flatMap((y) => [5, 6].map((x) => y * 64 + x));
    expect(painted.map((index) => is[index])).toEqual([4, 4, 4, 4]);
    expect([...is.keys()].filter((index) => is[index] !== was[index] && !painted.includes(index))).toEqual([]);
  });
});

describe('another program that writes the mask', () => {
  test('while a stroke is in hand is met as a conflict, and the stroke is not set aside', async () => {
    await openMask(bench, imageId);
    writeFileSync(file, plain(2));
    const painted = stroke(bench, imageId, box(0, 0, 64, 48, 3));
    const opened = await openMask(bench, imageId, 'second');
    await painted;
    expect(opened.ids[0]).toBe(3);
    expect((await save()).problem).toMatchObject({ kind: 'conflict' });
    expect(asides()).toEqual([]);
  });

  test('after its session was put away is told to the windows that show it, before the next stroke is all they see', async () => {
    await openMask(bench, imageId, 'first');
    await openOthers();
    writeFileSync(file, plain(2));
    await stroke(bench, imageId, box(0, 0, 2, 2, 7));
    const told = bench.events.filter(({ name }) => name === 'edits.reopen').map(({ payload }) => payload);
    expect(told).toEqual([{ imageId, text: expect.stringContaining('was changed by another program') as string }]);
    expect((await openMask(bench, imageId)).ids[100]).toBe(2);
  });
});

describe('strokes that a kill left, where another program has written the mask', () => {
  const restored = async (at: readonly number[]) => {
    const [newest] = await bench.call<RevisionInfo[]>('edits.revisions', { imageId });
    expect(newest).toMatchObject({ origin: 'edit', work: ['Brush'] });
    await bench.call('edits.restore', { imageId, revision: newest.revision });
    const { ids } = await openMask(bench, imageId);
    return at.map((index) => ids[index]);
  };

  test('are in its history, on the mask that they were painted on', async () => {
    await stroke(bench, imageId, box(0, 0, 2, 2, 3));
    await save();
    const [before] = (await openMask(bench, imageId)).ids.slice(100);
    writeFileSync(file, plain(2));
    await stroke(bench, imageId, box(4, 0, 2, 2, 5));
    expect((await save()).problem).toMatchObject({ kind: 'conflict' });
    await killed();
    const { ids, notes } = await openMask(bench, imageId);
    expect([ids[0], ids[4], ids[100]]).toEqual([2, 2, 2]);
    expect(notes).toEqual([expect.stringMatching(/changed by another program.*\.aside\. As a mask they are in its history/) as string]);
    expect(readFileSync(file)).toEqual(Buffer.from(plain(2)));
    expect(await restored([0, 4, 100])).toEqual([3, 5, before]);
    await bench.call('edits.undo', { imageId });
    expect((await openMask(bench, imageId)).ids[4]).toBe(2);
  });

  test('are there on the mask of today, where the one that they were painted on is kept nowhere', async () => {
    await stroke(bench, imageId, box(0, 0, 2, 2, 3));
    await bench.call('edits.undo', { imageId });
    await stroke(bench, imageId, box(4, 0, 2, 2, 5));
    await endAsKilled(bench, [journals(), path.dirname(file)]);
    rmSync(path.join(folder, '.encnet/revisions'), { recursive: true, force: true });
    writeFileSync(file, plain(2));
    bench = createBench({ userData });
    await bench.call('datasets.open', { path: folder });
    expect((await openMask(bench, imageId)).notes).toEqual([expect.stringContaining('they are in its history') as string]);
    await openOthers();
    expect((await openMask(bench, imageId)).notes).toEqual([]);
    // What undo took back is nothing that was painted.
    expect(await restored([0, 4])).toEqual([2, 5]);
  });

  test('stay where the note says, where they cannot become a mask', async () => {
    await stroke(bench, imageId, box(0, 0, 2, 2, 3));
    const { revision } = await save();
    writeFileSync(file, plain(2));
    await stroke(bench, imageId, box(4, 0, 2, 2, 5));
    await save();
    await endAsKilled(bench, [journals(), path.dirname(file)]);
    writeFileSync(revisionFile(path.join(folder, '.encnet/revisions'), revision!), 'damaged');
    bench = createBench({ userData });
    await bench.call('datasets.open', { path: folder });
    expect((await openMask(bench, imageId)).notes).toEqual([expect.stringMatching(/They are kept in .*\.aside\.$/) as string]);
    expect(asides()).toHaveLength(1);
  });
});

describe('a journal that is lost', () => {
  test('while a conflict waits is written anew readably: the strokes come back, or the conflict does', async () => {
    await stroke(bench, imageId, box(0, 0, 2, 2, 3));
    await save();
    writeFileSync(file, plain(2));
    await stroke(bench, imageId, box(4, 0, 2, 2, 5));
    expect((await save()).problem).toMatchObject({ kind: 'conflict' });
    rmSync(journalFile());
    expect(await bench.call<EditState>('edits.resolve', { imageId, keep: 'mine' })).toMatchObject({ state: 'saved' });
    await stroke(bench, imageId, box(8, 0, 2, 2, 7));
    await killed();
    const opened = await openMask(bench, imageId);
    expect([opened.ids[0], opened.ids[4], opened.ids[8]]).toEqual([3, 5, 7]);
    expect(opened.undo).toBe('Brush');
  });

  test('after undo and a new stroke leads past the state that is in the file', async () => {
    await stroke(bench, imageId, box(0, 0, 2, 2, 3));
    await save();
    const before = (await openMask(bench, imageId)).ids[0];
    await bench.call('edits.undo', { imageId });
    rmSync(journalFile());
    await stroke(bench, imageId, box(8, 0, 2, 2, 7));
    await killed();
    const opened = await openMask(bench, imageId);
    expect(opened.ids[0]).not.toBe(before);
    expect(opened.ids[8]).toBe(7);
    expect(asides()).toEqual([]);
  });

  test('and cannot be put in place at once keeps all strokes until it can', async () => {
    const original = readFileSync(file);
    await stroke(bench, imageId, box(0, 0, 2, 2, 3));
    await stroke(bench, imageId, box(4, 0, 2, 2, 5));
    rmSync(journalFile());
    vi.mocked(renameOver).mockImplementationOnce(() => {
      throw Object.assign(new Error('EPERM'), { code: 'EPERM' });
    });
    await stroke(bench, imageId, box(8, 0, 2, 2, 7));
    const journal = readFileSync(journalFile());
    await bench.workbench.shutDown();
    // As if no save had been made before the kill.
    writeFileSync(file, original);
    writeFileSync(journalFile(), journal);
    bench = createBench({ userData });
    await bench.call('datasets.open', { path: folder });
    const opened = await openMask(bench, imageId);
    expect([opened.ids[0], opened.ids[4], opened.ids[8]]).toEqual([3, 5, 7]);
  });

  test.skipIf(!canMount)('on a full disk leaves nothing behind at any try, and is written when there is room', async () => {
    await stroke(bench, imageId, box(0, 0, 2, 2, 3));
    await save();
    await bench.workbench.shutDown();
    const kept = readdirSync(journals()).map((name) => [name, readFileSync(path.join(journals(), name))] as const);
    await withSmallDisk(journals(), '64k', async () => {
      for (const [name, bytes] of kept) writeFileSync(path.join(journals(), name), bytes);
      bench = createBench({ userData });
      await bench.call('datasets.open', { path: folder });
      const values = new Uint8Array(64 * 48).map((_, index) => (index * 7919) % 11);
      await stroke(bench, imageId, { ...box(0, 0, 64, 48, 1), values });
      rmSync(journalFile());
      fill(path.join(journals(), 'ballast'));
      const painted = stroke(bench, imageId, box(9, 9, 2, 2, 3));
      await wait(3500);
      expect(readdirSync(journals())).toEqual(['ballast']);
      rmSync(path.join(journals(), 'ballast'));
      await painted;
      expect(readdirSync(journals())).toHaveLength(1);
      await bench.workbench.shutDown();
    });
  });

  test.skipIf(!canMount)('or too large on a full disk does not keep its mask shut', async () => {
    const root = temporaryFolder();
    const at = path.join(root, 'journal');
    mkdirSync(at);
    await withSmallDisk(at, '32k', async () => {
      const reported: unknown[] = [];
      const small = new Journals(new WorkFolder(root), (error) => reported.push(error), 100);
      const size = { width: 64, height: 48 };
      const { journal } = await small.open({ image: 'a', ...size }, '00000000');
      const after = new Uint8Array(64 * 48).map((_, index) => (index * 7919) % 251);
      const step = {
        id: 1,
        label: 'x',
        stroke: null,
        left: 0,
        top: 0,
        ...size,
        changed: new Uint8Array(384).fill(255),
        before: after,
        after,
      };
      await journal.append(await encodeRecord({ kind: 'step', session: 's', step }));
      for (const kind of ['saving', 'saved'] as const) await journal.append(await encodeRecord({ kind, revision: '11111111', mark: 1 }));
      await journal.close();
      writeFileSync(path.join(at, 'ballast'), Buffer.alloc(20 * 1024));
      const opened = await small.open({ image: 'a', ...size }, '11111111');
      expect(reported).toHaveLength(1);
      expect(opened.history.nextUndo?.label).toBe('x');
      expect(readdirSync(at)).toHaveLength(2);
      await opened.journal.append(await encodeRecord({ kind: 'undo' }));
      await opened.journal.close();
      expect((await small.open({ image: 'a', ...size }, '11111111')).history.nextRedo?.label).toBe('x');
    });
  });
});

test('a stroke that was undone is not done again when its window sends it once more', async () => {
  const patch = box(20, 20, 2, 2, 7);
  await stroke(bench, imageId, patch, 'lost:1');
  await bench.call('edits.undo', { imageId });
  await stroke(bench, imageId, box(50, 40, 2, 2, 3));
  expect((await openMask(bench, imageId, 'lost')).known).toEqual(['lost:1']);
  await stroke(bench, imageId, patch, 'lost:1');
  expect((await openMask(bench, imageId)).ids[20 * 64 + 20]).not.toBe(7);
  await save();
  await bench.workbench.shutDown();
  bench = createBench({ userData });
  await bench.call('datasets.open', { path: folder });
  expect((await openMask(bench, imageId, 'lost')).known).toEqual(['lost:1']);
});

test('a session that is put away while a newer one opens takes none with it', async () => {
  const real = Object.getOwnPropertyDescriptor(EditSession.prototype, 'close')!.value as (this: EditSession) => Promise<void>;
  vi.spyOn(EditSession.prototype, 'close').mockImplementation(async function (this: EditSession) {
    await real.call(this);
    if (this.imageId === 'train/train-1') await wait(600);
  });
  await openMask(bench, 'train/train-1');
  await openMask(bench, imageId);
  for (let n = 2; n < 8; n++) await openMask(bench, `train/train-${n}`);
  writeFileSync(file, plain(2));
  await openMask(bench, imageId);
  await wait(450);
  for (let n = 0; n < 8; n++) {
    await stroke(bench, imageId, box(4 + 7 * n, 20, 2, 2, 3 + (n % 5)));
    await wait(60);
  }
  expect(await save()).toMatchObject({ state: 'saved', problem: null });
  const { values } = readStoredMask(file);
  expect(Array.from({ length: 8 }, (_, n) => values[20 * 64 + 4 + 7 * n])).toEqual([3, 4, 5, 6, 7, 3, 4, 5]);
  expect(asides()).toEqual([]);
});
