import type { ClassInfo } from '../classes/class-info.ts';
import type { EpochMetrics } from './messages.ts';

export type Cell = string | number | null;

export interface Table {
  header: string[];
  rows: Cell[][];
}

type Column = [name: string, value: (row: EpochMetrics) => Cell];

const reference: Column[] = [
  ['epoch', (row) => row.epoch],
  ['loss', (row) => row.loss],
  ['train_acc', (row) => row.trainAccuracy],
  ['test_acc', (row) => row.validationAccuracy],
  ['time', (row) => row.timeSeconds],
];
const miou: Column = ['miou', (row) => row.miou];

/**
 * A run's epochs as a table; times in seconds, fractions 0 … 1.
 * @param form 'reference' has the reference's five columns first; 'command-line' the order of metrics.csv, with miou before time
 */
export function metricsTable(history: readonly EpochMetrics[], classes: readonly ClassInfo[], form: 'reference' | 'command-line'): Table {
  const first = form === 'reference' ? [...reference, miou] : [...reference.slice(0, 4), miou, reference[4]];
  const columns: Column[] = [
    ...first,
    ['learning_rate', (row) => row.learningRate],
    ['epoch_seconds', (row) => row.epochSeconds],
    ['validation_loss', (row) => row.validationLoss],
    ...classes.map(({ name }, id): Column => [`iou_${name}`, (row) => row.perClassIou[id] ?? null]),
  ];
  return { header: columns.map(([name]) => name), rows: history.map((row) => columns.map(([, value]) => value(row))) };
}

/** What a spreadsheet would take for a formula. A number is none, also a negative one. */
const formula = /^[=+\-@\t\r]/;

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
  const safe = formula.test(text) ? `'${text}` : text;
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
