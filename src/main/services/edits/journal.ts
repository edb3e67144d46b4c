import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { asFileError } from '#files/atomic-write';
import { messageOf } from '#shared/errors';
import type { MaskSize } from '#shared/mask/patch';
import type { WorkFolder } from '../datasets/work-folder.ts';
import { EditHistory, type EditStep } from './edit-history.ts';
import { holdsMore, JournalFile, readFrames } from './journal-file.ts';
import { assertStep, decodeRecord, encodeRecord, type JournalRecord } from './journal-record.ts';
import { breathe } from './breathe.ts';

/** What is done to a mask to bring it from its file to where the journal ends. */
export interface Replay {
  step: EditStep;
  side: 'before' | 'after';
}

/** A journal as it was found. */
export interface RecoveredJournal {
  journal: Journal;
  history: EditHistory;
  /** To be done on what the file holds, in this order. */
  replay: Replay[];
  /** Mark of the state that the file holds. */
  fileMark: number;
  /** Which revision a state was saved as. */
  saved: Map<number, string | null>;
  /** What a person should know. */
  notes: string[];
}

/** A journal's file name: readable, and never the same for two images. */
function nameOf(imageId: string): string {
  const readable = imageId.replace(/[^\w.-]+/g, '-').slice(-60);
  return `${readable}-${createHash('sha256').update(imageId).digest('hex').slice(0, 16)}.journal`;
}

/** What a record did. */
interface Deed {
  replay: Replay | null;
  /** Mark of the state after it. */
  state: number;
  /** The file that a state was, or was about to become. */
  file?: { revision: string | null; mark: number };
}

interface Told {
  history: EditHistory;
  deeds: Deed[];
  /** Why reading stopped before the end; null if it did not. */
  broken: string | null;
}

/** Goes through a journal's records as they were made. What cannot be applied ends it. */
async function tell(frames: readonly Uint8Array[], imageId: string, size: MaskSize): Promise<Told> {
  const deeds: Deed[] = [];
  let history = new EditHistory();
  let broken: string | null = null;
  for (const [index, payload] of frames.entries()) {
    if (payload.length > 65_536) await breathe();
    try {
      const record = await decodeRecord(payload);
      if (index === 0) history = beginning(record, imageId, size);
      const replay = index === 0 ? null : await perform(record, history, size);
      deeds.push({ replay, state: history.mark(), ...fileOf(record) });
    } catch (error) {
      broken = messageOf(error);
      break;
    }
  }
  return { history, deeds, broken };
}

function beginning(record: JournalRecord, imageId: string, size: MaskSize): EditHistory {
  if (record.kind !== 'begin') throw new Error('it does not tell what it was made on');
  if (record.image !== imageId) throw new Error(`it is of the image "${record.image}"`);
  if (record.width !== size.width || record.height !== size.height) {
    throw new Error(`it is of a mask of ${record.width} x ${record.height}, and the image has ${size.width} x ${size.height} now`);
  }
  return new EditHistory(record.mark);
}

function fileOf(record: JournalRecord): Pick<Deed, 'file'> {
  if ((record.kind !== 'saving' && record.kind !== 'begin') || record.revision === undefined) return {};
  return { file: { revision: record.revision, mark: record.mark } };
}

async function perform(record: JournalRecord, history: EditHistory, size: MaskSize): Promise<Replay | null> {
  if (record.kind === 'step') {
    await assertStep(record.step, size);
    history.push(record.step);
    return { step: record.step, side: 'after' };
  }
  if (record.kind === 'undo' || record.kind === 'redo') {
    const step = record.kind === 'undo' ? history.undo() : history.redo();
    if (!step) throw new Error(`there is nothing to ${record.kind}`);
    return { step, side: record.kind === 'undo' ? 'before' : 'after' };
  }
  if (record.kind === 'begin') throw new Error('it begins twice');
  return null;
}

/** The last deed after which the mask was what the file holds; -1 if the file holds none of the states. */
function findFile(deeds: readonly Deed[], revision: string | null): number {
  const saving = deeds.findLastIndex(({ file }) => file?.revision === revision && file !== undefined);
  // Strokes may have come between the state and the record that it is being saved.
  return saving < 0 ? -1 : deeds.findLastIndex(({ state }, index) => index <= saving && state === deeds[saving].file!.mark);
}

/** An image's journal, whose file is made or opened with the first append: looking at a mask writes nothing. */
export class Journal {
  private readonly file: string;
  private readonly soundBytes: number;
  private readonly begin: JournalRecord | null;
  private opened: JournalFile | null = null;

  /** @param soundBytes where appending goes on @param begin the first record of a file that is begun anew */
  constructor(file: string, soundBytes: number, begin: JournalRecord | null) {
    this.file = file;
    this.soundBytes = soundBytes;
    this.begin = begin;
  }

  /** One at a time. @throws as `JournalFile.append` */
  async append(payload: Uint8Array): Promise<void> {
    this.opened ??= await this.open();
    await this.opened.append(payload);
  }

  private async open(): Promise<JournalFile> {
    await mkdir(path.dirname(this.file), { recursive: true }).catch((error: unknown) => {
      throw asFileError(error, this.file);
    });
    const opened = await JournalFile.open(this.file, this.soundBytes);
    try {
      if (this.begin) await opened.append(await encodeRecord(this.begin));
      return opened;
    } catch (error) {
      await opened.close();
      throw error;
    }
  }

  /** Never rejects. */
  async close(): Promise<void> {
    await this.opened?.close();
  }
}

/** The journals of one data set: strokes that are not in their mask file yet, and what can be undone. */
export class Journals {
  private readonly workFolder: WorkFolder;
  private readonly compactBytes: number;

  constructor(workFolder: WorkFolder, compactBytes = 150_000_000) {
    this.workFolder = workFolder;
    this.compactBytes = compactBytes;
  }

  /**
   * Opens an image's journal for a mask file of this revision. What cannot be applied is set aside beside it and told, never lost.
   * @param revision of the mask file now; null without one
   */
  async open(imageId: string, size: MaskSize, revision: string | null): Promise<RecoveredJournal> {
    const file = this.workFolder.at('journal', nameOf(imageId));
    const bytes = existsSync(file) ? await readFile(file) : new Uint8Array();
    const { frames, soundBytes, rest } = readFrames(bytes);
    if (bytes.length === 0) return this.fresh(imageId, file, size, revision, []);
    const { history, deeds, broken } = await tell(frames, imageId, size);
    const at = findFile(deeds, revision);
    if (broken || at < 0) {
      const why = broken ?? (frames.length === 0 ? 'the journal is damaged' : 'the mask file was changed by another program');
      // Where every stroke is in some file, only undo is lost.
      const lastFile = deeds.findLast((deed) => deed.file)?.file;
      const undoOnly = !broken && rest.length === 0 && lastFile?.mark === history.mark();
      const note = undoOnly ? 'Undo begins anew: the mask file was changed by another program.' : await this.setAside(file, bytes, why);
      return this.fresh(imageId, file, size, revision, [note]);
    }
    const notes: string[] = [];
    // A cut-off append is of a stroke that nobody was told is safe; anything longer is damage.
    if (holdsMore(rest)) notes.push(await this.setAside(file, rest, 'the journal is damaged'));
    const replay = deeds.slice(at + 1).flatMap((deed) => (deed.replay ? [deed.replay] : []));
    if (replay.length > 0) notes.push(`${count(replay.length)} that had not been saved came back.`);
    const saved = new Map(deeds.flatMap((deed) => (deed.file ? [[deed.file.mark, deed.file.revision] as const] : [])));
    const fileMark = deeds[at].state;
    if (soundBytes > this.compactBytes && replay.length === 0) {
      const journal = await this.rewrite(imageId, file, size, history, { revision, mark: fileMark });
      return { journal, history, replay, fileMark, saved, notes };
    }
    return { journal: new Journal(file, soundBytes, null), history, replay, fileMark, saved, notes };
  }

  private fresh(imageId: string, file: string, size: MaskSize, revision: string | null, notes: string[]): RecoveredJournal {
    const begin: JournalRecord = { kind: 'begin', image: imageId, ...size, revision, mark: 0 };
    return {
      journal: new Journal(file, 0, begin),
      history: new EditHistory(),
      replay: [],
      fileMark: 0,
      saved: new Map([[0, revision]]),
      notes,
    };
  }

  /** Writes a journal anew with what its history still holds: one that has grown too large. */
  private async rewrite(
    imageId: string,
    file: string,
    size: MaskSize,
    history: EditHistory,
    now: { revision: string | null; mark: number },
  ): Promise<Journal> {
    const fresh = `${file}.new`;
    const journal = await JournalFile.open(fresh, 0);
    const { floor, done, undone } = history.steps();
    const records: JournalRecord[] = [
      { kind: 'begin', image: imageId, ...size, mark: floor },
      ...[...done, ...undone.toReversed()].map((step) => ({ kind: 'step' as const, session: 'compacted', step })),
      ...undone.map(() => ({ kind: 'undo' as const })),
      { kind: 'saving', ...now },
    ];
    try {
      for (const record of records) await journal.append(await encodeRecord(record));
    } finally {
      await journal.close();
    }
    await rename(fresh, file);
    return new Journal(file, readFrames(await readFile(file)).soundBytes, null);
  }

  private async setAside(file: string, bytes: Uint8Array, why: string): Promise<string> {
    const aside = `${file.slice(0, -'.journal'.length)}-${Date.now().toString(36)}.aside`;
    await writeFile(aside, bytes, { flag: 'wx' });
    return `Strokes that had not been saved could not be put back, because ${why}. They are kept in ${aside}.`;
  }
}

const count = (strokes: number): string => (strokes === 1 ? '1 change' : `${strokes} changes`);
