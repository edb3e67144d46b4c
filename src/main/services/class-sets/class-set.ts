import path from 'node:path';
import { readJsonFile } from '#files/json-file';
import type { ClassInfo, MaskFormat, Rgb } from '#shared/classes/class-info';
import { doubledName, isVoidName, voidsName } from '#shared/classes/class-names';
import { distinctColours } from '#shared/classes/distinct-colours';
import { voidColour } from '#shared/classes/void-colour';
import { AppError } from '#shared/errors';
import { voidId } from '#shared/mask/void-id';
import { fnv1a } from '#shared/random';
import { findResources } from '../resources.ts';
import { classSetSchema, mostKinds, type BuiltInName, type ClassSetSource } from '#shared/classes/class-set-schema';

/** The classes of a data set and how masks store them. */
export interface ClassSet {
  name: string;
  classes: ClassInfo[];
  format: MaskFormat;
  /** Colours that classes have besides their own, by their names. */
  alsoColors: Readonly<Record<string, Rgb[]>>;
  /** Changes with the class set's content and how masks are read. */
  key: string;
}

/** What of pixels names classes, and what else is read as one. */
export interface MaskReading {
  by: NonNullable<MaskFormat['by']>;
  newMasks?: MaskFormat['newMasks'];
  /** `value 255` or `colour 12 34 56` to a class's name; null is void. */
  readAs?: Readonly<Record<string, string | null>>;
  /** What void has where colours name classes; without it the first usual colour that no class has. */
  voidColour?: Rgb;
}

/** A class set whose gaps are filled: every class has its value and colour, and void a value. */
export interface FullClassSet {
  name: string;
  voidValue: number;
  classes: { value: number; name: string; color: Rgb; alsoColors?: Rgb[] }[];
}

const invalid = (file: string, text: string): AppError => new AppError('not-a-dataset', `${file}: ${text}`, { file });

/**
 * A pixel of a mask is one of 256 kinds, and "not labelled" is one of them: of a list of 256 the one of these names is that.
 * @throws AppError 'not-a-dataset' without one
 */
function withRoomForVoid(source: ClassSetSource, file: string): ClassSetSource {
  const { classes } = source;
  if (classes.length < mostKinds) return source;
  const at = classes.findIndex(({ name }) => isVoidName(name));
  const rule = `lists ${mostKinds} classes, and a pixel can be one of ${mostKinds - 1} or not labelled`;
  if (at < 0) throw invalid(file, `${rule}: leave one out, or name what is not labelled "void"`);
  const told = classes.map((each, place) => ({ ...each, value: each.value ?? place }));
  return { ...source, voidValue: told[at].value, classes: told.toSpliced(at, 1) };
}

/** @throws AppError 'not-a-dataset' naming file, rule and value if classes contradict each other */
export function fullClassSet(source: ClassSetSource, file: string): FullClassSet {
  const { name, voidValue, classes } = withRoomForVoid(source, file);
  const names = classes.map((each) => each.name);
  const [doubled, reserved] = [doubledName(names), voidsName(names)];
  if (doubled !== null) throw invalid(file, `two classes are named "${doubled}": give one another name`);
  if (reserved !== null) throw invalid(file, `a class is named "${reserved}", which is the word for void: give it another name`);
  const values = withValues(classes, file);
  const colours = distinctColours(classes.map(({ color }) => color ?? null));
  const free = Array.from({ length: 256 }, (_, place) => 255 - place).find((value) => !values.includes(value));
  if (voidValue !== undefined && values.includes(voidValue)) throw invalid(file, `value ${voidValue} is both a class and void`);
  return {
    name,
    voidValue: voidValue ?? free!,
    classes: classes.map(({ name: className, alsoColors }, id) => ({ value: values[id], name: className, color: colours[id], alsoColors })),
  };
}

/** Stored values: those that are told, else places in the list. */
function withValues(classes: ClassSetSource['classes'], file: string): number[] {
  const values = classes.map(({ value }, id) => value ?? id);
  const twice = values.find((value, id) => values.indexOf(value) !== id);
  if (twice !== undefined) throw invalid(file, `value ${twice} belongs to two classes`);
  return values;
}

const same = (a: Rgb, b: Rgb): boolean => a.every((channel, index) => channel === b[index]);

/**
 * A class set with how masks name its classes.
 * @param file names it in messages
 * @throws AppError 'not-a-dataset' if colours name classes and two have the same, or `readAs` names what is not there
 */
export function classSetFrom(full: FullClassSet, reading: MaskReading, file: string): ClassSet {
  const { name, voidValue, classes } = full;
  const toId = new Array<number>(256).fill(-1);
  const colours = new Array<Rgb | null>(256).fill(null);
  classes.forEach(({ value, color }, id) => {
    toId[value] = id;
    colours[value] = color;
  });
  toId[voidValue] = voidId;
  if (reading.by === 'colour') assertOneColourEach(full, file);
  colours[voidValue] = colourOfVoid(full, reading, file);
  const own = classes.map(({ value }) => value);
  if (reading.by === 'colour') takeColours(toId, colours, full);
  const also = readAs(toId, reading, full, file);
  const told = { ...(Object.keys(also).length > 0 ? { also } : {}), ...(reading.newMasks ? { newMasks: reading.newMasks } : {}) };
  const format: MaskFormat = { toId, own, voidValue, by: reading.by, colours, ...told };
  return {
    name,
    classes: classes.map(({ name: className, value, color }, id) => ({ id, value, name: className, color })),
    format,
    alsoColors: Object.fromEntries(classes.flatMap((each) => (each.alsoColors ? [[each.name, each.alsoColors]] : []))),
    key: fnv1a(JSON.stringify([full, reading])).toString(16),
  };
}

/** @throws AppError 'not-a-dataset' if a class has the colour that void is told to have */
function colourOfVoid({ classes }: FullClassSet, { voidColour: told }: MaskReading, file: string): Rgb | null {
  const owner = told && classes.find(({ color, alsoColors = [] }) => [color, ...alsoColors].some((each) => same(each, told)));
  if (owner) throw invalid(file, `voidColour ${told.join(' ')} is the colour of "${owner.name}"`);
  return told ?? voidColour(classes);
}

/** @throws AppError 'not-a-dataset' naming both classes */
export function assertOneColourEach({ classes }: FullClassSet, file: string): void {
  const twice = classes.find(({ color }, index) => classes.findIndex((each) => same(each.color, color)) !== index);
  if (!twice) return;
  const first = classes.find(({ color }) => same(color, twice.color))!;
  throw invalid(file, `"${first.name}" and "${twice.name}" have the colour ${twice.color.join(' ')}, and colours name classes here`);
}

const largestSample = 65535;

/**
 * What is outside the classes and read as one of them, or as void: by its words; a value that is a code of its own also by that.
 * @throws AppError 'not-a-dataset' if it names no class, or what is one already
 */
function readAs(toId: number[], { by, readAs: told = {} }: MaskReading, { classes, voidValue }: FullClassSet, file: string) {
  const also: Record<string, number> = {};
  for (const [text, className] of Object.entries(told)) {
    const id = className === null ? voidId : classes.findIndex(({ name }) => name === className);
    if (id < 0) throw invalid(file, `"${text}" is to be read as "${className}", and no class has this name`);
    const [, kind, numbers] = /^(value|colour) (\d+(?: \d+){0,3})$/.exec(text) ?? [];
    const given = numbers?.split(' ').map(Number) ?? [];
    const isKnown = kind === 'value' ? given.length === 1 : kind === 'colour' && given.length > 1;
    if (!isKnown || given.some((sample) => sample > largestSample))
      throw invalid(file, `"${text}" cannot be read as a class: it must be "value N" or "colour R G B"`);
    also[text] = id;
    if (kind !== 'value' || by === 'colour' || given[0] > 255) continue;
    const [value] = given;
    const owner = value === voidValue ? 'not labelled' : classes.find((each) => each.value === value)?.name;
    if (owner !== undefined && toId[value] !== id)
      throw invalid(file, `value ${value} is "${owner}" already: it cannot be read as another class`);
    toId[value] = id;
  }
  return also;
}

/** Colours that classes have besides their own take the codes that are left, from the end. */
function takeColours(toId: number[], colours: (Rgb | null)[], { classes }: FullClassSet): void {
  classes.forEach(({ alsoColors = [] }, id) => {
    for (const color of alsoColors) {
      const code = toId.findLastIndex((each, at) => each < 0 && colours[at] === null);
      if (code < 0) return;
      toId[code] = id;
      colours[code] = color;
    }
  });
}

/** A class set that comes with the workbench, to read masks by their values. */
export const builtInClassSet = (name: BuiltInName): ClassSet => classSetFrom(builtInSource(name), { by: 'value' }, name);

const builtIn = new Map<BuiltInName, FullClassSet>();

/** What a class set that comes with the workbench holds; its file is read once. */
export function builtInSource(name: BuiltInName): FullClassSet {
  const file = path.join(findResources(), 'class-sets', `${name}.json`);
  const source = builtIn.get(name) ?? fullClassSet(readJsonFile(file, classSetSchema, 'a class set', { isByHand: true }), file);
  builtIn.set(name, source);
  return source;
}
