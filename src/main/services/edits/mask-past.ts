import { z } from 'zod';
import type { RevisionInfo } from '#shared/contract/edits';
import { nowText, type Db } from '../database.ts';
import type { Outbox } from '../jobs/outbox.ts';
import { boundedText, shortText, soundRows } from '../parsed-row.ts';

const columns = ['revision', 'created_at', 'origin', 'work'].map((column) => boundedText(column, shortText)).join(', ');
const rowSchema = z.object({ revision: z.string(), created_at: z.string(), origin: z.string(), work: z.string().nullable() });

/** Of what was done, so much is kept. */
const mostLabels = 12;

/** A mask that is kept, and how it came to be. */
export interface PastMask {
  imageId: string;
  revision: string;
  /** When; now where it is not said. */
  at?: string;
  /** `original` is what the file was before it was first changed here. */
  origin: string;
  /** What was done since the one before, as undo names it. */
  work?: readonly string[];
}

/** The masks that each image had, in the history of a data set. */
export class MaskPast {
  private readonly db: Db;
  private readonly outbox: Outbox;

  constructor(db: Db, outbox: Outbox) {
    [this.db, this.outbox] = [db, outbox];
  }

  /** Writes a mask into the history; where that takes nothing now, later. @param what it is, for the log */
  keep(what: string, { at = nowText(), ...mask }: PastMask): void {
    this.outbox.write(what, () => this.insert({ at, ...mask }));
  }

  /** A revision that comes again is as new as its last save; the original stays what it is. */
  private insert({ imageId, revision, at, origin, work = [] }: PastMask & { at: string }): void {
    const again =
      origin === 'original'
        ? 'NOTHING'
        : `UPDATE SET created_at = excluded.created_at, origin = excluded.origin, work = excluded.work WHERE origin != 'original'`;
    this.db
      .prepare(
        `INSERT INTO mask_revision (image_id, revision, created_at, origin, work) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (image_id, revision) DO ${again}`,
      )
      .run(imageId, revision, at, origin, work.slice(0, mostLabels).join('\n'));
  }

  /** The newest 1000, newest first, and whatever was there before anybody painted. @param current the revision that is its mask file now */
  of(imageId: string, current: string | null): RevisionInfo[] {
    const { db } = this;
    const found = db.prepare(`SELECT ${columns} FROM mask_revision WHERE image_id = ? ORDER BY created_at DESC, rowid DESC LIMIT 1000`);
    const newest = [...soundRows(found.iterate(imageId), rowSchema, 'masks of an image')];
    const first = db.prepare(
      `SELECT ${columns} FROM mask_revision WHERE image_id = ? AND origin = 'original' ORDER BY created_at DESC, rowid DESC LIMIT 100`,
    );
    const known = new Set(newest.map(({ revision }) => revision));
    const originals = [...soundRows(first.iterate(imageId), rowSchema, 'first masks of an image')];
    const rows = [...newest, ...originals.filter(({ revision }) => !known.has(revision))];
    const runs = db.prepare<[string, string], { name: string | null }>(
      `SELECT ${boundedText('r.name', shortText)} FROM run_mask m JOIN run r ON r.id = m.run_id
       WHERE m.image_id = ? AND m.revision = ? AND r.deleted_at IS NULL LIMIT 100`,
    );
    return rows.map(({ revision, created_at: createdAt, origin, work }) => ({
      revision,
      createdAt,
      origin,
      work: work ? work.split('\n') : [],
      runs: runs.all(imageId, revision).flatMap(({ name }) => name ?? []),
      current: revision === current,
    }));
  }
}
