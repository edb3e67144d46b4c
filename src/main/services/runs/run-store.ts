import { existsSync } from 'node:fs';
import path from 'node:path';
import type { RunStatus, RunSummary } from '#shared/contract/runs';
import type { StepPoint } from '#shared/training/messages';
import { AppError } from '#shared/errors';
import type { ClassInfo } from '#shared/classes/class-info';
import type { Sample } from '#shared/data/sample';
import type { EpochMetrics } from '#shared/training/messages';
import { checkConfig } from '#shared/training/presets';
import type { RunConfig } from '#shared/training/run-config';
import { nowText, type Db } from '../database.ts';
import { isId, type WorkFolder } from '../datasets/work-folder.ts';

interface RunRow {
  id: string;
  name: string;
  preset: string;
  status: RunStatus;
  reason: string | null;
  config: string;
  classes: string;
  code_version: string;
  dataset_fingerprint: string;
  seed: number;
  device: string | null;
  epochs: number;
  epochs_done: number;
  duration_seconds: number;
  created_at: string;
  updated_at: string;
  deleted_at: string | null;
  tags: string;
  note: string;
  sweep: string | null;
  spark: string;
}

/** A run with the latest and best values that listing shows. */
interface ListedRow extends RunRow {
  best_miou: number | null;
  best_epoch: number | null;
  last_loss: number | null;
}

const listed = `SELECT run.*, m.best AS best_miou, m.best_epoch, l.latest AS last_loss FROM run
  LEFT JOIN metric_summary m ON m.run_id = run.id AND m.metric = 'miou'
  LEFT JOIN metric_summary l ON l.run_id = run.id AND l.metric = 'loss'`;
/** Points of a sparkline. */
const sparkPoints = 60;

interface EpochRow {
  epoch: number;
  loss: number;
  train_acc: number;
  test_acc: number;
  miou: number;
  time_seconds: number;
  epoch_seconds: number;
  learning_rate: number;
  per_class_iou: string;
}

export interface NewRun {
  id: string;
  name: string;
  config: RunConfig;
  classes: ClassInfo[];
  codeVersion: string;
  datasetFingerprint: string;
  samples: readonly Sample[];
  sweep?: string | null;
}

const unfinished: readonly RunStatus[] = ['paused', 'stopped', 'failed', 'interrupted'];
const logLimit = 5000;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The run history of one data set. */
export class RunStore {
  readonly db: Db;
  private readonly workFolder: WorkFolder;

  constructor(db: Db, workFolder: WorkFolder) {
    this.db = db;
    this.workFolder = workFolder;
  }

  folder(runId: string): string {
    // What a trainer makes inside must not be a link either.
    for (const name of ['strip', 'tensorboard', 'masks']) this.file(runId, name);
    return this.workFolder.at('runs', runId);
  }

  /** A file in a run's folder. @throws AppError 'forbidden' if it is a link */
  file(runId: string, ...names: string[]): string {
    return this.workFolder.at('runs', runId, ...names);
  }

  /** The weights that a run left: its best, else its last; null if it has none. */
  weightsFile(runId: string): string | null {
    return ['best.ckpt', 'last.ckpt'].map((name) => this.file(runId, name)).find((file) => existsSync(file)) ?? null;
  }

  /** Adds a run as going on, with the mask revisions it sees. */
  create(run: NewRun): RunSummary {
    const now = nowText();
    this.db.transaction(() => {
      this.db
        .prepare(
          `INSERT INTO run (id, name, preset, status, config, classes, code_version, dataset_fingerprint, seed, epochs,
            created_at, updated_at, sweep)
        VALUES (?, ?, ?, 'running', ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        )
        .run(
          run.id,
          run.name,
          run.config.preset,
          JSON.stringify(run.config),
          JSON.stringify(run.classes),
          run.codeVersion,
          run.datasetFingerprint,
          run.config.seed,
          run.config.epochs,
          now,
          now,
          run.sweep ?? null,
        );
      this.recordMasks(run.id, run.samples);
    })();
    return this.summary(run.id);
  }

  /** Records the mask revision of each sample as the run sees it now. */
  recordMasks(runId: string, samples: readonly Sample[]): void {
    const insert = this.db.prepare(
      `INSERT OR REPLACE INTO run_mask (run_id, image_id, revision)
       SELECT ?, id, revision FROM image WHERE id = ? AND revision IS NOT NULL`,
    );
    for (const { id } of samples) insert.run(runId, id);
  }

  /** Records what a resumed run reads now: it trains on the masks as they are. */
  readAgain(runId: string, samples: readonly Sample[], fingerprint: string): void {
    this.db.transaction(() => {
      this.recordMasks(runId, samples);
      this.db.prepare('UPDATE run SET dataset_fingerprint = ? WHERE id = ?').run(fingerprint, runId);
    })();
  }

  /** The images whose masks are no longer the ones the run read. */
  changedMasks(runId: string): string[] {
    return this.db
      .prepare<[string], { id: string }>(
        `SELECT m.image_id AS id FROM run_mask m JOIN image i ON i.id = m.image_id
         WHERE m.run_id = ? AND i.revision IS NOT m.revision ORDER BY id`,
      )
      .all(runId)
      .map(({ id }) => id);
  }

  /** @throws AppError 'not-found' */
  row(runId: string): RunRow {
    const row = isId(runId) ? this.db.prepare<[string], RunRow>('SELECT * FROM run WHERE id = ?').get(runId) : undefined;
    if (!row) throw new AppError('not-found', `There is no run "${runId}"`);
    return row;
  }

  /** A run's settings; those that came after it was made have their standard values. @throws AppError 'invalid-argument' */
  config(runId: string): RunConfig {
    return checkConfig(JSON.parse(this.row(runId).config));
  }

  classes(runId: string): ClassInfo[] {
    return JSON.parse(this.row(runId).classes) as ClassInfo[];
  }

  summary(runId: string): RunSummary {
    this.row(runId);
    return this.toSummary(this.db.prepare<[string], ListedRow>(`${listed} WHERE run.id = ?`).get(runId)!);
  }

  list(withDeleted: boolean): RunSummary[] {
    return this.db
      .prepare<[], ListedRow>(`${listed} ${withDeleted ? '' : 'WHERE deleted_at IS NULL'} ORDER BY created_at DESC`)
      .all()
      .filter(({ id }) => isId(id))
      .map((row) => this.toSummary(row));
  }

  private toSummary(row: ListedRow): RunSummary {
    const has = (name: string) => existsSync(this.file(row.id, name));
    return {
      id: row.id,
      name: row.name,
      preset: row.preset,
      status: row.status,
      reason: row.reason,
      device: row.device,
      epochs: row.epochs,
      epochsDone: row.epochs_done,
      bestMiou: row.best_miou,
      bestEpoch: row.best_epoch,
      lastLoss: row.last_loss,
      durationSeconds: row.duration_seconds,
      createdAt: row.created_at,
      updatedAt: row.updated_at,
      deleted: row.deleted_at !== null,
      resumable: unfinished.includes(row.status) && has('last.ckpt'),
      hasCheckpoint: this.weightsFile(row.id) !== null,
      spark: JSON.parse(row.spark) as number[],
      tags: JSON.parse(row.tags) as string[],
      note: row.note,
      sweep: row.sweep,
    };
  }

  annotate(runId: string, { tags, note }: { tags?: string[]; note?: string }): void {
    this.row(runId);
    if (tags) this.db.prepare('UPDATE run SET tags = ? WHERE id = ?').run(JSON.stringify([...new Set(tags)]), runId);
    if (note !== undefined) this.db.prepare('UPDATE run SET note = ? WHERE id = ?').run(note, runId);
  }

  setStatus(runId: string, status: RunStatus, reason: string | null = null): void {
    this.db
      .prepare('UPDATE run SET status = ?, reason = ?, updated_at = ?, owner_pid = ? WHERE id = ?')
      .run(status, reason, nowText(), process.pid, runId);
  }

  setDevice(runId: string, device: string): void {
    this.db.prepare('UPDATE run SET device = ? WHERE id = ?').run(device, runId);
  }

  rename(runId: string, name: string): void {
    this.row(runId);
    this.db.prepare('UPDATE run SET name = ? WHERE id = ?').run(name, runId);
  }

  /**
   * Marks runs that a vanished application left as going on; a paused one stays paused, since its checkpoint is there.
   * @returns their ids
   */
  markInterrupted(): string[] {
    const left = this.db
      .prepare<[], { id: string; owner_pid: number | null }>("SELECT id, owner_pid FROM run WHERE status = 'running'")
      .all()
      .filter(({ owner_pid: owner }) => owner === null || owner === process.pid || !isAlive(owner));
    for (const { id } of left) this.setStatus(id, 'interrupted', 'The workbench ended while the run was going on.');
    return left.map(({ id }) => id);
  }

  setDeleted(runId: string, deleted: boolean): void {
    this.row(runId);
    this.db.prepare('UPDATE run SET deleted_at = ? WHERE id = ?').run(deleted ? nowText() : null, runId);
  }

  /** Removes for good what was deleted before `before`. */
  purge(before: Date): void {
    const gone = this.db.prepare<[string], { id: string }>('SELECT id FROM run WHERE deleted_at < ?').all(before.toISOString());
    const predictions = this.db.prepare<[string], { id: string }>('SELECT id FROM prediction WHERE run_id = ?');
    for (const { id } of gone) {
      // An id that no run of ours can have names no folder of ours.
      for (const prediction of predictions.all(id)) if (isId(prediction.id)) this.workFolder.remove('predictions', prediction.id);
      if (isId(id)) this.workFolder.remove('runs', id);
      this.db.prepare('DELETE FROM run WHERE id = ?').run(id);
    }
  }

  addStep(runId: string, point: StepPoint): void {
    this.db
      .prepare('INSERT OR REPLACE INTO step (run_id, global_step, epoch, loss, accuracy, learning_rate) VALUES (?, ?, ?, ?, ?, ?)')
      .run(runId, point.globalStep, point.epoch, point.loss, point.accuracy, point.learningRate);
  }

  /** The steps in order. @param after only those after this one */
  steps(runId: string, after = 0): StepPoint[] {
    return this.db
      .prepare<[string, number], StepPoint>(
        `SELECT global_step AS globalStep, epoch, loss, accuracy, learning_rate AS learningRate FROM step
         WHERE run_id = ? AND global_step > ? ORDER BY global_step`,
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
    for (const metrics of history) if (!known.has(metrics.epoch)) this.addEpoch(runId, metrics, []);
  }

  /**
   * Records an epoch and its latest and best values.
   * @param confusion row-major [label, prediction]; times in seconds, fractions 0 … 1
   */
  addEpoch(runId: string, metrics: EpochMetrics, confusion: readonly number[]): void {
    const summary = this.db
      .prepare(`INSERT INTO metric_summary (run_id, metric, latest, best, best_epoch) VALUES (@runId, @metric, @value, @value, @epoch)
      ON CONFLICT (run_id, metric) DO UPDATE SET latest = @value,
        best_epoch = CASE WHEN (@value > best) = @larger AND @value <> best THEN @epoch ELSE best_epoch END,
        best = CASE WHEN @larger THEN max(best, @value) ELSE min(best, @value) END`);
    this.db.transaction(() => {
      this.db
        .prepare('INSERT OR REPLACE INTO epoch VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
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
        );
      const values: [string, number, 0 | 1][] = [
        ['loss', metrics.loss, 0],
        ['train_acc', metrics.trainAccuracy, 1],
        ['test_acc', metrics.validationAccuracy, 1],
        ['miou', metrics.miou, 1],
      ];
      for (const [metric, value, larger] of values) summary.run({ runId, metric, value, epoch: metrics.epoch, larger });
      this.db
        .prepare('UPDATE run SET epochs_done = ?, duration_seconds = ?, updated_at = ?, spark = ? WHERE id = ?')
        .run(metrics.epoch, metrics.timeSeconds, nowText(), this.spark(runId), runId);
    })();
  }

  /** mIoU by epoch for a sparkline; of many epochs the highest of each stretch, so that no peak is lost. */
  private spark(runId: string): string {
    const values = this.db
      .prepare<[string], { miou: number }>('SELECT miou FROM epoch WHERE run_id = ? ORDER BY epoch')
      .all(runId)
      .map(({ miou }) => miou);
    const stretch = Math.ceil(values.length / sparkPoints);
    const points = Array.from({ length: Math.ceil(values.length / stretch) }, (_, index) =>
      Math.max(...values.slice(index * stretch, (index + 1) * stretch)),
    );
    return JSON.stringify(points.map((value) => Number(value.toFixed(4))));
  }

  /** The confusion matrix of an epoch, row-major; null where none was recorded. */
  confusion(runId: string, epoch: number): number[] | null {
    const row = this.db
      .prepare<[string, number], { confusion: string }>('SELECT confusion FROM epoch WHERE run_id = ? AND epoch = ?')
      .get(runId, epoch);
    const counts = row ? (JSON.parse(row.confusion) as number[]) : [];
    return counts.length > 0 ? counts : null;
  }

  /** The epochs in order; times in seconds, fractions 0 … 1. */
  epochs(runId: string): EpochMetrics[] {
    return this.db
      .prepare<[string], EpochRow>('SELECT * FROM epoch WHERE run_id = ? ORDER BY epoch')
      .all(runId)
      .map((row) => ({
        epoch: row.epoch,
        loss: row.loss,
        trainAccuracy: row.train_acc,
        validationAccuracy: row.test_acc,
        miou: row.miou,
        timeSeconds: row.time_seconds,
        epochSeconds: row.epoch_seconds,
        learningRate: row.learning_rate,
        perClassIou: JSON.parse(row.per_class_iou) as (number | null)[],
      }));
  }

  addCheckpoint(runId: string, checkpoint: { role: string; file: string; epoch: number; sha256: string }): void {
    this.db
      .prepare('INSERT OR REPLACE INTO checkpoint (run_id, role, file, epoch, sha256, created_at) VALUES (?, ?, ?, ?, ?, ?)')
      .run(runId, checkpoint.role, path.basename(checkpoint.file), checkpoint.epoch, checkpoint.sha256, nowText());
  }

  checkpoints(runId: string): { role: string; file: string; epoch: number; sha256: string }[] {
    return this.db
      .prepare<[string], { role: string; file: string; epoch: number; sha256: string }>(
        'SELECT role, file, epoch, sha256 FROM checkpoint WHERE run_id = ? ORDER BY created_at',
      )
      .all(runId);
  }

  addLog(runId: string, text: string): void {
    const next = this.db
      .prepare<[string], { n: number }>('SELECT coalesce(max(line), 0) + 1 AS n FROM run_log WHERE run_id = ?')
      .get(runId)!.n;
    if (next <= logLimit) this.db.prepare('INSERT INTO run_log (run_id, line, text) VALUES (?, ?, ?)').run(runId, next, text);
  }

  log(runId: string): string[] {
    this.row(runId);
    return this.db
      .prepare<[string], { text: string }>('SELECT text FROM run_log WHERE run_id = ? ORDER BY line')
      .all(runId)
      .map(({ text }) => text);
  }

  /** The newest epochs that were timed here, with their runs' settings: what estimates follow from. */
  timedEpochs(): { config: RunConfig; seconds: number }[] {
    return this.db
      .prepare<[], { config: string; seconds: number }>(
        `SELECT r.config, avg(e.epoch_seconds) AS seconds FROM run r JOIN epoch e ON e.run_id = r.id
      WHERE r.device = (SELECT device FROM run WHERE device IS NOT NULL ORDER BY created_at DESC LIMIT 1)
      GROUP BY r.id ORDER BY r.created_at DESC LIMIT 5`,
      )
      .all()
      .flatMap(({ config, seconds }) => {
        try {
          return [{ config: checkConfig(JSON.parse(config)), seconds }];
        } catch {
          return [];
        }
      });
  }

  /** Seconds an epoch of a preset took at last; null before its first. */
  epochSeconds(preset: string): number | null {
    return (
      this.db
        .prepare<[string], { s: number }>(
          `SELECT e.epoch_seconds AS s FROM epoch e JOIN run r ON r.id = e.run_id
           WHERE r.preset = ? ORDER BY r.created_at DESC, e.epoch DESC LIMIT 1`,
        )
        .get(preset)?.s ?? null
    );
  }
}
