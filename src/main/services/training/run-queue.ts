import type { EventPayloads, Services } from '#shared/contract/index';
import type { RunSummary } from '#shared/contract/runs';
import type { QueueState } from '#shared/contract/training';
import { datedName } from '#shared/training/run-name';
import { messageOf } from '#shared/errors';
import type { RunConfig } from '#shared/training/run-config';
import { expandSweep } from '#shared/training/sweep';
import type { Emitter } from '../events.ts';
import type { Device } from '../jobs/device.ts';
import type { Logger } from '../log.ts';
import type { QueueStore } from './queue-store.ts';

/** A run to be started. */
export interface NewRun {
  config: RunConfig;
  name: string;
  /** What it starts from, as `start-weights` names it. */
  startFrom: string | null;
  sweep?: string | null;
  /** Its place in line, which it leaves in the moment it becomes a run. */
  queuedId?: string;
}

interface QueueOptions {
  store: QueueStore;
  events: Emitter;
  device: Device;
  log: Logger;
  start: (run: NewRun) => Promise<RunSummary>;
}

type QueueHandlers = Pick<
  Services['training'],
  'enqueue' | 'sweep' | 'queue' | 'removeQueued' | 'restoreQueued' | 'prioritise' | 'startQueue' | 'holdQueue'
>;

const retryMs = 2000;

/** The line of runs: one after the other on the one device. After a restart or a stop it waits for a person. */
export class RunQueue {
  private readonly options: QueueOptions;
  /** By whom nothing is started by itself: a person, or the workbench, which waits for one. */
  private heldBy: 'person' | 'workbench' | null;
  /** The one that is being started: in line until it is a run, but not waiting any more. */
  private startingId: string | null = null;
  private closed = false;
  private again: NodeJS.Timeout | null = null;

  constructor(options: QueueOptions) {
    this.options = options;
    this.heldBy = options.store.count() > 0 ? 'workbench' : null;
  }

  private state(): QueueState {
    const { waiting, broken } = this.options.store.list();
    return { waiting: waiting.filter(({ id }) => id !== this.startingId), broken, held: this.heldBy !== null };
  }

  private changed(): QueueState {
    const state = this.state();
    this.options.events.emit('training.queue', state);
    return state;
  }

  /** Starts nothing more by itself. @param notice told where runs wait: their line may be out of sight; null where nobody listens */
  hold(notice: EventPayloads['app.notice'] | null = null): void {
    try {
      if (this.heldBy || this.options.store.count() === 0) return;
      this.heldBy = 'workbench';
      this.changed();
      if (notice) this.options.events.emit('app.notice', notice);
    } catch (error) {
      // A line that cannot be read starts nothing by itself either.
      this.heldBy = 'workbench';
      this.options.log.error({ err: error }, 'the line of runs cannot be read');
    }
  }

  /** Starts nothing more at all. */
  close(): void {
    this.closed = true;
    if (this.again) clearTimeout(this.again);
  }

  /** Starts the next run if the device is free and the line is not held. One that cannot be started is reported, and the line is held. */
  advance(): void {
    if (this.heldBy || this.closed || this.startingId !== null || this.options.device.takenBy) return;
    let next;
    try {
      next = this.options.store.list().waiting.at(0);
    } catch (error) {
      this.options.log.error({ err: error }, 'the line of runs cannot be read now');
      this.again ??= setTimeout(() => {
        this.again = null;
        this.advance();
      }, retryMs);
      return;
    }
    if (next) void this.begin(next);
  }

  private async begin(next: NewRun & { id: string }): Promise<void> {
    this.startingId = next.id;
    let failure: unknown = null;
    try {
      await this.options.start({ ...next, queuedId: next.id });
    } catch (error) {
      failure = error;
    }
    this.startingId = null;
    // The data set may have been closed meanwhile: the run waits there for the next start.
    if (this.closed) return;
    if (failure) {
      this.heldBy ??= 'workbench';
      this.options.log.error({ err: failure }, 'a run in line could not be started');
      this.options.events.emit('app.notice', { kind: 'error', text: `"${next.name}" could not be started: ${messageOf(failure)}` });
    }
    this.changed();
  }

  private add(runs: readonly NewRun[]): QueueState {
    // A line that has become empty has nothing left that was to wait.
    if (this.heldBy === 'workbench' && this.options.store.count() === 0) this.heldBy = null;
    this.options.store.add(
      runs.map(({ name, config, startFrom, sweep = null }) => ({ name: name || datedName(config), config, startFrom, sweep })),
    );
    this.changed();
    this.advance();
    return this.state();
  }

  private after(work: (store: QueueStore) => void): QueueState {
    work(this.options.store);
    this.advance();
    return this.changed();
  }

  /** @param assertOwned throws where another workbench has the data set */
  handlers(assertOwned: () => void): QueueHandlers {
    const owned = <T>(work: () => T): T => {
      assertOwned();
      return work();
    };
    const held = (is: boolean) => () => {
      this.heldBy = is ? 'person' : null;
      this.advance();
      return this.changed();
    };
    return {
      enqueue: (run) => owned(() => this.add([run])),
      sweep: ({ startFrom, ...sweep }) =>
        owned(() => this.add(expandSweep(sweep).map((run) => ({ ...run, startFrom, sweep: sweep.name })))),
      queue: () => this.state(),
      removeQueued: ({ id }) => owned(() => this.remove(id)),
      restoreQueued: ({ run }) => owned(() => this.after((store) => store.restore(run))),
      prioritise: ({ id, priority }) => owned(() => this.after((store) => store.prioritise(id, priority))),
      startQueue: () => owned(held(false)),
      holdQueue: () => owned(held(true)),
    };
  }

  private remove(id: string) {
    const run = this.options.store.remove(id);
    this.changed();
    return run;
  }
}
