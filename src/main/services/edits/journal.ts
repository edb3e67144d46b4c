import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { asFileError, renameOver, temporaryName } from '#files/atomic-write';
import { isThere, lookAt } from '#files/file-identity';
import { readPlainFileAsync } from '#files/plain-file';
import type { MaskSize } from '#shared/mask/patch';
import type { EditSteps } from '#shared/mask/edit-history';
import { JournalFile, JournalLost } from './journal-file.ts';
import { encodeRecord, type JournalRecord } from './journal-record.ts';

const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? -1;

/** What a journal is of. */
export interface JournalSubject extends MaskSize {
  image: string;
  /** Names what codes mean in a mask of colours. */
  codes?: string;
}

/** A state that is in the mask file, with its past: what a journal is written anew from. */
export interface FileState {
  revision: string | null;
  mark: number;
  past: EditSteps;
}

/** The records that lead to a state which is in the file: the floor of its past, the steps, those that were undone. */
export function recordsOf(subject: JournalSubject, { past, revision, mark }: FileState): JournalRecord[] {
  const { floor, done, undone } = past;
  return [
    { kind: 'begin', ...subject, mark: floor },
    ...[...done, ...undone.toReversed()].map((step) => ({ kind: 'step' as const, session: 'compacted', step })),
    ...undone.map(() => ({ kind: 'undo' as const })),
    { kind: 'saved', revision, mark },
  ];
}

/** Keeps bytes of a journal beside it, the same bytes once. @returns where */
export async function setAside(file: string, bytes: Uint8Array): Promise<string> {
  const aside = `${file.slice(0, -'.journal'.length)}-${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}.aside`;
  const known = lookAt(aside);
  if (known?.isFile() && known.size === bytes.length) return aside;
  try {
    await writeFile(aside, bytes, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') await rm(aside, { force: true });
    throw asFileError(error, aside);
  }
  return aside;
}

/** A journal file as it was read: appending goes on behind its whole frames, or it is begun anew with a first record. */
type FoundFile = { readBytes: number } & ({ soundBytes: number } | { first: JournalRecord });

/** An image's journal, whose file is made or opened with the first append: looking at a mask writes nothing. */
export class Journal {
  private readonly file: string;
  private readonly found: FoundFile;
  private readonly largest: number;
  private opened: JournalFile | null = null;
  /** Whether the file is another one than was found: that one is then never begun or opened again. */
  private started = false;

  /** @param largest bytes beyond which it is to be written anew */
  constructor(file: string, found: FoundFile, largest = Infinity) {
    this.file = file;
    this.found = found;
    this.largest = largest;
  }

  /** Whether it is to be written anew. */
  get isLarge(): boolean {
    return (this.opened?.bytes ?? 0) > this.largest;
  }

  /** One at a time. @throws as `JournalFile.append` and `JournalFile.reopen` */
  async append(payload: Uint8Array): Promise<void> {
    const opened = await this.start();
    await opened.append(payload);
  }

  private async open(): Promise<JournalFile> {
    const { found, file } = this;
    if (this.started) throw new JournalLost(file, 'closed');
    if ('soundBytes' in found) return JournalFile.reopen(file, found.soundBytes, found.readBytes);
    if (Math.max(0, sizeOf(file)) !== found.readBytes) throw new JournalLost(file, 'changed by another program');
    // What is there was read and set aside; it is not written into: it may be somebody's file under one more name.
    return isThere(file) ? this.replace([found.first]) : this.begin(file, [found.first]);
  }

  private async begin(file: string, records: readonly JournalRecord[]): Promise<JournalFile> {
    await mkdir(path.dirname(file), { recursive: true }).catch((error: unknown) => {
      throw asFileError(error, file);
    });
    const opened = await JournalFile.create(file);
    try {
      for (const record of records) await opened.append(await encodeRecord(record));
      return opened;
    } catch (error) {
      await opened.close();
      throw error;
    }
  }

  /**
   * Writes the file anew with these records, whole or not at all, and goes on behind them.
   * @param keep whether what is there now is kept beside it: it is not of this journal
   */
  async writeAnew(records: readonly JournalRecord[], keep: boolean): Promise<void> {
    this.opened = await this.replace(records, async () => {
      if (keep && isThere(this.file)) await setAside(this.file, await readPlainFileAsync(this.file, { limitBytes: Infinity }));
      await this.close();
      this.started = true;
    });
  }

  /** Makes or opens its file before anything is appended: what was found and could not be read on has gone from its place then. */
  async start(): Promise<JournalFile> {
    this.opened ??= await this.open();
    this.started = true;
    return this.opened;
  }

  /** A file with these records in the place of what is there. @param before done when the new one is whole */
  private async replace(records: readonly JournalRecord[], before: () => Promise<void> = () => Promise.resolve()): Promise<JournalFile> {
    const fresh = temporaryName(this.file);
    try {
      const journal = await this.begin(fresh, records);
      const { bytes } = journal;
      await journal.close();
      await before();
      renameOver(fresh, this.file);
      return await JournalFile.reopen(this.file, bytes, bytes);
    } catch (error) {
      // What a full disk took of it would take the room that the next try needs.
      await rm(fresh, { force: true });
      throw asFileError(error, this.file);
    }
  }

  /** Never rejects. */
  async close(): Promise<void> {
    await this.opened?.close();
    this.opened = null;
  }
}
