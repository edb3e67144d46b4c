export type Cell = string | number | null;

export interface Table {
  header: string[];
  rows: Cell[][];
}

/**
 * Where a spreadsheet would begin a formula: at the beginning of a cell, and behind whatever some other country's separates cells by. A
 * number is none, also a negative one.
 */
const formula = /^(?=[=+\-@\t\r])|(?=[=+\-@])(?<=[,;\t\r\n][ \t"]*)/g;

/** What csv files are written for. */
export const csvForms = {
  comma: { words: 'for spreadsheets', separator: ',', decimal: '.', marked: true },
  semicolon: { words: 'for spreadsheets with a decimal comma', separator: ';', decimal: ',', marked: true },
  tab: { words: 'separated by tabs', separator: '\t', decimal: '.', marked: true },
  plain: { words: 'for programs, without a byte order mark', separator: ',', decimal: '.', marked: false },
} as const;
export type CsvForm = keyof typeof csvForms;

function quote(value: Cell, { separator, decimal }: (typeof csvForms)[CsvForm]): string {
  if (typeof value === 'number') return String(value).replace('.', decimal);
  const text = (value ?? '').replaceAll('\0', '');
  const safe = text.replace(formula, "'");
  return /["\r\n]/.test(safe) || safe.includes(separator) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** The mark by which spreadsheets know UTF-8. */
const byteOrderMark = '\uFEFF';

/**
 * A table as CSV; an empty cell where there is no number. What a spreadsheet would run as a formula begins with an apostrophe.
 * @param form how cells are separated, numbers written, and whether it begins with the mark by which spreadsheets know UTF-8
 */
export function toCsv({ header, rows }: Table, form: CsvForm = 'plain'): string {
  const { separator, marked } = csvForms[form];
  const lines = [header, ...rows].map((row) => row.map((cell) => quote(cell, csvForms[form])).join(separator));
  return `${marked ? byteOrderMark : ''}${lines.join('\n')}\n`;
}
