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

/**
 * The columns that may hold the value of a class: one that is called so alone, else those of ids and of numbers.
 * @param haveColours whether colours name the classes as well: numbers that are no values then tell nothing, or that could be others
 */
function columnsOfValues(columns: readonly Column[], rows: readonly string[][], haveColours: boolean): readonly Column[] {
  const called = (words: RegExp) => columns.filter(({ key }) => words.test(key));
  const sure = called(valueColumns.sure);
  if (sure.length > 0) return sure;
  const numbersOf = ({ at }: Column) => rows.map((row) => numberIn(row[at]));
  const areNumbers = (column: Column) => !numbersOf(column).includes(null);
  const likely = [...called(valueColumns.number), ...called(valueColumns.maybe).filter(areNumbers)];
  if (!haveColours) return likely;
  const areValues = (numbers: readonly (number | null)[]) =>
    new Set(numbers).size === numbers.length && numbers.every((number) => number !== null && number >= 0 && number <= 255);
  const own = likely.filter((column) => areValues(numbersOf(column)));
  return new Set(own.map((column) => numbersOf(column).join())).size === 1 ? own : [];
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
  const values = columnsOfValues(others, lines.filter(Boolean).map(cellsOf), haveColours);
  if (name < 0 || (!haveColours && values.length === 0)) return null;
  return (line) => {
    const row = cellsOf(line);
    const own = row.at(name)?.trim();
    const color = haveColours ? colorOf(channels.map((at) => row[at] ?? '')) : undefined;
    const told = values.map(({ key, at }) => ({ key, number: numberIn(row[at]) }));
    if (!own || color === null || told.some(({ number }) => number === null)) return null;
    return { name: own, ...(color ? { color } : {}), told: told as { key: string; number: number }[] };
  };
}
