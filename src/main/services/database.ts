import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { AppError } from '#shared/errors';
import { findResources } from './resources.ts';

export type Db = Database.Database;

/**
 * Opens a history database and brings it to the newest schema.
 * @throws AppError 'unsupported' if a newer workbench wrote it, 'corrupt-file' if it is no database
 */
export function openDatabase(file: string): Db {
  mkdirSync(path.dirname(file), { recursive: true });
  const db = new Database(file);
  try {
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = NORMAL');
    db.pragma('foreign_keys = ON');
    db.pragma('busy_timeout = 5000');
    migrate(db, file);
  } catch (error) {
    db.close();
    if ((error as { code?: string }).code === 'SQLITE_NOTADB')
      throw new AppError('corrupt-file', `${file} is not a database; move it away and open the folder again`, { file });
    throw error;
  }
  return db;
}

function migrate(db: Db, file: string): void {
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
  for (const name of steps.slice(version)) {
    db.transaction(() => {
      db.exec(readFileSync(path.join(folder, name), 'utf8'));
      db.pragma(`user_version = ${Number(name.slice(0, 4))}`);
    })();
  }
}

/** The text of now, as every table stores times. */
export const nowText = (): string => new Date().toISOString();
