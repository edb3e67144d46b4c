// Data sets that bring something hostile in the workbench's own folder, or a hostile list of classes.
import { linkSync, mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import Database from 'better-sqlite3';
import { encode } from '@msgpack/msgpack';
import { openDatabase, type Db } from '../../src/main/services/database.ts';
import { journalName } from '../../src/main/services/edits/journals.ts';
import { findPreset } from '../../src/shared/training/presets.ts';
import { rewrittenSchemas } from './hostile-schemas.ts';
import { jsonFiles, png, pngChunk, pngFiles, pngHeader, specialFiles, type Plant, type Plants } from './hostile-files.ts';

/** What makes a data set hostile. @param folder of a sound one @param outside nothing of it may be touched */
export type Spoil = (folder: string, outside: string) => void | Promise<void>;
export type Spoils = Readonly<Record<string, Spoil>>;

const at = (name: string, plants: Plants, before = name): Spoils =>
  Object.fromEntries(
    Object.entries(plants).map(([what, plant]): [string, Spoil] => [
      `${before}: ${what}`,
      async (folder, outside) => {
        const file = path.join(folder, name);
        mkdirSync(path.dirname(file), { recursive: true });
        rmSync(file, { recursive: true, force: true });
        await plant(file, outside);
      },
    ]),
  );

const linkTo: Plant = (file, outside) => symlinkSync(outside, file);
const text =
  (content: string): Plant =>
  (file) =>
    writeFileSync(file, content);
const folderPlants: Plants = { 'a link out': linkTo, 'a file': text('x'), 'a pipe': specialFiles['a pipe'] };

export function insertRun(db: Db, id: string, changes: Record<string, unknown> = {}): void {
  const row = {
    id,
    name: 'a run',
    preset: 'tiny',
    status: 'finished',
    config: JSON.stringify(findPreset('tiny').config),
    classes: JSON.stringify([{ id: 0, value: 0, name: 'Sky', color: [1, 2, 3] }]),
    code_version: '1',
    dataset_fingerprint: 'f',
    seed: 1,
    epochs: 1,
    created_at: '2020-01-01',
    updated_at: '2020-01-01',
    ...changes,
  };
  const names = Object.keys(row);
  db.prepare(`INSERT INTO run (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`).run(Object.values(row));
}

const withHistory =
  (work: (db: Db, outside: string) => void): Spoil =>
  (folder, outside) => {
    const db = openDatabase(path.join(folder, '.encnet/history.db'));
    try {
      insertRun(db, 'honest');
      work(db, outside);
    } finally {
      db.close();
    }
  };

const spoilRun = (name: string, changes: Record<string, unknown>): Spoils => ({
  [`run row: ${name}`]: withHistory((db) => insertRun(db, 'spoiled', changes)),
});
const nest = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
const long = 'x'.repeat(20_000_000);

const ways = (outside: string): string[] => [
  '..',
  '.',
  '',
  '../../../x',
  outside,
  `../../..${outside}`,
  'a/b',
  'a\\b',
  'a\0b',
  '-rf',
  '.hidden',
  'x'.repeat(5000),
  '<img src=x onerror=alert(1)>',
];

function insertPrediction(db: Db, id: string, changes: Record<string, unknown> = {}): void {
  const row = {
    id,
    run_id: 'honest',
    split: 'val',
    protocol: '{}',
    checkpoint_sha256: '',
    created_at: '2020',
    complete: 1,
    classes: '[]',
    ...changes,
  };
  const names = Object.keys(row);
  db.prepare(`INSERT INTO prediction (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`).run(Object.values(row));
}

const countTo = (most: number): string => `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${most})`;

const rowSpoils: Spoils = {
  'run rows: ids that are ways': withHistory((db, outside) =>
    ways(outside).forEach((id) => insertRun(db, id, { deleted_at: '2020-01-01' })),
  ),
  'prediction rows: ids that are ways': withHistory((db, outside) =>
    ways(outside).forEach((id) => insertPrediction(db, id, { complete: 0 })),
  ),
  'prediction rows: nested': withHistory((db) => insertPrediction(db, 'p', { protocol: nest(150), classes: nest(100_000) })),
  'prediction rows: long': withHistory((db) => insertPrediction(db, 'p', { protocol: long })),
  'prediction images: files that are ways': withHistory((db, outside) => {
    insertPrediction(db, 'p', {
      protocol: JSON.stringify({ split: 'val', classes: 1, void: '', resolution: '', scales: [1], flip: false }),
    });
    ways(outside).forEach((file, n) =>
      db
        .prepare("INSERT INTO prediction_image (prediction_id, image_id, file, confusion, uncertainty) VALUES ('p', ?, ?, ?, 0)")
        .run(n === 0 ? 'val/val-0' : `val/${n}`, file, nest(150)),
    );
  }),
  'queue rows: ids that are ways': withHistory((db, outside) =>
    ways(outside).forEach((id, n) => db.prepare("INSERT INTO queued_run VALUES (?, 'x', '{}', NULL, NULL, 0, ?)").run(id, String(n))),
  ),
  'queue rows: nested': withHistory((db) =>
    db.prepare("INSERT INTO queued_run VALUES ('q', 'x', ?, NULL, NULL, 0, '')").run(nest(100_000)),
  ),
  'queue rows: start from a way': withHistory((db) =>
    db.prepare("INSERT INTO queued_run VALUES ('q', 'x', ?, '../../x', NULL, 0, '')").run(JSON.stringify(findPreset('tiny').config)),
  ),
  'image rows: nested': withHistory((db) =>
    db.prepare("INSERT INTO image VALUES ('train/train-0', 'train', 's', 1, 1, 'x', ?, ?, NULL, NULL)").run(nest(150), nest(150)),
  ),
  'image rows: many': withHistory((db) =>
    db.exec(`${countTo(300_000)} INSERT INTO image SELECT 'x/' || i, 'x', '', 1, 1, NULL, NULL, '[]', NULL FROM n`),
  ),
  'run rows: many that hold much': withHistory((db) =>
    db.exec(`${countTo(3000)} INSERT INTO run (id, name, preset, status, config, classes, code_version, dataset_fingerprint, seed, epochs,
      created_at, updated_at, note) SELECT 'r' || i, 'x', 'tiny', 'finished', '{}', '[]', '1', 'f', 1, 1, '2020', '2020',
      replace(hex(zeroblob(45000)), '00', 'xy') FROM n`),
  ),
  'prediction rows: ids of 100 MB': withHistory((db) => insertPrediction(db, 'x'.repeat(100_000_000), { complete: 0 })),
  'checkpoint rows: names of 100 MB': withHistory((db) =>
    db.prepare("INSERT INTO checkpoint VALUES ('honest', 'best', ?, 1, 's', '2020')").run('x'.repeat(100_000_000)),
  ),
  'mask rows: origins of 100 MB': withHistory((db) =>
    db.prepare("INSERT INTO mask_revision VALUES ('train/train-0', 'abcdef0123456789', '2020', ?, '')").run('x'.repeat(100_000_000)),
  ),
  'mask rows: 100 MB of what was done': withHistory((db) =>
    db.prepare("INSERT INTO mask_revision VALUES ('train/train-0', 'abcdef0123456789', '2020', 'edit', ?)").run('x'.repeat(100_000_000)),
  ),
  'work on images: many others': withHistory((db) =>
    db.exec(`${countTo(200_000)} INSERT INTO image_work SELECT 'x' || i || hex(zeroblob(450)), 'done', 1 FROM n`),
  ),
  'kept labels: many, of boxes without end, packed a thousandfold, and torn': withHistory((db) => {
    const keep = db.prepare("INSERT INTO kept_label VALUES (NULL, 'train/train-0', ?, 0, ?, ?, ?, 'Sky', NULL, '2020')");
    const bomb = deflateRawSync(new Uint8Array(50_000_000));
    keep.run(0, 8, 8, bomb);
    keep.run(0, 200_000, 200_000, bomb);
    keep.run(-5, 9e15, 9e15, bomb);
    keep.run(0, 8, 8, new Uint8Array(0));
    db.exec(`${countTo(50_000)} INSERT INTO kept_label SELECT NULL, 'train/train-0', 0, 0, 8, 8, x'6360', 'Sky', NULL, '2020' FROM n`);
  }),
  'epochs: lists of 1 MB': withHistory((db) => {
    const much = "'[' || replace(hex(zeroblob(250000)), '00', '0,') || '0]'";
    db.exec(`${countTo(300)} INSERT INTO epoch SELECT 'honest', i, 1, 1, 1, 1, 1, 1, 1, ${much}, '[]', NULL FROM n`);
  }),
  'rows of other kinds': (folder) => {
    const name = path.join(folder, '.encnet/history.db');
    const db = openDatabase(name);
    insertRun(db, 'honest');
    const own = db.prepare<[], { name: string; sql: string }>("SELECT name, sql FROM sqlite_schema WHERE sql LIKE '%STRICT%'").all();
    db.close();
    const describe = (sqlOf: (sql: string) => string): Db => {
      const open = new Database(name);
      open.unsafeMode(true);
      open.pragma('writable_schema = ON');
      for (const table of own) open.prepare('UPDATE sqlite_schema SET sql = ? WHERE name = ?').run(sqlOf(table.sql), table.name);
      open.close();
      return new Database(name);
    };
    const loose = describe((sql) => sql.replace(/\) STRICT(, )?/, ') ').trimEnd());
    loose.pragma('ignore_check_constraints = ON');
    loose.exec(`INSERT INTO queued_run VALUES ('q', x'00ff', x'00', NULL, NULL, 'many', x'01');
      UPDATE run SET epochs = 'many', device = x'00ff', note = x'00';
      INSERT INTO metric_summary VALUES ('honest', 'miou', 'x', x'00', 'y');
      INSERT INTO step VALUES ('honest', 'x', 'x', x'00', 'x', 'x', 'x', x'00', 'x', 'x', 'x');
      INSERT INTO epoch VALUES ('honest', 'x', 'x', x'00', 'x', 'x', 'x', 'x', 'x', x'00', x'00', 'x');
      INSERT INTO run_log VALUES ('honest', 'x', x'00');
      INSERT INTO mask_revision VALUES ('train/train-0', x'00', x'00', 7, x'00');
      INSERT INTO image_work VALUES ('train/train-0', x'00', 'many'), (x'00', 'done', 1);
      INSERT INTO kept_label VALUES (1, 'train/train-0', 'x', -3, x'00', 'x', 'x', x'00', 'x', 7)`);
    loose.close();
    describe((sql) => sql).close();
  },
  'steps: many': withHistory((db) => db.exec(`${countTo(500_000)} INSERT INTO step SELECT 'honest', i, 1, 1, 1, 1, 1, 1, 1, 1, 1 FROM n`)),
  'epochs: nested': withHistory((db) =>
    db.prepare("INSERT INTO epoch VALUES ('honest', 1, 1, 1, 1, 1, 1, 1, 1, ?, ?, NULL)").run(nest(150), nest(150)),
  ),
  'epochs: without end': withHistory((db) =>
    db.prepare("INSERT INTO epoch VALUES ('honest', 1, 9e999, -9e999, 1, 9e999, 1, 1, 1, '[]', '[]', 9e999)").run(),
  ),
  ...spoilRun('settings that are none', { config: '{' }),
  ...spoilRun('settings nested', { config: nest(100_000) }),
  ...spoilRun('settings long', { config: long }),
  ...spoilRun('settings of nothing', { config: 'null' }),
  ...spoilRun('classes nested', { classes: nest(150) }),
  ...spoilRun('classes that do not count', { classes: '[{"id": 7, "name": "x", "color": [0, 0, 0]}]' }),
  ...spoilRun('name long', { name: long }),
  ...spoilRun('name a formula', { name: '=cmd|calc!A1' }),
  ...spoilRun('note long', { note: long }),
  ...spoilRun('tags nested', { tags: nest(150) }),
  ...spoilRun('spark nested', { spark: nest(150) }),
  ...spoilRun('spark of texts', { spark: '["a"]' }),
  ...spoilRun('going on', { status: 'running' }),
  ...spoilRun('numbers without end', { epochs: Number.MAX_SAFE_INTEGER, seed: -1, duration_seconds: Infinity }),
};

const raw =
  (file: string, work: (db: Db) => void): Spoil =>
  (folder) => {
    const name = path.join(folder, '.encnet', file);
    mkdirSync(path.dirname(name), { recursive: true });
    const db = new Database(name);
    work(db);
    db.close();
  };

const schemaSpoils: Spoils = {
  'history: a trigger': withHistory((db) => db.exec('CREATE TRIGGER t AFTER INSERT ON image BEGIN DELETE FROM run; END')),
  'history: a view': withHistory((db) => db.exec('CREATE VIEW v AS SELECT * FROM run')),
  'history: a view without end in the place of a table': raw('history.db', (db) =>
    db.exec(
      'CREATE VIEW run AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS id FROM n; PRAGMA user_version = 4',
    ),
  ),
  'history: a virtual table': withHistory((db) => db.exec('CREATE VIRTUAL TABLE f USING fts5(x)')),
  'history: another table': raw('history.db', (db) => db.exec('CREATE TABLE run (id); PRAGMA user_version = 4')),
  'history: a schema below nothing': withHistory((db) => db.exec('PRAGMA user_version = -1')),
  'history: a schema of the future': withHistory((db) => db.exec('PRAGMA user_version = 999')),
  'history: a generated column': raw('history.db', (db) => db.exec('CREATE TABLE image (id TEXT, x AS (hex(zeroblob(1000000000))))')),
  'lease: a trigger': raw('lease.db', (db) =>
    db.exec('CREATE TABLE lease (id); CREATE TRIGGER t AFTER INSERT ON lease BEGIN DELETE FROM lease; END'),
  ),
  'lease: a view without end': raw('lease.db', (db) =>
    db.exec('CREATE VIEW lease AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS id FROM n WHERE i < 0'),
  ),
  'lease: another table': raw('lease.db', (db) => db.exec("CREATE TABLE lease (id, token); INSERT INTO lease VALUES (1, 'x')")),
};

const frame = (payload: Uint8Array): Buffer => Buffer.concat([Buffer.from(Uint32Array.of(payload.length, crc32(payload)).buffer), payload]);
const journalOf = (...payloads: Uint8Array[]): Buffer => Buffer.concat([Buffer.from('ENCJRNL1'), ...payloads.map(frame)]);
const nested = (code: number, count: number): Buffer => Buffer.concat([Buffer.from([0]), Buffer.alloc(count, code)]);
const step = (changes: object): Uint8Array =>
  Buffer.concat([
    Buffer.from([0]),
    encode({
      kind: 'step',
      session: 'x',
      step: {
        id: 1,
        label: 'x',
        stroke: 's',
        left: 0,
        top: 0,
        width: 1,
        height: 1,
        changed: Uint8Array.of(1),
        before: Uint8Array.of(0),
        after: Uint8Array.of(1),
        ...changes,
      },
    }),
  ]);
const begin = (changes: object = {}): Uint8Array =>
  Buffer.concat([Buffer.from([0]), encode({ kind: 'begin', image: 'train/train-0', width: 64, height: 48, mark: 0, ...changes })]);

const journals: Plants = {
  'nested arrays': (file) => writeFileSync(file, journalOf(nested(0x91, 5_000_000))),
  'nested maps': (file) => writeFileSync(file, journalOf(nested(0x81, 5_000_000))),
  'an array of 2^32 - 1': (file) => writeFileSync(file, journalOf(Buffer.from([0, 0xdd, 0xff, 0xff, 0xff, 0xff]))),
  'a frame longer than the file': (file) =>
    writeFileSync(file, Buffer.concat([Buffer.from('ENCJRNL1'), Buffer.from([0xff, 0xff, 0xff, 0x3f, 0, 0, 0, 0])])),
  'a box outside': (file) => writeFileSync(file, journalOf(begin(), step({ left: 60_000, width: 9 }))),
  'a value outside': (file) => writeFileSync(file, journalOf(begin(), step({ after: Uint8Array.of(200) }))),
  'another image': (file) => writeFileSync(file, journalOf(begin({ image: '../../x' }))),
  'a size of 2^31': (file) => writeFileSync(file, journalOf(begin({ width: 2 ** 31 }))),
  'undo without end': (file) =>
    writeFileSync(
      file,
      journalOf(begin(), ...Array.from({ length: 20_000 }, () => Buffer.concat([Buffer.from([0]), encode({ kind: 'undo' })]))),
    ),
  'another format': (file) => writeFileSync(file, 'x'.repeat(1000)),
  'a hole of 900 MB': (file) => {
    writeFileSync(file, 'ENCJRNL1');
    truncateSync(file, 900_000_000);
  },
  'another name of a file outside': (file, outside) => {
    const diary = path.join(outside, 'diary.txt');
    writeFileSync(diary, 'dear diary');
    linkSync(diary, file);
  },
  'a pipe': specialFiles['a pipe'],
  'a link out': specialFiles['a link out'],
  'a file of 3 GB': specialFiles['a file of 3 GB'],
};

const header = (json: string): Buffer => {
  const bytes = Buffer.from(json);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(bytes.length));
  return Buffer.concat([length, bytes]);
};

export const checkpoints: Plants = {
  empty: text(''),
  'a text': text('no checkpoint'),
  'a header of 2^63': (file) => writeFileSync(file, Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f])),
  'a header of nested arrays': (file) => writeFileSync(file, header(nest(1_000_000))),
  'a header of 40 MB': (file) => writeFileSync(file, header(`{"a":"${'x'.repeat(40_000_000)}"}`)),
  'metadata of numbers': (file) => writeFileSync(file, header('{"__metadata__":{"config":7}}')),
  'settings that are no JSON': (file) =>
    writeFileSync(file, header('{"__metadata__":{"format":"encnet-workbench-checkpoint","version":"1","config":"{"}}')),
  'a tensor of nothing': (file) => writeFileSync(file, header('{"a":null}')),
  'a tensor of 2^40': (file) => writeFileSync(file, header('{"a":{"dtype":"F32","shape":[1048576,1048576],"data_offsets":[0,4]}}')),
  'tensors of 3 GB': (file, outside) => {
    const { config } = findPreset('tiny');
    const metadata = {
      format: 'encnet-workbench-checkpoint',
      version: '1',
      config: JSON.stringify(config),
      classes: '[{"id":0,"name":"x","color":[0,0,0]}]',
    };
    void specialFiles['a file of 3 GB'](file, outside);
    const head = header(
      JSON.stringify({ __metadata__: metadata, a: { dtype: 'F32', shape: [700_000_000], data_offsets: [0, 2_800_000_000] } }),
    );
    writeFileSync(file, head, { flag: 'r+' });
  },
  'a pipe': specialFiles['a pipe'],
  'a link out': specialFiles['a link out'],
};

const inRun = (name: string, plants: Plants): Spoils =>
  Object.fromEntries(
    Object.entries(at(`.encnet/runs/honest/${name}`, plants, `run's ${name}`)).map(([what, spoil]) => [
      what,
      async (folder: string, outside: string) => {
        await withHistory((db) => void db.exec("UPDATE run SET status = 'interrupted'"))(folder, outside);
        await spoil(folder, outside);
      },
    ]),
  );

const bombs: Plants = Object.fromEntries(
  ['pixels that unpack to 2 GB', 'a header of 30000 x 30000', 'empty'].map((name) => [name, pngFiles[name]]),
);

/** Every hostile data set, by name. */
export const hostileSets: Spoils = {
  ...at('classes.json', jsonFiles),
  ...at('classes.json', specialFiles),
  'classes.json: a link in its place that stays inside': (folder) => {
    writeFileSync(path.join(folder, 'other.json'), '[]');
    symlinkSync('other.json', path.join(folder, 'classes.json'));
  },
  ...at('.encnet', folderPlants),
  ...Object.fromEntries(
    ['runs', 'predictions', 'journal', 'revisions', 'originals'].flatMap((name) => Object.entries(at(`.encnet/${name}`, folderPlants))),
  ),
  ...at('.encnet/revisions/ab', { 'a link out': linkTo }),
  ...Object.fromEntries(
    ['history.db', 'history.db-wal', 'history.db-shm', 'lease.db'].flatMap((name) =>
      Object.entries(at(`.encnet/${name}`, { ...specialFiles, 'zero bytes': jsonFiles['zero bytes'], 'a text': text('x'.repeat(5000)) })),
    ),
  ),
  ...schemaSpoils,
  ...rewrittenSchemas,
  ...rowSpoils,
  ...at(`.encnet/journal/${journalName('train/train-0')}`, journals, 'journal'),
  ...inRun('last.ckpt', checkpoints),
  ...inRun('samples.json', { ...jsonFiles, 'a pipe': specialFiles['a pipe'], 'a link out': specialFiles['a link out'] }),
  ...inRun('strip/strip.json', { ...jsonFiles, 'a pipe': specialFiles['a pipe'] }),
  ...inRun('strip/0.png', { ...bombs, 'a pipe': specialFiles['a pipe'], 'a link out': specialFiles['a link out'] }),
  ...inRun('.lease', { 'a pipe': specialFiles['a pipe'], 'a link out': specialFiles['a link out'], 'a text': text('x'.repeat(5000)) }),
  ...inRun('masks', { 'a link out': linkTo }),
  ...inRun('tensorboard', { 'a link out': linkTo }),
  'train: a link out': (folder, outside) => {
    rmSync(path.join(folder, 'train'), { recursive: true });
    symlinkSync(outside, path.join(folder, 'train'));
  },
  'trainannot: a link out': (folder, outside) => {
    rmSync(path.join(folder, 'trainannot'), { recursive: true });
    symlinkSync(outside, path.join(folder, 'trainannot'));
  },
  'names: what no person types': (folder) => {
    const names = [
      'a\nb',
      '\u202egnp.x',
      '-rf',
      '--data',
      '<img src=x onerror=alert(1)>',
      '%2e%2e%2fx',
      'x'.repeat(240),
      '\u0001',
      'a\'b"c;d',
      '…',
    ];
    for (const name of names) writeFileSync(path.join(folder, 'train', `${name}.png`), png(pngHeader(), pngChunk('IDAT', Buffer.alloc(0))));
  },
};
