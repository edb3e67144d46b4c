import type { Statement } from 'better-sqlite3';
import { z } from 'zod';
import { maskIs, problemKinds } from '#shared/contract/datasets';
import type { Db } from '../database.ts';
import { boundedText, parsed, shortText, soundNumber } from '../parsed-row.ts';
import type { Survey } from './survey.ts';

interface ImageRow {
  id: string;
  stamp: string | null;
  width: number | null;
  height: number | null;
  photo: string | null;
  revision: string | null;
  class_pixels: string | null;
  problems: string | null;
  edited_at: string | null;
  fits: number | null;
}

const columns = [
  ...['id', 'stamp', 'photo', 'revision', 'edited_at'].map((column) => boundedText(column, shortText)),
  ...['class_pixels', 'problems'].map((column) => boundedText(column)),
  ...['width', 'height', 'fits'].map((column) => soundNumber(column)),
].join(', ');

/** What a history keeps of an image. */
export interface KeptImage {
  /** What its files were when they were read. */
  stamp: string | null;
  /** The photo that its mask was made for. */
  photo: string | null;
  /** Of its mask. */
  revision: string | null;
  /** Whether a person said that the mask of that revision fits its photo as it is. */
  isAccepted: boolean;
  editedAt: string | null;
}

/** The images of a data set's history. */
export class ImageRows {
  private readonly found: Statement<[string], ImageRow>;
  private readonly kept: Statement;

  constructor(db: Db) {
    // Only the rows of images that are there: a history may hold any number of others.
    this.found = db.prepare<[string], ImageRow>(`SELECT ${columns} FROM image WHERE id = ?`);
    this.kept = db.prepare(
      `INSERT OR REPLACE INTO image (id, split, stamp, width, height, photo, revision, class_pixels, problems, edited_at, fits)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
  }

  /** @returns its survey null for a row that cannot be read, which must not hide the data set: the image is then surveyed anew */
  find(id: string): (KeptImage & { survey: Survey | null }) | null {
    const row = this.found.get(id);
    if (!row) return null;
    const { stamp, photo, revision } = row;
    return { stamp, photo, revision, isAccepted: row.fits === 1, editedAt: row.edited_at, survey: surveyOf(row) };
  }

  put({
    id,
    split,
    stamp,
    photo,
    revision,
    isAccepted,
    editedAt,
    survey,
  }: KeptImage & { id: string; split: string; survey: Survey }): void {
    const { width, height, classPixels, problems } = survey;
    const texts = [classPixels && JSON.stringify(classPixels), JSON.stringify(problems)];
    this.kept.run(id, split, stamp, width, height, photo, revision, ...texts, editedAt, isAccepted ? 1 : null);
  }
}

const side = z.int().min(0).max(1e6);
const sizeSchema = z.object({ width: side, height: side });
const countsSchema = z.array(z.number());
const problemsSchema = z.array(
  z.object({
    kind: z.enum(problemKinds),
    text: z.string(),
    foreign: z.string().optional(),
    is: z.enum(maskIs).optional(),
  }),
);

function surveyOf({ width, height, photo, revision, class_pixels: counts, problems: texts }: ImageRow): Survey | null {
  const problems = texts === null ? null : parsed(problemsSchema, texts);
  const classPixels = counts === null ? null : parsed(countsSchema, counts);
  const size = sizeSchema.safeParse({ width, height }).data;
  // Whatever kept a picture from being read: it is tried again.
  if (!size || size.width === 0 || problems === null || (counts !== null && classPixels === null)) return null;
  return { ...size, orientation: null, photo, revision, classPixels, problems };
}
