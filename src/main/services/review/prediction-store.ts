import path from 'node:path';
import type { PredictionInfo } from '#shared/contract/review';
import { AppError } from '#shared/errors';
import type { Protocol } from '#shared/metrics/protocol';
import type { ImageScore } from '#shared/training/messages';
import { nowText, type Db } from '../database.ts';
import { isId, type WorkFolder } from '../datasets/work-folder.ts';

interface PredictionRow {
  id: string;
  run_id: string;
  name: string;
  split: string;
  protocol: string;
  checkpoint_sha256: string;
  created_at: string;
  images: number;
}

const query = `SELECT p.*, r.name, (SELECT count(*) FROM prediction_image i WHERE i.prediction_id = p.id) AS images
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
  create(prediction: { runId: string; split: string; protocol: Protocol; checkpointSha256: string }): string {
    const id = `${prediction.runId}-${prediction.split}-${Date.now().toString(36)}`;
    this.db
      .prepare('INSERT INTO prediction (id, run_id, split, protocol, checkpoint_sha256, created_at) VALUES (?, ?, ?, ?, ?, ?)')
      .run(id, prediction.runId, prediction.split, JSON.stringify(prediction.protocol), prediction.checkpointSha256, nowText());
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

  /** Removes what a killed application left half done. */
  removeIncomplete(): void {
    for (const { id } of this.db.prepare<[], { id: string }>('SELECT id FROM prediction WHERE complete = 0').all()) this.discard(id);
  }

  list(): PredictionInfo[] {
    return this.db.prepare<[], PredictionRow>(`${query} ORDER BY p.created_at DESC`).all().map(toInfo);
  }

  /** @throws AppError 'not-found' */
  info(predictionId: string): PredictionInfo {
    const row = this.db.prepare<[string], PredictionRow>(`${query} AND p.id = ?`).get(predictionId);
    if (!row) throw new AppError('not-found', `There is no prediction "${predictionId}"`);
    return toInfo(row);
  }

  images(predictionId: string): { id: string; confusion: number[] | null; uncertainty: number }[] {
    return this.db
      .prepare<[string], { image_id: string; confusion: string | null; uncertainty: number }>(
        'SELECT image_id, confusion, uncertainty FROM prediction_image WHERE prediction_id = ?',
      )
      .all(predictionId)
      .map((row) => ({
        id: row.image_id,
        confusion: row.confusion ? (JSON.parse(row.confusion) as number[]) : null,
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

function toInfo(row: PredictionRow): PredictionInfo {
  return {
    id: row.id,
    runId: row.run_id,
    runName: row.name,
    split: row.split,
    protocol: JSON.parse(row.protocol) as Protocol,
    createdAt: row.created_at,
    images: row.images,
    checkpointSha256: row.checkpoint_sha256,
  };
}
