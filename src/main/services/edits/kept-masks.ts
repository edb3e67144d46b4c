import { unlink } from 'node:fs/promises';
import path from 'node:path';
import { filesBelow, type FileBelow } from '#files/files-below';
import type { KeptMasksUse } from '#shared/contract/edits';
import type { Db } from '../database.ts';
import { boundedText, shortText } from '../parsed-row.ts';
import { revisionFile } from './revision-store.ts';

/** How many of an image's newest masks stay, whatever is freed. */
const newestKept = 10;
/** What is younger may be on its way into a mask file or a run. */
const graceMs = 3_600_000;

const needed = `
  SELECT revision FROM mask_revision WHERE origin = 'original'
  UNION SELECT revision FROM run_mask
  UNION SELECT revision FROM image WHERE revision IS NOT NULL
  UNION SELECT revision FROM (
    SELECT revision, row_number() OVER (PARTITION BY image_id ORDER BY created_at DESC, rowid DESC) AS place FROM mask_revision
  ) WHERE place <= ${newestKept}`;

interface KeptFile extends Omit<FileBelow, 'file'> {
  revision: string;
}

/** The room that kept masks take: originals, what runs saw, what is in the files now and the newest of each image always stay. */
export class KeptMasks {
  private readonly db: Db;
  private readonly store: string;

  /** @param store folder of revisions */
  constructor(db: Db, store: string) {
    this.db = db;
    this.store = store;
  }

  private async files(): Promise<KeptFile[]> {
    return (await filesBelow(this.store)).flatMap(({ file, ...found }) => {
      const [, revision] = /^([0-9a-f]{8,64})\.png$/.exec(path.basename(file)) ?? [];
      return revision && file === revisionFile(this.store, revision) ? [{ revision, ...found }] : [];
    });
  }

  private async sorted(): Promise<{ all: KeptFile[]; free: KeptFile[] }> {
    const all = await this.files();
    const stay = new Set(
      this.db
        .prepare<[], { revision: string | null }>(`SELECT ${boundedText('revision', shortText)} FROM (${needed})`)
        .all()
        .map(({ revision }) => revision),
    );
    const before = Date.now() - graceMs;
    return { all, free: all.filter(({ revision, writtenAt }) => !stay.has(revision) && writtenAt < before) };
  }

  /** What they take, and what of it can go. */
  async use(): Promise<KeptMasksUse> {
    const { all, free } = await this.sorted();
    const sum = (files: KeptFile[]) => files.reduce((total, { bytes }) => total + bytes, 0);
    return { masks: all.length, bytes: sum(all), freeableMasks: free.length, freeableBytes: sum(free) };
  }

  /** Removes what can go; it is then in no history. */
  async free(): Promise<KeptMasksUse> {
    const { free } = await this.sorted();
    const forget = this.db.prepare('DELETE FROM mask_revision WHERE revision = ?');
    for (const { revision } of free) {
      // First the row: a history must not offer what is gone.
      forget.run(revision);
      await unlink(revisionFile(this.store, revision)).catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      });
    }
    return this.use();
  }
}
