import type { QueuedRun } from '#shared/contract/training';
import { AppError, messageOf } from '#shared/errors';
import { checkConfig } from '#shared/training/presets';
import type { RunConfig } from '#shared/training/run-config';
import { nowText, type Db } from '../database.ts';

interface QueueRow {
  id: string;
  name: string;
  config: string;
  start_from: string | null;
  sweep: string | null;
  priority: number;
  created_at: string;
}

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

  private rows(): QueueRow[] {
    return this.db.prepare<[], QueueRow>('SELECT * FROM queued_run ORDER BY priority DESC, created_at, id').all();
  }

  /** The runs in line, and the rows that cannot be read: one of these must not hide the others. */
  list(): { waiting: QueuedRun[]; broken: { id: string; name: string; reason: string }[] } {
    const waiting: QueuedRun[] = [];
    const broken: { id: string; name: string; reason: string }[] = [];
    for (const row of this.rows()) {
      try {
        waiting.push(toQueued(row));
      } catch (error) {
        broken.push({ id: row.id, name: row.name, reason: `Its settings cannot be read any more: ${messageOf(error)}` });
      }
    }
    return { waiting, broken };
  }

  count(): number {
    return this.db.prepare<[], { n: number }>('SELECT count(*) AS n FROM queued_run').get()!.n;
  }

  /** @returns the run, so that it can be put back; null for one that cannot be read @throws AppError 'not-found' */
  remove(id: string): QueuedRun | null {
    const run = this.list().waiting.find((queued) => queued.id === id) ?? null;
    if (this.db.prepare('DELETE FROM queued_run WHERE id = ?').run(id).changes === 0) {
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

function toQueued(row: QueueRow): QueuedRun {
  return {
    id: row.id,
    name: row.name,
    config: checkConfig(JSON.parse(row.config)),
    startFrom: row.start_from,
    sweep: row.sweep,
    priority: row.priority,
    createdAt: row.created_at,
  };
}
