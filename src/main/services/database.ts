import { existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { AppError } from '#shared/errors';
import { asFileError } from '#files/atomic-write';
import { assertWhole, distrust, schemaOf, type Schema } from '#files/sqlite-guard';
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
  // Whoever has the data set has written no history yet: it is read as an empty one.
  if (readOnly && !existsSync(file)) return emptyHistory();
  try {
    if (!readOnly) mkdirSync(path.dirname(file), { recursive: true });
    db = new Database(file, { readonly: readOnly, timeout: lockWaitMs });
    if (!readOnly) {
      db.pragma('journal_mode = WAL');
      db.pragma('synchronous = NORMAL');
      db.pragma('foreign_keys = ON');
    }
    const version = versionOf(db, file, readOnly);
    distrust(db, file, schemaAt(version));
    migrate(db, version);
    assertWhole(db, file, schemaAt(steps().length));
    return db;
  } catch (error) {
    db?.close();
    throw asDatabaseError(asFileError(error, file), file);
  }
}

function emptyHistory(): Db {
  const db = new Database(':memory:');
  migrate(db, 0);
  return db;
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

/** Brings a history from one version to another, the newest unless told. */
function migrate(db: Db, from: number, to?: number): void {
  for (const name of steps().slice(from, to)) apply(db, name);
}

const schemas = new Map<number, Schema>();

/** What a history of this version is made of. */
function schemaAt(version: number): Schema {
  const schema = schemas.get(version) ?? schemaOf((db) => migrate(db, 0, version));
  schemas.set(version, schema);
  return schema;
}

/** How many of the migrations a history has. @throws AppError 'corrupt-file', 'unsupported' naming the file */
function versionOf(db: Db, file: string, readOnly: boolean): number {
  const known = steps().length;
  const version = db.pragma('user_version', { simple: true }) as number;
  if (version < 0)
    throw new AppError('corrupt-file', `${file} claims the schema ${version}: move it away and open the folder again`, { file });
  if (version > known) {
    throw new AppError('unsupported', `${file} was written by a newer workbench (schema ${version}, this one knows ${known})`, { file });
  }
  if (readOnly && version < known) {
    throw new AppError(
      'unsupported',
      `${file} is in use by an older workbench (schema ${version}, this one needs ${known}): close that one first`,
      { file },
    );
  }
  return version;
}

/** The text of now, as every table stores times. */
export const nowText = (): string => new Date().toISOString();
