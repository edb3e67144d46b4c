import type { PredictionProgress } from '#shared/contract/review';
import type { PredictJob, TrainerEvent } from '#shared/training/messages';
import { TrainerProcess, type TrainerHost } from '../training/trainer-process.ts';
import type { PredictionStore } from './prediction-store.ts';

interface PredictionJobOptions {
  predictionId: string;
  runId: string;
  split: string;
  host: TrainerHost;
  store: PredictionStore;
  job: PredictJob;
  changed: (progress: PredictionProgress) => void;
}

/** A prediction under way: records scores as they come, and shows the prediction only once it is whole. */
export class PredictionJob {
  readonly finished: Promise<void>;
  private readonly options: PredictionJobOptions;
  private readonly process: TrainerProcess;
  private readonly started = Date.now();
  private done = 0;
  private state: PredictionProgress['state'] = 'running';
  private message: string | null = null;
  private readonly skipped: string[] = [];

  constructor(options: PredictionJobOptions) {
    this.options = options;
    this.process = new TrainerProcess(options.host, options.job, (event) => this.handle(event));
    this.finished = this.process.ended.then(({ reason }) => this.end(reason));
  }

  cancel(): void {
    this.process.send({ type: 'stop' });
  }

  /** Cancels and waits, at most `limitMs`. */
  async shutDown(limitMs: number): Promise<void> {
    await this.process.stopWithin(limitMs);
    await this.finished;
  }

  progress(): PredictionProgress {
    const total = this.options.job.samples.length;
    const secondsLeft =
      this.done > 0 && this.state === 'running' ? (((Date.now() - this.started) / this.done) * (total - this.done)) / 1000 : null;
    return {
      predictionId: this.options.predictionId,
      runId: this.options.runId,
      split: this.options.split,
      done: this.done,
      total,
      secondsLeft,
      state: this.state,
      message: this.message,
    };
  }

  private handle(event: TrainerEvent): void {
    if (event.type === 'skipped') {
      this.skipped.push(event.reason);
      this.done = event.done;
      this.options.changed(this.progress());
    } else if (event.type === 'scored') {
      this.options.store.addImage(this.options.predictionId, event.score);
      this.done = event.done;
      this.options.changed(this.progress());
    } else if (event.type === 'done') this.state = event.reason === 'finished' ? 'finished' : 'cancelled';
    else if (event.type === 'failed') {
      this.state = 'failed';
      this.message = event.message;
    }
  }

  private end(reason: string | null): void {
    if (reason) {
      this.state = 'failed';
      this.message = reason;
    }
    if (this.state === 'finished' && this.skipped.length > 0) {
      this.message = `${this.skipped.length} images were left out, the first: ${this.skipped[0]}`;
      if (this.skipped.length === this.options.job.samples.length) this.state = 'failed';
    }
    const { store, predictionId } = this.options;
    if (this.state === 'finished') store.complete(predictionId);
    else store.discard(predictionId);
    this.options.changed(this.progress());
  }
}
