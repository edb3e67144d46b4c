// One process writes a folder at a time: the lease, against real processes that live, die and hang.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, expect, test } from 'vitest';
import { Lease, leaseHolder, type LeaseHolder } from '#files/lease';
import { livenessOf, ownIdentity, startOf } from '#files/process-identity';
import { temporaryFolder } from '../helpers/dataset.ts';
import { root } from '../helpers/workbench.ts';

const children: ChildProcess[] = [];
const leases: Lease[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const lease of leases.splice(0)) lease.release();
});

const newFile = () => path.join(temporaryFolder(), 'work/lease.db');

async function take(file: string): Promise<Lease> {
  const taken = await Lease.take(file, { program: 'a test' });
  if (!(taken instanceof Lease)) throw new Error(`held by ${taken.pid}`);
  leases.push(taken);
  return taken;
}

/** Another process that holds the lease. @param answers whether it gives it up when asked */
async function otherHolder(file: string, answers = true): Promise<ChildProcess> {
  const script = `import { Lease } from ${JSON.stringify(path.join(root, 'src/files/lease.ts'))};
    const lease = await Lease.take(${JSON.stringify(file)}, { program: 'another workbench' });
    if (!(lease instanceof Lease)) { console.log('REFUSED'); process.exit(3); }
    if (${answers}) lease.onAsked(() => { lease.release(); console.log('GAVE'); });
    lease.onLost(() => console.log('LOST'));
    console.log('HELD');
    setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  await said(child, 'HELD');
  return child;
}

const said = (child: ChildProcess, word: string) =>
  new Promise<void>((resolve, reject) => {
    child.stdout!.on('data', (text: Buffer) => text.toString().includes(word) && resolve());
    child.once('exit', () => reject(new Error(`ended before it said ${word}`)));
  });

test('one holder at a time, and the next one after a release', async () => {
  const file = newFile();
  const first = await take(file);
  expect(await Lease.take(file, { program: 'second' })).toMatchObject({ pid: process.pid, program: 'a test', host: ownIdentity().host });
  first.release();
  first.release();
  expect(first.held).toBe(false);
  expect(leaseHolder(file)).toBeNull();
  expect((await take(file)).held).toBe(true);
});

test('one that could not be taken out of its file is in nobody’s way once this process has let go of it', async () => {
  const file = newFile();
  const first = await take(file);
  // A full disk takes no deletion either.
  (first as unknown as { db: Database.Database }).db.close();
  first.release();
  expect(leaseHolder(file)).toBeNull();
  expect((await take(file)).held).toBe(true);
});

test('who holds it is told, and asking changes nothing', async () => {
  const file = newFile();
  expect(leaseHolder(file)).toBeNull();
  expect(existsSync(file)).toBe(false);
  const lease = await take(file);
  expect(leaseHolder(file)).toEqual(lease.holder);
});

test('the lease of a process that was killed is taken over at once', async () => {
  const file = newFile();
  const child = await otherHolder(file);
  expect(await Lease.take(file, { program: 'mine' })).toMatchObject({ pid: child.pid, program: 'another workbench' });
  child.kill('SIGKILL');
  await new Promise((resolve) => child.once('exit', resolve));
  expect((await take(file)).held).toBe(true);
});

test('a living holder is asked first and gives the lease up', async () => {
  const file = newFile();
  const child = await otherHolder(file);
  const gave = said(child, 'GAVE');
  const lease = await Lease.takeOver(file, { program: 'mine' });
  leases.push(lease);
  await gave;
  expect(leaseHolder(file)).toEqual(lease.holder);
});

test('a holder that hangs loses the lease, and knows it when it wakes', async () => {
  const file = newFile();
  const child = await otherHolder(file, false);
  child.kill('SIGSTOP');
  const lease = await Lease.takeOver(file, { program: 'mine', patienceMs: 300 });
  leases.push(lease);
  const lost = said(child, 'LOST');
  child.kill('SIGCONT');
  await lost;
  expect(lease.check()).toBe(true);
});

test('the loser is told by whom', async () => {
  const file = newFile();
  const first = await take(file);
  const lost = new Promise<LeaseHolder | null>((resolve) => first.onLost(resolve));
  const second = await Lease.takeOver(file, { program: 'the taker', patienceMs: 0 });
  leases.push(second);
  expect(await lost).toMatchObject({ program: 'the taker' });
  expect(first.check()).toBe(false);
});

test('a number that was given again is not its former owner', () => {
  const self = ownIdentity();
  expect(livenessOf(self)).toBe('alive');
  expect(livenessOf({ ...self, started: '1' })).toBe('gone');
  // A machine that is known by its name alone may be another one of that name.
  const isKnown = process.platform === 'linux' && existsSync('/etc/machine-id');
  expect(livenessOf({ ...self, boot: 'an earlier boot' })).toBe(isKnown ? 'gone' : 'unknown');
  expect(livenessOf({ ...self, boot: 'its own', space: `${self.space} of a twin` })).toBe('unknown');
  expect(livenessOf({ ...self, host: 'elsewhere' })).toBe('unknown');
  expect(startOf(process.pid)).toBe(self.started);
  expect(startOf(2 ** 22 + 1)).toBeNull();
});

test('a holder of another machine counts as gone only when it has been silent long enough', async () => {
  const file = newFile();
  (await take(file)).release();
  const db = new Database(file);
  const insert = db.prepare(
    `INSERT OR REPLACE INTO lease VALUES (1, 't', 'workbench', '2026-01-01', 'elsewhere', 1, 's', 'b', 'p', 0, ?, NULL)`,
  );
  insert.run(Date.now() - 10_000);
  expect(await Lease.take(file, { program: 'mine' })).toMatchObject({ host: 'elsewhere' });
  insert.run(Date.now() - 60_000);
  db.close();
  expect((await take(file)).held).toBe(true);
});

test.skipIf(process.platform !== 'linux' || !existsSync('/etc/machine-id'))(
  'a holder of before a start of this machine may be a copy of it: its heart tells, whatever the clocks say',
  async () => {
    const file = newFile();
    (await take(file)).release();
    const { host, space } = ownIdentity();
    const db = new Database(file);
    const insert = db.prepare(
      `INSERT OR REPLACE INTO lease VALUES (1, 't', 'workbench', '2026-01-01', ?, 1, 's', 'an earlier boot', ?, 0, ?, NULL)`,
    );
    insert.run(host, space, Date.now() - 3_600_000);
    const beating = setInterval(() => db.prepare('UPDATE lease SET beat = beat + 1, beat_at = ?').run(Date.now()), 500);
    try {
      expect(await Lease.take(file, { program: 'mine' })).toMatchObject({ boot: 'an earlier boot' });
      expect(leaseHolder(file)).toMatchObject({ boot: 'an earlier boot' });
    } finally {
      clearInterval(beating);
    }
    insert.run(host, space, Date.now() + 3_600_000);
    db.close();
    expect((await take(file)).held).toBe(true);
  },
);

test('a holder of another machine whose clock is wrong is seen by its heart, not by its clock', async () => {
  const file = newFile();
  (await take(file)).release();
  const db = new Database(file);
  db.prepare(`INSERT INTO lease VALUES (1, 't', 'workbench', '2026-01-01', 'elsewhere', 1, 's', 'b', 'p', 7, 0, NULL)`).run();
  const beating = setInterval(() => db.prepare('UPDATE lease SET beat = beat + 1, beat_at = beat_at + 2000').run(), 500);
  try {
    expect(await Lease.take(file, { program: 'mine' })).toMatchObject({ host: 'elsewhere' });
  } finally {
    clearInterval(beating);
    db.close();
  }
});

test('a process that cannot be told from a later one of its number counts by its heart alone', () => {
  const self = ownIdentity();
  const child = { ...self, pid: process.ppid };
  expect(livenessOf({ ...child, started: startOf(process.ppid) })).toBe('alive');
  expect(livenessOf({ ...child, started: null })).toBe('unknown');
});

test('a loser that was stopped while it lost the lease knows it before its next write', async () => {
  const file = newFile();
  const first = await take(file);
  leases.push(await Lease.takeOver(file, { program: 'the taker', patienceMs: 0 }));
  expect(first.check()).toBe(false);
});

test('a damaged file holds no lease: it is set aside by taking and by taking over', async () => {
  const ways = [
    (file: string) => Lease.take(file, { program: 'mine' }),
    (file: string) => Lease.takeOver(file, { program: 'mine', patienceMs: 0 }),
  ];
  for (const way of ways) {
    const file = newFile();
    const first = await Lease.take(file, { program: 'mine' });
    (first as Lease).release();
    const bytes = readFileSync(file);
    // Behind the header: SQLite opens it and fails on its pages.
    bytes.fill(0x5a, 100);
    writeFileSync(file, bytes);
    const lease = (await way(file)) as Lease;
    leases.push(lease);
    expect(lease.check()).toBe(true);
    expect(existsSync(`${file}.broken`)).toBe(true);
  }
});

test('a link is not followed', async () => {
  const file = newFile();
  const outside = path.join(temporaryFolder(), 'outside.db');
  mkdirSync(path.dirname(file), { recursive: true });
  symlinkSync(outside, file);
  await expect(Lease.take(file, { program: 'mine' })).rejects.toThrow('is a link');
  expect(existsSync(outside)).toBe(false);
});

test('a file that is no lease is set aside, not overwritten', async () => {
  const file = newFile();
  (await take(file)).release();
  writeFileSync(file, 'somebody else wrote this, and it is no database at all '.repeat(30));
  expect(leaseHolder(file)).toBeNull();
  expect((await take(file)).held).toBe(true);
  expect(existsSync(`${file}.broken`)).toBe(true);
});

test.each(['removed', 'damaged'])('a lease whose file is %s is lost: whoever takes the next one is the only one', async (how) => {
  const file = newFile();
  const first = await take(file);
  if (how === 'removed') rmSync(file);
  else writeFileSync(file, 'x'.repeat(8192));
  const second = await take(file);
  expect(second.check()).toBe(true);
  expect(first.check()).toBe(false);
});

test('a lease that cannot be read now is never taken for a free one', async () => {
  const file = newFile();
  const lease = await take(file);
  const other = new Database(file);
  other.exec('BEGIN EXCLUSIVE');
  try {
    expect(() => leaseHolder(file)).toThrow(/locked/);
  } finally {
    other.exec('ROLLBACK');
    other.close();
  }
  expect(leaseHolder(file)).toEqual(lease.holder);
});

test('holders that are killed at any moment leave a lease that can be read and taken', async () => {
  const file = newFile();
  const script = `import Database from 'better-sqlite3';
    import { Lease } from ${JSON.stringify(path.join(root, 'src/files/lease.ts'))};
    await Lease.take(${JSON.stringify(file)}, { program: 'one that dies' });
    const db = new Database(${JSON.stringify(file)});
    console.log('HELD');
    for (;;) db.prepare('UPDATE lease SET beat = beat + 1').run();`;
  for (let kill = 0; kill < 8; kill++) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
    await said(child, 'HELD');
    await new Promise((resolve) => setTimeout(resolve, 3 + kill));
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    expect(leaseHolder(file)).toBeNull();
  }
  expect((await take(file)).held).toBe(true);
  expect(existsSync(`${file}.broken`)).toBe(false);
});
