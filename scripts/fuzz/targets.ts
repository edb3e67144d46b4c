// Every reader of what comes from outside, with real files to begin with, and the rule that all of them keep: a file is read, or refused
// with an AppError in words; nothing else is thrown.
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import { decode, encode } from '@msgpack/msgpack';
import sharp from 'sharp';
import { readCheckpointHeader } from '../../src/files/checkpoint-header.ts';
import { readJsonFile } from '../../src/files/json-file.ts';
import { decodeStoredMask, encodeIds } from '../../src/files/mask-png.ts';
import { encodeStoredMask } from '../../src/files/mask-writing.ts';
import type { MaskFormat } from '../../src/shared/classes/class-info.ts';
import { withPicture } from '../../src/files/picture.ts';
import { readRunSamples } from '../../src/files/run-folder.ts';
import { openDatabase } from '../../src/main/services/database.ts';
import { readClassFile } from '../../src/main/services/class-sets/class-files.ts';
import { builtInClassSet, classSetFrom } from '../../src/main/services/class-sets/class-set.ts';
import { WorkFolder } from '../../src/main/services/datasets/work-folder.ts';
import { holdsMore, readFrames } from '../../src/main/services/edits/journal-file.ts';
import { tell } from '../../src/main/services/edits/journal-reading.ts';
import { encodeRecord } from '../../src/main/services/edits/journal-record.ts';
import { PredictionStore } from '../../src/main/services/review/prediction-store.ts';
import { RunStore } from '../../src/main/services/runs/run-store.ts';
import { stripSchema } from '../../src/main/services/runs/run-service.ts';
import { QueueStore } from '../../src/main/services/training/queue-store.ts';
import { readRawWeights } from '../../src/ml/weights/read-weights.ts';
import { writeCheckpoint } from '../../src/ml/weights/checkpoint.ts';
import { AppError } from '../../src/shared/errors.ts';
import { assertShallow } from '../../src/shared/rpc/assert-shallow.ts';
import { createDispatcher, type ServiceTable } from '../../src/shared/rpc/dispatcher.ts';
import { isCall } from '../../src/shared/rpc/frames.ts';
import { dataSetTargets } from './data-set-targets.ts';
import * as grammar from './grammar.ts';
import type { Target } from './target.ts';
import { findPreset, parseRecipe } from '../../src/shared/training/presets.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'encnet-fuzz-'));
const root = path.resolve(import.meta.dirname, '../..');
const weights = path.join(root, 'test/golden/weights');
const filesIn = (at: string, pattern: RegExp): Buffer[] =>
  readdirSync(at)
    .filter((name) => pattern.test(name))
    .map((name) => readFileSync(path.join(at, name)));

/** A reader that takes a file's name. */
const asFile =
  (name: string, read: (file: string) => void | Promise<void>) =>
  (bytes: Buffer): void | Promise<void> => {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, bytes);
    return read(file);
  };

/** What a caller turns into words by itself. */
function wording(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (error instanceof Error && error.constructor === Error) throw new AppError('corrupt-file', error.message);
    throw error;
  }
}

function repairPng(bytes: Buffer): Buffer {
  const repaired = Buffer.from(bytes);
  for (let at = 8; at + 12 <= repaired.length;) {
    const end = at + 12 + repaired.readUInt32BE(at);
    if (end > repaired.length) break;
    repaired.writeUInt32BE(crc32(repaired.subarray(at + 4, end - 4)), end - 4);
    at = end;
  }
  return repaired;
}

function repairJournal(bytes: Buffer): Buffer {
  const repaired = Buffer.from(bytes);
  for (let at = 8; at + 8 <= repaired.length;) {
    const end = at + 8 + repaired.readUInt32LE(at);
    if (end > repaired.length) break;
    repaired.writeUInt32LE(crc32(repaired.subarray(at + 8, end)), at + 4);
    at = end;
  }
  return repaired;
}

/** The length before a safetensors header, as that header is now. */
function repairHeader(bytes: Buffer): Buffer {
  const end = bytes.indexOf('}}', 8);
  if (end < 0 || bytes.length < 8) return bytes;
  const repaired = Buffer.from(bytes);
  repaired.writeBigUInt64LE(BigInt(end + 2 - 8), 0);
  return repaired;
}

const { config } = findPreset('tiny');
const classes = [0, 1, 2].map((id) => ({ id, value: id, name: `class ${id}`, color: [id, 0, 0] as [number, number, number] }));
const size = { width: 16, height: 12 };

const byColour: MaskFormat = {
  toId: Array.from({ length: 256 }, (_, code) => (code < 3 ? code : -1)),
  voidValue: 3,
  by: 'colour',
  colours: [...classes.map(({ color }) => color), [0, 0, 0]],
};

function pngSeeds(): Buffer[] {
  const ids = Uint8Array.from({ length: size.width * size.height }, (_, at) => at % 3);
  const palette = classes.map(({ color }) => color);
  const own = Buffer.from(encodeIds({ ...size, ids }, palette));
  // Sub-byte, interlaced, and with a packed profile.
  const header = (depth: number, colour: number, interlaced: number) =>
    Buffer.from([0, 0, 0, 16, 0, 0, 0, 12, depth, colour, 0, 0, interlaced]);
  const chunk = (type: string, data: Buffer) => {
    const bytes = Buffer.concat([Buffer.alloc(4), Buffer.from(type), data, Buffer.alloc(4)]);
    bytes.writeUInt32BE(data.length, 0);
    return bytes;
  };
  const file = (...chunks: Buffer[]) => repairPng(Buffer.concat([own.subarray(0, 8), ...chunks, chunk('IEND', Buffer.alloc(0))]));
  const profile = chunk('iCCP', Buffer.concat([Buffer.from('x\0\0'), deflateSync(Buffer.alloc(5000))]));
  return [
    own,
    file(chunk('IHDR', header(2, 0, 0)), chunk('IDAT', deflateSync(Buffer.alloc(12 * 5)))),
    file(chunk('IHDR', header(8, 0, 1)), profile, chunk('IDAT', deflateSync(Buffer.alloc(12 * 16 + 40)))),
    file(
      chunk('IHDR', header(1, 3, 0)),
      chunk('PLTE', Buffer.alloc(6)),
      chunk('tRNS', Buffer.alloc(2)),
      chunk('IDAT', deflateSync(Buffer.alloc(36))),
    ),
    // Grey of 16 bits, colours, and colours with alpha.
    file(chunk('IHDR', header(16, 0, 0)), chunk('IDAT', deflateSync(Buffer.alloc(12 * 33, 1)))),
    file(chunk('IHDR', header(8, 2, 0)), chunk('tEXt', Buffer.from('a\0b')), chunk('IDAT', deflateSync(Buffer.alloc(12 * 49, 2)))),
    file(chunk('IHDR', header(16, 6, 1)), chunk('IDAT', deflateSync(Buffer.alloc(12 * 16 * 8 + 31)))),
  ];
}

async function journalSeeds(): Promise<Buffer[]> {
  const step = (id: number) => ({
    kind: 'step' as const,
    session: 'a',
    step: { id, label: 'Brush', stroke: `s${id}`, left: 1, top: 1, width: 4, height: 2, changed: Uint8Array.of(0xff), ...sides },
  });
  const sides = { before: new Uint8Array(8), after: new Uint8Array(8).fill(2) };
  const records = [
    { kind: 'begin' as const, image: 'train/a', ...size, revision: 'abcdef0123456789', mark: 0 },
    step(1),
    { kind: 'saving' as const, revision: 'abcdef0123456780', mark: 1 },
    { kind: 'saved' as const, revision: 'abcdef0123456780', mark: 1 },
    step(2),
    { kind: 'undo' as const },
    { kind: 'redo' as const },
  ];
  const frames = await Promise.all(records.map(encodeRecord));
  const parts = frames.map((payload) => Buffer.concat([Buffer.from(Uint32Array.of(payload.length, crc32(payload)).buffer), payload]));
  return [Buffer.concat([Buffer.from('ENCJRNL1'), ...parts])];
}

function checkpointSeeds(): Buffer[] {
  const file = path.join(folder, 'seed.ckpt');
  const tensor = { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) };
  const state = {
    epoch: 1,
    step: 0,
    sums: { loss: 0, correct: 0, labelled: 0, steps: 0 },
    best: null,
    elapsedSeconds: 1,
    optimizerUpdates: 1,
    precision: 'float32' as const,
    history: [],
    offsets: null,
    originDue: null,
    guard: { smoothed: null, seen: 0 },
  };
  const model = new Map([['a.weight', tensor]]);
  writeCheckpoint(file, { config, classes, state, model, training: new Map(), optimizer: new Map() });
  return [readFileSync(file)];
}

/** A history of one run, one that waits, and one prediction, with a text put into one column of each. */
function historyWith(text: string): void {
  const db = openDatabase(':memory:');
  try {
    const work = new WorkFolder(path.join(folder, 'work'));
    const [runs, queue, predictions] = [new RunStore(db, work), new QueueStore(db), new PredictionStore(db, work)];
    const run = { name: 'a run', config, classes, codeVersion: '1', datasetFingerprint: 'f', samples: [] };
    runs.create({ ...run, id: 'one' });
    runs.create({ ...run, id: 'two' });
    queue.add([{ name: 'waits', config, startFrom: null, sweep: null }]);
    const protocol = { split: 'val', classes: 3, void: '', resolution: '', scales: [1], flip: false };
    const weights = { role: 'best', epoch: 1 } as const;
    const prediction = predictions.create({ runId: 'two', split: 'val', protocol, checkpointSha256: '', classes, classSet: '', weights });
    predictions.complete(prediction);
    for (const column of ['config', 'classes', 'tags', 'spark']) {
      db.prepare(`UPDATE run SET ${column} = ? WHERE id = 'one'`).run(text);
      if (!runs.list(true).some(({ id }) => id === 'two')) throw new Error('one row hides another');
    }
    db.prepare('UPDATE queued_run SET config = ?').run(text);
    const { waiting, broken } = queue.list();
    if (waiting.length + broken.length !== 1) throw new Error('a row of the line is lost');
    for (const column of ['protocol', 'classes']) {
      db.prepare(`UPDATE prediction SET ${column} = ?`).run(text);
      const found = predictions.list();
      if (found.predictions.length + found.broken.length !== 1) throw new Error('a prediction is lost');
    }
  } finally {
    db.close();
  }
}

const dispatch = createDispatcher(() => new Proxy({}, { get: () => new Proxy({}, { get: () => () => 7 }) }) as ServiceTable, {
  explain: (error) => error,
  report: (error) => {
    throw error;
  },
  logFile: null,
});

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

function databaseSeeds(): Buffer[] {
  const file = path.join(folder, 'seed.db');
  rmSync(file, { force: true });
  const db = openDatabase(file);
  const runs = new RunStore(db, new WorkFolder(path.join(folder, 'work')));
  runs.create({ id: 'one', name: 'a run', config, classes, codeVersion: '1', datasetFingerprint: 'f', samples: [] });
  db.pragma('journal_mode = DELETE');
  db.close();
  return [readFileSync(file)];
}

async function pictureSeeds(): Promise<Buffer[]> {
  const drawn = () => sharp({ create: { ...size, channels: 3, background: 'red' } });
  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="file:///etc/passwd"/></svg>');
  return [...(await Promise.all([drawn().png(), drawn().jpeg(), drawn().webp(), drawn().tiff()].map((each) => each.toBuffer()))), svg];
}

export const targets: readonly Target[] = [
  {
    name: 'mask',
    covers: ['src/files/mask-png', 'src/files/png', 'src/files/mask-legend'],
    seeds: pngSeeds,
    repair: repairPng,
    run: (bytes) => {
      const mask = decodeStoredMask(bytes, 'mask.png', byColour);
      encodeStoredMask(mask, mask.form);
      decodeStoredMask(bytes, 'mask.png');
    },
  },
  {
    name: 'picture',
    covers: ['src/files/picture'],
    seeds: pictureSeeds,
    repair: repairPng,
    run: asFile('picture.png', (file) => withPicture(file, (image) => image.raw().toBuffer()).then(() => undefined)),
  },
  {
    name: 'safetensors',
    grammar: grammar.safetensors,
    covers: ['src/ml/weights/safetensors', 'src/files/safetensors-header'],
    seeds: () => filesIn(weights, /safetensors$/),
    repair: repairHeader,
    run: asFile('weights.safetensors', (file) => void readRawWeights(file)),
  },
  {
    name: 'torch',
    grammar: grammar.pickle,
    covers: ['src/ml/weights/torch-file', 'src/ml/weights/pickle', 'src/ml/weights/read-weights'],
    seeds: () => filesIn(weights, /pth$/),
    run: asFile('weights.pth', (file) => void readRawWeights(file)),
  },
  {
    name: 'checkpoint',
    grammar: grammar.safetensors,
    covers: ['src/files/checkpoint', 'src/files/safetensors-header'],
    seeds: checkpointSeeds,
    repair: repairHeader,
    run: asFile('last.ckpt', (file) => void readCheckpointHeader(file)),
  },
  {
    name: 'class-set',
    grammar: grammar.json,
    covers: ['src/main/services/class-sets/class-set', 'src/main/services/class-sets/class-files', 'src/shared/json'],
    seeds: () => [
      json({
        name: 'own',
        voidValue: 255,
        classes: builtInClassSet('camvid-11').classes.map(({ id: value, name, color }) => ({ value, name, color })),
      }),
    ],
    run: asFile('set/classes.json', (file) => void classSetFrom(readClassFile(file), { by: 'value' }, file)),
  },
  {
    name: 'samples',
    grammar: grammar.json,
    covers: ['src/files/run-folder', 'src/files/json-file'],
    seeds: () => [json({ train: [{ id: 'train/a', revision: 'abcdef0123456789' }], validation: [] })],
    run: asFile('run/samples.json', (file) => void readRunSamples(path.dirname(file))),
  },
  {
    name: 'strip',
    grammar: grammar.json,
    covers: ['src/files/json-file', 'src/shared/json'],
    seeds: () => [json({ epoch: 2, images: [{ imageId: 'val/a', file: '0.png' }] })],
    run: asFile('strip.json', (file) => void readJsonFile(file, stripSchema, 'a strip')),
  },
  {
    name: 'journal',
    grammar: grammar.journal,
    covers: ['src/main/services/edits/journal-reading', 'src/main/services/edits/journal-record', 'src/main/services/edits/journal-file'],
    seeds: journalSeeds,
    repair: repairJournal,
    run: async (bytes) => {
      const { frames, rest } = readFrames(bytes);
      holdsMore(rest);
      await tell(frames, 'train/a', { width: 64, height: 48 });
    },
  },
  {
    name: 'frame',
    grammar: grammar.msgpack,
    covers: ['src/shared/rpc'],
    seeds: () =>
      [
        { kind: 'call', id: 1, method: 'app.ping', input: null },
        { kind: 'call', id: 2, method: 'training.start', input: { config, name: 'x', startFrom: null }, dataset: 'abc' },
        {
          kind: 'call',
          id: 3,
          method: 'edits.stroke',
          input: {
            imageId: 'a',
            stroke: 's',
            label: 'Brush',
            patch: { left: 0, top: 0, width: 1, height: 1, changed: Uint8Array.of(1), values: Uint8Array.of(1) },
          },
        },
      ].map((frame) => Buffer.from(encode(frame))),
    run: async (bytes) => {
      let frame: unknown = null;
      wording(() => {
        assertShallow(bytes);
        try {
          frame = decode(bytes);
        } catch {
          // A socket answers what cannot be decoded with its close.
        }
      });
      if (isCall(frame)) await dispatch(frame);
    },
  },
  {
    name: 'recipe',
    grammar: grammar.json,
    covers: ['src/shared/training', 'src/shared/json'],
    seeds: () => ['tiny', 'light', 'reference', 'paper'].map((name) => json(findPreset(name).config)),
    run: (bytes) => void parseRecipe(bytes.toString('utf8')),
  },
  {
    name: 'rows',
    grammar: grammar.json,
    covers: ['src/main/services/runs/run-store', 'src/main/services/training/queue-store', 'src/main/services/review/prediction-store'],
    seeds: () => [json(config), json(classes), json(['tag']), json([0.1, 0.2])],
    run: (bytes) => historyWith(bytes.toString('utf8')),
  },
  {
    name: 'history',
    covers: ['src/main/services/database', 'src/files/sqlite-guard'],
    seeds: databaseSeeds,
    run: asFile('history/history.db', (file) => {
      const db = openDatabase(file);
      try {
        new RunStore(db, new WorkFolder(path.dirname(file))).list(true);
        new QueueStore(db).list();
      } catch (error) {
        // A store hands SQLite's own words on: the dispatcher turns them into a person's.
        if (!(error as { code?: string }).code?.startsWith('SQLITE_')) throw error;
      } finally {
        db.close();
      }
    }),
  },
  ...dataSetTargets(folder),
];
