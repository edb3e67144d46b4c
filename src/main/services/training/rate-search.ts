import type { RateSearch } from '#shared/contract/training';
import type { FindRateJob, TrainerEvent } from '#shared/training/messages';
import type { DeviceClaim } from '../jobs/device.ts';
import { Job, type JobEnd } from '../jobs/job.ts';
import type { TrainerHost } from '../jobs/trainer-process.ts';
import type { Logger } from '../log.ts';

interface RateSearchOptions {
  host: TrainerHost;
  claim: DeviceClaim;
  job: FindRateJob;
  log: Logger;
  /** The run or file whose weights it starts from. */
  startFrom: string | null;
  /** Called with every new state. */
  changed: (search: RateSearch) => void;
}

/** A learning-rate search in a trainer process of its own. */
export class RateSearchRun {
  private readonly job: Job;
  private readonly options: RateSearchOptions;
  private search: RateSearch;

  constructor(options: RateSearchOptions) {
    this.options = options;
    const { job, startFrom } = options;
    const nothingYet = { points: [], done: 0, suggestion: null, precision: null, message: null };
    this.search = { config: job.config, startFrom, total: job.steps, state: 'running', ...nothingYet };
    this.job = new Job({
      host: options.host,
      job: options.job,
      claim: options.claim,
      onEvent: (event) => this.hear(event),
      onEnd: (end) => this.end(end),
      report: (error, during) => options.log.error({ err: error }, during),
    });
  }

  get state(): RateSearch {
    return this.search;
  }

  cancel(): void {
    this.job.steer('stop');
  }

  /** Cancels and waits, at most `limitMs`. Never rejects. */
  async close(limitMs: number): Promise<void> {
    await this.job.close(limitMs);
  }

  private update(changes: Partial<RateSearch>): void {
    this.search = { ...this.search, ...changes };
    this.options.changed(this.search);
  }

  private hear(event: TrainerEvent): void {
    if (event.type === 'rate') {
      this.update({ points: [...this.search.points, event.point], done: event.done, total: event.total });
    } else if (event.type === 'rate-found') this.update({ suggestion: event.suggestion });
    else if (event.type === 'log') this.options.log.info(`rate search: ${event.text}`);
    else if (event.type === 'precision') this.update({ precision: { precision: event.precision, reason: event.reason } });
  }

  private end({ outcome, reason }: JobEnd): void {
    this.update({ state: outcome === 'left' ? 'stopped' : outcome, message: reason });
  }
}
