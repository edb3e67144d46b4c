// Lists of classes as published data sets carry them.
import path from 'node:path';
import { readJsonFile } from '#files/json-file';
import { linesOf } from '#files/text-lines';
import type { Rgb } from '#shared/classes/class-info';
import { imagePattern } from '#shared/data/image-names';
import { AppError, unlessRefused } from '#shared/errors';
import { fullClassSet, type FullClassSet, type MaskReading } from './class-set.ts';
import { byHeading, cellsOf, coloured, colorOf, type TableClass } from './class-table.ts';
import { classesFileSchema, foreignColour, mostKinds, type ClassSetSource } from '#shared/classes/class-set-schema';

type Class = ClassSetSource['classes'][number];

interface PlainLines {
  lines: readonly string[];
  values?: readonly number[];
}

interface ClassFileKind {
  /** Its name, in small letters. */
  names: readonly string[];
  /** What of pixels names classes where such a file is, unless masks show something else. */
  by: MaskReading['by'];
  parse: (line: string) => TableClass | null;
  /** How a line must be, with an example. */
  form: string;
  /** Takes from all lines that hold a class what stands beside it in every one, its value maybe. */
  plain?: (lines: readonly string[]) => PlainLines;
  /** Reads what follows a first line that says what its columns are. */
  byHeading?: typeof byHeading;
  /** Whether the first line is a heading where it holds no class. */
  hasHeading?: boolean;
  /** What a first line is that looks like a class and is a heading. */
  heading?: RegExp;
}

/**
 * Where each line has four numbers of a byte before its name, the fourth is how opaque the colour is, or the first is the value: that of
 * each class is another one.
 */
function withoutFourth(lines: readonly string[]): PlainLines {
  const parts = lines.map((line) => /^((\d+)[\s,:]+)(\d+[\s,]+\d+[\s,]+)((\d{1,3})[\s,]+)([^\d\s,].*)$/s.exec(line));
  if (!parts.every((part) => part !== null)) return { lines };
  const [first, fourth] = [parts.map((part) => Number(part[2])), parts.map((part) => Number(part[5]))];
  if ([...first, ...fourth].some((number) => number > 255)) return { lines };
  const areOpacities = fourth.every((number) => number === 255 || number === 0);
  if (!areOpacities && parts.length > 1 && first.every((number, at) => at === 0 || number > first[at - 1]))
    return { lines: parts.map((part) => part[3] + part[4] + part[6]), values: first };
  return { lines: parts.map((part) => part[1] + part[3] + part[6]) };
}

/** Tables that are called so may be of anything, of what each photo shows for one. */
const anybodys = ['classes.csv', 'labels.csv', '_classes.csv'];

const kinds: readonly ClassFileKind[] = [
  {
    names: ['label_colors.txt'],
    by: 'colour',
    form: 'red, green, blue and a name: "128 64 128 Road"',
    plain: withoutFourth,
    parse(line) {
      const [, red, green, blue, name] = /^(\d+)[\s,]+(\d+)[\s,]+(\d+)[\s,]+([^\s,].*)$/s.exec(line) ?? [];
      return name ? coloured(name, [red, green, blue]) : null;
    },
  },
  {
    names: ['class_dict.csv', 'class_dict_seg.csv', ...anybodys],
    by: 'colour',
    form: 'a name, red, green and blue with commas between: "Road,128,64,128", or what the first line says ("id,name,r,g,b")',
    hasHeading: true,
    byHeading,
    parse(line) {
      const cells = cellsOf(line);
      return cells.length >= 4 ? coloured(cells[0], cells.slice(1, 4)) : null;
    },
  },
  {
    names: ['labelmap.txt'],
    by: 'colour',
    form: 'a name, a colour or none, parts and actions: "road:128,64,128::"',
    parse(line) {
      const [name, color = ''] = line.split(':');
      return color.trim() === '' && line.includes(':') && name.trim() ? { name: name.trim() } : coloured(name, color.split(','));
    },
  },
  {
    names: ['class_names.txt', 'codes.txt', 'classes.txt', 'labels.txt'],
    by: 'value',
    form: 'a name: "Road". Its place in the list, from 0, is its value',
    // labelme's first line is of what is not labelled, whose value is -1: names are counted behind it.
    hasHeading: true,
    plain: withoutFourth,
    heading: /^((class|label)[ _]?)?names?$|^class(es)?$|^labels?$/i,
    parse: (line) => (line === '__ignore__' ? null : { name: line }),
  },
];

const jsonName = 'classes.json';
const kindOf = (file: string) => kinds.find(({ names }) => names.includes(path.basename(file).toLowerCase())) ?? null;

/** Files that list classes, the first that is there counts; tables that may be of anything come after all others. */
export const classFileNames: readonly string[] = [
  jsonName,
  ...kinds.flatMap(({ names }) => names).filter((name) => !anybodys.includes(name)),
];

/** What published sets call their list of classes, Mapillary Vistas, RailSem19 and A2D2: such a name may mean anything else. */
const publishedNames = /^(config(_v[\d.]+)?|rs19-config|class_list)\.json$/i;

const mayBeAnything = (name: string): boolean => publishedNames.test(name) || anybodys.includes(name.toLowerCase());

/** Files of a folder that may list classes, or something else, the newest of several versions first. */
export const possibleLists = (names: readonly string[]): string[] => {
  const rank = (name: string) => anybodys.indexOf(name.toLowerCase());
  return names.filter(mayBeAnything).toSorted((a, b) => rank(a) - rank(b) || (a < b ? 1 : -1));
};

/** Whether most lines of a table that says of itself that it lists classes do, and none is called as a photo. */
function mostAreClasses(file: string): boolean {
  const kind = kindOf(file);
  if (!kind || !/classes/i.test(path.basename(file))) return false;
  const [heading, ...lines] = linesOf(file, { most: mostLines, longest: 4096 }).filter((line) => line.trim() !== '');
  const parse = kind.byHeading?.([heading, ...lines]) ?? kind.parse;
  return !lines.some((line) => imagePattern.test(cellsOf(line)[0] ?? '')) && 2 * lines.filter((line) => parse(line)).length >= lines.length;
}

/** Why a file that may be anything is no list of classes; null where it is one, and '' where nobody would take it for one. */
export function whyNoList(file: string): string | null {
  const isTable = anybodys.includes(path.basename(file).toLowerCase());
  try {
    const source = readClassSource(file);
    const { classes } = fullClassSet(source, file);
    if (!isTable) return classes.length > 1 && source.classes.some(({ color }) => color !== undefined) ? null : '';
    return classes.some(({ name }) => imagePattern.test(name)) ? '' : null;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    if (!isTable) return '';
    // One that is to be put right is refused when it is read.
    return unlessRefused(() => mostAreClasses(file), false) ? null : error.message;
  }
}

/** What of pixels names classes where classes are listed by this file. */
export const readingOf = (file: string): MaskReading['by'] => kindOf(file)?.by ?? 'value';

/**
 * The classes that a file lists, as it tells them.
 * @throws AppError as `readPlainFile`; 'corrupt-file' or 'not-a-dataset' naming the file, the line and the rule
 */
export function readClassSource(file: string): ClassSetSource {
  const kind = kindOf(file);
  if (!kind) {
    const source = readJsonFile(file, classesFileSchema, example, { isByHand: true });
    return { ...source, classes: source.classes.map((each) => withValue(file, each)) };
  }
  const classes = numbered(file, unquoted(colouredIn(classesIn(file, kind))), kind.by === 'value');
  if (classes.length === 0 || classes.length > mostKinds)
    throw new AppError('corrupt-file', `${file} lists ${classes.length} classes: it must be 1 to ${mostKinds - 1}, ${kind.form}`, { file });
  return { name: `Classes of ${path.basename(file)}`.slice(0, 60), classes };
}

/** The same with its gaps filled. @throws as `readClassSource`, and where classes contradict each other */
export const readClassFile = (file: string): FullClassSet => fullClassSet(readClassSource(file), file);

/** A class's colour by another name. */
const otherwiseColoured = (others: Readonly<Record<string, unknown>>): Rgb | undefined =>
  ['rgb', 'colour', 'colors', 'RGB'].map((key) => foreignColour.safeParse(others[key])).find(({ success }) => success)?.data;

/** Beyond it no list is of 255 classes, with headings and remarks. */
const mostLines = 5000;

/** What other programs call the value that masks have of a class. */
const valueNames = ['id', 'index', 'class_id', 'classId', 'category_id', 'label_id', 'trainId', 'train_id'];

type Told = NonNullable<TableClass['told']>;

/** @throws AppError 'corrupt-file' where two numbers could be the value, or the one that could is none of a mask */
function valueOf(file: string, name: string, told: Told): number | undefined {
  if (told.length === 0) return undefined;
  const [{ key, number }, other] = told.filter((each, at) => told.findIndex((before) => before.number === each.number) === at);
  const refused = (why: string) => new AppError('corrupt-file', `${file} gives "${name}" ${why}`, { file });
  if (other) throw refused(`the "${key}" ${number} and the "${other.key}" ${other.number}: say with "value" which of them masks hold`);
  if (!Number.isInteger(number) || number < 0 || number > 255) throw refused(`the "${key}" ${number}: a value must be 0 to 255`);
  return number;
}

/** @throws AppError as `valueOf` */
function withValue(file: string, { name, value, color, alsoColors, ...others }: Class & Record<string, unknown>): Class {
  const own = { name, color: color ?? otherwiseColoured(others), alsoColors };
  if (value !== undefined) return { ...own, value };
  const told = valueNames.flatMap((key) => (typeof others[key] === 'number' ? [{ key, number: others[key] }] : []));
  const found = valueOf(file, name, told);
  return found === undefined ? own : { ...own, value: found };
}

const example = 'classes such as {"classes": [{"name": "Road", "value": 3, "color": [128, 64, 128]}]} or ["Sky", "Road"]';

const longestName = 60;

const unquoted = (classes: Class[]): Class[] => classes.map((each) => ({ ...each, name: each.name.replace(/^(["'])(.+)\1$/, '$2') }));

/** Names with a colour behind or before each of them, in a list of names. */
function colouredIn(classes: Class[]): Class[] {
  const numbers = '(\\d{1,3})[\\s,]+(\\d{1,3})[\\s,]+(\\d{1,3})';
  const [behind, before] = [
    new RegExp(`^(?<name>.*?[^\\s,:;\\d])[\\s,:;]+${numbers}$`),
    new RegExp(`^${numbers}[\\s,:;]+(?<name>[^\\s\\d].*)$`),
  ];
  const read = [behind, before].map((form) =>
    classes.map((each) => {
      const found = each.color ? null : form.exec(each.name);
      const color = found && colorOf(found.slice(1).filter((text) => /^\d+$/.test(text)));
      return color ? { ...each, name: found.groups!.name, color } : null;
    }),
  );
  return read.find((all) => all.length > 1 && !all.includes(null))?.map((each) => each!) ?? classes;
}

/**
 * Numbers before all of the names, or behind them, are their values: `0 sky`, `sky,0`; -1 is what is no class.
 * @param withColours whether names with a colour may have one, too: as many numbers as there are classes
 * @throws AppError 'corrupt-file' if one is no value of a mask
 */
function numbered(file: string, classes: Class[], withColours: boolean): Class[] {
  const areFree = classes.every(({ value, color }) => value === undefined && (withColours || !color));
  if (classes.length === 0 || !areFree) return classes;
  const told = [/^(?<number>-?\d{1,3})(?:\s*[.:,;=)]\s*|\s+-\s+|\s+)(?<name>.+)$/, /^(?<name>.+?)\s*[:,;=\t]\s*(?<number>-?\d{1,3})$/]
    .map((form) => classes.map(({ name }) => form.exec(name)))
    .find((matches) => !matches.includes(null));
  if (!told) return classes;
  return told.flatMap((match, at) => {
    const { number, name } = match!.groups!;
    if (number === '-1') return [];
    if (Number(number) >= 0 && Number(number) <= 255) return [{ ...classes[at], value: Number(number), name }];
    throw new AppError('corrupt-file', `${file} gives "${name}" the number ${number}: a class must have one from 0 to 255`, { file });
  });
}

/** A class of a line; none where -1 says that it is none. @throws AppError as `valueOf` */
function classOf(file: string, { told = [], ...own }: TableClass, counted?: number): Class[] {
  if (told.length > 0 && told.every(({ number }) => number === -1)) return [];
  const value = counted ?? valueOf(file, own.name, told);
  return [value === undefined ? own : { ...own, value }];
}

function classesIn(file: string, kind: ClassFileKind): Class[] {
  const { parse, form, hasHeading = false, heading, plain = (all): PlainLines => ({ lines: all }) } = kind;
  const lines = linesOf(file, { most: mostLines, longest: 4096 }).map((line) => line.trim());
  const isClass = (line: string) => line !== '' && !line.startsWith('#');
  const { lines: plainOf, values } = plain(lines.filter(isClass));
  const byColumns = plainOf.length > 1 ? (kind.byHeading?.(plainOf) ?? null) : null;
  let next = 0;
  return lines.flatMap((trimmed, index) => {
    if (!isClass(trimmed)) return [];
    const isHeading = next === 0 && plainOf.length > 1 && heading?.test(trimmed) === true;
    const at = next++;
    if (isHeading || (byColumns && at === 0)) return [];
    const found = (byColumns ?? parse)(plainOf[at]);
    const told = trimmed.length > longestName ? `${trimmed.slice(0, longestName)}…` : trimmed;
    if (found && found.name.length > longestName)
      throw new AppError('corrupt-file', `${file}, line ${index + 1} is "${told}": a name must have at most ${longestName} letters`, {
        file,
      });
    if (found) return classOf(file, found, values?.[at]);
    if (hasHeading && index === 0) return [];
    throw new AppError('corrupt-file', `${file}, line ${index + 1} is "${told}": it must be ${form}`, { file });
  });
}
