import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { readCheckpointHeader } from '#files/checkpoint-header';
import { unlessRefused } from '#shared/errors';
import { nowText, type Db } from '../database.ts';
import { boundedText, shortText, soundNumber, soundRows } from '../parsed-row.ts';

const columns = [...['role', 'file', 'sha256'].map((column) => boundedText(column, shortText)), soundNumber('epoch')].join(', ');
const rowSchema = z.object({ role: z.string(), file: z.string(), epoch: z.number(), sha256: z.string() });

/** A checkpoint of a run: `sha256` is of its tensors, of the starter model of its file. */
export type RunCheckpoint = z.infer<typeof rowSchema>;

const written = /^(best|last|epoch)(-\d+)?\.ckpt$/;

/** The checkpoints of runs, as far as the history has heard of them. */
export class RunCheckpoints {
  private readonly db: Db;

  constructor(db: Db) {
    this.db = db;
  }

  add(runId: string, { role, file, epoch, sha256 }: RunCheckpoint): void {
    this.db
      .prepare('INSERT OR REPLACE INTO checkpoint (run_id, role, file, epoch, sha256, created_at) VALUES (?, ?, ?, ?, ?, ?)')
      .run(runId, role, path.basename(file), epoch, sha256, nowText());
  }

  list(runId: string): RunCheckpoint[] {
    const found = this.db.prepare(`SELECT ${columns} FROM checkpoint WHERE run_id = ? ORDER BY created_at LIMIT 1000`);
    return [...soundRows(found.iterate(runId), rowSchema, 'checkpoints')];
  }

  /**
   * Takes over what lies in a run's folder: a trainer that outlived its workbench, and the command line, write on unheard. One that cannot
   * be read stays as it was heard of; what is not there any more goes.
   */
  takeOver(runId: string, folder: string): void {
    const known = new Map(this.list(runId).map((checkpoint) => [checkpoint.file, checkpoint]));
    for (const file of known.keys())
      if (!existsSync(path.join(folder, file))) this.db.prepare('DELETE FROM checkpoint WHERE run_id = ? AND file = ?').run(runId, file);
    for (const file of readdirSync(folder)) {
      const role = written.exec(file)?.[1];
      const header = role === undefined ? null : headerOf(path.join(folder, file));
      const epoch = header?.history.at(-1)?.epoch;
      if (role === undefined || !header?.sha256 || epoch === undefined || known.get(file)?.sha256 === header.sha256) continue;
      this.add(runId, { role, file, epoch, sha256: header.sha256 });
    }
  }
}

/** What a checkpoint tells; null of one that cannot be read. */
const headerOf = (file: string): ReturnType<typeof readCheckpointHeader> | null => unlessRefused(() => readCheckpointHeader(file), null);
