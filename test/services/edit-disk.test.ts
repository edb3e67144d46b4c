// What a disk that takes nothing does to masks under edit: the journal's, and the masks' own.
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pino } from 'pino';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { encodeMask, readStoredMask } from '#files/mask-png';
import { EditRecorder } from '#services/edits/edit-recorder';
import { JournalFile, JournalLost, readFrames } from '#services/edits/journal-file';
import { Journal } from '#services/edits/journal';
import { decodeRecord, type JournalRecord } from '#services/edits/journal-record';
import type { EditState, RevisionInfo } from '#shared/contract/edits';
import type { RunSummary } from '#shared/contract/runs';
import type { TrainingStatus } from '#shared/contract/training';
import { identityFormat, makeDataset, temporaryFolder } from '../helpers/dataset.ts';
import { box } from '../helpers/box-patch.ts';
import { stroke } from '../helpers/edits.ts';
import { openDatabase } from '#services/database';
import { Workers } from '#services/workers/workers';
import { createBench, type TestBench } from '../helpers/services.ts';
import { smallConfig } from '../helpers/training.ts';

const imageId = 'train/train-0';
let folder: string;
let file: string;
let bench: TestBench;

beforeEach(async () => {
  folder = await makeDataset({ train: 2, val: 1 });
  file = path.join(folder, 'trainannot/train-0.png');
  bench = createBench();
  await bench.call('datasets.open', { path: folder });
});

/** Another program writes the mask of an image that is painted on: a person has to choose. */
async function conflict(): Promise<void> {
  await stroke(bench, imageId, box(0, 0, 2, 2, 3));
  writeFileSync(file, encodeMask({ width: 64, height: 48, ids: new Uint8Array(64 * 48).fill(4) }, identityFormat));
  const { problem } = await bench.call<EditState>('edits.save', { imageId });
  expect(problem).toMatchObject({ kind: 'conflict' });
}

const unsaved = `What was painted last on ${imageId} is not in its mask: `;

describe('a journal that takes nothing', () => {
  /** What a recorder puts into a journal that refuses some records. */
  function recorder(refuses: (payload: Uint8Array) => boolean) {
    const kept: Uint8Array[] = [];
    const append = (payload: Uint8Array) =>
      refuses(payload) ? Promise.reject(new Error('the disk is full')) : (kept.push(payload), Promise.resolve());
    const journal = { append, close: () => Promise.resolve() } as unknown as Journal;
    const none = () => undefined;
    return {
      kept,
      recorder: new EditRecorder({
        imageId,
        journal,
        log: pino({ level: 'silent' }),
        whole: () => [],
        assertWritable: none,
        failed: none,
        kept: none,
      }),
    };
  }
  const large: JournalRecord = {
    kind: 'step',
    session: '1',
    step: {
      ...{ left: 0, top: 0, width: 8, height: 8, id: 1, label: 'Brush', stroke: 'a:1', changed: new Uint8Array(8).fill(255) },
      before: new Uint8Array(64),
      after: new Uint8Array(64).fill(1),
    },
  };

  test('of a change takes nothing that was done after it either, however small', async () => {
    const { kept, recorder: records } = recorder((payload) => payload.length > 60);
    const step = records.record(large).catch((error: unknown) => error);
    const undo = records.record({ kind: 'undo' }).catch((error: unknown) => error);
    records.giveUp();
    expect([await step, await undo]).toMatchObject([{ code: 'cancelled' }, { code: 'cancelled' }]);
    expect(kept).toEqual([]);
    await records.close();
  });

  test('is written anew while it is in use, once it holds far more than can be undone, and goes on behind that', async () => {
    const at = path.join(temporaryFolder(), 'a.journal');
    const begin: JournalRecord = { kind: 'begin', image: imageId, width: 64, height: 48, revision: null, mark: 0 };
    const journal = new Journal(at, { readBytes: 0, first: begin }, 400);
    const none = () => undefined;
    const records = new EditRecorder({
      ...{ imageId, journal, log: pino({ level: 'silent' }), whole: () => [begin, large] },
      ...{ assertWritable: none, failed: none, kept: none },
    });
    await records.record(large);
    await records.renewWhereLarge();
    const kinds = async () => {
      const { frames } = readFrames(readFileSync(at));
      return Promise.all(frames.map(async (frame) => (await decodeRecord(frame, { width: 64, height: 48 })).kind));
    };
    expect(await kinds()).toEqual(['begin', 'step']);
    for (let n = 0; n < 6; n++) await records.record(large);
    expect(await kinds()).toHaveLength(8);
    await records.renewWhereLarge();
    await records.record({ kind: 'undo' });
    expect(await kinds()).toEqual(['begin', 'step', 'undo']);
    await records.close();
    expect(readdirSync(path.dirname(at))).toEqual(['a.journal']);
  });

  test('keeps nobody waiting who wants to write the mask', async () => {
    const { recorder: records } = recorder(() => true);
    const step = records.record(large).catch((error: unknown) => error);
    await expect(records.record({ kind: 'saving', revision: 'a', mark: 1 })).rejects.toThrow('the disk is full');
    await expect(records.record({ kind: 'saving', revision: 'a', mark: 1 })).rejects.toThrow('the disk is full');
    await records.close();
    expect(await step).toMatchObject({ code: 'cancelled' });
  });

  test('lets masks be saved as far as they can, and is in the way of nobody else', async () => {
    writeFileSync(path.join(folder, '.encnet/journal'), 'in the way');
    const told = stroke(bench, imageId, box(0, 0, 2, 2, 3)).catch((error: Error) => error);
    await bench.until<EditState>('edits.state', (state) => state.problem !== null);
    const began = performance.now();
    expect(await bench.call<EditState>('edits.save', { imageId })).toMatchObject({ state: 'failed', problem: { kind: 'gone' } });
    await expect(bench.call('training.start', { config: smallConfig(), name: '', startFrom: null })).rejects.toThrow(unsaved);
    // Another image is opened and painted on meanwhile.
    await bench.call('edits.open', { imageId: 'train/train-1', window: 'w' });
    expect(performance.now() - began).toBeLessThan(8000);
    await bench.workbench.shutDown();
    expect(await told).toMatchObject({ code: 'cancelled' });
    // Labels are worth more than undo.
    expect(readStoredMask(file).values[0]).toBe(3);
  });

  test('is mended without a word once it takes something again', async () => {
    writeFileSync(path.join(folder, '.encnet/journal'), 'in the way');
    const painted = stroke(bench, imageId, box(0, 0, 2, 2, 3));
    await bench.until<EditState>('edits.state', (state) => state.problem !== null);
    rmSync(path.join(folder, '.encnet/journal'));
    await painted;
    expect(await bench.call<EditState>('edits.save', { imageId })).toMatchObject({ state: 'saved', problem: null });
    await bench.workbench.shutDown();
  });

  test('since its disk was away for a moment is written anew', async () => {
    const at = path.join(temporaryFolder(), 'a.journal');
    const journal = await JournalFile.create(at);
    // What a network disk leaves of a file that was open when it went.
    await (journal as unknown as { handle: { close: () => Promise<void> } }).handle.close();
    await expect(journal.append(new Uint8Array(3))).rejects.toBeInstanceOf(JournalLost);
  });
});

describe('a mask that cannot be saved', () => {
  test('keeps a run, a prediction and an export from beginning with what is not seen', async () => {
    await conflict();
    await expect(bench.call('training.start', { config: smallConfig(), name: '', startFrom: null })).rejects.toThrow(unsaved);
    const out = path.join(temporaryFolder(), 'out');
    await expect(bench.call('datasetExports.start', { to: 'coco', split: null, out, predictionId: null })).rejects.toThrow(unsaved);
    expect(existsSync(out)).toBe(false);
    // What a window asks before it closes.
    expect(await bench.workbench.unsaved(10_000)).toContain(unsaved);
    await bench.call('edits.resolve', { imageId, keep: 'mine' });
    expect(await bench.workbench.unsaved(10_000)).toBeNull();
    await bench.call('datasetExports.start', { to: 'coco', split: null, out, predictionId: null });
    expect(existsSync(out)).toBe(true);
    await bench.workbench.shutDown();
  });

  test('does not keep a run from going on, which has masks of its own, nor whoever only reads from an export', async () => {
    const started = bench.until<TrainingStatus>('training.status', ({ phase }) => phase === 'training');
    const { id: runId } = await bench.call<RunSummary>('training.start', {
      config: smallConfig({ epochs: 200 }),
      name: '',
      startFrom: null,
    });
    await started;
    const stopped = bench.until<TrainingStatus>('training.status', ({ active }) => !active);
    await bench.call('training.stop');
    await stopped;
    await conflict();
    expect(await bench.call<RunSummary>('training.resumeRun', { runId })).toMatchObject({ id: runId, status: 'running' });
    // What is painted here and not saved is nothing that another workbench could save.
    const reader = createBench();
    await reader.call('datasets.open', { path: folder });
    await reader.call('edits.open', { imageId, window: 'reader' });
    await reader.call('datasetExports.start', { to: 'voc', split: null, out: path.join(temporaryFolder(), 'out'), predictionId: null });
    await reader.workbench.shutDown();
    await bench.workbench.shutDown();
  }, 60_000);

  test('whose other version is taken after its folder was away is saved, and nothing is said of that any more', async () => {
    await bench.call('edits.save', { imageId });
    await stroke(bench, imageId, box(0, 0, 2, 2, 3));
    const masks = path.dirname(file);
    renameSync(masks, `${masks}-away`);
    expect((await bench.call<EditState>('edits.save', { imageId })).problem).not.toBeNull();
    renameSync(`${masks}-away`, masks);
    writeFileSync(file, encodeMask({ width: 64, height: 48, ids: new Uint8Array(64 * 48).fill(4) }, identityFormat));
    expect((await bench.call<EditState>('edits.save', { imageId })).problem).toMatchObject({ kind: 'conflict' });
    expect((await bench.call<EditState>('edits.resolve', { imageId, keep: 'theirs' })).problem).toBe(null);
    await vi.waitFor(async () => expect((await bench.call<EditState>('edits.save', { imageId })).state).toBe('saved'));
    await bench.workbench.shutDown();
  });

  test('is told, and holds nothing up, where a run in line begins', async () => {
    await conflict();
    const notice = bench.until<{ text: string }>('app.notice', ({ text }) => text.includes(unsaved));
    await bench.call('training.enqueue', { config: smallConfig({ epochs: 1 }), name: 'at night', startFrom: null });
    expect((await notice).text).toContain('"at night" trains on what is in the mask files');
    await bench.until<RunSummary>('runs.changed', ({ status }) => status === 'finished');
    await bench.workbench.shutDown();
  }, 60_000);
});

test('what a mask was before it was first changed here is in its past before it is replaced', async () => {
  const { run } = Workers.prototype as unknown as { run: (this: Workers, name: string, input: unknown) => Promise<never> };
  const killed = vi.spyOn(Workers.prototype, 'run').mockImplementation(function (this: Workers, name, input) {
    return name === 'publishMask' ? Promise.reject(new Error('killed here')) : run.call(this, name, input);
  });
  await stroke(bench, imageId, box(0, 0, 2, 2, 3));
  await bench.call('edits.save', { imageId });
  const history = () => bench.call<RevisionInfo[]>('edits.revisions', { imageId });
  expect((await history()).map(({ origin }) => origin)).toEqual(['original']);
  killed.mockRestore();
  await bench.call('edits.save', { imageId });
  expect((await history()).map(({ origin }) => origin)).toEqual(['edit', 'original']);
  await bench.workbench.shutDown();
  // Hours of painting leave more states than are listed: the first is among them all the same.
  const db = openDatabase(path.join(folder, '.encnet/history.db'));
  const insert = db.prepare("INSERT INTO mask_revision (image_id, revision, created_at, origin, work) VALUES (?, ?, ?, 'edit', '')");
  for (let n = 0; n < 1200; n++) insert.run(imageId, n.toString(16).padStart(64, '0'), new Date(Date.now() + n).toISOString());
  db.close();
  bench = createBench();
  await bench.call('datasets.open', { path: folder });
  const listed = await history();
  expect([listed.length, listed[0].origin, listed.at(-1)!.origin]).toEqual([1001, 'edit', 'original']);
  await bench.workbench.shutDown();
});
