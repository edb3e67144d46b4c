import type { Services } from '#shared/contract/index';
import type { RunSummary } from '#shared/contract/runs';
import type { QueueState } from '#shared/contract/training';
import { messageOf } from '#shared/errors';
import type { RunConfig } from '#shared/training/run-config';
import { expandSweep } from '#shared/training/sweep';
import type { DatasetService } from '../datasets/dataset-service.ts';
import type { EventBus } from '../events.ts';
import { QueueStore } from './queue-store.ts';

/** A run to be started. */
export interface NewRun {
  config: RunConfig;
  name: string;
  /** Run whose weights it starts from. */
  startFrom: string | null;
  sweep?: string | null;
  /** Its place in line, which it leaves in the moment it becomes a run. */
  queuedId?: string;
}

interface QueueOptions {
  datasets: DatasetService;
  events: EventBus;
  /** Whether the device is taken. */
  isBusy: () => boolean;
  start: (run: NewRun) => Promise<RunSummary>;
}

type QueueHandlers = Pick<
  Services['training'],
  'enqueue' | 'sweep' | 'queue' | 'removeQueued' | 'restoreQueued' | 'prioritise' | 'startQueue' | 'holdQueue'
>;

/** The line of runs: one after the other on the one device. After a restart or a stop it waits for a person. */
export class RunQueue {
  private readonly options: QueueOptions;
  private held = false;
  /** The one that is being started: in line until it is a run, but not waiting any more. */
  private startingId: string | null = null;

  constructor(options: QueueOptions) {
    this.options = options;
    options.datasets.onOpen((dataset) => (this.held = new QueueStore(dataset.db).count() > 0));
  }

  private store(): QueueStore {
    return new QueueStore(this.options.datasets.require().db);
  }

  private state(): QueueState {
    return {
      waiting: this.store()
        .list()
        .filter(({ id }) => id !== this.startingId),
      held: this.held,
    };
  }

  private changed(): QueueState {
    const state = this.state();
    this.options.events.emit('training.queue', state);
    return state;
  }

  /** Starts nothing more by itself. */
  hold(): void {
    if (this.held || !this.options.datasets.current() || this.store().count() === 0) return;
    this.held = true;
    this.changed();
  }

  /** Starts the next run if the device is free and the line is not held. One that cannot be started is reported, and the line is held. */
  advance(): void {
    if (this.held || this.options.isBusy() || !this.options.datasets.current()) return;
    const next = this.store().list().at(0);
    if (!next) return;
    this.startingId = next.id;
    this.options
      .start({ ...next, queuedId: next.id })
      .finally(() => (this.startingId = null))
      .then(
        () => this.changed(),
        (error: unknown) => {
          this.held = true;
          // The application may have closed the data set meanwhile: the run waits there for the next start.
          if (this.options.datasets.current()) this.changed();
          this.options.events.emit('app.notice', { kind: 'error', text: `"${next.name}" could not be started: ${messageOf(error)}` });
        },
      );
  }

  private add(runs: readonly NewRun[]): QueueState {
    this.store().add(runs.map(({ name, config, startFrom, sweep = null }) => ({ name: name || config.preset, config, startFrom, sweep })));
    this.changed();
    this.advance();
    return this.state();
  }

  private after(work: (store: QueueStore) => void): QueueState {
    work(this.store());
    this.advance();
    return this.changed();
  }

  handlers(): QueueHandlers {
    return {
      enqueue: (run) => this.add([run]),
      sweep: ({ startFrom, ...sweep }) => this.add(expandSweep(sweep).map((run) => ({ ...run, startFrom, sweep: sweep.name }))),
      queue: () => this.state(),
      removeQueued: ({ id }) => {
        const run = this.store().remove(id);
        this.changed();
        return run;
      },
      restoreQueued: ({ run }) => this.after((store) => store.restore(run)),
      prioritise: ({ id, priority }) => this.after((store) => store.prioritise(id, priority)),
      startQueue: () => {
        this.held = false;
        this.advance();
        return this.changed();
      },
      holdQueue: () => {
        this.held = true;
        return this.changed();
      },
    };
  }
}
