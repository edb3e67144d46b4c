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

const ownName = (column: string): string => column.split('.').at(-1)!;

/** No text that the workbench writes into one column is longer: a confusion matrix of 255 classes. */
const longestText = 1_000_000;
/** Names, settings, classes, notes: whatever stands in a list of many. */
export const listedText = 100_000;

/**
 * A text column of a query, by its own name; NULL where it is no text, or too long to be ours, which is not even read.
 * @param column may have a table before it
 */
export const boundedText = (column: string, longest = longestText): string =>
  `CASE WHEN typeof(${column}) = 'text' AND octet_length(${column}) <= ${longest} THEN ${column} END AS ${ownName(column)}`;

/** Ids, names of files, times, revisions. */
export const shortText = 1000;

/** Whether a column holds a number, as a condition of a query. */
export const isNumber = (column: string): string => `typeof(${column}) IN ('integer', 'real')`;

/** A number column of a query; NULL where it holds something else. @param name its own, without a table, unless told */
export const soundNumber = (column: string, name = ownName(column)): string =>
  `CASE WHEN ${isNumber(column)} THEN ${column} END AS ${name}`;

/** Letters of all rows of one answer together: beyond it a list is no history that a person made, and would fill the memory. */
const mostListedText = 100_000_000;

/** How much of an answer is read at most, and what helps beyond. */
interface Bound {
  letters: number;
  wayOut: string;
}
const usualBound: Bound = { letters: mostListedText, wayOut: 'move history.db away' };

const textIn = (row: object): number =>
  Object.values(row).reduce<number>((sum, value) => sum + (typeof value === 'string' ? value.length : 0), 0);

/**
 * Rows one after the other, as they are.
 * @param what they are, in words
 * @throws AppError 'too-large' if they hold more than memory is for
 */
export function* boundedRows<Row extends object>(
  rows: Iterable<Row>,
  what: string,
  { letters, wayOut }: Bound = usualBound,
): Generator<Row> {
  let sum = 0;
  for (const row of rows) {
    sum += textIn(row);
    if (sum > letters) throw new AppError('too-large', `The history holds more ${what} than can be shown: ${wayOut}`);
    yield row;
  }
}

/** The same, those alone that are of a form that the workbench writes. */
export function* soundRows<T>(rows: Iterable<unknown>, schema: z.ZodType<T>, what: string, bound?: Bound): Generator<T> {
  for (const found of boundedRows(rows as Iterable<object>, what, bound)) {
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
