import type { z } from 'zod';
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
 * A text column of a query, by its own name; NULL where it is too long to be ours, which is not even read.
 * @param column may have a table before it
 */
export const boundedText = (column: string, longest = longestText): string =>
  `CASE WHEN octet_length(${column}) <= ${longest} THEN ${column} END AS ${column.split('.').at(-1)}`;

const brokenPrefix = 'row:';

/** Names a row whose own id cannot be used: no id of ours has a colon. */
export const brokenId = (rowid: number): string => `${brokenPrefix}${rowid}`;

/** The row that such a name is of; null for any other id. */
export function rowidOf(id: string): number | null {
  const rowid = id.startsWith(brokenPrefix) ? Number(id.slice(brokenPrefix.length)) : NaN;
  return Number.isSafeInteger(rowid) ? rowid : null;
}
