import path from 'node:path';
import { z } from 'zod';
import { classesSchema } from '#shared/classes/class-schema';
import type { ClassInfo } from '#shared/classes/class-info';
import type { PredictionInfo } from '#shared/contract/review';
import { AppError } from '#shared/errors';
import type { Protocol } from '#shared/metrics/protocol';
import type { ImageScore } from '#shared/training/messages';
import { nowText, type Db } from '../database.ts';
import { parsed } from '../parsed-row.ts';
import { isId, type WorkFolder } from '../datasets/work-folder.ts';

interface PredictionRow {
  id: string;
  run_id: string;
  name: string;
  split: string;
  protocol: string;
  classes: string;
  run_classes: string;
  checkpoint_sha256: string;
  created_at: string;
  images: number;
}

const query = `SELECT p.*, r.name, r.classes AS run_classes,
  (SELECT count(*) FROM prediction_image i WHERE i.prediction_id = p.id) AS images
  FROM prediction p JOIN run r ON r.id = p.run_id WHERE p.complete = 1 AND r.deleted_at IS NULL`;

/** Predictions and their per-image confusion matrices; the masks are files. */
export class PredictionStore {
  private readonly db: Db;
  private readonly workFolder: WorkFolder;

  constructor(db: Db, workFolder: WorkFolder) {
    this.db = db;
    this.workFolder = workFolder;
  }

  folder(predictionId: string): string {
    return this.workFolder.at('predictions', predictionId);
  }

  /** Begins a prediction; it is listed only once it is complete. @returns its id */
  create(prediction: {
    runId: string;
    split: string;
    protocol: Protocol;
    checkpointSha256: string;
    classes: readonly ClassInfo[];
  }): string {
    const id = `${prediction.runId}-${prediction.split.replace(/[^\w-]+/g, '-')}-${Date.now().toString(36)}`;
    this.db
      .prepare('INSERT INTO prediction (id, run_id, split, protocol, checkpoint_sha256, created_at, classes) VALUES (?, ?, ?, ?, ?, ?, ?)')
      .run(
        id,
        prediction.runId,
        prediction.split,
        JSON.stringify(prediction.protocol),
        prediction.checkpointSha256,
        nowText(),
        JSON.stringify(prediction.classes),
      );
    return id;
  }

  /** Records an image's confusion matrix and the name of its mask file. */
  addImage(predictionId: string, score: ImageScore): void {
    this.db
      .prepare('INSERT OR REPLACE INTO prediction_image (prediction_id, image_id, file, confusion, uncertainty) VALUES (?, ?, ?, ?, ?)')
      .run(predictionId, score.id, path.basename(score.file ?? ''), score.confusion && JSON.stringify(score.confusion), score.uncertainty);
  }

  /** Shows a prediction from now on, in place of older ones of the same run and split. */
  complete(predictionId: string): void {
    this.db.prepare('UPDATE prediction SET complete = 1 WHERE id = ?').run(predictionId);
    const older = this.db
      .prepare<[{ id: string }], { id: string }>(
        `SELECT id FROM prediction WHERE id <> @id AND run_id = (SELECT run_id FROM prediction WHERE id = @id)
      AND split = (SELECT split FROM prediction WHERE id = @id)`,
      )
      .all({ id: predictionId });
    for (const { id } of older) this.discard(id);
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
      .prepare<[], { id: string }>('SELECT id FROM prediction WHERE complete = 0')
      .all()
      .map(({ id }) => id);
  }

  list(): PredictionInfo[] {
    return this.db
      .prepare<[], PredictionRow>(`${query} ORDER BY p.created_at DESC`)
      .all()
      .flatMap((row) => toInfo(row) ?? []);
  }

  /** @throws AppError 'not-found' */
  info(predictionId: string): PredictionInfo {
    const row = this.db.prepare<[string], PredictionRow>(`${query} AND p.id = ?`).get(predictionId);
    const info = row && toInfo(row);
    if (!info) throw new AppError('not-found', `There is no prediction "${predictionId}"`);
    return info;
  }

  images(predictionId: string): { id: string; confusion: number[] | null; uncertainty: number }[] {
    return this.db
      .prepare<[string], { image_id: string; confusion: string | null; uncertainty: number }>(
        'SELECT image_id, confusion, uncertainty FROM prediction_image WHERE prediction_id = ?',
      )
      .all(predictionId)
      .map((row) => ({
        id: row.image_id,
        confusion: row.confusion ? parsed(countsSchema, row.confusion) : null,
        uncertainty: row.uncertainty,
      }));
  }

  /** @throws AppError 'not-found' */
  file(predictionId: string, imageId: string): string {
    const row = this.db
      .prepare<[string, string], { file: string }>('SELECT file FROM prediction_image WHERE prediction_id = ? AND image_id = ?')
      .get(predictionId, imageId);
    if (!row) throw new AppError('not-found', `The prediction does not hold the image "${imageId}"`);
    return this.workFolder.at('predictions', predictionId, row.file);
  }
}

const countsSchema = z.array(z.number().min(0));
const protocolSchema = z.object({
  split: z.string(),
  classes: z.number(),
  void: z.string(),
  resolution: z.string(),
  scales: z.array(z.number()),
  flip: z.boolean(),
});

/** @returns null for a row that cannot be read: it must not hide the others */
function toInfo(row: PredictionRow): PredictionInfo | null {
  try {
    const own = classesSchema.parse(JSON.parse(row.classes));
    return {
      id: row.id,
      runId: row.run_id,
      runName: row.name,
      split: row.split,
      protocol: protocolSchema.parse(JSON.parse(row.protocol)),
      createdAt: row.created_at,
      images: row.images,
      checkpointSha256: row.checkpoint_sha256,
      classes: own.length > 0 ? own : classesSchema.parse(JSON.parse(row.run_classes)),
    };
  } catch {
    // A damaged row is as none: the split can be predicted again.
    return null;
  }
}
