import type { Statement } from 'better-sqlite3';
import { z } from 'zod';
import type { Services } from '#shared/contract/index';
import { workMarks, type ImageWork, type WorkMark } from '#shared/contract/work';
import type { DatasetAccess } from '../datasets/dataset-access.ts';
import type { OpenDataset } from '../datasets/open-dataset.ts';
import type { Db } from '../database.ts';
import type { Emitter } from '../events.ts';
import type { Outbox } from '../jobs/outbox.ts';
import { boundedText, shortText, soundNumber } from '../parsed-row.ts';
import { inTurns } from '../turns.ts';

interface WorkOptions {
  dataset: OpenDataset;
  access: DatasetAccess;
  db: Db;
  outbox: Outbox;
  events: Emitter;
}

const columns = [boundedText('mark', shortText), soundNumber('seconds')].join(', ');
const rowSchema = z.object({ mark: z.enum(workMarks).nullable(), seconds: z.number().nonnegative() });

/** How far the work on each image is: what a person has said of it, and the time that was spent on it. */
export class WorkService {
  private readonly options: WorkOptions;
  /** What was said and spent since, and what was asked for. */
  private readonly known = new Map<string, ImageWork>();
  private readonly rows: Statement<[string], unknown>;

  constructor(options: WorkOptions) {
    this.options = options;
    // Only the rows of images that are there: a history may hold any number of others.
    this.rows = options.db.prepare(`SELECT ${columns} FROM image_work WHERE image_id = ?`);
  }

  private of(imageId: string): ImageWork {
    const known = this.known.get(imageId) ?? this.kept(imageId);
    this.known.set(imageId, known);
    return known;
  }

  /** What the history has of an image; nothing where it has something else than the workbench writes. */
  private kept(imageId: string): ImageWork {
    const { success, data } = rowSchema.safeParse(this.rows.get(imageId));
    return { imageId, mark: success ? data.mark : null, seconds: success ? data.seconds : 0 };
  }

  private mark(images: readonly { imageId: string; mark: WorkMark | null }[]): ImageWork[] {
    this.options.access.assertOwned();
    for (const { imageId } of images) this.options.dataset.image(imageId);
    const before = images.map(({ imageId }) => this.of(imageId));
    this.record(images.map(({ imageId, mark }) => ({ ...this.of(imageId), mark })));
    return before;
  }

  /** A window that only looks spends no time on the data set's account. */
  private spent(imageId: string, seconds: number): void {
    const { access, dataset } = this.options;
    if (access.heldBy() !== null || !dataset.has(imageId)) return;
    const work = this.of(imageId);
    this.record([{ ...work, seconds: work.seconds + seconds }]);
  }

  private record(changed: readonly ImageWork[]): void {
    const { db, outbox, events } = this.options;
    for (const each of changed) this.known.set(each.imageId, each);
    events.emit('work.changed', [...changed]);
    outbox.write('the work on images', () => {
      const put = db.prepare('INSERT OR REPLACE INTO image_work (image_id, mark, seconds) VALUES (?, ?, ?)');
      db.transaction(() => changed.forEach(({ imageId, mark, seconds }) => put.run(imageId, mark, seconds)))();
    });
  }

  /** Of the images that there is something to tell of. */
  private async all(): Promise<ImageWork[]> {
    const told: ImageWork[] = [];
    await inTurns(this.options.dataset.images(), ({ id }) => {
      const work = this.of(id);
      if (work.mark !== null || work.seconds > 0) told.push(work);
    });
    return told;
  }

  handlers(): Services['work'] {
    return {
      all: () => this.all(),
      mark: ({ images }) => this.mark(images),
      spent: ({ imageId, seconds }) => this.spent(imageId, seconds),
    };
  }
}
