import { z } from 'zod';
import type { EpochMetrics, StepPoint } from '#shared/training/messages';
import { nowText, type Db } from '../database.ts';
import { boundedText, isNumber, parsed, soundNumber, soundRows } from '../parsed-row.ts';

const countsSchema = z.array(z.number().min(0));
const ioUsSchema = z.array(z.number().nullable());

/** More than this is no run that a person waited for. */
const mostSteps = 1_000_000;
const mostEpochs = 10_000;

/** A step's columns are numbers, whatever a history from elsewhere has in them. */
const numbersAlone = ['global_step', 'epoch', 'learning_rate'].map(isNumber).join(' AND ');
/** What a step may lack. */
const measured = [
  ['loss', 'loss'],
  ['accuracy', 'accuracy'],
  ['cross_entropy', 'crossEntropy'],
  ['scene_loss', 'sceneLoss'],
  ['auxiliary_loss', 'auxiliaryLoss'],
  ['gradient_norm', 'gradientNorm'],
  ['images_per_second', 'imagesPerSecond'],
] as const;

/** Points of a sparkline. */
const sparkPoints = 60;

const number = z.number();
const epochSchema = z.object({
  epoch: number,
  loss: number.nullable(),
  train_acc: number.nullable(),
  test_acc: number.nullable(),
  miou: number.nullable(),
  time_seconds: number,
  epoch_seconds: number,
  learning_rate: number,
  per_class_iou: z.string().nullable(),
  validation_loss: number.nullable(),
});
/** Values of 255 classes. */
const longestIous = 10_000;
const epochColumns = Object.keys(epochSchema.shape)
  .map((column) => (column === 'per_class_iou' ? boundedText(column, longestIous) : soundNumber(column)))
  .join(', ');

/** The curves of runs: steps, epochs and what is derived from them. */
export class RunMetrics {
  private readonly db: Db;

  constructor(db: Db) {
    this.db = db;
  }

  addStep(runId: string, point: StepPoint): void {
    this.db
      .prepare(
        `INSERT OR REPLACE INTO step (run_id, global_step, epoch, learning_rate, ${measured.map(([column]) => column).join(', ')})
         VALUES (?, ?, ?, ?${', ?'.repeat(measured.length)})`,
      )
      .run(runId, point.globalStep, point.epoch, point.learningRate, ...measured.map(([, name]) => point[name]));
  }

  /** The steps in order, the last million at most: of more the newest are looked at. @param after only those after this one */
  steps(runId: string, after = 0): StepPoint[] {
    return this.db
      .prepare<[string, number], StepPoint>(
        `SELECT * FROM (SELECT global_step AS globalStep, epoch, learning_rate AS learningRate,
           ${measured.map(([column, name]) => soundNumber(column, name)).join(', ')} FROM step
         WHERE run_id = ? AND global_step > ? AND ${numbersAlone}
         ORDER BY global_step DESC LIMIT ${mostSteps}) ORDER BY globalStep`,
      )
      .all(runId, after);
  }

  /** Drops the points of steps that a resume will do again. @param position in epochs, such as 2.25 */
  dropStepsAfter(runId: string, position: number): void {
    this.db.prepare('DELETE FROM step WHERE run_id = ? AND epoch > ?').run(runId, position + 1e-9);
  }

  /** Adds the epochs of a checkpoint's history that a kill kept from being recorded. */
  addMissingEpochs(runId: string, history: readonly EpochMetrics[]): void {
    const known = new Set(
      this.db
        .prepare<[string], { epoch: number }>('SELECT epoch FROM epoch WHERE run_id = ?')
        .all(runId)
        .map(({ epoch }) => epoch),
    );
    const missing = history.filter(({ epoch }) => !known.has(epoch));
    this.addEpochs(
      runId,
      missing.map((metrics) => ({ metrics, confusion: [] })),
    );
  }

  /**
   * Records an epoch and its latest and best values.
   * @param confusion row-major [label, prediction]; times in seconds, fractions 0 … 1
   */
  addEpoch(runId: string, metrics: EpochMetrics, confusion: readonly number[]): void {
    this.addEpochs(runId, [{ metrics, confusion }]);
  }

  /** All of them in one write: a history of many is thinned to its sparkline once. */
  private addEpochs(runId: string, epochs: readonly { metrics: EpochMetrics; confusion: readonly number[] }[]): void {
    const last = epochs.at(-1)?.metrics;
    if (!last) return;
    this.db.transaction(() => {
      for (const { metrics, confusion } of epochs) this.insertEpoch(runId, metrics, confusion);
      this.db
        .prepare('UPDATE run SET epochs_done = ?, duration_seconds = ?, updated_at = ?, spark = ? WHERE id = ?')
        .run(last.epoch, last.timeSeconds, nowText(), this.spark(runId), runId);
    })();
  }

  private insertEpoch(runId: string, metrics: EpochMetrics, confusion: readonly number[]): void {
    const summary = this.db
      .prepare(`INSERT INTO metric_summary (run_id, metric, latest, best, best_epoch) VALUES (@runId, @metric, @value, @value, @epoch)
      ON CONFLICT (run_id, metric) DO UPDATE SET latest = @value,
        best_epoch = CASE WHEN (@value > best) = @larger AND @value <> best THEN @epoch ELSE best_epoch END,
        best = CASE WHEN @larger THEN max(best, @value) ELSE min(best, @value) END`);
    this.db
      .prepare('INSERT OR REPLACE INTO epoch VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
      .run(
        runId,
        metrics.epoch,
        metrics.loss,
        metrics.trainAccuracy,
        metrics.validationAccuracy,
        metrics.miou,
        metrics.timeSeconds,
        metrics.epochSeconds,
        metrics.learningRate,
        JSON.stringify(metrics.perClassIou),
        JSON.stringify(confusion),
        metrics.validationLoss,
      );
    const values: [string, number | null, 0 | 1][] = [
      ['loss', metrics.loss, 0],
      ['train_acc', metrics.trainAccuracy, 1],
      ['test_acc', metrics.validationAccuracy, 1],
      ['miou', metrics.miou, 1],
    ];
    for (const [metric, value, larger] of values) if (value !== null) summary.run({ runId, metric, value, epoch: metrics.epoch, larger });
  }

  /** mIoU by epoch for a sparkline; of many epochs the highest of each stretch, so that no peak is lost. */
  private spark(runId: string): string {
    const values = this.db
      .prepare<[string], { miou: number | null }>(
        `SELECT ${soundNumber('miou')} FROM epoch WHERE run_id = ? ORDER BY epoch LIMIT ${mostEpochs}`,
      )
      .all(runId)
      .flatMap(({ miou }) => miou ?? []);
    const stretch = Math.ceil(values.length / sparkPoints);
    const points = Array.from({ length: Math.ceil(values.length / stretch) }, (_, index) =>
      Math.max(...values.slice(index * stretch, (index + 1) * stretch)),
    );
    return JSON.stringify(points.map((value) => Number(value.toFixed(4))));
  }

  /** The confusion matrix of an epoch, row-major; null where none was recorded. */
  confusion(runId: string, epoch: number): number[] | null {
    const row = this.db
      .prepare<[string, number], { confusion: string | null }>(
        `SELECT ${boundedText('confusion')} FROM epoch WHERE run_id = ? AND epoch = ?`,
      )
      .get(runId, epoch);
    const counts = row?.confusion ? parsed(countsSchema, row.confusion) : null;
    return counts && counts.length > 0 ? counts : null;
  }

  /** The epochs in order; times in seconds, fractions 0 … 1. */
  epochs(runId: string): EpochMetrics[] {
    const found = this.db.prepare(`SELECT ${epochColumns} FROM epoch WHERE run_id = ? ORDER BY epoch LIMIT ${mostEpochs}`);
    return [...soundRows(found.iterate(runId), epochSchema, 'epochs')].map((row) => ({
      epoch: row.epoch,
      loss: row.loss,
      trainAccuracy: row.train_acc,
      validationAccuracy: row.test_acc,
      validationLoss: row.validation_loss,
      miou: row.miou,
      timeSeconds: row.time_seconds,
      epochSeconds: row.epoch_seconds,
      learningRate: row.learning_rate,
      // A damaged row keeps its other values.
      perClassIou: (row.per_class_iou === null ? null : parsed(ioUsSchema, row.per_class_iou)) ?? [],
    }));
  }
}
