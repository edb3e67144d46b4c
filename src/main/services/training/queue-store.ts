import path from 'node:path';
import { z } from 'zod';
import type { QueuedRun } from '#shared/contract/training';
import { AppError, messageOf } from '#shared/errors';
import { boundedJson } from '#shared/json';
import { checkConfig } from '#shared/training/presets';
import type { RunConfig } from '#shared/training/run-config';
import { fileOfStart, startFromSchema } from '#shared/training/start-weights';
import { nowText, type Db } from '../database.ts';
import { isId } from '../datasets/work-folder.ts';
import { boundedRows, boundedText, brokenId, listedText, rowidOf, soundNumber } from '../parsed-row.ts';

/** The history may be a stranger's: a file of a computer elsewhere is asked for by nobody. */
const isStartFile = (start: string): boolean => {
  const file = fileOfStart(start);
  return file !== null && path.isAbsolute(file) && !/^[\\/]{2}/.test(file);
};

const text = z.string();
const rowSchema = z.object({
  id: text.refine(isId),
  name: text,
  config: text,
  start_from: startFromSchema.refine((start) => start === null || isId(start) || isStartFile(start)),
  sweep: text.nullable(),
  priority: z.number(),
  created_at: text,
});

/** A row as it was found: the history came with the data set. */
type FoundRow = Partial<z.infer<typeof rowSchema>> & { rowid: number };

const columns = Object.keys(rowSchema.shape)
  .map((column) => (column === 'priority' ? soundNumber(column) : boundedText(column, listedText)))
  .join(', ');
/** No line that a person waits for is longer. */
const mostQueued = 10_000;

export interface NewQueuedRun {
  name: string;
  config: RunConfig;
  startFrom: string | null;
  sweep: string | null;
}

let counter = 0;

/** The runs that wait in line, in SQLite: a restart keeps them. */
export class QueueStore {
  private readonly db: Db;

  constructor(db: Db) {
    this.db = db;
  }

  /** Adds runs at the end of the line, all or none. */
  add(runs: readonly NewQueuedRun[]): void {
    const insert = this.db.prepare(
      'INSERT INTO queued_run (id, name, config, start_from, sweep, priority, created_at) VALUES (?, ?, ?, ?, ?, 0, ?)',
    );
    this.db.transaction(() => {
      for (const { name, config, startFrom, sweep } of runs) {
        insert.run(
          `${Date.now().toString(36)}-${(counter++).toString(36).padStart(4, '0')}`,
          name,
          JSON.stringify(config),
          startFrom,
          sweep,
          nowText(),
        );
      }
    })();
  }

  private rows(): FoundRow[] {
    // First the order alone: sorting whole rows would hold all of them.
    const order = `SELECT rowid FROM queued_run ORDER BY priority DESC, created_at, id LIMIT ${mostQueued}`;
    const row = this.db.prepare<[number], FoundRow>(`SELECT rowid, ${columns} FROM queued_run WHERE rowid = ?`);
    const ids = this.db.prepare<[], { rowid: number }>(order).all();
    function* oneByOne(): Generator<FoundRow> {
      for (const { rowid } of ids) yield row.get(rowid)!;
    }
    return [...boundedRows(oneByOne(), 'runs in line')];
  }

  /** The runs in line, and the rows that cannot be read: one of these must not hide the others. */
  list(): { waiting: QueuedRun[]; broken: { id: string; name: string; reason: string }[] } {
    const waiting: QueuedRun[] = [];
    const broken: { id: string; name: string; reason: string }[] = [];
    for (const row of this.rows()) {
      try {
        waiting.push(toQueued(row));
      } catch (error) {
        const id = row.id !== undefined && row.id !== null && isId(row.id) ? row.id : brokenId(row.rowid);
        broken.push({ id, name: row.name?.slice(0, 200) ?? id, reason: `Its settings cannot be read any more: ${messageOf(error)}` });
      }
    }
    return { waiting, broken };
  }

  count(): number {
    return this.db.prepare<[], { n: number }>('SELECT count(*) AS n FROM queued_run').get()!.n;
  }

  /** @returns the run, so that it can be put back; null for one that cannot be read @throws AppError 'not-found' */
  remove(id: string): QueuedRun | null {
    const { waiting, broken } = this.list();
    const run = waiting.find((queued) => queued.id === id) ?? null;
    const rowid = broken.some((row) => row.id === id) ? rowidOf(id) : null;
    const where = rowid === null ? 'id' : 'rowid';
    if (this.db.prepare(`DELETE FROM queued_run WHERE ${where} = ?`).run(rowid ?? id).changes === 0) {
      throw new AppError('not-found', `No run "${id}" waits in line`);
    }
    return run;
  }

  /** Puts a removed run back where it was. @throws AppError 'invalid-argument' if its settings break a rule */
  restore({ id, name, config, startFrom, sweep, priority, createdAt }: QueuedRun): void {
    this.db
      .prepare('INSERT OR IGNORE INTO queued_run (id, name, config, start_from, sweep, priority, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)')
      .run(id, name, JSON.stringify(checkConfig(config)), startFrom, sweep, priority, createdAt);
  }

  /** @throws AppError 'not-found' */
  prioritise(id: string, priority: number): void {
    if (this.db.prepare('UPDATE queued_run SET priority = ? WHERE id = ?').run(priority, id).changes === 0)
      throw new AppError('not-found', `No run "${id}" waits in line`);
  }
}

/** @throws Error in words that name what cannot be read */
function toQueued(found: FoundRow): QueuedRun {
  const row = rowSchema.safeParse(found);
  if (!row.success) throw new Error(`its ${row.error.issues[0].path.join('.')} is damaged`);
  const { id, name, config, start_from: startFrom, sweep, priority, created_at: createdAt } = row.data;
  return { id, name, config: checkConfig(boundedJson(config)), startFrom, sweep, priority, createdAt };
}
