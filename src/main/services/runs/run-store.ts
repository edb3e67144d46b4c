import { existsSync } from 'node:fs';
import { z } from 'zod';
import { readCheckpointHeader } from '#files/checkpoint-header';
import { runWriter } from '#files/run-folder';
import type { RunStatus, RunSummary } from '#shared/contract/runs';
import { AppError, messageOf } from '#shared/errors';
import { freeName } from '#shared/free-name';
import { boundedJson } from '#shared/json';
import type { ClassInfo } from '#shared/classes/class-info';
import { classesSchema } from '#shared/classes/class-schema';
import type { Sample } from '#shared/data/sample';
import { precisionSchema, type Precision } from '#shared/training/precision';
import { protocolText } from '#shared/metrics/protocol';
import { checkConfig } from '#shared/training/presets';
import type { RunConfig } from '#shared/training/run-config';
import { fullRateOf } from '#shared/training/fine-tune';
import { nowText, type Db } from '../database.ts';
import { isId, type WorkFolder } from '../datasets/work-folder.ts';
import type { Outbox } from '../jobs/outbox.ts';
import { boundedRows, boundedText, brokenId, isNumber, parsed, rowidOf, shortText, soundNumber } from '../parsed-row.ts';
import { trainingProtocol } from '../review/protocol.ts';
import { runColumns, runRowSchema, type ListedRow, type RunRow } from './run-row.ts';
import { RunCheckpoints } from './run-checkpoints.ts';
import { RunMetrics } from './run-metrics.ts';
import { isStarter } from '#shared/training/start-weights';
import { validationMark } from './validation-mark.ts';

/** More runs than this are no history that a person made. */
const mostRuns = 10_000;
/** More masks than this are no data set of a run. */
const mostMasks = 200_000;

const listed = `SELECT run.rowid AS rowid, ${runColumns}, ${soundNumber('m.best', 'best_miou')}, ${soundNumber('m.best_epoch')},
  ${soundNumber('m.latest', 'last_miou')}, ${soundNumber('l.latest', 'last_loss')} FROM run
  LEFT JOIN metric_summary m ON m.run_id = run.id AND m.metric = 'miou'
  LEFT JOIN metric_summary l ON l.run_id = run.id AND l.metric = 'loss'`;

/** A row as the history holds it, which may be anything. */
type FoundRow = Partial<ListedRow> & { rowid: number };

/** What a run's settings say. */
interface LookedAt {
  /** Why they are none that this workbench has: one of another version may have made them. */
  why: string | null;
  /** How its scores are measured. */
  measured: string | null;
  fullRate: number | null;
}

/** What an epoch of a run took here. */
export interface TimedEpoch {
  config: RunConfig;
  /** What it was reckoned in. */
  precision: Precision;
  /** Of training: looking at validation images comes on top. */
  seconds: number;
  /** Steps of its epochs, which follow from the images there were then; null where none is kept. */
  steps: number | null;
}

export interface NewRun {
  id: string;
  name: string;
  config: RunConfig;
  classes: ClassInfo[];
  codeVersion: string;
  datasetFingerprint: string;
  samples: readonly Sample[];
  /** Those of the samples that it is scored on. */
  validation?: readonly Sample[];
  sweep?: string | null;
}

const unfinished: readonly RunStatus[] = ['paused', 'stopped', 'failed', 'interrupted'];
const logLimit = 5000;
/** As long as a name may be that a person gives. */
const longestName = 120;

const texts = z.array(z.string());
const numbers = z.array(z.number());
const settings = z.record(z.string(), z.unknown());
const damaged = 'Its row in the history is damaged: it can only be deleted.';

/** What can be shown of a damaged row. */
function asShown(found: Partial<ListedRow>, rowid: number): ListedRow {
  const shown = Object.fromEntries(
    Object.entries(runRowSchema.shape).map(([column, schema]) => {
      const value = schema.safeParse(found[column as keyof RunRow]);
      return [column, value.success ? value.data : schema.safeParse(null).success ? null : schema.safeParse(0).success ? 0 : ''];
    }),
  ) as RunRow;
  const id = shown.id === '' ? brokenId(rowid) : shown.id;
  return {
    ...shown,
    id,
    name: shown.name.slice(0, 200) || id,
    status: shown.status || 'failed',
    best_miou: null,
    best_epoch: null,
    last_miou: null,
    last_loss: null,
  };
}

/** The run history of one data set. */
export class RunStore {
  readonly db: Db;
  readonly metrics: RunMetrics;
  readonly checkpoints: RunCheckpoints;
  private readonly workFolder: WorkFolder;
  /** States that the disk has not taken yet. */
  private readonly unwritten = new Map<string, { status: RunStatus; reason: string | null }>();
  /** What the settings of each run say, or why they are not of this workbench. They never change. */
  private readonly looked = new Map<string, LookedAt>();

  constructor(db: Db, workFolder: WorkFolder) {
    this.db = db;
    this.workFolder = workFolder;
    this.metrics = new RunMetrics(db);
    this.checkpoints = new RunCheckpoints(db);
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

  /** The same of a run that is to predict. @throws AppError 'not-found' if it is deleted, or has none yet */
  weightsToPredict(runId: string): string {
    const { name, deleted_at: deletedAt } = this.row(runId);
    if (deletedAt !== null) throw new AppError('not-found', `The run "${name}" is deleted: restore it to predict with it`);
    const file = this.weightsFile(runId);
    if (file === null) throw new AppError('not-found', `The run "${name}" has no checkpoint yet: let it finish an epoch`);
    return file;
  }

  /** Adds a run as going on, with the mask revisions it sees. */
  create(run: NewRun): RunSummary {
    const now = nowText();
    this.db.transaction(() => {
      this.db
        .prepare(
          `INSERT INTO run (id, name, preset, status, config, classes, code_version, dataset_fingerprint, seed, epochs,
            created_at, updated_at, sweep, validation, work_seconds)
        VALUES (?, ?, ?, 'running', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
          (SELECT total(max(seconds, 0)) FROM image_work WHERE typeof(seconds) IN ('real', 'integer')))`,
        )
        .run(
          run.id,
          // Two that begin in one minute are told apart.
          freeName(run.name, (name) => this.hasName(name), { before: ' ', most: longestName }),
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
          validationMark(run.classes, run.validation ?? []),
        );
      this.recordMasks(run.id, run.samples);
    })();
    return this.summary(run.id);
  }

  /** Records which mask of each sample the run trains on. */
  private recordMasks(runId: string, samples: readonly Sample[]): void {
    const insert = this.db.prepare('INSERT OR REPLACE INTO run_mask (run_id, image_id, revision) VALUES (?, ?, ?)');
    for (const { id, revision } of samples) if (revision) insert.run(runId, id, revision);
  }

  /** The images whose masks a run read, and whether the last reading of the data set found another mask, or none. */
  masksRead(runId: string): { id: string; changed: boolean }[] {
    return this.db
      .prepare<[string], { image_id: string | null; same: number }>(
        `SELECT ${boundedText('m.image_id', shortText)}, i.revision IS m.revision AS same
         FROM run_mask m LEFT JOIN image i ON i.id = m.image_id WHERE m.run_id = ? ORDER BY m.image_id LIMIT ${mostMasks}`,
      )
      .all(runId)
      .flatMap(({ image_id: id, same }) => (id === null ? [] : [{ id, changed: !same }]));
  }

  exists(runId: string): boolean {
    return this.db.prepare('SELECT 1 FROM run WHERE id = ?').get(runId) !== undefined;
  }

  /** @throws AppError 'not-found', or 'corrupt-file' if its row is damaged */
  row(runId: string): RunRow {
    const found = isId(runId) ? this.db.prepare<[string]>(`SELECT ${runColumns} FROM run WHERE id = ?`).get(runId) : undefined;
    if (!found) throw new AppError('not-found', `There is no run "${runId}"`);
    const row = runRowSchema.safeParse(found);
    if (!row.success) throw new AppError('corrupt-file', `The run "${runId}": ${damaged}`);
    return row.data;
  }

  /** A run's settings; those that came after it was made have their standard values. @throws AppError 'invalid-argument', 'corrupt-file' */
  config(runId: string): RunConfig {
    const values = parsed(settings, this.row(runId).config);
    if (!values) throw new AppError('corrupt-file', `The run "${runId}": ${damaged}`);
    return checkConfig(values);
  }

  /** What a run's settings say, looked at once. */
  private look(runId: string, config: Record<string, unknown>, classes: readonly ClassInfo[]): LookedAt {
    const known = this.looked.get(runId);
    if (known) return known;
    let found: LookedAt;
    try {
      const checked = checkConfig(config);
      const protocol = protocolText(trainingProtocol(checked, classes.length));
      const measured = isStarter(runId) ? 'images of another data set, as its note says' : protocol;
      found = { why: null, measured, fullRate: fullRateOf(checked) };
    } catch (error) {
      found = { why: `This workbench does not know its settings. ${messageOf(error)}`, measured: null, fullRate: null };
    }
    this.looked.set(runId, found);
    return found;
  }

  /** @throws AppError 'corrupt-file' if they cannot be read */
  classes(runId: string): ClassInfo[] {
    const classes = parsed(classesSchema, this.row(runId).classes);
    if (!classes) throw new AppError('corrupt-file', `The run "${runId}": ${damaged}`);
    return classes;
  }

  summary(runId: string): RunSummary {
    const rowid = rowidOf(runId);
    const found = this.db
      .prepare<[string | number], FoundRow>(`${listed} WHERE run.${rowid === null ? 'id' : 'rowid'} = ?`)
      .get(rowid ?? runId);
    if (!found) throw new AppError('not-found', `There is no run "${runId}"`);
    return this.toSummary(found);
  }

  /**
   * The newest runs; a damaged one is among them, and says so. They are ordered by the table's own column, which has an index: sorting
   * what is read of them would read everything first.
   */
  list(withDeleted: boolean): RunSummary[] {
    const rows = this.db
      .prepare<[], FoundRow>(
        `${listed} ${withDeleted ? '' : 'WHERE run.deleted_at IS NULL'} ORDER BY run.created_at DESC LIMIT ${mostRuns}`,
      )
      .iterate();
    return Array.from(boundedRows(rows, 'runs'), (row) => this.toSummary(row));
  }

  /** Another text whenever something of the history was written, here or by another program. */
  get changes(): string {
    const [own, others] = [this.db.prepare('SELECT total_changes()').pluck().get(), this.db.pragma('data_version', { simple: true })];
    return `${String(own)} ${String(others)}`;
  }

  /** What a run left in its folder; a folder that is not followed hides no other run. */
  private left(runId: string): { checkpoint: boolean; weights: boolean; refused: string | null } {
    try {
      return { checkpoint: existsSync(this.file(runId, 'last.ckpt')), weights: this.weightsFile(runId) !== null, refused: null };
    } catch (error) {
      return { checkpoint: false, weights: false, refused: messageOf(error) };
    }
  }

  private toSummary({ rowid, ...found }: FoundRow): RunSummary {
    const { success } = runRowSchema.safeParse(found);
    const row = success ? (found as ListedRow) : asShown(found, rowid);
    const { checkpoint, weights, refused } = success ? this.left(row.id) : { checkpoint: false, weights: false, refused: damaged };
    const { status, reason } = this.unwritten.get(row.id) ?? row;
    const [spark, tags] = [parsed(numbers, row.spark), parsed(texts, row.tags)];
    const config = parsed(settings, row.config);
    const classes = parsed(classesSchema, row.classes);
    const sound = spark && tags && config && classes ? this.look(row.id, config, classes) : null;
    return {
      id: row.id,
      name: row.name,
      preset: row.preset,
      status,
      reason,
      broken: sound ? (refused ?? sound.why) : damaged,
      device: row.device,
      precision: row.precision,
      epochs: row.epochs,
      epochsDone: row.epochs_done,
      bestMiou: row.best_miou,
      bestEpoch: row.best_epoch,
      lastMiou: row.last_miou,
      lastLoss: row.last_loss,
      durationSeconds: row.duration_seconds,
      createdAt: row.created_at,
      updatedAt: row.updated_at,
      deleted: row.deleted_at !== null,
      resumable: unfinished.includes(status) && checkpoint,
      hasCheckpoint: weights,
      measured: sound?.measured ?? null,
      fullRate: sound?.fullRate ?? null,
      validation: row.validation,
      spark: spark ?? [],
      tags: [...new Set(tags)],
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
    this.db.prepare('UPDATE run SET status = ?, reason = ?, updated_at = ? WHERE id = ?').run(status, reason, nowText(), runId);
    this.unwritten.delete(runId);
  }

  /** How a run stands from now on, told to everyone at once and written as soon as the disk lets it. */
  settle(runId: string, status: RunStatus, reason: string | null, outbox: Outbox): void {
    this.unwritten.set(runId, { status, reason });
    // What another workbench records of it from then on is how it stands.
    const dropped = () => this.unwritten.delete(runId);
    outbox.write(`the state "${status}" of a run`, () => this.setStatus(runId, status, reason), dropped);
  }

  /** What a run reckons in; null where that is not known. */
  precisionOf(runId: string): Precision | null {
    return precisionSchema.safeParse(this.row(runId).precision).data ?? null;
  }

  setPrecision(runId: string, precision: Precision): void {
    this.db.prepare('UPDATE run SET precision = ? WHERE id = ?').run(precision, runId);
  }

  setDevice(runId: string, device: string): void {
    this.db.prepare('UPDATE run SET device = ? WHERE id = ?').run(device, runId);
  }

  private hasName(name: string, except = ''): boolean {
    return this.db.prepare('SELECT 1 FROM run WHERE name = ? AND id <> ?').get(name, except) !== undefined;
  }

  /** @throws AppError 'conflict' if another run has the name */
  rename(runId: string, name: string): void {
    this.row(runId);
    if (this.hasName(name, runId)) throw new AppError('conflict', `There is another run "${name}": choose a name that tells them apart`);
    this.db.prepare('UPDATE run SET name = ? WHERE id = ?').run(name, runId);
  }

  /** The runs that are going on as the history has it. */
  running(): string[] {
    const query = `SELECT ${boundedText('id', shortText)} FROM run WHERE status = 'running' LIMIT ${mostRuns}`;
    const rows = this.db.prepare<[], { id: string | null }>(query).all();
    return rows.flatMap(({ id }) => (id !== null && isId(id) ? id : []));
  }

  /** Whether a process still writes a run's folder: this workbench's trainer, one that outlived its window, or the command line. */
  isBeingWritten(runId: string): boolean {
    return runWriter(this.folder(runId)) !== null;
  }

  /** Adds the epochs and the checkpoints that only a run's folder knows of. @returns whether these are all that it was to have */
  recoverEpochs(runId: string): boolean {
    const checkpoint = this.file(runId, 'last.ckpt');
    if (!existsSync(checkpoint)) return false;
    const { history } = readCheckpointHeader(checkpoint);
    this.metrics.addMissingEpochs(runId, history);
    this.checkpoints.takeOver(runId, this.folder(runId));
    return history.length > 0 && history.length >= this.config(runId).epochs;
  }

  /**
   * Marks a run that its workbench left as going on, with the epochs that its checkpoint knows of.
   */
  interrupt(runId: string, reason: string): void {
    // The kill came after the last checkpoint, and before anybody could tell.
    const isComplete = this.recoverEpochs(runId);
    this.setStatus(runId, isComplete ? 'finished' : 'interrupted', isComplete ? null : reason);
  }

  setDeleted(runId: string, deleted: boolean): void {
    if (!this.exists(runId)) throw new AppError('not-found', `There is no run "${runId}"`);
    this.db.prepare('UPDATE run SET deleted_at = ? WHERE id = ?').run(deleted ? nowText() : null, runId);
  }

  /** Removes a row whose id names no run of ours, for good: nothing can be restored of it, and no folder is its own. */
  removeRow(rowid: number): void {
    const found = this.db.prepare<[number], { id: unknown }>(`SELECT ${boundedText('id')} FROM run WHERE rowid = ?`).get(rowid);
    if (!found || (typeof found.id === 'string' && isId(found.id)))
      throw new AppError('not-found', `There is no damaged row ${rowid} of a run`);
    this.db.prepare('DELETE FROM run WHERE rowid = ?').run(rowid);
  }

  /** Removes for good what was deleted before `before`. @param failed told of a run that cannot be removed; it keeps no other */
  purge(before: Date, failed: (runId: string, error: unknown) => void): void {
    const ids = boundedText('id', shortText);
    const gone = this.db
      .prepare<[string], { rowid: number; id: string | null }>(`SELECT rowid, ${ids} FROM run WHERE deleted_at < ? LIMIT ${mostRuns}`)
      .all(before.toISOString());
    const predictions = this.db.prepare<[string], { id: string | null }>(
      `SELECT ${ids} FROM prediction WHERE run_id = ? LIMIT ${mostRuns}`,
    );
    for (const { rowid, id } of gone) {
      try {
        // An id that no run of ours can have names no folder of ours.
        if (id !== null && isId(id)) {
          if (this.isBeingWritten(id)) continue;
          for (const { id: prediction } of predictions.all(id))
            if (prediction !== null && isId(prediction)) this.workFolder.remove('predictions', prediction);
          this.workFolder.remove('runs', id);
        }
        this.db.prepare('DELETE FROM run WHERE rowid = ?').run(rowid);
      } catch (error) {
        failed(id ?? brokenId(rowid), error);
      }
    }
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
      .prepare<[string], { text: string }>(
        `SELECT substr(CAST(text AS TEXT), 1, 10000) AS text FROM run_log WHERE run_id = ? ORDER BY line LIMIT ${logLimit}`,
      )
      .all(runId)
      .map(({ text }) => text);
  }

  /** What the newest run here that tried both was reckoned in; null before one has. */
  triedPrecision(): Precision | null {
    const row = this.db
      .prepare<[], { precision: string }>(
        `SELECT ${boundedText('precision', shortText)} FROM run
        WHERE precision IS NOT NULL AND device = (SELECT device FROM run WHERE device IS NOT NULL ORDER BY created_at DESC LIMIT 1)
          AND CASE WHEN json_valid(config) THEN json_extract(config, '$.precision') = 'auto' END
        ORDER BY created_at DESC LIMIT 1`,
      )
      .get();
    return precisionSchema.safeParse(row?.precision).data ?? null;
  }

  /** What an epoch took in the newest runs timed here, or in those of one preset, with their settings: what estimates follow from. */
  timedEpochs(preset: string | null = null): TimedEpoch[] {
    return this.db
      .prepare<
        { preset: string | null; most: number },
        { config: string; precision: string | null; seconds: number; steps: number | null }
      >(
        // The few newest first: an average over all epochs of all runs would be thrown away.
        `SELECT ${boundedText('r.config')}, ${boundedText('r.precision', shortText)}, avg(e.epoch_seconds) AS seconds,
        (SELECT round(global_step / epoch) FROM step
          WHERE run_id = r.id AND epoch > 0 AND ${isNumber('epoch')} AND ${isNumber('global_step')}
          ORDER BY global_step DESC LIMIT 1) AS steps
      FROM (SELECT * FROM run
        WHERE device = (SELECT device FROM run WHERE device IS NOT NULL ORDER BY created_at DESC LIMIT 1)
          AND (@preset IS NULL OR preset = @preset) AND EXISTS (SELECT 1 FROM epoch WHERE run_id = run.id)
        ORDER BY created_at DESC LIMIT @most) r
      JOIN epoch e ON e.run_id = r.id
      GROUP BY r.id ORDER BY r.created_at DESC`,
      )
      .all({ preset, most: 20 })
      .flatMap(({ config, precision, seconds, steps }) => {
        try {
          return [{ config: checkConfig(boundedJson(config)), precision: precisionSchema.parse(precision ?? 'float32'), seconds, steps }];
        } catch {
          // A damaged row tells nothing of how long an epoch takes.
          return [];
        }
      });
  }
}
