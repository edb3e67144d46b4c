import type { RateSearch } from '#shared/contract/training';
import type { FindRateJob, TrainerEvent } from '#shared/training/messages';
import { TrainerProcess, type TrainerHost } from './trainer-process.ts';

/** A learning-rate search in a trainer process of its own. */
export class RateSearchRun {
  readonly finished: Promise<void>;
  private readonly trainer: TrainerProcess;
  private readonly changed: (search: RateSearch) => void;
  private search: RateSearch;

  /** @param changed called with every new state */
  constructor(host: TrainerHost, job: FindRateJob, changed: (search: RateSearch) => void) {
    this.changed = changed;
    this.search = { points: [], done: 0, total: job.steps, suggestion: null, state: 'running', message: null };
    this.trainer = new TrainerProcess(host, job, (event) => this.handle(event));
    this.finished = this.trainer.ended.then(({ reason }) => {
      if (this.search.state === 'running' || reason)
        this.update({ state: 'failed', message: reason ?? 'The search ended without a result' });
    });
  }

  get state(): RateSearch {
    return this.search;
  }

  cancel(): void {
    this.trainer.send({ type: 'stop' });
  }

  /** Cancels and waits, at most `limitMs`. */
  async shutDown(limitMs: number): Promise<void> {
    await this.trainer.stopWithin(limitMs);
    await this.finished;
  }

  private update(changes: Partial<RateSearch>): void {
    this.search = { ...this.search, ...changes };
    this.changed(this.search);
  }

  private handle(event: TrainerEvent): void {
    if (event.type === 'rate') this.update({ points: [...this.search.points, event.point], done: event.done, total: event.total });
    else if (event.type === 'rate-found') this.update({ suggestion: event.suggestion });
    else if (event.type === 'done') this.update({ state: event.reason });
    else if (event.type === 'failed') this.update({ state: 'failed', message: event.message });
  }
}
