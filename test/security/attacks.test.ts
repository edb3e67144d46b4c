// What an attacker found: each of these once ended the workbench, filled its memory, wrote outside, or hid the rest.
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { leaseHolder, Lease } from '#files/lease';
import type { ImageEntry } from '#shared/contract/datasets';
import type { QueueState } from '#shared/contract/training';
import type { RunSummary } from '#shared/contract/runs';
import { printable } from '#shared/printable';
import { openDatabase } from '#services/database';
import { journalName } from '#services/edits/journals';
import { hostileSets } from '../../scripts/soak/hostile-sets.ts';
import { isId } from '#services/datasets/work-folder';
import { unescaped } from '#services/assets/static-files';
import { makeDataset, temporaryFolder } from '../helpers/dataset.ts';
import { box } from '../helpers/box-patch.ts';
import { collectGarbage } from '../helpers/collect-garbage.ts';
import { openMask, stroke } from '../helpers/edits.ts';
import { createBench, type TestBench } from '../helpers/services.ts';

const imageId = 'train/train-0';
let bench: TestBench;
let folder: string;

beforeEach(async () => {
  bench = createBench();
  folder = await makeDataset({ train: 2, val: 1 });
});

afterEach(() => bench.workbench.shutDown());

const open = () => bench.call('datasets.open', { path: folder });
const journal = () => path.join(folder, '.encnet/journal', journalName(imageId));
const plant = async (name: string, outside = temporaryFolder()) => {
  await hostileSets[name](folder, outside);
  return outside;
};

describe('a journal', () => {
  test('that is a hole of zeros is set aside at once, and once', async () => {
    mkdirSync(path.dirname(journal()), { recursive: true });
    writeFileSync(journal(), 'ENCJRNL1');
    truncateSync(journal(), 5_000_000);
    const asides = () => readdirSync(path.dirname(journal())).filter((name) => name.endsWith('.aside'));
    for (let start = 0; start < 3; start++) {
      await open();
      const begin = performance.now();
      expect((await openMask(bench, imageId)).notes[0]).toContain('is damaged');
      expect(performance.now() - begin).toBeLessThan(3000);
      await bench.workbench.shutDown();
      bench = createBench();
    }
    expect(asides()).toHaveLength(1);
  });

  test('under one more name is never written into', async () => {
    const outside = await plant('journal: another name of a file outside');
    await open();
    await openMask(bench, imageId);
    await stroke(bench, imageId, box(0, 0, 2, 2, 3));
    expect(readFileSync(path.join(outside, 'diary.txt'), 'utf8')).toBe('dear diary');
    expect(readFileSync(journal()).subarray(0, 8).toString()).toBe('ENCJRNL1');
  });

  test('that is ours and got one more name is not gone on with', async () => {
    await open();
    await stroke(bench, imageId, box(0, 0, 2, 2, 3));
    await bench.workbench.shutDown();
    linkSync(journal(), path.join(temporaryFolder(), 'other'));
    bench = createBench();
    await open();
    await openMask(bench, imageId);
    await expect(
      Promise.race([
        stroke(bench, imageId, box(4, 0, 2, 2, 3)),
        bench
          .until('edits.state', ({ problem }: { problem: unknown }) => problem !== null)
          .then(() => {
            throw new Error('told');
          }),
      ]),
    ).rejects.toThrow('told');
  });
});

test('a database under one more name is not opened: what it is would be changed there too', async () => {
  openDatabase(path.join(folder, '.encnet/history.db')).close();
  linkSync(path.join(folder, '.encnet/history.db'), path.join(temporaryFolder(), 'other.db'));
  await expect(open()).rejects.toMatchObject({
    code: 'forbidden',
    message: expect.stringContaining('has another name elsewhere') as unknown,
  });
});

test.each([
  [40_000, 40_000],
  [100_000, 100_000],
  [-5, 7],
  [2 ** 62, 1],
  [32, 24],
])('a size that a history tells of an image is not believed: %s x %s', async (width, height) => {
  await open();
  await bench.workbench.datasets.require().surveyed();
  await bench.workbench.shutDown();
  const db = new Database(path.join(folder, '.encnet/history.db'));
  db.pragma('ignore_check_constraints = ON');
  db.prepare('UPDATE image SET width = ?, height = ? WHERE id = ?').run(width, height, imageId);
  db.close();
  bench = createBench();
  await open();
  expect(await openMask(bench, imageId)).toMatchObject({ width: 64, height: 48 });
  expect((await bench.call<ImageEntry[]>('datasets.images')).find(({ id }) => id === imageId)).toMatchObject({ width: 64, height: 48 });
});

describe('a history', () => {
  test('of rows of other kinds shows what can be shown, exports it, and hides nothing else', async () => {
    await plant('rows of other kinds');
    await open();
    await bench.workbench.datasets.require().surveyed();
    const [run] = await bench.call<RunSummary[]>('runs.list', { withDeleted: true });
    expect(run).toMatchObject({ id: 'honest', broken: expect.stringContaining('damaged') as unknown });
    expect((await bench.call<QueueState>('training.queue')).broken).toHaveLength(1);
    expect(await bench.call('edits.revisions', { imageId })).toEqual([]);
    expect(await bench.call('work.all')).toEqual([]);
    for (const method of ['runs.get', 'training.log'])
      await bench.call(method, { runId: 'honest' }).catch((error: { code: string }) => expect(error.code).not.toBe('internal'));
    const { id } = await bench.call<{ id: string }>('datasets.current');
    for (const ext of ['csv', 'xlsx']) {
      const { status } = await bench.workbench.assets.handle(new Request(`http://h/asset/${id}/history/runs.${ext}`));
      expect(status).not.toBe(500);
    }
  });

  test.each([
    'run rows: many that hold much',
    'prediction rows: ids of 100 MB',
    'checkpoint rows: names of 100 MB',
    'mask rows: origins of 100 MB',
    'mask rows: 100 MB of what was done',
    'work on images: many others',
    'epochs: lists of 1 MB',
  ])(
    'is read within bounds: %s',
    async (name) => {
      await plant(name);
      const begin = performance.now();
      await open();
      const told = [
        bench.call('runs.list', { withDeleted: true }),
        bench.call('runs.get', { runId: 'honest' }),
        bench.call('edits.revisions', { imageId }),
        bench.call('work.all'),
      ];
      for (const result of await Promise.allSettled(told))
        if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'too-large' });
      expect(performance.now() - begin).toBeLessThan(10_000);
    },
    60_000,
  );
});

describe('a lease', () => {
  const leaseFile = () => path.join(folder, '.encnet/lease.db');
  const heldElsewhere = async (beatAt: number, since = 'now') => {
    mkdirSync(path.dirname(leaseFile()), { recursive: true });
    const lease = await Lease.take(leaseFile(), { program: 'x' });
    if (lease instanceof Lease) lease.release();
    const db = new Database(leaseFile());
    db.prepare("INSERT INTO lease VALUES (1, 't', 'evil\u001b[2K', ?, 'far', 7, NULL, 'boot', 'space', 1, ?, NULL)").run(since, beatAt);
    db.close();
  };

  test('whose last beat is far in the future holds nothing', async () => {
    await heldElsewhere(1e300);
    expect(leaseHolder(leaseFile())).toBe(null);
    expect(await open()).toMatchObject({ writable: true, heldBy: null });
  }, 20_000);

  test('of another machine is shown in plain words, also where that has written no history yet, and can be taken over', async () => {
    await heldElsewhere(Date.now() + 60_000);
    expect(await open()).toMatchObject({ writable: false, heldBy: 'evil\\x1b[2K on far (process 7)' });
    expect(existsSync(path.join(folder, '.encnet/history.db'))).toBe(false);
    expect(await bench.call('datasets.takeOver')).toMatchObject({ heldBy: null });
  }, 30_000);
});

test('no id of ours is one that a message cannot carry', () => {
  expect(isId('__proto__')).toBe(false);
  expect(isId('a__proto__')).toBe(true);
});

test('addresses with broken escapes, odd sizes and impossible paths are answered in words', async () => {
  await open();
  expect(unescaped('%0')).toBe(null);
  const { id } = await bench.call<{ id: string }>('datasets.current');
  const status = async (at: string) => (await bench.workbench.assets.handle(new Request(`http://h/asset/${id}/${at}`))).status;
  expect(await status('image/%ZZ')).toBe(404);
  expect(await status('thumb/train/train-0?size=16.5')).toBe(200);
  for (const bad of ['/\0', `/${'x'.repeat(5000)}`])
    await expect(bench.call('datasets.listFolders', { path: bad.slice(0, 4000) })).rejects.not.toMatchObject({ code: 'internal' });
});

test('what a window asks to be remembered never grows beyond what the next start reads', async () => {
  for (let n = 0; n < 200; n++) await bench.call('app.setUiState', { key: `k${n}`, value: 'x'.repeat(20_000) }).catch(() => undefined);
  const state = await bench.call<Record<string, string>>('app.uiState');
  expect(Object.keys(state).length).toBeLessThan(120);
  await expect(bench.call('app.setUiState', { key: 'more', value: 'x'.repeat(20_000) })).rejects.toMatchObject({ code: 'too-large' });
});

test('what a terminal would obey is shown instead', () => {
  expect(printable('a\u001b]0;owned\u0007b\nc')).toBe('a\\x1b]0;owned\\x07b\\x0ac');
  expect(printable('a\nb\u202ec', true)).toBe('a\nb\\x202ec');
});

test('large files and large masks take their turn, whatever is in them', async () => {
  const fat = path.join(folder, 'train/train-1.png');
  const picture = await sharp({ create: { width: 64, height: 48, channels: 3, background: 'red' } })
    .png()
    .toBuffer();
  const junk = Buffer.concat([Buffer.from([0, 0, 0, 0]), Buffer.from('juNk'), Buffer.alloc(30_000_000), Buffer.alloc(4)]);
  junk.writeUInt32BE(30_000_000, 0);
  writeFileSync(fat, Buffer.concat([picture.subarray(0, 33), junk, picture.subarray(33)]));
  const { mtimeMs } = statSync(fat);
  utimesSync(fat, mtimeMs / 1000, mtimeMs / 1000 + 5);
  await open();
  const { id } = await bench.call<{ id: string }>('datasets.current');
  // What is held counts, and not what nobody has collected yet.
  const held = () => {
    collectGarbage();
    return process.memoryUsage().arrayBuffers;
  };
  const before = held();
  const samples: number[] = [];
  const looking = setInterval(() => samples.push(held() - before), 25);
  const answers = await Promise.all(
    Array.from({ length: 6 }, (_, n) =>
      bench.workbench.assets.handle(new Request(`http://h/asset/${id}/thumb/train/train-1?size=${20 + n}`)),
    ),
  );
  clearInterval(looking);
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200]);
  const widths = await Promise.all(answers.map(async (answer) => (await sharp(Buffer.from(await answer.arrayBuffer())).metadata()).width));
  expect(widths).toEqual([20, 21, 22, 23, 24, 25]);
  expect(samples.length).toBeGreaterThan(0);
  expect(Math.max(...samples)).toBeLessThan(100e6);
});
