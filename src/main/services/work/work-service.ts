import { z } from 'zod';
import type { Services } from '#shared/contract/index';
import { workMarks, type ImageWork, type WorkMark } from '#shared/contract/work';
import type { DatasetAccess } from '../datasets/dataset-access.ts';
import type { OpenDataset } from '../datasets/open-dataset.ts';
import type { Db } from '../database.ts';
import type { Emitter } from '../events.ts';
import type { Outbox } from '../jobs/outbox.ts';
import { boundedText, shortText, soundNumber, soundRows } from '../parsed-row.ts';

interface WorkOptions {
  dataset: OpenDataset;
  access: DatasetAccess;
  db: Db;
  outbox: Outbox;
  events: Emitter;
}

const columns = [boundedText('image_id', shortText), boundedText('mark', shortText), soundNumber('seconds')].join(', ');
const rowSchema = z.object({ image_id: z.string(), mark: z.enum(workMarks).nullable(), seconds: z.number().nonnegative() });

/** How far the work on each image is: what a person has said of it, and the time that was spent on it. */
export class WorkService {
  private readonly options: WorkOptions;
  private readonly known: Map<string, ImageWork>;

  constructor(options: WorkOptions) {
    this.options = options;
    const rows = options.db.prepare(`SELECT ${columns} FROM image_work`).iterate();
    this.known = new Map(
      [...soundRows(rows, rowSchema, 'the work on images')].map(({ image_id: imageId, mark, seconds }) => [
        imageId,
        { imageId, mark, seconds },
      ]),
    );
  }

  private of(imageId: string): ImageWork {
    return this.known.get(imageId) ?? { imageId, mark: null, seconds: 0 };
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

  handlers(): Services['work'] {
    return {
      all: () => [...this.known.values()].filter(({ imageId }) => this.options.dataset.has(imageId)),
      mark: ({ images }) => this.mark(images),
      spent: ({ imageId, seconds }) => this.spent(imageId, seconds),
    };
  }
}
