import { AppError, messageOf } from '#shared/errors';
import { isPassing } from '../database-error.ts';
import type { Emitter } from '../events.ts';
import type { Outbox } from '../jobs/outbox.ts';
import type { Logger } from '../log.ts';
import type { RunStore } from './run-store.ts';

interface LeftRunsOptions {
  store: RunStore;
  outbox: Outbox;
  log: Logger;
  events: Emitter;
}

const lookMs = 2000;
const reason = 'The workbench ended while the run was going on.';

/**
 * Runs that an earlier workbench left as going on. One whose trainer still writes its checkpoint is left alone until it has ended:
 * who writes a run is told by the lease in its folder, not by a process number that may have been given again.
 */
export class LeftRuns {
  private readonly options: LeftRunsOptions;
  private waiting: string[] = [];
  private timer: NodeJS.Timeout | null = null;

  constructor(options: LeftRunsOptions) {
    this.options = options;
  }

  /** Marks the runs that nobody writes any more, and waits for the others. */
  recover(): void {
    this.waiting = this.options.store.running();
    this.look();
  }

  private look(): void {
    this.timer = null;
    this.waiting = this.waiting.filter((runId) => !this.settled(runId));
    if (this.waiting.length > 0) this.timer = setTimeout(() => this.look(), lookMs);
  }

  /** @returns whether there is nothing more to wait for */
  private settled(runId: string): boolean {
    const { store, outbox, log, events } = this.options;
    if (this.isBeingWritten(runId)) return false;
    try {
      store.interrupt(runId, reason);
      events.emit('runs.changed', store.summary(runId));
    } catch (error) {
      // A history that another program holds now is looked at again: it says nothing of the checkpoint.
      if (isPassing(error)) return false;
      log.error({ err: error, run: runId }, 'a run that was left could not be read');
      store.settle(runId, 'interrupted', `${reason} Its checkpoint could not be read: ${messageOf(error)}`, outbox);
      this.tell(runId);
    }
    return true;
  }

  private tell(runId: string): void {
    const { store, events, log } = this.options;
    try {
      events.emit('runs.changed', store.summary(runId));
    } catch (error) {
      log.warn({ err: error, run: runId }, 'a run that was left cannot be shown');
    }
  }

  /** One of which that cannot be told is taken for written: the next look tells. */
  private isBeingWritten(runId: string): boolean {
    const { store, log } = this.options;
    try {
      return store.isBeingWritten(runId);
    } catch (error) {
      log.warn({ err: error, run: runId }, 'who writes a run cannot be told');
      // A link in the place of its folder is nobody's work.
      return !(error instanceof AppError);
    }
  }

  /** Waits no more: the next start looks again. */
  close(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    this.waiting = [];
  }
}
