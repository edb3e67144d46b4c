// Tables of classes: cells with commas or semicolons between, and columns by what the first line calls them.
import type { Rgb } from '#shared/classes/class-info';

/** A class as a line tells it. */
export interface TableClass {
  name: string;
  color?: Rgb;
  /** What could be the value that masks have of it, by the names of its columns. */
  told?: { key: string; number: number }[];
}

export const colorOf = (texts: readonly string[]): Rgb | null => {
  const color = texts.map(Number);
  return texts.length === 3 && texts.every((text) => /^\d+$/.test(text.trim())) && color.every((channel) => channel < 256)
    ? (color as Rgb)
    : null;
};

export const coloured = (name: string, channels: readonly string[]): TableClass | null => {
  const color = colorOf(channels);
  return color && name.trim() ? { name: name.trim(), color } : null;
};

/** The cells of a line of a table, with commas or semicolons between; in quotes a cell may hold these. */
export function cellsOf(line: string): string[] {
  const between = /^(?:"[^"]*"|[^",])*,/.test(line) ? ',' : ';';
  const cells = line.match(new RegExp(`(?:"(?:[^"]|"")*"|[^${between}"])+|(?<=^|${between})(?=${between}|$)`, 'g')) ?? [];
  return cells.map((cell) =>
    cell
      .trim()
      .replace(/^"(.*)"$/, '$1')
      .replaceAll('""', '"'),
  );
}

/** A column that is called so is the name; one of classes or labels is where there is no such. */
const nameColumns = [/^(name|(class|label|category)[ _]?names?)$/i, /^(class|label|category)$/i];
const channelColumns = [/^(r|red)$/i, /^(g|green)$/i, /^(b|blue)$/i];
/** Columns of values: what says so goes before what may be another number, and words are none. */
const valueColumns = {
  sure: /^(value|pixel[ _]?value)$/i,
  number: /^(id|index|(class|label|category|train)[ _]?id)$/i,
  maybe: nameColumns[1],
};

const numberIn = (cell: string | undefined): number | null => (/^-?\d+(\.0+)?$/.test(cell?.trim() ?? '') ? Number(cell) : null);

interface Column {
  key: string;
  at: number;
}

/** The columns that may hold the value of a class: one that is called so alone, else those of ids and of numbers. */
function columnsOfValues(columns: readonly Column[], rows: readonly string[][]): readonly Column[] {
  const called = (words: RegExp) => columns.filter(({ key }) => words.test(key));
  const sure = called(valueColumns.sure);
  const areNumbers = ({ at }: Column) => rows.every((row) => numberIn(row[at]) !== null);
  return sure.length > 0 ? sure : [...called(valueColumns.number), ...called(valueColumns.maybe).filter(areNumbers)];
}

/**
 * The value of each row where colours name the classes as well. Numbers that are none of a mask, or of several classes, are not asked
 * about then: such a class has one that no other has.
 * @returns null where no column has values of most rows, or two have others
 */
function valuesBeside(columns: readonly Column[], rows: readonly string[][]): number[] | null {
  const found = columns.flatMap(({ at }) => {
    const numbers = rows.map((row) => numberIn(row[at]));
    const isValue = (number: number | null): number is number =>
      number !== null && number >= 0 && number <= 255 && numbers.indexOf(number) === numbers.lastIndexOf(number);
    return 2 * numbers.filter(isValue).length > rows.length ? [numbers.map((number) => (isValue(number) ? number : null))] : [];
  });
  if (new Set(found.map(String)).size !== 1) return null;
  const taken = new Set(found[0]);
  const free = Array.from({ length: 255 }, (_, place) => 254 - place).filter((value) => !taken.has(value));
  return found[0].map((number) => number ?? free.shift()!);
}

/**
 * Reads lines of a table by what its heading calls the columns.
 * @param lines the heading first
 * @returns null where the first line names no classes with colours or values
 */
export function byHeading([heading, ...lines]: readonly string[]): ((line: string) => TableClass | null) | null {
  const cells = cellsOf(heading);
  const columnOf = (words: RegExp) => cells.findIndex((cell) => words.test(cell));
  const name = nameColumns.map(columnOf).find((at) => at >= 0) ?? -1;
  const channels = channelColumns.map(columnOf);
  const haveColours = !channels.includes(-1);
  const others = cells.flatMap((key, at) => (at === name ? [] : [{ key, at }]));
  const told = lines.filter((line) => line.trim() !== '');
  const rows = told.map(cellsOf);
  const values = columnsOfValues(others, rows);
  if (name < 0 || (!haveColours && values.length === 0)) return null;
  const nameIn = (row: readonly string[]) => row.at(name)?.trim() ?? '';
  if (!haveColours)
    return (line) => {
      const row = cellsOf(line);
      const numbers = values.flatMap(({ key, at }) => ({ key, number: numberIn(row[at]) ?? NaN }));
      return nameIn(row) === '' || numbers.some(({ number }) => Number.isNaN(number)) ? null : { name: nameIn(row), told: numbers };
    };
  const beside = valuesBeside(values, rows);
  return (line) => {
    const row = cellsOf(line);
    const color = colorOf(channels.map((at) => row[at] ?? ''));
    const number = beside?.[told.indexOf(line)];
    return nameIn(row) === '' || !color ? null : { name: nameIn(row), color, told: number === undefined ? [] : [{ key: 'value', number }] };
  };
}
