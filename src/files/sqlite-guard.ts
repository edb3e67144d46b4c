// A database in a data set came with the folder: nothing in it may run, and what it is made of must be what the workbench makes, word for
// word. A check, a default, an index on an expression are programs as well.
import Database from 'better-sqlite3';
import { AppError } from '#shared/errors';

/** The SQL of every table and index by its name. */
export type Schema = ReadonlyMap<string, string>;

interface Entry {
  type: string;
  name: string;
  sql: string | null;
}

/** More than this is no schema of ours, whatever it holds. */
const mostEntries = 100;
/** No statement of ours is longer. */
const longestSql = 10_000;

const entriesQuery = `SELECT CAST(type AS TEXT) AS type, substr(CAST(name AS TEXT), 1, 200) AS name,
  CASE WHEN octet_length(sql) <= ${longestSql} OR sql IS NULL THEN CAST(sql AS TEXT) ELSE '' END AS sql
  FROM sqlite_schema LIMIT ${mostEntries + 1}`;

const entriesIn = (db: Database.Database): Entry[] => db.prepare<[], Entry>(entriesQuery).all();

/** What SQLite makes by itself: indexes of keys, counters, statistics. */
const isBySqlite = ({ type, name, sql }: Entry): boolean =>
  (type === 'index' && sql === null && name.startsWith('sqlite_autoindex_')) ||
  (type === 'table' && /^CREATE TABLE sqlite_(sequence|stat1|stat4)\([\w,]+\)$/.test(sql ?? ''));

/** The schema that some SQL makes. */
export function schemaOf(make: (db: Database.Database) => void): Schema {
  const db = new Database(':memory:');
  try {
    make(db);
    return new Map(
      entriesIn(db)
        .filter((entry) => !isBySqlite(entry))
        .map(({ name, sql }) => [name, sql ?? '']),
    );
  } finally {
    db.close();
  }
}

const remedy = 'move it away and open the folder again';

/** What a part of a schema is, in words. */
function kindOf({ type, sql }: Entry): string {
  const lower = type.toLowerCase();
  return lower === 'table' && /^\s*create\W.*virtual/is.test(sql ?? '') ? 'virtual table' : lower.slice(0, 40);
}

/**
 * Refuses what would run by itself, before anything of a database is used: everything that is not word for word in `expected`.
 * Parts that are missing are for `assertWhole`.
 * @throws AppError 'corrupt-file' naming the file and what it holds
 */
export function distrust(db: Database.Database, file: string, expected: Schema): void {
  db.pragma('trusted_schema = OFF');
  db.pragma('cell_size_check = ON');
  const entries = entriesIn(db);
  if (entries.length > mostEntries) {
    throw new AppError(
      'corrupt-file',
      `${file} holds more than ${mostEntries} tables and indexes, and no workbench makes so many: ${remedy}`,
      {
        file,
      },
    );
  }
  for (const entry of entries) {
    if (isBySqlite(entry)) continue;
    const { type, name, sql } = entry;
    const own = expected.get(name);
    if (own !== undefined && own === sql && (type === 'table' || type === 'index')) continue;
    const found = own === undefined ? `the ${kindOf(entry)} "${name}", which` : `another ${kindOf(entry)} "${name}" than`;
    throw new AppError('corrupt-file', `${file} holds ${found} ${own === undefined ? 'no workbench' : 'a workbench'} makes: ${remedy}`, {
      file,
    });
  }
}

/** @throws AppError 'corrupt-file' naming the file and what is missing of what a workbench makes */
export function assertWhole(db: Database.Database, file: string, expected: Schema): void {
  const found = new Set(entriesIn(db).map(({ name }) => name));
  const missing = [...expected.keys()].find((name) => !found.has(name));
  if (missing !== undefined) throw new AppError('corrupt-file', `${file} lacks "${missing}", which a workbench makes: ${remedy}`, { file });
}
