import path from 'node:path';
import type { Services } from '#shared/contract/index';
import type { PredictionInfo, PredictionProgress, ReviewImage, ReviewResult } from '#shared/contract/review';
import { AppError } from '#shared/errors';
import { readStoredMask } from '#files/mask-png';
import { Confusion } from '#shared/metrics/confusion';
import type { DatasetService } from '../datasets/dataset-service.ts';
import type { EventBus } from '../events.ts';
import { RunStore } from '../runs/run-store.ts';
import { protocolOf } from './protocol.ts';
import { PredictionStore } from './prediction-store.ts';
import { PredictionJob } from './prediction-job.ts';
import type { TrainerHost } from '../training/trainer-process.ts';

/** Predicts splits with a run's best weights and compares the predictions with the labels. */
export class ReviewService {
  private readonly options: { datasets: DatasetService; events: EventBus; host: TrainerHost };
  private job: PredictionJob | null = null;
  private lastProgress: PredictionProgress | null = null;
  private starting = false;

  constructor(options: { datasets: DatasetService; events: EventBus; host: TrainerHost }) {
    this.options = options;
    options.datasets.onClose(() => {
      if (this.job || this.starting)
        throw new AppError('busy', 'A prediction is going on: wait for it or cancel it before opening another data set');
    });
    options.datasets.onOpen((dataset) => {
      new PredictionStore(dataset.db, dataset.workFolder).removeIncomplete();
      this.lastProgress = null;
    });
  }

  private stores() {
    const dataset = this.options.datasets.require();
    return {
      dataset,
      runs: new RunStore(dataset.db, dataset.workFolder),
      predictions: new PredictionStore(dataset.db, dataset.workFolder),
    };
  }

  /** Starts predicting a split in a process of its own, so that a training run is not disturbed. @throws AppError 'busy', 'not-found' */
  async predict(runId: string, split: string): Promise<PredictionProgress> {
    if (this.job || this.starting) throw new AppError('busy', 'Another prediction is going on: wait for it or cancel it');
    this.starting = true;
    try {
      await this.options.datasets.surveyed();
      return this.launch(runId, split);
    } finally {
      this.starting = false;
    }
  }

  private launch(runId: string, split: string): PredictionProgress {
    const { dataset, runs, predictions } = this.stores();
    const checkpoint = runs.weightsFile(runId);
    if (!checkpoint) throw new AppError('not-found', `The run "${runs.row(runId).name}" has no checkpoint yet: let it finish an epoch`);
    const samples = dataset.samples(split);
    if (samples.length === 0) throw new AppError('not-found', `${dataset.path} has no split "${split}"`);
    const record = runs.checkpoints(runId).find(({ file }) => file === path.basename(checkpoint));
    const prediction = predictions.create({
      runId,
      split,
      protocol: protocolOf(runs.config(runId), split, dataset.classSet.classes.length),
      checkpointSha256: record?.sha256 ?? '',
    });
    this.job = new PredictionJob({
      predictionId: prediction,
      runId,
      split,
      host: this.options.host,
      store: predictions,
      job: {
        kind: 'predict',
        checkpoint,
        samples,
        outDir: predictions.folder(prediction),
        maskFormat: dataset.classSet.format,
        evaluation: null,
        classes: dataset.classSet.classes,
      },
      changed: (progress) => {
        this.lastProgress = progress;
        if (progress.state !== 'running') this.job = null;
        this.options.events.emit('review.progress', progress);
      },
    });
    this.lastProgress = this.job.progress();
    return this.lastProgress;
  }

  cancel(): void {
    this.job?.cancel();
  }

  list(): PredictionInfo[] {
    return this.stores().predictions.list();
  }

  /** Scores of the whole split and of each image, worst first: all from one confusion matrix an image. */
  result(predictionId: string): ReviewResult {
    const { dataset, predictions } = this.stores();
    const prediction = predictions.info(predictionId);
    const numClasses = dataset.classSet.classes.length;
    const total = new Confusion(numClasses);
    const images = predictions.images(predictionId).map((row): ReviewImage => {
      const confusion = row.confusion ? new Confusion(numClasses, row.confusion) : null;
      if (confusion) total.merge(confusion);
      const accuracy = confusion?.pixelAccuracy() ?? null;
      return {
        id: row.id,
        miou: confusion?.meanIou() ?? null,
        pixelAccuracy: accuracy,
        perClassIou: confusion?.iou() ?? [],
        wrongPixels: confusion && accuracy !== null ? Math.round(confusion.pixels * (1 - accuracy)) : 0,
        uncertainty: row.uncertainty,
        confusion: row.confusion,
      };
    });
    images.sort((a, b) => (a.miou ?? 2) - (b.miou ?? 2) || a.id.localeCompare(b.id));
    return {
      prediction,
      miou: total.meanIou(),
      pixelAccuracy: total.pixelAccuracy(),
      perClassIou: total.iou(),
      confusion: total.rows(),
      images,
    };
  }

  /** @returns class ids of the prediction, row-major @throws AppError 'not-found' if the prediction does not hold the image */
  mask(predictionId: string, imageId: string): { width: number; height: number; ids: Uint8Array } {
    const { predictions } = this.stores();
    const { width, height, values } = readStoredMask(predictions.file(predictionId, imageId));
    return { width, height, ids: values };
  }

  /** Cancels a prediction under way and waits for its end, at most `limitMs`. */
  async shutDown(limitMs = 20_000): Promise<void> {
    await this.job?.shutDown(limitMs);
  }

  handlers(): Services['review'] {
    return {
      predictions: () => this.list(),
      predict: ({ runId, split }) => this.predict(runId, split),
      cancel: () => this.cancel(),
      progress: () => this.lastProgress,
      result: ({ predictionId }) => this.result(predictionId),
      mask: ({ predictionId, imageId }) => this.mask(predictionId, imageId),
    };
  }
}
