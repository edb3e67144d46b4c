import { counted } from '#shared/counted';
import type { PredictionProgress } from '#shared/contract/review';
import { secondsFrom } from '#shared/throttled-progress';
import type { PredictJob, TrainerEvent } from '#shared/training/messages';
import { precisionText, type PrecisionChoice } from '#shared/training/precision';
import { Job, type JobEnd } from '../jobs/job.ts';
import type { Outbox } from '../jobs/outbox.ts';
import type { TrainerHost } from '../jobs/trainer-process.ts';
import type { Logger } from '../log.ts';
import type { PredictionStore, ScoredWith } from './prediction-store.ts';

interface PredictionJobOptions {
  predictionId: string;
  runId: string;
  split: string;
  host: TrainerHost;
  store: PredictionStore;
  outbox: Outbox;
  log: Logger;
  job: PredictJob;
  /** What each image is scored against. */
  scoredWith: (imageId: string) => ScoredWith | undefined;
  /** Images of the split that need not be predicted. */
  kept: number;
  changed: (progress: PredictionProgress) => void;
}

/** A prediction under way: records scores as they come, and shows the prediction only once it is whole. */
export class PredictionJob {
  private readonly options: PredictionJobOptions;
  private readonly job: Job;
  private readonly started = Date.now();
  private done = 0;
  private state: PredictionProgress['state'] = 'running';
  private message: string | null = null;
  private readonly skipped: string[] = [];

  constructor(options: PredictionJobOptions) {
    this.options = options;
    this.job = new Job({
      host: options.host,
      job: options.job,
      onEvent: (event) => this.hear(event),
      onEnd: (end) => this.end(end),
      report: (error, during) => options.log.error({ err: error, prediction: options.predictionId }, during),
    });
  }

  cancel(): void {
    this.job.steer('stop');
  }

  /** Cancels and waits, at most `limitMs`. Never rejects. */
  async close(limitMs: number): Promise<void> {
    await this.job.close(limitMs);
  }

  progress(): PredictionProgress {
    const { predictionId, runId, split, job, kept } = this.options;
    const toDo = job.samples.length;
    const secondsLeft = this.done > 0 && this.state === 'running' ? secondsFrom(Date.now() - this.started, this.done, toDo) : null;
    const [done, total] = [kept + this.done, kept + toDo];
    return { predictionId, runId, split, done, total, secondsLeft, state: this.state, message: this.message };
  }

  private hear(event: TrainerEvent): void {
    if (event.type === 'precision') this.reckonsIn(event);
    if (event.type === 'skipped') this.skipped.push(event.reason);
    else if (event.type === 'scored') {
      const { store, outbox, predictionId, scoredWith } = this.options;
      outbox.write('the score of a prediction', () => store.addImage(predictionId, event.score, scoredWith(event.score.id)));
    } else return;
    this.done = event.done;
    this.options.changed(this.progress());
  }

  private reckonsIn(choice: PrecisionChoice): void {
    const { log, runId, outbox, store, predictionId } = this.options;
    log.info({ run: runId }, `predicts in ${precisionText(choice)}`);
    outbox.write('what a prediction reckons in', () => store.setPrecision(predictionId, choice.precision));
  }

  private end({ outcome, reason }: JobEnd): void {
    this.state = outcome === 'stopped' || outcome === 'left' ? 'cancelled' : outcome;
    this.message = reason;
    if (this.state === 'finished' && this.skipped.length > 0) {
      this.message = `${counted(this.skipped.length, 'image', ['was', 'were'])} left out, the first: ${this.skipped[0]}`;
      if (this.options.kept === 0 && this.skipped.length === this.options.job.samples.length) this.state = 'failed';
    }
    const { store, outbox, predictionId } = this.options;
    const whole = this.state === 'finished';
    outbox.write('the end of a prediction', () => (whole ? store.complete(predictionId) : store.leave(predictionId)));
    this.options.changed(this.progress());
  }
}
