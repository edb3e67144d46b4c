import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { AppError } from '#shared/errors';
import { asFileError } from '#files/atomic-write';
import { assertTables, distrust, tablesOf } from '#files/sqlite-guard';
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
    distrust(db, file);
    migrate(db, file, readOnly);
    assertTables(db, file, ownTables());
    return db;
  } catch (error) {
    db?.close();
    throw asDatabaseError(asFileError(error, file), file);
  }
}

const migrations = (): string => path.join(findResources(), 'migrations');

function steps(): string[] {
  return readdirSync(migrations())
    .filter((name) => /^\d{4}-.*\.sql$/.test(name))
    .sort();
}

function apply(db: Db, name: string): void {
  db.transaction(() => {
    db.exec(readFileSync(path.join(migrations(), name), 'utf8'));
    db.pragma(`user_version = ${Number(name.slice(0, 4))}`);
  })();
}

/** The tables of the newest schema. */
const ownTables = tablesOf((db) => steps().forEach((name) => apply(db, name)));

function migrate(db: Db, file: string, readOnly: boolean): void {
  const known = steps();
  const version = db.pragma('user_version', { simple: true }) as number;
  if (version < 0)
    throw new AppError('corrupt-file', `${file} claims the schema ${version}: move it away and open the folder again`, { file });
  if (version > known.length) {
    throw new AppError('unsupported', `${file} was written by a newer workbench (schema ${version}, this one knows ${known.length})`, {
      file,
    });
  }
  if (readOnly && version < known.length) {
    throw new AppError(
      'unsupported',
      `${file} is in use by an older workbench (schema ${version}, this one needs ${known.length}): close that one first`,
      {
        file,
      },
    );
  }
  for (const name of known.slice(version)) apply(db, name);
}

/** The text of now, as every table stores times. */
export const nowText = (): string => new Date().toISOString();
