import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { AppError } from '#shared/errors';
import { asFileError } from '#files/atomic-write';
import { asDatabaseError } from './database-error.ts';
import { findResources } from './resources.ts';

export type Db = Database.Database;

/** How long a write waits for another program's lock: main's thread stands still meanwhile, so it is short, and tried again. */
const lockWaitMs = 100;

/**
 * Opens a history database and brings it to the newest schema. Whoever opens it closes it.
 * @param readOnly opens it as it is, for a data set that another workbench has
 * @throws AppError naming the file: 'unsupported' if a newer workbench wrote it, 'corrupt-file', 'busy', 'read-only' or 'disk-full'
 */
export function openDatabase(file: string, readOnly = false): Db {
  let db: Db | null = null;
  try {
    if (!readOnly) mkdirSync(path.dirname(file), { recursive: true });
    db = new Database(file, { readonly: readOnly, timeout: lockWaitMs });
    if (!readOnly) {
      db.pragma('journal_mode = WAL');
      db.pragma('synchronous = NORMAL');
      db.pragma('foreign_keys = ON');
    }
    migrate(db, file, readOnly);
    return db;
  } catch (error) {
    db?.close();
    throw asDatabaseError(asFileError(error, file), file);
  }
}

function migrate(db: Db, file: string, readOnly: boolean): void {
  const folder = path.join(findResources(), 'migrations');
  const steps = readdirSync(folder)
    .filter((name) => /^\d{4}-.*\.sql$/.test(name))
    .sort();
  const version = db.pragma('user_version', { simple: true }) as number;
  if (version > steps.length) {
    throw new AppError('unsupported', `${file} was written by a newer workbench (schema ${version}, this one knows ${steps.length})`, {
      file,
    });
  }
  if (readOnly && version < steps.length) {
    throw new AppError(
      'unsupported',
      `${file} is in use by an older workbench (schema ${version}, this one needs ${steps.length}): close that one first`,
      {
        file,
      },
    );
  }
  for (const name of steps.slice(version)) {
    db.transaction(() => {
      db.exec(readFileSync(path.join(folder, name), 'utf8'));
      db.pragma(`user_version = ${Number(name.slice(0, 4))}`);
    })();
  }
}

/** The text of now, as every table stores times. */
export const nowText = (): string => new Date().toISOString();
