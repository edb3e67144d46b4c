import path from 'node:path';
import { z } from 'zod';
import { classesSchema } from '#shared/classes/class-schema';
import type { ClassInfo } from '#shared/classes/class-info';
import type { BrokenPrediction, PredictionInfo, UsedWeights } from '#shared/contract/review';
import { AppError } from '#shared/errors';
import type { Protocol } from '#shared/metrics/protocol';
import type { ImageScore } from '#shared/training/messages';
import { precisionSchema, type Precision } from '#shared/training/precision';
import { surenessFolder } from '#files/sureness-png';
import { nowText, type Db } from '../database.ts';
import { boundedRows, boundedText, brokenId, listedText, parsed, rowidOf, shortText, soundNumber, soundRows } from '../parsed-row.ts';
import { isId, type WorkFolder } from '../datasets/work-folder.ts';

const text = z.string();
const rowSchema = z.object({
  id: text.refine(isId),
  run_id: text,
  name: text,
  split: text,
  protocol: text,
  classes: text,
  checkpoint_sha256: text,
  created_at: text,
  images: z.number(),
  // What is none of these is as what was not kept.
  weights: z.enum(['best', 'last']).nullable().catch(null),
  epoch: z.int().nullable().catch(null),
  precision: precisionSchema.nullable().catch(null),
});

/** What an image was scored against: the revision of its mask, null without one, and the stamp of its photo. */
export interface ScoredWith {
  revision: string | null;
  photo: string;
}

/** By what, how and against what a split is predicted. */
export interface PredictionKey {
  runId: string;
  split: string;
  protocol: Protocol;
  checkpointSha256: string;
  /** Stands for the classes and stored values of the data set. */
  classSet: string;
}

/** A row as it was found: the history came with the data set. */
type FoundRow = Partial<z.infer<typeof rowSchema>> & { rowid: number };

const ownColumns = ['id', 'run_id', 'split', 'protocol', 'classes', 'checkpoint_sha256', 'created_at', 'weights', 'precision'];
const columns = [
  ...[...ownColumns.map((column) => `p.${column}`), 'r.name'].map((column) => boundedText(column, listedText)),
  soundNumber('p.epoch', 'epoch'),
].join(', ');
const query = `SELECT p.rowid AS rowid, ${columns},
  (SELECT count(*) FROM prediction_image i WHERE i.prediction_id = p.id) AS images
  FROM prediction p JOIN run r ON r.id = p.run_id WHERE p.complete = 1 AND r.deleted_at IS NULL`;
/** More predictions or images than this are no history that a person made. */
const mostPredictions = 5000;
const mostImages = 200_000;

/** Predictions and their per-image confusion matrices; the masks are files. */
export class PredictionStore {
  private readonly db: Db;
  private readonly workFolder: WorkFolder;

  constructor(db: Db, workFolder: WorkFolder) {
    this.db = db;
    this.workFolder = workFolder;
  }

  /** @throws AppError 'forbidden' if it, or what is written in it, is a link: the folder may have come with the data set */
  folder(predictionId: string): string {
    this.workFolder.at('predictions', predictionId, surenessFolder);
    return this.workFolder.at('predictions', predictionId);
  }

  /** Begins a prediction; it is listed only once it is complete. @returns its id */
  create(prediction: PredictionKey & { classes: readonly ClassInfo[]; weights: UsedWeights }): string {
    const id = `${prediction.runId}-${prediction.split.replace(/[^\w-]+/g, '-')}-${Date.now().toString(36)}`;
    this.db
      .prepare(
        `INSERT INTO prediction (id, run_id, split, protocol, checkpoint_sha256, created_at, classes, class_set, weights, epoch)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        id,
        prediction.runId,
        prediction.split,
        JSON.stringify(prediction.protocol),
        prediction.checkpointSha256,
        nowText(),
        JSON.stringify(prediction.classes),
        prediction.classSet,
        prediction.weights.role,
        prediction.weights.epoch,
      );
    return id;
  }

  /** Keeps what a prediction is reckoned in, and what is renewed of it. Of one whose images are not all so, nothing is said. */
  setPrecision(predictionId: string, precision: Precision): void {
    const isAll = this.precisionOf(predictionId) === precision || this.imageIds(predictionId).size === 0;
    this.db.prepare('UPDATE prediction SET precision = ? WHERE id = ?').run(isAll ? precision : null, predictionId);
  }

  /** What a prediction was reckoned in; null where that is not known. */
  precisionOf(predictionId: string): Precision | null {
    const found = this.db
      .prepare<[string], { precision: string | null }>(`SELECT ${boundedText('precision', shortText)} FROM prediction WHERE id = ?`)
      .get(predictionId);
    return precisionSchema.safeParse(found?.precision).data ?? null;
  }

  /** The newest prediction, whole or not, of a run and split by the same weights, in the same way; null for none. */
  alike(of: Omit<PredictionKey, 'classSet'>): string | null {
    if (!of.checkpointSha256) return null;
    const row = this.db
      .prepare<[string, string, string, string], { id: string | null }>(
        `SELECT ${boundedText('id', shortText)} FROM prediction
         WHERE run_id = ? AND split = ? AND checkpoint_sha256 = ? AND protocol = ? ORDER BY created_at DESC LIMIT 1`,
      )
      .get(of.runId, of.split, of.checkpointSha256, JSON.stringify(of.protocol));
    return row?.id && isId(row.id) ? row.id : null;
  }

  /** What each image was scored against, and its mask's file; none where that was not recorded, or was another class set. */
  scoredWith(predictionId: string, classSet: string): Map<string, ScoredWith & { file: string }> {
    const rows = this.db
      .prepare<[string, string], Record<'image_id' | 'revision' | 'photo' | 'file', string | null>>(
        `SELECT ${['image_id', 'revision', 'photo', 'file'].map((column) => boundedText(`i.${column}`, shortText)).join(', ')}
         FROM prediction_image i JOIN prediction p ON p.id = i.prediction_id
         WHERE p.id = ? AND p.class_set = ? LIMIT ${mostImages}`,
      )
      .all(predictionId, classSet);
    return new Map(
      rows.flatMap(({ image_id: id, revision, photo, file }) => (id && photo && file ? [[id, { revision, photo, file }] as const] : [])),
    );
  }

  /** It goes on: images that are none of the split's any more are forgotten, the others stay until they are predicted anew. */
  takeUp(predictionId: string, imageIds: ReadonlySet<string>, classSet: string): void {
    const forget = this.db.prepare('DELETE FROM prediction_image WHERE prediction_id = ? AND image_id = ?');
    this.db.transaction(() => {
      for (const id of this.imageIds(predictionId)) if (!imageIds.has(id)) forget.run(predictionId, id);
      // What was scored against another class set is not held to be scored against this one.
      const stale = this.db.prepare(
        'UPDATE prediction_image SET photo = NULL WHERE prediction_id = (SELECT id FROM prediction WHERE id = ? AND class_set <> ?)',
      );
      stale.run(predictionId, classSet);
      this.db.prepare('UPDATE prediction SET class_set = ? WHERE id = ?').run(classSet, predictionId);
    })();
  }

  /** Records an image's scores, what it was scored against, and the name of its mask file. */
  addImage(predictionId: string, score: ImageScore, scoredWith: ScoredWith | undefined): void {
    const text = (counts: readonly number[] | null) => counts && JSON.stringify(counts);
    this.db
      .prepare(
        `INSERT OR REPLACE INTO prediction_image
           (prediction_id, image_id, file, confusion, uncertainty, revision, photo, loss, suspicious, shapes)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        predictionId,
        score.id,
        path.basename(score.file ?? ''),
        text(score.confusion),
        score.uncertainty,
        scoredWith?.revision ?? null,
        scoredWith?.photo ?? null,
        score.loss,
        score.suspicious,
        text(score.shapes),
      );
  }

  /** Other predictions of the same run and split. */
  private others(predictionId: string, onlyShown: boolean): string[] {
    const rows = this.db.prepare<[{ id: string; least: number }], { id: string | null }>(
      `SELECT ${boundedText('id', shortText)} FROM prediction WHERE id <> @id AND complete >= @least
       AND run_id = (SELECT run_id FROM prediction WHERE id = @id) AND split = (SELECT split FROM prediction WHERE id = @id)`,
    );
    return rows.all({ id: predictionId, least: onlyShown ? 1 : 0 }).flatMap(({ id }) => id ?? []);
  }

  /**
   * It has ended before it was whole: what there is of it stays, and it can go on. It is shown in the place of older ones of its run
   * and split unless one of these has as many images.
   */
  leave(predictionId: string): void {
    const isShown = this.db.prepare('SELECT 1 FROM prediction WHERE id = ? AND complete = 1').get(predictionId) !== undefined;
    if (isShown) return;
    const images = this.imageIds(predictionId).size;
    if (!isId(predictionId) || images === 0) return this.discard(predictionId);
    if (this.others(predictionId, true).every((id) => this.imageIds(id).size < images)) this.complete(predictionId);
  }

  /** Shows a prediction from now on, in place of older ones of the same run and split. */
  complete(predictionId: string): void {
    this.db.prepare('UPDATE prediction SET complete = 1 WHERE id = ?').run(predictionId);
    for (const id of this.others(predictionId, false)) this.discard(id);
  }

  /** Forgets a prediction and removes its masks. */
  discard(predictionId: string): void {
    this.db.prepare('DELETE FROM prediction WHERE id = ?').run(predictionId);
    // An id that no prediction of ours can have names no folder of ours.
    if (isId(predictionId)) this.workFolder.remove('predictions', predictionId);
  }

  /** The predictions that a killed application left half done. */
  incomplete(): string[] {
    return this.db
      .prepare<[], { id: string | null }>(
        `SELECT ${boundedText('id', shortText)} FROM prediction WHERE complete = 0 LIMIT ${mostPredictions}`,
      )
      .all()
      .flatMap(({ id }) => id ?? []);
  }

  /** The predictions, newest first, and the rows that cannot be read: one of these hides none of the others. */
  list(): { predictions: PredictionInfo[]; broken: BrokenPrediction[] } {
    const predictions: PredictionInfo[] = [];
    const broken: BrokenPrediction[] = [];
    const rows = this.db.prepare<[], FoundRow>(`${query} ORDER BY p.created_at DESC LIMIT ${mostPredictions}`).iterate();
    for (const row of boundedRows(rows, 'predictions')) {
      const info = this.toInfo(row);
      if (info) predictions.push(info);
      else broken.push({ id: shownId(row), createdAt: row.created_at ?? '' });
    }
    return { predictions, broken };
  }

  /** Removes a row that cannot be read, with its masks. @throws AppError 'not-found' */
  removeBroken(id: string): void {
    if (!this.list().broken.some((row) => row.id === id)) throw new AppError('not-found', `There is no damaged prediction "${id}"`);
    const rowid = rowidOf(id);
    if (rowid === null) this.discard(id);
    // An id that no prediction of ours can have names no folder of ours.
    else this.db.prepare('DELETE FROM prediction WHERE rowid = ?').run(rowid);
  }

  /** @throws AppError 'not-found' */
  info(predictionId: string): PredictionInfo {
    const row = this.db.prepare<[string], FoundRow>(`${query} AND p.id = ?`).get(predictionId);
    const info = row && this.toInfo(row);
    if (!info) throw new AppError('not-found', `There is no prediction "${predictionId}"`);
    return info;
  }

  /** The classes of a run, for predictions of before they had their own. */
  private classesOfRun(runId: string): ClassInfo[] | null {
    const row = this.db.prepare<[string], { classes: string | null }>(`SELECT ${boundedText('classes')} FROM run WHERE id = ?`).get(runId);
    return row?.classes ? parsed(classesSchema, row.classes) : null;
  }

  /** @returns null for a row that cannot be read */
  private toInfo(found: FoundRow): PredictionInfo | null {
    const { success, data: row } = rowSchema.safeParse(found);
    if (!success) return null;
    const own = parsed(classesSchema, row.classes);
    const classes = own && own.length === 0 ? this.classesOfRun(row.run_id) : own;
    const protocol = parsed(protocolSchema, row.protocol);
    if (!classes || !protocol) return null;
    const { id, run_id: runId, name: runName, split, created_at: createdAt, images, checkpoint_sha256: checkpointSha256, precision } = row;
    const weights = row.weights && { role: row.weights, epoch: row.epoch };
    return { id, runId, runName, split, protocol, createdAt, images, checkpointSha256, classes, weights, precision };
  }

  imageIds(predictionId: string): Set<string> {
    const rows = this.db
      .prepare<[string], { image_id: string | null }>(
        `SELECT ${boundedText('image_id', shortText)} FROM prediction_image WHERE prediction_id = ? LIMIT ${mostImages}`,
      )
      .all(predictionId);
    return new Set(rows.flatMap(({ image_id: id }) => id ?? []));
  }

  images(predictionId: string): PredictedImage[] {
    const found = this.db.prepare(`SELECT ${imageColumns} FROM prediction_image WHERE prediction_id = ? LIMIT ${mostImages}`);
    return Array.from(soundRows(found.iterate(predictionId), imageSchema, 'scores of images', scoresBound), (row) => ({
      id: row.image_id,
      confusion: row.confusion ? parsed(countsSchema, row.confusion) : null,
      uncertainty: row.uncertainty,
      loss: row.loss,
      suspicious: row.suspicious,
      shapes: row.shapes ? parsed(countsSchema, row.shapes) : null,
    }));
  }

  /** @throws AppError 'not-found' */
  file(predictionId: string, imageId: string): string {
    const row = this.db
      .prepare<[string, string], { file: string | null }>(
        `SELECT ${boundedText('file', shortText)} FROM prediction_image WHERE prediction_id = ? AND image_id = ?`,
      )
      .get(predictionId, imageId);
    if (!row?.file) throw new AppError('not-found', `The prediction does not hold the image "${imageId}"`);
    return this.workFolder.at('predictions', predictionId, row.file);
  }

  /** Where it is kept how sure the network is of an image. @throws as `file` */
  surenessFile(predictionId: string, imageId: string): string {
    return this.workFolder.at('predictions', predictionId, surenessFolder, path.basename(this.file(predictionId, imageId)));
  }
}

/** An image of many classes has some 100,000 letters of scores: of thousands of them the memory would be full. */
const scoresBound = { letters: 100_000_000, wayOut: 'predict a split of fewer images' };
/** Letters of a count in a matrix that is mostly zeros, with its comma. */
const lettersOfCount = 2;

/** Refuses before hours of work what could not be looked at then. @throws AppError 'too-large' */
export function assertReviewable(images: number, classes: number): void {
  const most = Math.floor(scoresBound.letters / (lettersOfCount * classes ** 2));
  if (images <= most) return;
  const told = `${images.toLocaleString('en')} images of ${classes} classes`;
  throw new AppError(
    'too-large',
    `${told} are more than can be reviewed together, which are ${most.toLocaleString('en')}: ${scoresBound.wayOut}`,
  );
}

/** An image's scores. */
interface PredictedImage {
  id: string;
  confusion: number[] | null;
  uncertainty: number;
  loss: number | null;
  suspicious: number | null;
  shapes: number[] | null;
}

const imageColumns = [
  boundedText('image_id', shortText),
  ...['confusion', 'shapes'].map((column) => boundedText(column)),
  ...['uncertainty', 'loss', 'suspicious'].map((column) => soundNumber(column)),
].join(', ');
const imageSchema = z.object({
  image_id: text,
  confusion: text.nullable(),
  shapes: text.nullable(),
  uncertainty: z.number(),
  loss: z.number().nullable(),
  suspicious: z.number().nullable(),
});
const countsSchema = z.array(z.number().min(0));
const protocolSchema = z.object({
  split: z.string(),
  classes: z.number(),
  void: z.string(),
  resolution: z.string(),
  scales: z.array(z.number()),
  flip: z.boolean(),
});

const shownId = ({ id, rowid }: FoundRow): string => (typeof id === 'string' && isId(id) ? id : brokenId(rowid));
