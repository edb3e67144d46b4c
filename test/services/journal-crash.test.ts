// A save has three moments (told, done, told to be done), and a kill may come between any two, with strokes anywhere among them.
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WorkFolder } from '#services/datasets/work-folder';
import { EditHistory } from '#shared/mask/edit-history';
import { recordsOf, type FileState } from '#services/edits/journal';
import { JournalFile } from '#services/edits/journal-file';
import { encodeRecord, type JournalRecord } from '#services/edits/journal-record';
import { Journals } from '#services/edits/journals';
import { applyStep, stepBetween } from '#services/edits/mask-values';
import { temporaryFolder } from '../helpers/dataset.ts';

const size = { width: 6, height: 4 };
const pixels = size.width * size.height;
const imageId = 'train/a';
const rethrow = (error: unknown) => {
  throw error;
};

type Deed = { kind: 'paint'; at: number; value: number } | { kind: 'undo' | 'redo' | 'told' | 'done' | 'toldDone' };
const deeds = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('paint' as const), at: fc.nat(pixels - 1), value: fc.integer({ min: 0, max: 10 }) }),
    },
    { weight: 2, arbitrary: fc.constantFrom<Deed>({ kind: 'undo' }, { kind: 'redo' }) },
    { weight: 4, arbitrary: fc.constantFrom<Deed>({ kind: 'told' }, { kind: 'done' }, { kind: 'toldDone' }) },
  ),
  { maxLength: 24 },
);

interface MaskFile {
  revision: string | null;
  values: Uint8Array;
}

/** What is on the disk at one moment, and what the mask was for whoever painted. */
interface Moment {
  records: number;
  file: MaskFile;
  mask: Uint8Array;
}

/** A mask, its journal and its file, written as a session writes them: a save is told, done and told to be done, in this order. */
class Writer {
  readonly records: Uint8Array[] = [];
  readonly moments: Moment[] = [];
  /** Files that were there before the newest that is known to be done: nobody but a person can have put one back. */
  outdated: MaskFile[] = [];
  private readonly values = new Uint8Array(pixels).fill(11);
  private readonly history = new EditHistory();
  /** The state that the file holds, and the changes since, as a session keeps them. */
  private inFile: FileState = { revision: '00000000', mark: 0, past: { floor: 0, done: [], undone: [] } };
  private changes: JournalRecord[] = [];
  private file: MaskFile = { revision: '00000000', values: this.values.slice() };
  private saving: (FileState & MaskFile & { changes: number; published: boolean }) | null = null;
  private readonly files: MaskFile[] = [this.file];

  async begin(): Promise<void> {
    await this.add({ kind: 'begin', image: imageId, ...size, revision: this.file.revision, mark: 0 });
  }

  private async add(record: JournalRecord): Promise<void> {
    this.records.push(await encodeRecord(record));
    this.remember();
  }

  private remember(): void {
    this.moments.push({ records: this.records.length, file: this.file, mask: this.values.slice() });
  }

  async do(deed: Deed): Promise<void> {
    if (deed.kind === 'paint') return this.paint(deed.at, deed.value);
    if (deed.kind === 'undo' || deed.kind === 'redo') return this.move(deed.kind);
    if (deed.kind === 'told' && !this.saving) {
      const revision = (this.records.length + 1).toString(16).padStart(8, '0');
      this.saving = {
        revision,
        values: this.values.slice(),
        mark: this.history.mark(),
        past: this.history.steps(),
        changes: this.changes.length,
        published: false,
      };
      return this.add({ kind: 'saving', revision, mark: this.saving.mark });
    }
    const { saving } = this;
    if (deed.kind === 'done' && saving && !saving.published) {
      saving.published = true;
      this.inFile = { revision: saving.revision, mark: saving.mark, past: saving.past };
      this.changes.splice(0, saving.changes);
      this.file = { revision: saving.revision, values: saving.values };
      this.files.push(this.file);
      return this.remember();
    }
    if (deed.kind !== 'toldDone' || !saving?.published) return;
    this.saving = null;
    await this.add({ kind: 'saved', revision: saving.revision, mark: saving.mark });
    this.outdated = this.files.slice(0, -1);
  }

  private async paint(at: number, value: number): Promise<void> {
    const after = this.values.slice();
    after[at] = value;
    const difference = await stepBetween(this.values, after, size);
    if (!difference) return;
    const step = { ...difference, id: this.history.nextId(), label: 'Brush', stroke: null };
    await applyStep(this.values, size.width, step, 'after');
    this.history.push(step);
    await this.change({ kind: 'step', session: 's', step });
  }

  private async change(record: JournalRecord): Promise<void> {
    this.changes.push(record);
    await this.add(record);
  }

  private async move(kind: 'undo' | 'redo'): Promise<void> {
    const step = this.history[kind]();
    if (!step) return;
    await applyStep(this.values, size.width, step, kind === 'undo' ? 'before' : 'after');
    await this.change({ kind });
  }

  /** The journal written anew from memory, as it is when its file was lost. */
  async anew(): Promise<Uint8Array[]> {
    const records = [...recordsOf({ image: imageId, ...size }, this.inFile), ...this.changes];
    return Promise.all(records.map(encodeRecord));
  }

  get now(): Moment {
    return this.moments.at(-1)!;
  }
}

const written = async (list: readonly Deed[]): Promise<Writer> => {
  const writer = new Writer();
  await writer.begin();
  for (const deed of list) await writer.do(deed);
  return writer;
};

/** Opens a journal of these records over a mask file. @returns what the mask is then, and what a person is told */
async function recovered(records: readonly Uint8Array[], file: MaskFile) {
  const workFolder = new WorkFolder(temporaryFolder());
  const folder = workFolder.at('journal');
  mkdirSync(folder, { recursive: true });
  // Opened once to learn its name.
  const journals = new Journals(workFolder, rethrow);
  const first = await journals.open({ image: imageId, ...size }, file.revision);
  await first.journal.append(await encodeRecord({ kind: 'undo' }));
  await first.journal.close();
  const name = path.join(folder, readdirSync(folder)[0]);
  rmSync(name);
  const journal = await JournalFile.create(name);
  for (const record of records) await journal.append(record);
  await journal.close();
  const { replay, notes, history, journal: opened } = await journals.open({ image: imageId, ...size }, file.revision);
  const values = file.values.slice();
  for (const { step, side } of replay) await applyStep(values, size.width, step, side);
  await opened.close();
  return { values, notes, history, aside: readdirSync(folder).filter((entry) => entry.endsWith('.aside')) };
}

describe('a kill', () => {
  test('at any moment of strokes and saves leaves the mask as it was painted', async () => {
    await fc.assert(
      fc.asyncProperty(deeds, fc.nat(), async (list, pick) => {
        const writer = await written(list);
        const moment = writer.moments[pick % writer.moments.length];
        const { values, aside } = await recovered(writer.records.slice(0, moment.records), moment.file);
        expect([...values]).toEqual([...moment.mask]);
        expect(aside).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  test('keeps what can be taken back and done again', async () => {
    await fc.assert(
      fc.asyncProperty(deeds, async (list) => {
        const writer = await written(list);
        const { values, history } = await recovered(writer.records, writer.now.file);
        const whole = await written(list.filter(({ kind }) => kind === 'paint' || kind === 'undo' || kind === 'redo'));
        expect([...values]).toEqual([...whole.now.mask]);
        const taken = values.slice();
        for (let step = history.undo(); step; step = history.undo()) await applyStep(taken, size.width, step, 'before');
        expect([...taken]).toEqual([...new Uint8Array(pixels).fill(11)]);
      }),
      { numRuns: 60 },
    );
  });
});

test('a journal that was written anew from memory leads to the same mask, with the same past', async () => {
  await fc.assert(
    fc.asyncProperty(deeds, async (list) => {
      const writer = await written(list);
      const { values, history, aside } = await recovered(await writer.anew(), writer.now.file);
      expect(aside).toEqual([]);
      expect([...values]).toEqual([...writer.now.mask]);
      const before = await recovered(writer.records, writer.now.file);
      expect(history.steps().done.map(({ id }) => id)).toEqual(before.history.steps().done.map(({ id }) => id));
      expect(history.steps().undone.map(({ id }) => id)).toEqual(before.history.steps().undone.map(({ id }) => id));
    }),
    { numRuns: 80 },
  );
});

describe('a file that somebody put back', () => {
  test('from before the last save is believed: no stroke is done on it again', async () => {
    await fc.assert(
      fc.asyncProperty(deeds, fc.nat(), async (list, pick) => {
        const writer = await written(list);
        fc.pre(writer.outdated.length > 0);
        const file = writer.outdated[pick % writer.outdated.length];
        const { values, notes } = await recovered(writer.records, file);
        expect([...values]).toEqual([...file.values]);
        expect(notes).toHaveLength(1);
      }),
      { numRuns: 80 },
    );
  });

  test('of another program altogether is believed too, and strokes that are in no file are kept aside', async () => {
    await fc.assert(
      fc.asyncProperty(deeds, async (list) => {
        const writer = await written([...list, { kind: 'paint', at: 0, value: 3 }, { kind: 'paint', at: 0, value: 4 }]);
        const file = { revision: 'ffffffff', values: new Uint8Array(pixels).fill(7) };
        const { values, aside } = await recovered(writer.records, file);
        expect([...values]).toEqual([...file.values]);
        expect(aside).toHaveLength(1);
      }),
      { numRuns: 40 },
    );
  });
});
