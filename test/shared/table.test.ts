// Tables that go out: what a spreadsheet and a program read of them is what was meant, whatever the names of the classes are.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ClassInfo } from '#shared/classes/class-info';
import { toCsv, type Cell } from '#shared/csv';
import { metricsTable } from '#shared/training/metrics-table';
import type { EpochMetrics } from '#shared/training/messages';

/** Reads CSV as RFC 4180 has it, whatever separates its cells. */
function parse(text: string, separator = ','): string[][] {
  const rows: string[][] = [[]];
  let cell = '';
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (quoted && char === '"' && text[at + 1] === '"') {
      cell += '"';
      at++;
    } else if (char === '"') quoted = !quoted;
    else if (!quoted && (char === separator || char === '\n')) {
      rows.at(-1)!.push(cell);
      cell = '';
      if (char === '\n') rows.push([]);
    } else cell += char;
  }
  rows.pop();
  return rows;
}

const epoch = (changes: Partial<EpochMetrics> = {}): EpochMetrics => ({
  epoch: 1,
  loss: 0.5,
  trainAccuracy: 0.8,
  validationAccuracy: 0.7,
  validationLoss: 0.9,
  miou: 0.4,
  perClassIou: [0.1, null],
  learningRate: 0.001,
  timeSeconds: 10,
  epochSeconds: 10,
  ...changes,
});
const classes = (...names: string[]): ClassInfo[] => names.map((name, id) => ({ id, name, color: [0, 0, 0] }));

/** A text with an apostrophe wherever a spreadsheet would begin a formula, by its own separator or another country's. */
function marked(text: string): string {
  let out = '';
  let begins = true;
  for (const [at, letter] of [...text].entries()) {
    if ((begins && '=+-@'.includes(letter)) || (at === 0 && '\t\r'.includes(letter))) out += "'";
    out += letter;
    if (',;\t\r\n'.includes(letter)) begins = true;
    else if (!' "'.includes(letter) || at === 0) begins = false;
  }
  return out;
}

describe('CSV', () => {
  test('gives back every cell, whatever is in it', () => {
    const cell = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.string({ unit: fc.constantFrom('a', 'ü', ',', '"', '\n', '\r', ' ', ';', '\t', '=', '街') }),
      fc.constant(null),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.array(cell, { minLength: 1, maxLength: 30 }), (width, cells) => {
        const rows: Cell[][] = [];
        for (let at = 0; at + width <= cells.length; at += width) rows.push(cells.slice(at, at + width));
        const header = Array.from({ length: width }, (_, n) => `column ${n}`);
        const read = parse(toCsv({ header, rows }));
        expect(read[0]).toEqual(header);
        expect(read).toHaveLength(rows.length + 1);
        for (const [y, row] of rows.entries()) {
          for (const [x, value] of row.entries()) {
            const text = value === null ? '' : String(value);
            expect(read[y + 1][x]).toBe(typeof value === 'string' ? marked(text) : text);
          }
        }
      }),
    );
  });

  test.each(['=HYPERLINK("http://x","y")', '+1+1', '-2+3', '@SUM(A1)', '\tx', '\r=1'])('never begins a cell with a formula: %j', (name) => {
    const [header] = parse(toCsv(metricsTable([epoch()], classes('Sky', name), 'reference')));
    // A class name stands behind "iou_", and a cell of its own is marked.
    expect(header.at(-1)).toBe(name === '\r=1' ? "iou_\r'=1" : `iou_${name}`);
    expect(parse(toCsv({ header: [name], rows: [[name]] }))).toEqual([[marked(name)], [marked(name)]]);
    expect(marked(name)).toMatch(/^'/);
  });

  test.each([
    ['comma', ',', '0.5'],
    ['semicolon', ';', '0,5'],
    ['tab', '\t', '0.5'],
    ['plain', ',', '0.5'],
  ] as const)('as %s keeps cells apart that hold what separates them', (form, separator, number) => {
    const row = ['a,b', 'c;d', 'e\tf', 'g', 0.5, null];
    const text = toCsv({ header: row.map((_, n) => `column ${n}`), rows: [row] }, form);
    expect(text.charCodeAt(0) === 0xfeff).toBe(form !== 'plain');
    expect(parse(text, separator)[1]).toEqual(['a,b', 'c;d', 'e\tf', 'g', number, '']);
  });

  test('leaves negative numbers numbers', () => {
    expect(toCsv({ header: ['loss'], rows: [[-0.5], [-1e-9]] })).toBe('loss\n-0.5\n-1e-9\n');
  });

  test('quotes a carriage return, so that no row is cut in two', () => {
    expect(parse(toCsv({ header: ['a\rb', 'c\r\nd'], rows: [[1, 2]] }))).toEqual([
      ['a\rb', 'c\r\nd'],
      ['1', '2'],
    ]);
  });

  test('drops what no text file may hold, and begins with the mark of UTF-8 only for spreadsheets', () => {
    expect(toCsv({ header: ['a\0b'], rows: [] })).toBe('ab\n');
    expect(toCsv({ header: ['ü'], rows: [] }, 'comma').charCodeAt(0)).toBe(0xfeff);
    expect(toCsv({ header: ['ü'], rows: [] }).charCodeAt(0)).not.toBe(0xfeff);
  });
});

describe("a run's table", () => {
  test("has the reference's columns first, in its order and its units", () => {
    const { header, rows } = metricsTable([epoch(), epoch({ epoch: 2 })], classes('Sky', 'Road'), 'reference');
    expect(header).toEqual([
      'epoch',
      'loss',
      'train_acc',
      'test_acc',
      'time',
      'miou',
      'learning_rate',
      'epoch_seconds',
      'validation_loss',
      'iou_Sky',
      'iou_Road',
    ]);
    expect(rows).toEqual([
      [1, 0.5, 0.8, 0.7, 10, 0.4, 0.001, 10, 0.9, 0.1, null],
      [2, 0.5, 0.8, 0.7, 10, 0.4, 0.001, 10, 0.9, 0.1, null],
    ]);
  });

  test('of the command line has the mIoU before the time, and the same values', () => {
    const [reference, line] = (['reference', 'command-line'] as const).map((form) => metricsTable([epoch()], classes('Sky'), form));
    expect(line.header.slice(0, 6)).toEqual(['epoch', 'loss', 'train_acc', 'test_acc', 'miou', 'time']);
    const cells = ({ header, rows }: typeof line) => Object.fromEntries(header.map((name, at) => [name, rows[0][at]]));
    expect(cells(line)).toEqual(cells(reference));
  });

  test('has an empty cell for a class that an epoch has no value of', () => {
    const csv = toCsv(metricsTable([epoch({ perClassIou: [] })], classes('Sky', 'Road'), 'reference'));
    expect(parse(csv)[1].slice(-2)).toEqual(['', '']);
  });
});
