import type { z } from 'zod';
import { AppError } from '#shared/errors';
import { parseJson } from '#shared/json';

/** JSON of a row; null if it is none or of another form. One bad row must never hide the others. */
export function parsed<T>(schema: z.ZodType<T>, text: string): T | null {
  try {
    return parseJson(text, schema);
  } catch {
    // Told by null: the caller shows what is damaged as that.
    return null;
  }
}

/** No text that the workbench writes into one column is longer: a confusion matrix of 255 classes. */
const longestText = 1_000_000;
/** Names, settings, classes, notes: whatever stands in a list of many. */
export const listedText = 100_000;

/**
 * A text column of a query, by its own name; NULL where it is no text, or too long to be ours, which is not even read.
 * @param column may have a table before it
 */
export const boundedText = (column: string, longest = longestText): string =>
  `CASE WHEN typeof(${column}) = 'text' AND octet_length(${column}) <= ${longest} THEN ${column} END AS ${column.split('.').at(-1)}`;

/** Ids, names of files, times, revisions. */
export const shortText = 1000;

/** A number column of a query, by its own name; NULL where it holds something else. */
export const soundNumber = (column: string): string =>
  `CASE WHEN typeof(${column}) IN ('integer', 'real') THEN ${column} END AS ${column.split('.').at(-1)}`;

/** Texts of all rows of one answer together: beyond it a list is no history that a person made, and would fill the memory. */
const mostListedText = 100_000_000;

const textIn = (row: object): number =>
  Object.values(row).reduce<number>((sum, value) => sum + (typeof value === 'string' ? value.length : 0), 0);

/**
 * Rows one after the other, those of a form that the workbench writes.
 * @param what they are, in words
 * @throws AppError 'too-large' if they hold more than memory is for
 */
export function* soundRows<T>(rows: Iterable<unknown>, schema: z.ZodType<T>, what: string): Generator<T> {
  let sum = 0;
  for (const found of rows) {
    sum += textIn(found as object);
    if (sum > mostListedText) throw new AppError('too-large', `The history holds more ${what} than can be shown: move history.db away`);
    const row = schema.safeParse(found);
    if (row.success) yield row.data;
  }
}

const brokenPrefix = 'row:';

/** Names a row whose own id cannot be used: no id of ours has a colon. */
export const brokenId = (rowid: number): string => `${brokenPrefix}${rowid}`;

/** The row that such a name is of; null for any other id. */
export function rowidOf(id: string): number | null {
  const rowid = id.startsWith(brokenPrefix) ? Number(id.slice(brokenPrefix.length)) : NaN;
  return Number.isSafeInteger(rowid) ? rowid : null;
}
