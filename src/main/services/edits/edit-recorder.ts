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

/** Puts the changes of one mask into its journal, in their order; waits where the disk takes none. */
export class EditRecorder {
  private readonly options: RecorderOptions;
  private readonly records = new Serial();
  private made = 0;
  /** Changes up to this number are in a journal that was written anew as a whole. */
  private covered = 0;
  private ending = false;

  constructor(options: RecorderOptions) {
    this.options = options;
  }

  /**
   * Puts a record into the journal. Call it in the same turn as the history changes.
   * @throws AppError 'cancelled' if the end comes before the disk takes it
   */
  record(record: JournalRecord): Promise<void> {
    const number = ++this.made;
    return this.records.run(async () => {
      const payload = await encodeRecord(record);
      while (!(await this.attempt(number, record, payload))) await new Promise((resolve) => setTimeout(resolve, retryMs));
    });
  }

  /** @returns whether it is on the disk */
  private async attempt(number: number, { kind }: JournalRecord, payload: Uint8Array): Promise<boolean> {
    const { assertWritable, failed, kept, imageId } = this.options;
    try {
      assertWritable();
      const isChange = kind === 'step' || kind === 'undo' || kind === 'redo';
      if (!(isChange && number <= this.covered)) await this.append(payload, isChange);
      kept();
      return true;
    } catch (error) {
      failed(error);
      if (this.ending) throw new AppError('cancelled', `A change of ${imageId} could not be kept: ${messageOf(error)}`);
      return false;
    }
  }

  /** @param isChange whether a journal that is written anew has it already */
  private async append(payload: Uint8Array, isChange: boolean): Promise<void> {
    const { journal, log, imageId } = this.options;
    try {
      await journal.append(payload);
    } catch (error) {
      if (!(error instanceof JournalLost)) throw error;
      log.warn({ err: error, image: imageId }, 'the journal is written anew');
      const covered = this.made;
      await journal.writeAnew(this.options.whole(), true);
      this.covered = covered;
      if (!isChange) await journal.append(payload);
    }
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

  /** Resolves when everything that was handed in is kept or given up. */
  idle(): Promise<void> {
    return this.records.idle();
  }
}
