// What a database may be told to run: each of these is SQL that SQLite would have done by itself.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { openDatabase, type Db } from '../../src/main/services/database.ts';
import { Lease } from '../../src/files/lease.ts';

type Spoil = (folder: string) => Promise<void>;

const forEver = "instr(hex(zeroblob(40000000)), hex(zeroblob(15000000)) || '1') = 0";

/** A whole history or lease, whose own description is then written over. */
const rewritten =
  (file: 'history.db' | 'lease.db', work: (db: Db) => void): Spoil =>
  async (folder) => {
    const name = path.join(folder, '.encnet', file);
    mkdirSync(path.dirname(name), { recursive: true });
    if (file === 'history.db') openDatabase(name).close();
    else {
      const lease = await Lease.take(name, { program: 'x' });
      if (lease instanceof Lease) lease.release();
    }
    const db = new Database(name);
    try {
      db.unsafeMode(true);
      work(db);
    } finally {
      db.close();
    }
  };

const edit = (db: Db, change: string): void => {
  db.pragma('writable_schema = ON');
  db.exec(change);
};
const withCheck = (table: string) => (db: Db) =>
  edit(
    db,
    `UPDATE sqlite_schema SET sql = replace(sql, ') STRICT', ', CHECK (${forEver.replaceAll("'", "''")})) STRICT') WHERE name = '${table}'`,
  );
const manyTables = (db: Db): void => {
  db.exec('CREATE TABLE zz (a)');
  edit(
    db,
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) INSERT INTO sqlite_schema
     SELECT 'table', 'z' || i, 'z' || i, (SELECT rootpage FROM sqlite_schema WHERE name = 'zz'), 'CREATE TABLE z' || i || ' (a)' FROM n`,
  );
};
const trigger = 'CREATE TRIGGER t AFTER INSERT ON image BEGIN DELETE FROM run; END';

export const rewrittenSchemas: Readonly<Record<string, Spoil>> = {
  'history: a trigger by another name of its kind': rewritten('history.db', (db) => {
    db.exec(trigger);
    edit(db, "UPDATE sqlite_schema SET type = 'TRIGGER' WHERE name = 't'");
  }),
  'history: a view by another name of its kind': rewritten('history.db', (db) => {
    db.exec('CREATE VIEW v AS SELECT * FROM run');
    edit(db, "UPDATE sqlite_schema SET type = 'VIEW' WHERE name = 'v'");
  }),
  'history: a virtual table behind a comment': rewritten('history.db', (db) => {
    db.exec('CREATE VIRTUAL TABLE f USING fts5(x)');
    edit(db, "UPDATE sqlite_schema SET sql = replace(sql, 'CREATE VIRTUAL', 'CREATE/**/VIRTUAL') WHERE name = 'f'");
  }),
  'history: a check that takes for ever': rewritten('history.db', withCheck('image')),
  'history: an index that takes for ever': rewritten('history.db', (db) =>
    db.exec(`CREATE INDEX slow ON image (length(id) + (${forEver}))`),
  ),
  'history: a default of much': rewritten('history.db', (db) => {
    const much = `note TEXT NOT NULL DEFAULT ''${'x'.repeat(99_000)}''`;
    edit(db, `UPDATE sqlite_schema SET sql = replace(sql, 'note TEXT NOT NULL DEFAULT ''''', '${much}') WHERE name = 'run'`);
  }),
  'history: 20000 tables': rewritten('history.db', manyTables),
  'lease: a check that takes for ever': rewritten('lease.db', withCheck('lease')),
  'lease: 20000 tables': rewritten('lease.db', manyTables),
};
