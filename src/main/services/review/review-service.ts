import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { Services } from '#shared/contract/index';
import type { RunDetail } from '#shared/contract/runs';
import type {
  ImageLook,
  PredictionInfo,
  PredictionProgress,
  Renewal,
  ReviewImage,
  ReviewMasks,
  ReviewResult,
} from '#shared/contract/review';
import { wholePredictionName } from '#shared/data/prediction-names';
import type { Sample } from '#shared/data/sample';
import { AppError } from '#shared/errors';
import { readCheckpointHeader } from '#files/checkpoint-header';
import { readRunSamples } from '#files/run-folder';
import { lackedClasses, mapClasses, otherClasses } from '#shared/classes/class-map';
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
import { makeReport, type ReportSources } from '../reports/make-report.ts';
import type { TaskInput } from '../workers/mask-tasks.ts';
import type { Workers } from '../workers/workers.ts';
import type { Db } from '../database.ts';
import { KeptLabels } from './kept-labels.ts';
import { PredictionJob } from './prediction-job.ts';
import { assertReviewable, type PredictionStore, type ScoredWith } from './prediction-store.ts';
import { protocolOf } from './protocol.ts';

/** What a window asks to be predicted. */
interface Asked {
  runId: string;
  split: string;
  look?: ImageLook | null | undefined;
}

interface ReviewOptions {
  dataset: OpenDataset;
  access: DatasetAccess;
  db: Db;
  runs: RunStore;
  predictions: PredictionStore;
  /** Resolves when every image is known. */
  surveyed: () => Promise<void>;
  /** Saves what was painted and is not in its file yet: scores are of what a person sees. */
  settle: () => Promise<void>;
  /** A run with its epochs, settings and origin. */
  detail: (runId: string) => Promise<RunDetail>;
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
  async predict(asked: Asked): Promise<PredictionProgress> {
    this.options.access.assertOwned();
    if (this.job || this.starting) throw new AppError('busy', 'Another prediction is going on: wait for it or cancel it');
    this.starting = true;
    try {
      await this.options.surveyed();
      await this.options.settle();
      if (this.closed) throw new AppError('cancelled', 'The data set is being closed');
      this.options.access.assertOwned();
      return this.launch(asked);
    } finally {
      this.starting = false;
    }
  }

  private launch(asked: Asked): PredictionProgress {
    const { dataset, predictions, host, outbox, log, events } = this.options;
    const { runId, split } = asked;
    const { checkpoint, classes, key, sha256, weights, evaluation } = this.question(asked);
    const why = otherClasses(`The run "${this.options.runs.row(runId).name}"`, classes, dataset.classSet.classes);
    // Before anything of what there is becomes another one.
    if (why !== null) throw new AppError('invalid-argument', `${why}. Train on from it to have it predict these`);
    const samples = dataset.samples(split);
    if (samples.length === 0) throw new AppError('not-found', `${dataset.path} has no split "${split}"`);
    assertReviewable(samples.length, classes.length);
    const now = this.scoredNow(samples);
    const before = predictions.alike(key);
    const held = before ? this.held(before, now, key.classSet) : new Set();
    const toDo = samples.filter(({ id }) => !held.has(id));
    const predictionId = before ?? predictions.create({ ...key, classes, weights });
    // What is gone on with is reckoned as it was begun, and scores beside a run's own as that is.
    const preferred = (before === null ? null : predictions.precisionOf(before)) ?? this.options.runs.precisionOf(runId);
    if (before) predictions.takeUp(before, new Set(now.keys()), key.classSet);
    const { classes: today, format } = dataset.classSet;
    if (toDo.length === 0) return this.nothingToDo({ predictionId, runId, split }, samples.length);
    try {
      this.job = new PredictionJob({
        ...{ predictionId, runId, split, host, store: predictions, outbox, log, scoredWith: (id) => this.stillWith(id, now.get(id)) },
        kept: samples.length - toDo.length,
        job: {
          kind: 'predict',
          checkpoint,
          sha256,
          samples: toDo,
          outDir: predictions.folder(predictionId),
          maskFormat: format,
          evaluation,
          precision: null,
          preferred,
          classes: today,
          write: 'ids',
          // Of images that are predicted at another time too: a name is an image's own.
          names: toDo.map(({ id }) => wholePredictionName(id)),
          writeSureness: true,
        },
        changed: (progress) => this.onProgress(progress),
      });
    } catch (error) {
      if (!before) predictions.discard(predictionId);
      throw error;
    }
    this.lastProgress = this.job.progress();
    events.emit('review.progress', this.lastProgress);
    return this.lastProgress;
  }

  /** With what, how and against what a split of a run would be predicted now. @throws AppError 'not-found' without weights */
  private question({ runId, split, look }: Asked) {
    const { dataset, runs } = this.options;
    const checkpoint = runs.weightsToPredict(runId);
    const { classes, sha256, recorded, weights } = this.weightsAt(runId, checkpoint);
    const config = runs.config(runId);
    const evaluation = look ? { ...config.evaluation, ...look } : null;
    const protocol = protocolOf(config, split, classes.length, evaluation ?? undefined);
    const key = { runId, split, protocol, checkpointSha256: recorded, classSet: classSetKey(dataset.classSet) };
    return { checkpoint, classes, key, sha256, weights, evaluation };
  }

  /** A run's best weights; null without any. `sha256` is what the file says, `recorded` that or what the history has, '' for neither. */
  private weightsOf(runId: string) {
    const checkpoint = this.options.runs.weightsFile(runId);
    return checkpoint === null ? null : this.weightsAt(runId, checkpoint);
  }

  private weightsAt(runId: string, checkpoint: string) {
    const { runs } = this.options;
    const { classes, sha256, history } = readCheckpointHeader(checkpoint);
    // The file before the history, which hears of a new best a moment later, or not at all where the disk was full.
    const known = runs.checkpoints.list(runId).find(({ file }) => file === path.basename(checkpoint));
    const role = path.basename(checkpoint) === 'best.ckpt' ? ('best' as const) : ('last' as const);
    const weights = { role, epoch: history.at(-1)?.epoch ?? known?.epoch ?? null };
    return { checkpoint, classes, sha256, recorded: sha256 ?? known?.sha256 ?? '', weights };
  }

  /** The images that a prediction holds as they would be predicted now. */
  private held(predictionId: string, now: ReadonlyMap<string, ScoredWith>, classSet: string): Set<string> {
    const { predictions } = this.options;
    const folder = predictions.folder(predictionId);
    const files = new Set(existsSync(folder) ? readdirSync(folder) : []);
    const held = new Set<string>();
    for (const [id, before] of predictions.scoredWith(predictionId, classSet)) {
      const today = now.get(id);
      if (before.revision === today?.revision && before.photo === today.photo && files.has(before.file)) held.add(id);
    }
    return held;
  }

  /** What an image would be scored against now. */
  private againstNow({ id, maskFile, revision }: Sample): ScoredWith {
    return { revision: (maskFile && revision) ?? null, photo: this.options.dataset.entry(id).imageStamp };
  }

  private scoredNow(samples: readonly Sample[]): Map<string, ScoredWith> {
    return new Map(samples.map((sample) => [sample.id, this.againstNow(sample)]));
  }

  /** What an image was scored against; undefined where its mask or photo has become another meanwhile: which was read is not known. */
  private stillWith(id: string, before: ScoredWith | undefined): ScoredWith | undefined {
    const { dataset } = this.options;
    if (!before || !dataset.has(id)) return undefined;
    const { revision, photo } = this.againstNow(dataset.sample(id));
    return before.revision === revision && before.photo === photo ? before : undefined;
  }

  private nothingToDo(of: Pick<PredictionProgress, 'predictionId' | 'runId' | 'split'>, total: number): PredictionProgress {
    const { predictions, events, outbox } = this.options;
    outbox.write('the end of a prediction', () => predictions.complete(of.predictionId));
    this.lastProgress = { ...of, done: total, total, secondsLeft: null, state: 'finished', message: null };
    events.emit('review.progress', this.lastProgress);
    return this.lastProgress;
  }

  /** What of a prediction is not as it would be now. */
  private renewal({ id, runId, runName, split, checkpointSha256, classes }: PredictionInfo, predicted: ReadonlySet<string>): Renewal {
    const { dataset } = this.options;
    const samples = dataset.samples(split);
    const held = this.held(id, this.scoredNow(samples), classSetKey(dataset.classSet));
    const why = otherClasses(`The run "${runName}"`, classes, dataset.classSet.classes);
    const open = samples.filter((sample) => !held.has(sample.id));
    const [changed, missing] = [open.filter((image) => predicted.has(image.id)), open.filter((image) => !predicted.has(image.id))];
    const weights = this.weightsOf(runId)?.recorded ?? '';
    return {
      // Its own run predicts none of them for these classes.
      changed: why === null ? changed.map((image) => image.id) : [],
      missing: why === null ? missing.map((image) => image.id) : [],
      newWeights: weights !== '' && weights !== checkpointSha256,
      otherClasses: why,
    };
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
    // An image that has gone from the folder has nothing to be shown by, and one of another split by now is none of this one's; it counts
    // again when it comes back.
    const rows = predictions.images(predictionId).filter(({ id }) => dataset.has(id) && dataset.entry(id).split === prediction.split);
    const shapes = new Map(rows.map((row) => [row.id, row.shapes]));
    const images = rows.map((row): ReviewImage => {
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
        loss: row.loss,
        suspicious: row.suspicious,
        confusion: sound,
      };
    });
    images.sort((a, b) => (a.miou ?? 2) - (b.miou ?? 2) || a.id.localeCompare(b.id));
    return {
      prediction,
      foreign: lackedClasses(classes, dataset.classSet.classes),
      ...splitScores(
        images.flatMap(({ id, confusion }) => (confusion ? [{ id, confusion, shapes: shapes.get(id) ?? null }] : [])),
        classes.length,
      ),
      images,
      learntFrom: this.learntFrom(prediction.runId, rows),
      renewal: this.renewal(prediction, new Set(shapes.keys())),
    };
  }

  /** Of how many of these images a run has learnt; null where that was not kept. */
  private learntFrom(runId: string, images: readonly { id: string }[]): number | null {
    const { runs, log } = this.options;
    try {
      const samples = readRunSamples(runs.folder(runId));
      if (!samples) return null;
      const learnt = new Set(samples.train.map(({ id }) => id));
      return images.filter(({ id }) => learnt.has(id)).length;
    } catch (error) {
      log.warn({ err: error, run: runId }, 'what a run has learnt from cannot be read');
      return null;
    }
  }

  /** The prediction of an image and its label as it is now, both in the prediction's class ids. @throws AppError 'not-found' */
  private async masks(predictionId: string, imageId: string): Promise<ReviewMasks> {
    const { workers, log } = this.options;
    const { damaged, ...masks } = await workers.run('reviewMasks', this.masksInput(predictionId, imageId));
    if (damaged) log.warn({ prediction: predictionId, image: imageId, why: damaged }, 'how sure the network is cannot be read');
    return masks;
  }

  private masksInput(predictionId: string, imageId: string): TaskInput<'reviewMasks'> {
    const { predictions, dataset } = this.options;
    const { classes, format } = dataset.classSet;
    const { ids } = mapClasses(classes, predictions.info(predictionId).classes);
    return {
      predictionFile: predictions.file(predictionId, imageId),
      surenessFile: predictions.surenessFile(predictionId, imageId),
      maskFile: dataset.image(imageId).maskFile,
      format,
      // Void is in no class set, and stays void.
      toPredicted: Array.from({ length: voidId + 1 }, (_, id) => ids[id] ?? -1),
    };
  }

  private report(predictionId: string, against: string | null) {
    const { dataset, workers, detail, predictions } = this.options;
    const { classes } = predictions.info(predictionId);
    const sources: ReportSources = {
      dataset: path.basename(dataset.path),
      result: (id) => this.result(id),
      run: detail,
      picture: (id, imageId) =>
        workers.run('reportPicture', { ...this.masksInput(id, imageId), imageFile: dataset.image(imageId).imageFile, classes }),
    };
    return makeReport(sources, predictionId, against);
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
      predict: (asked) => this.predict(asked),
      cancel: () => this.job?.cancel(),
      progress: () => this.lastProgress,
      result: ({ predictionId }) => this.result(predictionId),
      masks: ({ predictionId, imageId }) => this.masks(predictionId, imageId),
      report: ({ predictionId, against }) => this.report(predictionId, against),
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

/** Stands for classes and stored values: scores are of these. */
function classSetKey({ classes, format }: Pick<OpenDataset['classSet'], 'classes' | 'format'>): string {
  const told = { classes: classes.map(({ id, name }) => [id, name]), format };
  return createHash('sha256').update(JSON.stringify(told)).digest('hex');
}
