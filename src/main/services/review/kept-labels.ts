import { z } from 'zod';
import type { KeptLabel } from '#shared/contract/review';
import { AppError, messageOf } from '#shared/errors';
import { nowText, type Db } from '../database.ts';
import { pack, unpack } from '../edits/packing.ts';
import { boundedRows, boundedText, shortText, soundNumber } from '../parsed-row.ts';

/** More of one image are no decisions of a person. */
const mostOfImage = 10_000;
/** Bits of the largest picture there is, packed. */
const mostBytes = 20_000_000;
/** Pixels on a side of a box that can be one. */
const longestSide = 200_000;

const side = z.int().min(0).max(longestSide);
const rowSchema = z.object({
  id: z.int().positive(),
  left_px: side,
  top_px: side,
  width_px: side.min(1),
  height_px: side.min(1),
  pixels: z.instanceof(Uint8Array),
  class: z.string(),
  value: z.int().min(0).max(255).nullable(),
});
const columns = [
  'id',
  ...['left_px', 'top_px', 'width_px', 'height_px', 'value'].map((column) => soundNumber(column)),
  boundedText('class', shortText),
  `CASE WHEN typeof(pixels) = 'blob' AND octet_length(pixels) <= ${mostBytes} THEN pixels END AS pixels`,
].join(', ');

/** Labels that a person has said to be right where a prediction differed. */
export class KeptLabels {
  private readonly db: Db;

  constructor(db: Db) {
    this.db = db;
  }

  /** @returns the decision's number, by which it is taken back */
  async keep(imageId: string, { left, top, width, height, pixels, name, value }: Omit<KeptLabel, 'id'>): Promise<number> {
    const bytes = Math.ceil((width * height) / 8);
    if (pixels.length !== bytes)
      throw new AppError('invalid-argument', `a kept label must have ${bytes} bytes of pixels, received ${pixels.length}`);
    const packed = await pack(pixels);
    const { lastInsertRowid } = this.db
      .prepare(
        `INSERT INTO kept_label (image_id, left_px, top_px, width_px, height_px, pixels, class, value, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(imageId, left, top, width, height, packed, name, value, nowText());
    return Number(lastInsertRowid);
  }

  /** Takes a decision back; one that is not there is no fault. */
  forget(id: number): void {
    this.db.prepare('DELETE FROM kept_label WHERE id = ?').run(id);
  }

  /** @param damaged told of a decision that cannot be read: it keeps no other from being known */
  async of(imageId: string, damaged: (why: string) => void): Promise<KeptLabel[]> {
    const rows = this.db.prepare<[string], object>(`SELECT ${columns} FROM kept_label WHERE image_id = ? LIMIT ${mostOfImage}`);
    const kept: KeptLabel[] = [];
    // All of them first: while rows are being read nothing else can be written.
    for (const found of [...boundedRows(rows.iterate(imageId), 'kept labels')]) {
      try {
        const row = rowSchema.parse(found);
        const [width, height] = [row.width_px, row.height_px];
        const pixels = await unpack(row.pixels, Math.ceil((width * height) / 8));
        kept.push({ id: row.id, left: row.left_px, top: row.top_px, width, height, pixels, name: row.class, value: row.value });
      } catch (error) {
        damaged(messageOf(error));
      }
    }
    return kept;
  }
}
