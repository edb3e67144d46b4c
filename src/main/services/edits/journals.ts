import { createHash } from 'node:crypto';
import { renameSync } from 'node:fs';
import { lookAt } from '#files/file-identity';
import type { PixelKind } from '#files/mask-form';
import { isOwnCode } from '#files/mask-legend';
import { readPlainFileAsync } from '#files/plain-file';
import type { MaskFormat } from '#shared/classes/class-info';
import type { MaskSize } from '#shared/mask/patch';
import type { WorkFolder } from '../datasets/work-folder.ts';
import { EditHistory } from '#shared/mask/edit-history';
import { Journal, recordsOf, setAside, type FileState, type JournalSubject } from './journal.ts';
import { holdsMore, readFrames } from './journal-file.ts';
import type { JournalRecord } from './journal-record.ts';
import { findFile, tell, unsavedOf, type Deed, type Replay, type Unsaved } from './journal-reading.ts';

/** A journal as it was found. */
export interface RecoveredJournal {
  journal: Journal;
  history: EditHistory;
  /** To be done on what the file holds, in this order. */
  replay: Replay[];
  /** The state that the file holds. */
  inFile: FileState;
  /** The changes since then. */
  changes: JournalRecord[];
  /** What could not be done on it, and is in no file; null if there is nothing. */
  unsaved: Unsaved | null;
  /** The names of all strokes that were ever done. */
  strokes: Set<string>;
  /** Which revision a state was saved as. */
  saved: Map<number, string | null>;
  /** What codes stand for that are in no class set. */
  kinds: PixelKind[];
  /** What a person should know. */
  notes: string[];
}

/** A journal's file name: readable, and never the same for two images. */
export function journalName(imageId: string): string {
  const readable = imageId.replace(/[^\w.-]+/g, '-').slice(-60);
  return `${readable}-${createHash('sha256').update(imageId).digest('hex').slice(0, 16)}.journal`;
}

/** Beyond it no journal of ours grows: it is written anew long before. */
const largestJournal = 300_000_000;

/** A journal's bytes; one that is larger than any of ours is put beside without being read. */
async function readJournal(file: string, mayWrite: boolean): Promise<{ bytes: Uint8Array; notes: string[] }> {
  const found = lookAt(file);
  if (!found?.isFile() || found.size <= largestJournal)
    return { bytes: found ? await readPlainFileAsync(file, { limitBytes: largestJournal }) : new Uint8Array(), notes: [] };
  if (!mayWrite) return { bytes: new Uint8Array(), notes: [] };
  const aside = `${file}.${Date.now().toString(36)}.aside`;
  renameSync(file, aside);
  return { bytes: new Uint8Array(), notes: [asideNote('the journal is larger than any workbench makes it', aside)] };
}

/** The journals of one data set: strokes that are not in their mask file yet, and what can be undone. */
export class Journals {
  private readonly workFolder: WorkFolder;
  private readonly report: (error: unknown) => void;
  private readonly compactBytes: number;

  /** @param report gets why a journal that has grown too large could not be written anew */
  constructor(workFolder: WorkFolder, report: (error: unknown) => void, compactBytes = 150_000_000) {
    this.workFolder = workFolder;
    this.report = report;
    this.compactBytes = compactBytes;
  }

  /**
   * Opens an image's journal for a mask file of this revision. What cannot be applied is set aside beside it and told, never lost.
   * @param revision of the mask file now; null without one
   * @param mayWrite whether the journal is this workbench's: another one's is read and left as it is
   * @param format of the class set now
   */
  async open(
    { image, ...about }: JournalSubject,
    revision: string | null,
    mayWrite = true,
    format: MaskFormat | null = null,
  ): Promise<RecoveredJournal> {
    const file = this.workFolder.at('journal', journalName(image));
    const { bytes, notes: before } = await readJournal(file, mayWrite);
    const subject = { image, ...about };
    const { frames, soundBytes, rest } = readFrames(bytes);
    const { history, deeds, strokes, kinds, ...told } = await tell(frames, image, about);
    const taken = format && kinds.some(({ code }) => isOwnCode(code, format));
    const otherCodes = taken || (frames.length > 0 && told.codes !== about.codes);
    const otherSize = otherSizeOf(told.size, about);
    const broken = told.broken ?? otherSize ?? (otherCodes ? 'the class set is another one now' : null);
    const anew = (notes: string[], unsaved: Unsaved | null = null) => {
      return { ...fresh(file, bytes, subject, revision, this.compactBytes), strokes, kinds: [], unsaved, notes: [...before, ...notes] };
    };
    if (bytes.length === 0) return anew([]);
    const at = findFile(deeds, revision);
    if (broken || at < 0) {
      const why =
        broken ?? (frames.length === 0 ? 'the journal is damaged' : 'the mask file was put right here, or changed by another program');
      // Where every stroke is in some file, only undo is lost.
      const lastFile = deeds.findLast((deed) => deed.file)?.file;
      const undoOnly = !told.broken && rest.length === 0 && hasBecome(lastFile, revision) && lastFile?.mark === history.mark();
      if (!mayWrite) return anew([]);
      if (undoOnly) return anew([`Undo begins anew: ${why}.`]);
      return anew([await keepAside(file, bytes, why)], otherSize ? null : unsavedOf({ deeds, kinds, history }, otherCodes));
    }
    const notes: string[] = [];
    // A cut-off append is of a stroke that nobody was told is safe; anything longer is damage.
    if (mayWrite && holdsMore(rest)) notes.push(await keepAside(file, rest, 'the journal is damaged'));
    const replay = deeds.slice(at + 1).flatMap((deed) => (deed.replay ? [deed.replay] : []));
    if (mayWrite && replay.length > 0) notes.push(`${count(replay.length)} that had not been saved came back.`);
    const saved = new Map(deeds.flatMap((deed) => (deed.file ? [[deed.file.mark, deed.file.revision] as const] : [])));
    const past = replay.length === 0 ? history.steps() : (await tell(frames.slice(0, at + 1), image, about)).history.steps();
    const inFile = { revision, mark: deeds[at].state, past };
    const changes = deeds.slice(at + 1).flatMap(({ change }) => change ?? []);
    const journal = new Journal(file, { soundBytes, readBytes: bytes.length }, this.compactBytes);
    if (mayWrite && soundBytes > this.compactBytes && replay.length === 0) {
      // A disk without room for it is no reason to keep the mask shut: it goes on growing.
      await journal.writeAnew(recordsOf(subject, inFile), false).catch(this.report);
    }
    return { journal, history, replay, inFile, changes, unsaved: null, strokes, saved, kinds, notes };
  }
}

/** That a journal is of a mask of another size, in words; null where it is not. */
const otherSizeOf = (of: MaskSize | null, now: MaskSize): string | null =>
  of === null || (of.width === now.width && of.height === now.height)
    ? null
    : `it is of a mask of ${of.width} x ${of.height}, and the image has ${now.width} x ${now.height} now`;

/** Whether a state is a file for sure: it was told, or the file is that now. */
const hasBecome = (file: Deed['file'], revision: string | null): boolean => file?.isSure === true || file?.revision === revision;

/** A journal that begins with what the mask file holds now. @param found what is in its place now */
function fresh(file: string, found: Uint8Array, subject: JournalSubject, revision: string | null, largest: number) {
  return {
    journal: new Journal(file, { readBytes: found.length, first: { kind: 'begin', ...subject, revision, mark: 0 } }, largest),
    history: new EditHistory(),
    replay: [],
    inFile: { revision, mark: 0, past: { floor: 0, done: [], undone: [] } },
    changes: [],
    saved: new Map([[0, revision]]),
  };
}

async function keepAside(file: string, bytes: Uint8Array, why: string): Promise<string> {
  return asideNote(why, await setAside(file, bytes));
}

const asideNote = (why: string, aside: string): string =>
  `Strokes that had not been saved could not be put back, because ${why}. They are kept in ${aside}.`;

const count = (strokes: number): string => (strokes === 1 ? '1 change' : `${strokes} changes`);
