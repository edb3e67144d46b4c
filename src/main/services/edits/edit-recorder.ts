import { AppError, messageOf } from '#shared/errors';
import { Serial } from '#shared/serial';
import type { Logger } from '../log.ts';
import type { Journal } from './journal.ts';
import { JournalLost } from './journal-file.ts';
import { encodeRecord, type JournalRecord } from './journal-record.ts';

export interface RecorderOptions {
  imageId: string;
  journal: Journal;
  log: Logger;
  /** The records that lead to where the mask is now: with them a journal that was lost is written anew. */
  whole: () => JournalRecord[];
  /** @throws AppError if nothing may be written now */
  assertWritable: () => void;
  /** Told of each failure, and that writing works again. */
  failed: (error: unknown) => void;
  kept: () => void;
}

const retryMs = 1000;

/** Whether a record is of what was done to the mask: the others tell which states are in its file. */
const isChange = (kind: JournalRecord['kind']): boolean => kind === 'step' || kind === 'undo' || kind === 'redo';

/** Puts the changes of one mask into its journal, in their order; waits where the disk takes none. */
export class EditRecorder {
  private readonly options: RecorderOptions;
  private readonly records = new Serial();
  private made = 0;
  /** Changes up to this number are in a journal that was written anew as a whole. */
  private covered = 0;
  private ending = false;
  /** Why a change was given up: what comes after it would be done to another mask, so that the journal ends there. */
  private lost: AppError | null = null;
  /** Why the change that is tried again was not taken last; null while none is. */
  private refused: Error | null = null;
  /** Those who do not wait for a disk that takes nothing. */
  private readonly impatient = new Set<(error: unknown) => void>();

  constructor(options: RecorderOptions) {
    this.options = options;
  }

  /**
   * Puts a record into the journal. Call it in the same turn as the history changes. Changes wait until the disk takes them; that a file
   * is about to be written does not: whoever writes it tries again.
   * @throws AppError 'cancelled' if the end comes before the disk takes it, or took what was before it
   */
  record(record: JournalRecord): Promise<void> {
    const number = ++this.made;
    const { kind } = record;
    const inTurn = (work: (payload: Uint8Array) => Promise<void>) => this.records.run(async () => work(await encodeRecord(record)));
    if (kind === 'saving')
      return this.unlessFailing((isGivenUp) => inTurn(async (payload) => void (isGivenUp() || (await this.once(number, kind, payload)))));
    return inTurn(async (payload) => {
      while (!(await this.tried(number, kind, payload))) await new Promise((resolve) => setTimeout(resolve, retryMs));
    });
  }

  /** @throws why a change is not taken, while one is tried again */
  assertTaking(): void {
    if (this.refused !== null) throw this.refused;
  }

  /** @param work asked whether it was given up before its turn came */
  private async unlessFailing(work: (isGivenUp: () => boolean) => Promise<void>): Promise<void> {
    const failing = Promise.withResolvers<never>();
    let over = false;
    this.impatient.add(failing.reject);
    try {
      await Promise.race([work(() => over), failing.promise]);
    } finally {
      over = true;
      this.impatient.delete(failing.reject);
    }
  }

  /** @returns whether it is on the disk */
  private async tried(number: number, kind: JournalRecord['kind'], payload: Uint8Array): Promise<boolean> {
    try {
      await this.once(number, kind, payload);
      this.refused = null;
      return true;
    } catch (error) {
      this.refused = error instanceof Error ? error : new Error(messageOf(error));
      for (const giveUp of this.impatient) giveUp(error);
      if (!this.ending) return false;
      const cancelled = new AppError('cancelled', `A change of ${this.options.imageId} could not be kept: ${messageOf(error)}`);
      if (isChange(kind)) this.lost ??= cancelled;
      throw cancelled;
    }
  }

  /** @throws whatever the disk says */
  private async once(number: number, kind: JournalRecord['kind'], payload: Uint8Array): Promise<void> {
    const { assertWritable, failed, kept } = this.options;
    if (this.lost) throw this.lost;
    try {
      assertWritable();
      if (!isChange(kind) || number > this.covered) await this.append(payload, isChange(kind));
      kept();
    } catch (error) {
      failed(error);
      throw error;
    }
  }

  /** @param isCovered whether a journal that is written anew has it already */
  private async append(payload: Uint8Array, isCovered: boolean): Promise<void> {
    const { journal, log, imageId } = this.options;
    try {
      await journal.append(payload);
    } catch (error) {
      if (!(error instanceof JournalLost)) throw error;
      log.warn({ err: error, image: imageId }, 'the journal is written anew');
      await this.writeAnew(true);
      if (!isCovered) await journal.append(payload);
    }
  }

  /** @param keep whether what is there now is kept beside it */
  private async writeAnew(keep: boolean): Promise<void> {
    const covered = this.made;
    await this.options.journal.writeAnew(this.options.whole(), keep);
    this.covered = covered;
  }

  /** Writes a journal anew that holds far more than can be undone. Never rejects: where that fails it goes on growing. */
  renewWhereLarge(): Promise<void> {
    return this.records.run(async () => {
      const { journal, log, imageId, assertWritable } = this.options;
      if (this.lost || this.ending || !journal.isLarge) return;
      try {
        assertWritable();
        await this.writeAnew(false);
      } catch (error) {
        log.warn({ err: error, image: imageId }, 'a journal could not be written anew');
      }
    });
  }

  /** Writes what waits, tries nothing twice from now on, and closes the journal. Never rejects. */
  async close(): Promise<void> {
    this.giveUp();
    await this.records.idle();
    await this.options.journal.close();
  }

  /** From now on what the disk does not take is given up. */
  giveUp(): void {
    this.ending = true;
  }

  /** Resolves when everything that was handed in is kept. @throws AppError 'cancelled' if a change was given up */
  async allKept(): Promise<void> {
    await this.records.idle();
    if (this.lost) throw this.lost;
  }
}
