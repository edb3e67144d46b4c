// The journal: what a kill, a full disk or damage leaves of it, at every byte.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WorkFolder } from '#services/datasets/work-folder';
import { EditHistory, type EditStep } from '#shared/mask/edit-history';
import { Journals, type RecoveredJournal } from '#services/edits/journals';
import { holdsMore, JournalFile, readFrames } from '#services/edits/journal-file';
import { decodeRecord, encodeRecord, type JournalRecord } from '#services/edits/journal-record';
import { applyStep, copyRows, stepBetween, union } from '#services/edits/mask-values';
import { temporaryFolder } from '../helpers/dataset.ts';

const size = { width: 7, height: 5 };
const pixels = size.width * size.height;
const imageId = 'train/a';
const rethrow = (error: unknown) => {
  throw error;
};

type Deed = { kind: 'paint'; left: number; top: number; width: number; height: number; value: number } | { kind: 'undo' | 'redo' | 'save' };
const deed: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('paint' as const),
      left: fc.integer({ min: 0, max: 4 }),
      top: fc.integer({ min: 0, max: 2 }),
      width: fc.integer({ min: 1, max: 3 }),
      height: fc.integer({ min: 1, max: 3 }),
      value: fc.integer({ min: 0, max: 11 }),
    }),
  },
  { weight: 3, arbitrary: fc.constantFrom<Deed>({ kind: 'undo' }, { kind: 'redo' }, { kind: 'save' }) },
);

/** A mask with its journal, driven as a session drives it. */
class Driver {
  readonly workFolder = new WorkFolder(temporaryFolder());
  readonly values = new Uint8Array(pixels).fill(11);
  /** The mask after each record. */
  readonly states: Uint8Array[] = [];
  readonly records: Uint8Array[] = [];
  /** What the mask file holds after each record, and its revision. */
  file = { values: this.values.slice(), revision: '00000000' as string | null };
  private readonly history = new EditHistory();

  async begin(): Promise<void> {
    await this.add({ kind: 'begin', image: imageId, ...size, revision: '00000000', mark: 0 });
  }

  private async add(record: JournalRecord): Promise<void> {
    this.records.push(await encodeRecord(record));
    this.states.push(this.values.slice());
  }

  async do(each: Deed): Promise<void> {
    if (each.kind === 'paint') {
      const after = this.values.slice();
      for (let y = each.top; y < Math.min(size.height, each.top + each.height); y++) {
        after.fill(each.value, y * size.width + each.left, Math.min((y + 1) * size.width, y * size.width + each.left + each.width));
      }
      const difference = await stepBetween(this.values, after, size);
      if (!difference) return;
      const step: EditStep = { ...difference, id: this.history.nextId(), label: 'Brush', stroke: null };
      await applyStep(this.values, size.width, step, 'after');
      this.history.push(step);
      await this.add({ kind: 'step', session: 's', step });
    } else if (each.kind === 'save') {
      this.file = { values: this.values.slice(), revision: (this.records.length + 1).toString(16).padStart(8, '0') };
      await this.add({ kind: 'saving', revision: this.file.revision, mark: this.history.mark() });
    } else {
      const step = each.kind === 'undo' ? this.history.undo() : this.history.redo();
      if (!step) return;
      await applyStep(this.values, size.width, step, each.kind === 'undo' ? 'before' : 'after');
      await this.add({ kind: each.kind });
    }
  }

  /** The journal's bytes with all records. */
  async bytes(): Promise<Buffer> {
    const at = path.join(temporaryFolder(), 'j');
    const journal = await JournalFile.create(at);
    for (const record of this.records) await journal.append(record);
    await journal.close();
    return readFileSync(at);
  }
}

/** Opens a journal of these bytes over a mask file, and does what it says. */
async function recover(bytes: Uint8Array, file: { values: Uint8Array; revision: string | null }) {
  const workFolder = new WorkFolder(temporaryFolder());
  const folder = workFolder.at('journal');
  mkdirSync(folder, { recursive: true });
  const journals = new Journals(workFolder, rethrow);
  const { journal } = await journals.open({ image: imageId, ...size }, null);
  await journal.append(await encodeRecord({ kind: 'undo' }));
  await journal.close();
  writeFileSync(path.join(folder, readdirSync(folder)[0]), bytes);
  const found = await journals.open({ image: imageId, ...size }, file.revision);
  const values = file.values.slice();
  for (const { step, side } of found.replay) await applyStep(values, size.width, step, side);
  const aside = readdirSync(folder).filter((name) => name.endsWith('.aside'));
  return { found, values, aside };
}

const made = async (deeds: readonly Deed[]): Promise<Driver> => {
  const driver = new Driver();
  await driver.begin();
  for (const each of deeds) await driver.do(each);
  return driver;
};

const settled = async ({ journal }: RecoveredJournal) => journal.close();

describe('a journal', () => {
  test('leads from the file of any save to where the strokes ended, whatever was undone between', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(deed, { maxLength: 14 }), async (deeds) => {
        const driver = await made(deeds);
        const { found, values, aside } = await recover(await driver.bytes(), driver.file);
        expect([...values]).toEqual([...driver.values]);
        expect(aside).toEqual([]);
        expect(found.notes.length).toBe(found.replay.length > 0 ? 1 : 0);
        await settled(found);
      }),
      { numRuns: 60 },
    );
  });

  test('cut off at every byte has every whole record before, and says nothing of the unfinished one', async () => {
    const driver = await made([
      { kind: 'paint', left: 0, top: 0, width: 3, height: 2, value: 3 },
      { kind: 'paint', left: 2, top: 1, width: 3, height: 3, value: 9 },
      { kind: 'undo' },
      { kind: 'paint', left: 4, top: 4, width: 1, height: 1, value: 1 },
    ]);
    const bytes = await driver.bytes();
    const first = { values: new Uint8Array(pixels).fill(11), revision: '00000000' };
    for (let end = 0; end <= bytes.length; end++) {
      const whole = readFrames(bytes.subarray(0, end)).frames.length;
      const { found, values, aside } = await recover(bytes.subarray(0, end), first);
      const expected = whole === 0 ? first.values : driver.states[whole - 1];
      expect([...values], `cut at ${end}`).toEqual([...expected]);
      // A file that ends within its own beginning holds nothing that anybody was told of.
      expect(aside.length, `cut at ${end}`).toBe(whole === 0 && end > 0 ? 1 : 0);
      await settled(found);
    }
  });

  test('damaged at any byte gives no wrong value: what lies before is there, what is damaged is set aside and told', async () => {
    const driver = await made([
      { kind: 'paint', left: 0, top: 0, width: 3, height: 2, value: 3 },
      { kind: 'paint', left: 2, top: 1, width: 3, height: 3, value: 9 },
      { kind: 'paint', left: 1, top: 2, width: 2, height: 2, value: 4 },
    ]);
    const bytes = await driver.bytes();
    const first = { values: new Uint8Array(pixels).fill(11), revision: '00000000' };
    for (let at = 0; at < bytes.length; at++) {
      const damaged = Uint8Array.from(bytes);
      damaged[at] ^= 0x55;
      const { found, values, aside } = await recover(damaged, first);
      const reached = driver.states.some((state) => state.every((value, index) => value === values[index]));
      expect(reached, `byte ${at}`).toBe(true);
      const complete = values.every((value, index) => value === driver.values[index]);
      if (!complete) {
        const torn = aside.length === 0;
        // Only the very last record may look as if a kill had cut it off.
        if (torn) expect([...values], `byte ${at}`).toEqual([...driver.states[2]]);
        else
          expect(
            found.notes.some((note) => note.includes('They are kept in')),
            `byte ${at}`,
          ).toBe(true);
      }
      await settled(found);
    }
  });

  test('goes on behind the sound part after a cut-off append', async () => {
    const driver = await made([{ kind: 'paint', left: 0, top: 0, width: 3, height: 2, value: 3 }]);
    const file = path.join(temporaryFolder(), 'j');
    const whole = await driver.bytes();
    writeFileSync(file, Buffer.concat([whole, Buffer.from([9, 0, 0, 0, 1])]));
    const journal = await JournalFile.reopen(file, whole.length, whole.length + 5);
    await journal.append(driver.records[1]);
    await journal.close();
    expect(readFrames(readFileSync(file)).frames.map((frame) => [...frame])).toEqual(
      [...driver.records, driver.records[1]].map((record) => [...record]),
    );
  });

  test('tells what is in no file where another program has written the mask, also before what is damaged', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(deed, { maxLength: 10 }), fc.boolean(), async (deeds, damaged) => {
        const driver = await made(deeds);
        if (damaged) driver.records.push(Uint8Array.of(0, 1, 2));
        const { found } = await recover(await driver.bytes(), { values: new Uint8Array(pixels), revision: 'ffffffff' });
        // Of a save nobody knows whether it reached the file: its whole mask waits in the store, or all is done anew on what it began with.
        const isBegun = found.unsaved?.staged === null;
        const values = isBegun ? new Uint8Array(pixels).fill(11) : driver.file.values.slice();
        if (isBegun) for (const { step, side } of found.unsaved!.replay) await applyStep(values, size.width, step, side);
        expect([...values]).toEqual([...driver.values]);
        if (found.unsaved && !isBegun) expect(found.unsaved.staged).toBe(driver.file.revision);
        expect(found.replay).toEqual([]);
        await settled(found);
      }),
      { numRuns: 40 },
    );
  });

  test.each([undefined, true])('whose last mask was made and may have become no file tells it, but where it is kept: %s', async (kept) => {
    const driver = await made([{ kind: 'paint', left: 0, top: 0, width: 3, height: 2, value: 3 }]);
    driver.records.push(await encodeRecord({ kind: 'saving', revision: 'abcdef01', mark: 1, ...(kept ? { kept } : {}) }));
    const bytes = await driver.bytes();
    const other = { values: new Uint8Array(pixels), revision: 'ffffffff' };
    const { found, aside } = await recover(bytes, other);
    if (kept) {
      expect([found.unsaved, aside, found.notes.join()]).toEqual([null, [], expect.stringMatching(/^Undo begins anew/)]);
      return settled(found);
    }
    // Should it be gone from the store, all is done anew.
    expect(found.unsaved).toMatchObject({ staged: 'abcdef01', revision: '00000000', replay: [{ side: 'after' }], work: ['Brush'] });
    expect(aside).toHaveLength(1);
    expect(found.notes.join()).toContain('could not be put back');
    await settled(found);
  });

  test('is of its own image alone', async () => {
    const driver = await made([{ kind: 'paint', left: 0, top: 0, width: 3, height: 2, value: 3 }]);
    driver.records[0] = await encodeRecord({ kind: 'begin', image: 'train/b', ...size, revision: '00000000', mark: 0 });
    const { found, aside } = await recover(await driver.bytes(), { values: new Uint8Array(pixels), revision: '00000000' });
    expect(found.replay).toEqual([]);
    expect(found.notes[0]).toContain('it is of the image "train/b"');
    expect(found.unsaved).toBeNull();
    expect(aside).toHaveLength(1);
  });

  test('with a step that reaches beyond the mask or has no value for each pixel is not applied', async () => {
    const step = { id: 1, label: 'x', stroke: null, left: 0, top: 0, width: 2, height: 1, changed: Uint8Array.of(3) };
    for (const bad of [
      { ...step, left: 6, before: new Uint8Array(2), after: new Uint8Array(2) },
      { ...step, before: new Uint8Array(2), after: new Uint8Array(1) },
      { ...step, before: new Uint8Array(1), after: new Uint8Array(2) },
    ]) {
      const driver = await made([]);
      driver.records.push(await encodeRecord({ kind: 'step', session: 's', step: bad }));
      const { found, values } = await recover(await driver.bytes(), { values: new Uint8Array(pixels), revision: '00000000' });
      expect([...values]).toEqual([...new Uint8Array(pixels)]);
      expect(found.notes[0]).toContain('could not be put back');
    }
  });

  test('that has grown too large is written anew with what can still be undone', async () => {
    const workFolder = new WorkFolder(temporaryFolder());
    const journals = new Journals(workFolder, rethrow, 200);
    const driver = await made([
      ...Array.from({ length: 12 }, (_, n): Deed => ({ kind: 'paint', left: n % 4, top: n % 3, width: 2, height: 2, value: n % 11 })),
      { kind: 'undo' },
      { kind: 'save' },
    ]);
    mkdirSync(workFolder.at('journal'), { recursive: true });
    const { journal } = await new Journals(workFolder, rethrow).open({ image: imageId, ...size }, null);
    await journal.append(driver.records[0]);
    await journal.close();
    const file = workFolder.at('journal', readdirSync(workFolder.at('journal'))[0]);
    writeFileSync(file, await driver.bytes());
    const first = await journals.open({ image: imageId, ...size }, driver.file.revision);
    await first.journal.close();
    const { frames } = readFrames(readFileSync(file));
    expect(await decodeRecord(frames.at(-1)!, size)).toMatchObject({ kind: 'saved', revision: driver.file.revision });
    expect(await decodeRecord(frames[1], size)).toMatchObject({ kind: 'step', session: 'compacted' });
    const again = await new Journals(workFolder, rethrow).open({ image: imageId, ...size }, driver.file.revision);
    expect(again.replay).toEqual([]);
    expect(again.notes).toEqual([]);
    const idsOf = ({ history }: RecoveredJournal) => history.steps().done.map(({ id }) => id);
    expect(idsOf(again)).toEqual(idsOf(first));
    expect(again.history.nextRedo?.label).toBe('Brush');
    expect(readdirSync(workFolder.at('journal'))).toHaveLength(1);
    await again.journal.close();
  });

  test('of large steps is packed, and reads back the same', async () => {
    const before = new Uint8Array(400 * 300).fill(11);
    const after = before.map((_, index) => index % 11);
    const step = { ...(await stepBetween(before, after, { width: 400, height: 300 }))!, id: 1, label: 'All', stroke: 'w:1' };
    const payload = await encodeRecord({ kind: 'step', session: 's', step });
    expect(payload[0]).toBe(1);
    expect(payload.length).toBeLessThan(60_000);
    const values = before.slice();
    await applyStep(values, 400, step, 'after');
    expect(values).toEqual(after);
    await applyStep(values, 400, step, 'before');
    expect(values).toEqual(before);
  });
});

test('bytes behind the last whole frame are torn only if they can be the beginning of one', () => {
  expect(holdsMore(Buffer.alloc(0))).toBe(false);
  expect(holdsMore(Buffer.from([1, 2, 3]))).toBe(false);
  expect(holdsMore(Buffer.from([200, 0, 0, 0, 1, 2, 3, 4, 5]))).toBe(false);
  expect(holdsMore(Buffer.from([1, 0, 0, 0, 9, 9, 9, 9, 5]))).toBe(true);
});

test('much damage is told as such without long thought', () => {
  // Every length in it is possible, so that every byte could begin a frame.
  const rest = Buffer.alloc(4_000_000);
  for (let at = 0; at < rest.length; at += 4) rest.writeUInt32LE(900_000, at);
  rest.writeUInt32LE(rest.length * 2, 0);
  const begin = performance.now();
  holdsMore(rest);
  expect(performance.now() - begin).toBeLessThan(1000);
});

describe('undo', () => {
  const step = (id: number, bytes: number): EditStep => ({
    id,
    label: `step ${id}`,
    stroke: `w:${id}`,
    left: 0,
    top: 0,
    width: 1,
    height: 1,
    changed: new Uint8Array(0),
    before: new Uint8Array(bytes / 2),
    after: new Uint8Array(bytes / 2),
  });

  test('is bounded by bytes, keeps the newest step and says that it ends', () => {
    const history = new EditHistory(0, 100);
    for (let n = 1; n <= 5; n++) history.push(step(n, 40));
    expect(history.truncated).toBe(true);
    expect([history.undo()?.id, history.undo()?.id, history.undo()]).toEqual([5, 4, null]);
    history.push(step(6, 500));
    expect(history.nextUndo?.label).toBe('step 6');
  });

  test('names states, so that a saved one is known again', () => {
    const history = new EditHistory();
    const start = history.mark();
    history.push(step(history.nextId(), 2));
    const saved = history.mark();
    history.push(step(history.nextId(), 2));
    history.undo();
    expect(history.mark()).toBe(saved);
    history.undo();
    expect(history.mark()).toBe(start);
    history.push(step(history.nextId(), 2));
    expect(history.mark()).not.toBe(saved);
    expect(history.nextRedo).toBeNull();
  });

  test('keeps a past that was taken as it was', () => {
    const history = new EditHistory();
    for (let n = 1; n <= 3; n++) history.push(step(n, 2));
    history.undo();
    const past = history.steps();
    history.undo();
    history.push(step(4, 2));
    expect([past.done.map(({ id }) => id), past.undone.map(({ id }) => id)]).toEqual([[1, 2], [3]]);
  });
});

test('any two masks have a step between them that leads there and back', async () => {
  const mask = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: pixels, maxLength: pixels }).map((values) => Uint8Array.from(values));
  await fc.assert(
    fc.asyncProperty(mask, mask, async (before, after) => {
      const difference = await stepBetween(before, after, size);
      if (!difference) return void expect([...before]).toEqual([...after]);
      const step = { ...difference, id: 1, label: '', stroke: null };
      const values = before.slice();
      await applyStep(values, size.width, step, 'after');
      expect([...values]).toEqual([...after]);
      await applyStep(values, size.width, step, 'before');
      expect([...values]).toEqual([...before]);
    }),
  );
});

test('boxes join, and rows are copied whole', () => {
  expect(union({ left: 1, top: 1, width: 2, height: 2 }, { left: 5, top: 0, width: 1, height: 1 })).toEqual({
    left: 1,
    top: 0,
    width: 5,
    height: 3,
  });
  expect(union(null, null)).toBeNull();
  const to = new Uint8Array(12);
  copyRows(
    Uint8Array.from({ length: 12 }, (_, index) => index),
    to,
    4,
    { left: 2, top: 1, width: 1, height: 1 },
  );
  expect([...to]).toEqual([0, 0, 0, 0, 4, 5, 6, 7, 0, 0, 0, 0]);
});
