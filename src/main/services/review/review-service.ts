import path from 'node:path';
import type { Services } from '#shared/contract/index';
import type { PredictionProgress, ReviewImage, ReviewMasks, ReviewResult } from '#shared/contract/review';
import { AppError } from '#shared/errors';
import { readCheckpointHeader } from '#files/checkpoint-header';
import { lackedClasses, mapClasses } from '#shared/classes/class-map';
import { voidId } from '#shared/mask/void-id';
import { Confusion } from '#shared/metrics/confusion';
import { splitScores } from '#shared/metrics/split-scores';
import type { DatasetAccess } from '../datasets/dataset-access.ts';
import type { OpenDataset } from '../datasets/open-dataset.ts';
import type { Emitter } from '../events.ts';
import type { Outbox } from '../jobs/outbox.ts';
import type { TrainerHost } from '../jobs/trainer-process.ts';
import type { Logger } from '../log.ts';
import type { RunStore } from '../runs/run-store.ts';
import type { Workers } from '../workers/workers.ts';
import type { Db } from '../database.ts';
import { KeptLabels } from './kept-labels.ts';
import { PredictionJob } from './prediction-job.ts';
import type { PredictionStore } from './prediction-store.ts';
import { protocolOf } from './protocol.ts';

interface ReviewOptions {
  dataset: OpenDataset;
  access: DatasetAccess;
  db: Db;
  runs: RunStore;
  predictions: PredictionStore;
  /** Resolves when every image is known. */
  surveyed: () => Promise<void>;
  events: Emitter;
  outbox: Outbox;
  log: Logger;
  host: TrainerHost;
  workers: Workers;
}

/** Predicts splits with a run's best weights and compares the predictions with the labels, each in its own classes. */
export class ReviewService {
  private readonly options: ReviewOptions;
  private readonly kept: KeptLabels;
  private job: PredictionJob | null = null;
  private lastProgress: PredictionProgress | null = null;
  private starting = false;
  private closed = false;

  constructor(options: ReviewOptions) {
    this.options = options;
    this.kept = new KeptLabels(options.db);
  }

  /** What keeps the data set open, in words; null if nothing does. */
  get busyWith(): string | null {
    return this.job || this.starting ? 'A prediction' : null;
  }

  /** The run that a split is being predicted with; null while none is. */
  get predictedRunId(): string | null {
    return this.job ? (this.lastProgress?.runId ?? null) : null;
  }

  /** Starts predicting a split in a process of its own, so that a training run is not disturbed. @throws AppError 'busy', 'not-found' */
  async predict(runId: string, split: string): Promise<PredictionProgress> {
    this.options.access.assertOwned();
    if (this.job || this.starting) throw new AppError('busy', 'Another prediction is going on: wait for it or cancel it');
    this.starting = true;
    try {
      await this.options.surveyed();
      if (this.closed) throw new AppError('cancelled', 'The data set is being closed');
      this.options.access.assertOwned();
      return this.launch(runId, split);
    } finally {
      this.starting = false;
    }
  }

  private launch(runId: string, split: string): PredictionProgress {
    const { dataset, runs, predictions, host, outbox, log } = this.options;
    const { name } = runs.row(runId);
    const checkpoint = runs.weightsFile(runId);
    if (!checkpoint) throw new AppError('not-found', `The run "${name}" has no checkpoint yet: let it finish an epoch`);
    const { classes } = readCheckpointHeader(checkpoint);
    const samples = dataset.samples(split);
    if (samples.length === 0) throw new AppError('not-found', `${dataset.path} has no split "${split}"`);
    const record = runs.checkpoints(runId).find(({ file }) => file === path.basename(checkpoint));
    const protocol = protocolOf(runs.config(runId), split, classes.length);
    const prediction = predictions.create({ runId, split, protocol, checkpointSha256: record?.sha256 ?? '', classes });
    const { classes: today, format } = dataset.classSet;
    try {
      this.job = new PredictionJob({
        predictionId: prediction,
        runId,
        split,
        host,
        store: predictions,
        outbox,
        log,
        job: {
          kind: 'predict',
          checkpoint,
          samples,
          outDir: predictions.folder(prediction),
          maskFormat: format,
          evaluation: null,
          classes: today,
          write: 'ids',
        },
        changed: (progress) => this.onProgress(progress),
      });
    } catch (error) {
      predictions.discard(prediction);
      throw error;
    }
    return (this.lastProgress = this.job.progress());
  }

  private onProgress(progress: PredictionProgress): void {
    this.lastProgress = progress;
    if (progress.state !== 'running') this.job = null;
    this.options.events.emit('review.progress', progress);
  }

  /** Scores of the whole split and of each image, worst first: all from one confusion matrix an image, in the prediction's classes. */
  result(predictionId: string): ReviewResult {
    const { dataset, predictions } = this.options;
    const prediction = predictions.info(predictionId);
    const { classes } = prediction;
    const images = predictions.images(predictionId).map((row): ReviewImage => {
      const sound = row.confusion?.length === classes.length ** 2 ? row.confusion : null;
      const confusion = sound && new Confusion(classes.length, sound);
      const accuracy = confusion?.pixelAccuracy() ?? null;
      return {
        id: row.id,
        miou: confusion?.meanIou() ?? null,
        pixelAccuracy: accuracy,
        perClassIou: confusion?.iou() ?? [],
        wrongPixels: confusion && accuracy !== null ? Math.round(confusion.pixels * (1 - accuracy)) : 0,
        uncertainty: row.uncertainty,
        confusion: sound,
      };
    });
    images.sort((a, b) => (a.miou ?? 2) - (b.miou ?? 2) || a.id.localeCompare(b.id));
    return {
      prediction,
      foreign: lackedClasses(classes, dataset.classSet.classes),
      ...splitScores(
        images.flatMap(({ id, confusion }) => (confusion ? [{ id, confusion }] : [])),
        classes.length,
      ),
      images,
    };
  }

  /** The prediction of an image and its label as it is now, both in the prediction's class ids. @throws AppError 'not-found' */
  private masks(predictionId: string, imageId: string): Promise<ReviewMasks> {
    const { predictions, dataset, workers } = this.options;
    const { classes, format } = dataset.classSet;
    const { ids } = mapClasses(classes, predictions.info(predictionId).classes);
    return workers.run('reviewMasks', {
      predictionFile: predictions.file(predictionId, imageId),
      maskFile: dataset.image(imageId).maskFile,
      format,
      // Void is in no class set, and stays void.
      toPredicted: Array.from({ length: voidId + 1 }, (_, id) => ids[id] ?? -1),
    });
  }

  /** Cancels a prediction under way and waits for its end, at most `limitMs`. Never rejects. */
  async close(limitMs: number): Promise<void> {
    this.closed = true;
    await this.job?.close(limitMs);
  }

  handlers(): Services['review'] {
    return {
      predictions: () => this.options.predictions.list(),
      removeBroken: ({ id }) => {
        this.options.access.assertOwned();
        this.options.predictions.removeBroken(id);
      },
      predict: ({ runId, split }) => this.predict(runId, split),
      cancel: () => this.job?.cancel(),
      progress: () => this.lastProgress,
      result: ({ predictionId }) => this.result(predictionId),
      masks: ({ predictionId, imageId }) => this.masks(predictionId, imageId),
      keep: ({ imageId, label }) => {
        this.options.access.assertOwned();
        this.options.dataset.image(imageId);
        return this.kept.keep(imageId, label);
      },
      kept: ({ imageId }) => this.kept.of(imageId, (why) => this.options.log.warn({ image: imageId, why }, 'a kept label cannot be read')),
      forgetKept: ({ id }) => {
        this.options.access.assertOwned();
        this.kept.forget(id);
      },
    };
  }
}
