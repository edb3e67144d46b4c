import type { Logger } from '../log.ts';
import { isPassing } from '../database-error.ts';

interface Waiting {
  what: string;
  work: () => void;
  dropped?: () => void;
}

const retryMs = 1000;
/** More than a day of epochs; steps beyond are dropped, and it is logged that they are. */
const limit = 200_000;

/**
 * Writes to the history in order, and keeps what cannot be written now (a full or locked disk) until it can. What is recorded is
 * never a reason for a job to end.
 */
export class Outbox {
  private readonly log: Logger;
  private readonly mayWrite: () => boolean;
  private readonly waiting: Waiting[] = [];
  private timer: NodeJS.Timeout | null = null;

  /** @param mayWrite whether the history is still ours: what comes later is another workbench's to tell */
  constructor(log: Logger, mayWrite: () => boolean = () => true) {
    this.log = log;
    this.mayWrite = mayWrite;
  }

  get size(): number {
    return this.waiting.length;
  }

  /**
   * Runs `work` now, or as soon as the disk lets it.
   * @param what is written, for the log @param dropped called where it is another workbench's to tell by then
   */
  write(what: string, work: () => void, dropped?: () => void): void {
    if (this.waiting.length === 0 && this.attempt({ what, work, dropped })) return;
    if (this.waiting.length >= limit) {
      this.log.error({ what }, 'too much waits for the disk: this is dropped');
      return;
    }
    this.waiting.push({ what, work, dropped });
    this.timer ??= setTimeout(() => this.retry(), retryMs);
  }

  /** Writes what waits, as far as the disk lets it. @returns whether all is written */
  flush(): boolean {
    while (this.waiting.length > 0) {
      if (!this.attempt(this.waiting[0])) return false;
      this.waiting.shift();
    }
    return true;
  }

  private retry(): void {
    this.timer = null;
    if (!this.flush()) this.timer = setTimeout(() => this.retry(), retryMs);
  }

  /** @returns false if it is to be tried again */
  private attempt({ what, work, dropped }: Waiting): boolean {
    if (!this.mayWrite()) {
      dropped?.();
      this.log.warn({ what }, 'not written: another workbench has the data set');
      return true;
    }
    try {
      work();
      return true;
    } catch (error) {
      const again = isPassing(error);
      this.log[again ? 'warn' : 'error'](
        { err: error, what },
        again ? 'cannot be written now, will be tried again' : 'could not be written',
      );
      return !again;
    }
  }

  /** Tries once more and ends. What is lost then is logged, and the next start finds the truth in the run's folder. */
  close(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    if (!this.flush()) this.log.error({ entries: this.waiting.length }, 'the disk took no more: these entries of the history are lost');
    this.waiting.length = 0;
  }
}
