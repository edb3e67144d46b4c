import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { z } from 'zod';
import { printable } from '#shared/printable';
import { identityOf, refuseSpecialDatabase } from './file-identity.ts';
import { assertWhole, distrust, schemaOf, type Schema } from './sqlite-guard.ts';
import { localTime } from '#shared/local-time';
import { livenessOf, ownIdentity, type ProcessIdentity } from './process-identity.ts';

/** Who holds a lease. */
export interface LeaseHolder extends ProcessIdentity {
  /** Names this holding, never used again. */
  token: string;
  /** What it is, in words: "desktop workbench", "trainer". */
  program: string;
  /** When it took the lease, as ISO text. */
  since: string;
}

const word = z.string().max(200);
const rowSchema = z.object({
  token: word,
  program: word,
  since: word,
  host: word,
  pid: z.int().positive(),
  started: word.nullable(),
  boot: word.nullable(),
  space: word.nullable(),
  beat: z.int(),
  beat_at: z.number(),
  request: z.string().max(1000).nullable(),
});
type Row = z.infer<typeof rowSchema>;

export interface LeaseOptions {
  /** What the holder is, in words. */
  program: string;
  /** How long a holder that cannot be asked for (another machine) may be silent. */
  staleMs?: number;
}

const beatMs = 2000;
const settleMs = 250;
const usualStaleMs = 30_000;
const otherBootMs = 5000;
const longestAheadMs = 26 * 3_600_000;

const schema = `CREATE TABLE IF NOT EXISTS lease (
  id INTEGER PRIMARY KEY CHECK (id = 1), token TEXT NOT NULL, program TEXT NOT NULL, since TEXT NOT NULL,
  host TEXT NOT NULL, pid INTEGER NOT NULL,
  started TEXT, boot TEXT, space TEXT, beat INTEGER NOT NULL, beat_at REAL NOT NULL, request TEXT) STRICT`;

/** What SQLite says of a file that is none of its own, or is damaged. */
const broken = new Set(['SQLITE_NOTADB', 'SQLITE_CORRUPT', 'corrupt-file']);

const isBroken = (error: unknown): boolean => broken.has((error as { code?: string }).code ?? '');

let made: Schema | null = null;
/** Found out when it is first asked for: not everybody who imports this opens a lease. */
const ownSchema = (): Schema => (made ??= schemaOf((db) => void db.exec(schema)));

/**
 * SQLite does the locking: comparing and setting a row in a transaction is atomic for every process that can open the file, on
 * network folders too. A file of its own, so that no heartbeat waits for the history and no migration is needed to ask.
 * @param work what is done with it first; where the file is broken it is set aside and this is done with a new one
 * @throws AppError 'forbidden' if it is a link
 */
function withLeaseFile<T>(file: string, work: (db: Database.Database) => T): { db: Database.Database; value: T } {
  mkdirSync(path.dirname(file), { recursive: true });
  refuseSpecialDatabase(file);
  try {
    return tryWith(file, work);
  } catch (error) {
    if (!isBroken(error)) throw error;
    // What cannot be read holds no lease; it is kept beside, with what SQLite kept beside it.
    for (const suffix of ['', '-journal']) if (existsSync(`${file}${suffix}`)) renameSync(`${file}${suffix}`, `${file}.broken${suffix}`);
    return tryWith(file, work);
  }
}

function tryWith<T>(file: string, work: (db: Database.Database) => T): { db: Database.Database; value: T } {
  const db = openWith(file);
  try {
    return { db, value: work(db) };
  } catch (error) {
    db.close();
    throw error;
  }
}

function openWith(file: string): Database.Database {
  const db = new Database(file, { timeout: 1000 });
  try {
    // A lease need not survive a power cut: the machine's start is part of its owner.
    db.pragma('synchronous = OFF');
    distrust(db, file, ownSchema());
    db.exec(schema);
    assertWhole(db, file, ownSchema());
  } catch (error) {
    db.close();
    throw error;
  }
  return db;
}

const newHolder = (program: string): LeaseHolder => ({
  ...ownIdentity(),
  token: randomUUID(),
  program,
  since: new Date().toISOString(),
});

function toHolder({ token, program, since, host, pid, started, boot, space }: Row): LeaseHolder {
  return { token, program, since, host, pid, started, boot, space };
}

/** The row as it is; one that no process of ours has written holds nothing. */
const read = (db: Database.Database): Row | undefined => rowSchema.safeParse(db.prepare('SELECT * FROM lease WHERE id = 1').get()).data;

/** Tokens of the leases that this process holds: a row of its own with another one was let go of, and could not be taken away. */
const heldHere = new Set<string>();

const isLeftHere = ({ token, pid }: Row): boolean => pid === process.pid && !heldHere.has(token);

/** Whether a beat is of a moment ago. Clocks differ by hours, time zones set wrong, and no further: a beat beyond was never made. */
function isFresh({ beat_at: at }: Row, staleMs: number): boolean {
  const age = Date.now() - at;
  return age < staleMs && age > -longestAheadMs;
}

/** A holder of before a start of this machine: gone, or at a copy of the machine, with all its names. Its heart tells, and no clock. */
const isOfOtherBoot = ({ boot }: Row): boolean => boot !== null && boot !== ownIdentity().boot;

function isLive(row: Row, staleMs: number): boolean {
  const liveness = livenessOf(row);
  if (liveness === 'alive' && isLeftHere(row)) return false;
  const isUnsure = liveness === 'unknown' || (liveness === 'gone' && isOfOtherBoot(row));
  return isUnsure ? isFresh(row, staleMs) : liveness === 'alive';
}

/** How long a holder's heart is waited for before its lease is taken; 0 where that is not asked. */
function watchOf(row: Row, staleMs: number): number {
  const liveness = livenessOf(row);
  // By the clock it may be there or not, and the clock may be wrong: what was before a start of this machine is hardly ever there.
  if (liveness === 'gone' && isOfOtherBoot(row)) return Math.min(otherBootMs, staleMs / 6);
  return liveness === 'unknown' && !isLive(row, staleMs) ? staleMs / 6 : 0;
}

/** Whether a holder that cannot be asked for still renews its lease: its clock may be another than ours. */
async function beats(db: Database.Database, { token, beat }: Row, watchMs: number): Promise<boolean> {
  for (const until = performance.now() + watchMs; performance.now() < until;) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    const row = read(db);
    if (row?.token !== token) return false;
    if (row.beat !== beat) return true;
  }
  return false;
}

function write(db: Database.Database, holder: LeaseHolder): void {
  db.prepare(
    `INSERT OR REPLACE INTO lease (id, token, program, since, host, pid, started, boot, space, beat, beat_at, request)
     VALUES (1, @token, @program, @since, @host, @pid, @started, @boot, @space, 0, @now, NULL)`,
  ).run({ ...holder, now: Date.now() });
}

/**
 * Who holds the lease of a file now; null if nobody living does. Changes nothing.
 * @throws what SQLite says where it cannot be told, as of a file that is locked: nobody may take that for a free one
 */
export function leaseHolder(file: string, staleMs = usualStaleMs): LeaseHolder | null {
  if (!existsSync(file)) return null;
  try {
    return holderIn(file, staleMs, true);
  } catch (error) {
    // A file without our table, or of other bytes, holds no lease.
    if (isBroken(error) || (error as { code?: string }).code === 'SQLITE_ERROR') return null;
    // A process that was killed within a beat has left something to put right, which reading alone cannot do.
    return holderIn(file, staleMs, false);
  }
}

function holderIn(file: string, staleMs: number, readonly: boolean): LeaseHolder | null {
  refuseSpecialDatabase(file);
  const db = new Database(file, { readonly, fileMustExist: true, timeout: 1000 });
  try {
    distrust(db, file, ownSchema());
    const row = read(db);
    return row && isLive(row, staleMs) ? toHolder(row) : null;
  } finally {
    db.close();
  }
}

/**
 * The right of one process to write a folder. It is renewed by a heartbeat while it is held, given up by `release`, and lost for
 * good when another takes it over, which `onLost` tells. Whoever takes a lease releases it.
 */
export class Lease {
  readonly holder: LeaseHolder;
  private readonly file: string;
  private readonly identity: string | null;
  private readonly db: Database.Database;
  private readonly timer: NodeJS.Timeout;
  private readonly lost = new Set<(by: LeaseHolder | null) => void>();
  private readonly asked = new Set<(by: string) => void>();
  private state: 'held' | 'lost' | 'released' = 'held';
  private answered: string | null = null;

  private constructor(file: string, db: Database.Database, holder: LeaseHolder) {
    this.file = file;
    this.identity = identityOf(file);
    this.db = db;
    this.holder = holder;
    heldHere.add(holder.token);
    this.timer = setInterval(() => this.beat(), beatMs);
    this.timer.unref();
  }

  /**
   * Takes a lease, also over from an owner that is gone. One of another machine that seems to be gone by our clock is watched first.
   * @returns the lease, or who holds it
   * @throws AppError 'forbidden' if the file is a link
   */
  static async take(file: string, { program, staleMs = usualStaleMs }: LeaseOptions): Promise<Lease | LeaseHolder> {
    const { db, value: found } = withLeaseFile(file, read);
    try {
      const watch = found ? watchOf(found, staleMs) : 0;
      if (found && watch > 0 && (await beats(db, found, watch))) return closing(db, toHolder(found));
      // One whose heart stood still is gone, whatever its last beat's time.
      const isGone = ({ token }: Row) => watch > 0 && token === found?.token;
      const holder = newHolder(program);
      const other = db
        .transaction((): LeaseHolder | null => {
          const row = read(db);
          if (row && !isGone(row) && isLive(row, staleMs)) return toHolder(row);
          write(db, holder);
          return null;
        })
        .immediate();
      return other ? closing(db, other) : new Lease(file, db, holder);
    } catch (error) {
      db.close();
      throw error;
    }
  }

  /**
   * Takes a lease from a living holder, because a person has chosen so. It is asked first, so that it can finish what it has
   * in hand; one that does not answer within `patienceMs` loses it all the same.
   */
  static async takeOver(file: string, { program, patienceMs = 8000 }: LeaseOptions & { patienceMs?: number }): Promise<Lease> {
    const holder = newHolder(program);
    const request = `${program} on ${holder.host} (process ${holder.pid})`;
    const { db } = withLeaseFile(file, (asked) => asked.prepare('UPDATE lease SET request = ? WHERE id = 1').run(request));
    try {
      const until = performance.now() + patienceMs;
      for (let row = read(db); row && isLive(row, usualStaleMs) && performance.now() < until; row = read(db)) {
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      db.transaction(() => write(db, holder)).immediate();
      // Whoever had it looks before every write: what it had begun by now is done with this.
      await new Promise((resolve) => setTimeout(resolve, settleMs));
      return new Lease(file, db, holder);
    } catch (error) {
      db.close();
      throw error;
    }
  }

  get held(): boolean {
    return this.state === 'held';
  }

  /** Calls back once, when another has taken the lease over. */
  onLost(listener: (by: LeaseHolder | null) => void): () => void {
    this.lost.add(listener);
    return () => this.lost.delete(listener);
  }

  /** Calls back when another asks for the lease: finish what is in hand, then `release`. */
  onAsked(listener: (by: string) => void): () => void {
    this.asked.add(listener);
    return () => this.asked.delete(listener);
  }

  /** Whether it is still ours, asked anew: to be called before every write, since a process may have been stopped for any time. */
  check(): boolean {
    if (this.state !== 'held') return false;
    try {
      const row = this.isReplaced() ? undefined : read(this.db);
      if (row?.token !== this.holder.token) this.lose(row);
    } catch (error) {
      // A busy file is no loss: the next look tells.
      if (isBroken(error)) this.lose(undefined);
    }
    return this.held;
  }

  private beat(): void {
    if (this.state !== 'held') return;
    let row: Row | undefined;
    try {
      if (this.isReplaced()) return this.lose(undefined);
      const renew = 'UPDATE lease SET beat = beat + 1, beat_at = ? WHERE id = 1 AND token = ?';
      this.db.prepare(renew).run(Date.now(), this.holder.token);
      row = read(this.db);
    } catch (error) {
      // A full or busy disk is no loss: this process still lives, and says so when it can.
      if (isBroken(error)) this.lose(undefined);
      return;
    }
    if (row?.token !== this.holder.token) return this.lose(row);
    if (!row.request || row.request === this.answered) return;
    this.answered = row.request;
    for (const listener of this.asked) listener(row.request);
  }

  /** Whether another file is in its place: it was removed or set aside, and somebody has taken a lease of their own since. */
  private isReplaced(): boolean {
    const now = identityOf(this.file);
    return now !== null && now !== this.identity;
  }

  private lose(to: Row | undefined): void {
    this.end('lost');
    for (const listener of this.lost) listener(to ? toHolder(to) : null);
  }

  private end(state: 'lost' | 'released'): void {
    this.state = state;
    heldHere.delete(this.holder.token);
    clearInterval(this.timer);
    this.db.close();
  }

  /** Gives the lease up. Never throws, and may be called again. */
  release(): void {
    if (this.state !== 'held') return;
    try {
      this.db.prepare('DELETE FROM lease WHERE id = 1 AND token = ?').run(this.holder.token);
    } catch {
      // It ends with this process at the latest: whoever comes next sees that its owner is gone.
    }
    this.end('released');
  }
}

function closing<T>(db: Database.Database, value: T): T {
  db.close();
  return value;
}

/** A holder in words: "another desktop workbench on host kermit (process 4711), since 14:03". */
export function holderText({ program, host, pid, since }: LeaseHolder): string {
  const at = localTime(since);
  return printable(`${program} on ${host} (process ${pid})${at && `, since ${at}`}`);
}
