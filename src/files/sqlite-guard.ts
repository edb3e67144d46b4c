// A database in a data set came with the folder: nothing in it may run, and its tables must be those that the workbench makes.
import Database from 'better-sqlite3';
import { AppError } from '#shared/errors';

/** Columns of each table, as one text that can be compared. */
export type Tables = ReadonlyMap<string, string>;

const tablesQuery = `
  SELECT m.name AS name,
    l.strict || ':' || group_concat(x.name || ' ' || x.type || ' ' || x."notnull" || ' ' || x.pk || ' ' || x.hidden) AS columns
  FROM sqlite_schema m JOIN pragma_table_list(m.name) l ON l.schema = 'main' JOIN pragma_table_xinfo(m.name) x
  WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' GROUP BY m.name`;

const tablesIn = (db: Database.Database): Tables =>
  new Map(
    db
      .prepare<[], { name: string; columns: string }>(tablesQuery)
      .all()
      .map(({ name, columns }) => [name, columns]),
  );

/** The tables that some SQL makes, found out when they are first asked for. */
export function tablesOf(make: (db: Database.Database) => void): () => Tables {
  let tables: Tables | null = null;
  return () => (tables ??= madeBy(make));
}

function madeBy(make: (db: Database.Database) => void): Tables {
  const db = new Database(':memory:');
  try {
    make(db);
    return tablesIn(db);
  } finally {
    db.close();
  }
}

const remedy = 'move it away and open the folder again';

/**
 * Refuses what would run by itself, before anything of a database is used.
 * @throws AppError 'corrupt-file' naming the file and what it holds
 */
export function distrust(db: Database.Database, file: string): void {
  db.pragma('trusted_schema = OFF');
  db.pragma('cell_size_check = ON');
  const active = db
    .prepare<[], { type: string; name: string }>(
      "SELECT type, name FROM sqlite_schema WHERE type IN ('trigger', 'view') OR sql LIKE 'CREATE VIRTUAL%' LIMIT 1",
    )
    .get();
  if (!active) return;
  const kind = active.type === 'table' ? 'virtual table' : active.type;
  throw new AppError('corrupt-file', `${file} holds the ${kind} "${active.name}", which no workbench makes: ${remedy}`, { file });
}

/** @throws AppError 'corrupt-file' naming the file and the table if one is missing or another than it should be */
export function assertTables(db: Database.Database, file: string, expected: Tables): void {
  const found = tablesIn(db);
  const wrong = [...expected].find(([name, columns]) => found.get(name) !== columns);
  if (!wrong) return;
  throw new AppError('corrupt-file', `${file} has another table "${wrong[0]}" than a workbench makes: ${remedy}`, { file });
}
