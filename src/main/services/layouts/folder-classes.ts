// The classes of a folder, and how its masks name them: by a list, by the layout's own set, or by colours that everybody knows.
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { isVoidName } from '#shared/classes/class-names';
import { builtInNames, type BuiltInName } from '#shared/classes/class-set-schema';
import type { OpenArrangement } from '#shared/data/arrangement';
import { classFileNames, possibleLists, readClassSource, readingOf, whyNoList } from '../class-sets/class-files.ts';
import { builtInSource, fullClassSet, type FullClassSet } from '../class-sets/class-set.ts';
import {
  areColoured,
  bestReading,
  hasOtherColours,
  haveChannels,
  mostlyColours,
  showsColoursOf,
  someOf,
  type Reading,
} from '../class-sets/mask-reading.ts';
import type { FolderView } from './folder-view.ts';
import type { KeptReading } from './kept-reading.ts';
import type { Draft } from './layout.ts';

export interface KnownOfClasses {
  /** How masks were read before; null where that is not known. */
  kept: KeptReading | null;
  /** The file that lists classes; null without one. */
  list: string | null;
}

/** Where nothing tells the classes: they are asked. */
export const unknownClasses = (draft: Draft): ClassesFound => ({ classes: null, masks: draft.masks ?? 'value', newMasks: draft.newMasks });

/**
 * Files of folders that list classes, the most telling first: what is called as a list in any of them before what may be anything.
 * @param tell hears of each that is none, and could be taken for one
 */
export function classFilesIn(view: FolderView, folders: readonly string[], tell?: (text: string) => void): string[] {
  const all = [...new Set(folders)].map((folder) => ({ folder, names: view.files(folder) }));
  const pathsOf = (of: (names: readonly string[]) => readonly string[]) =>
    all.flatMap(({ folder, names }) => of(names).map((name) => path.posix.join(folder, name)));
  const sure = pathsOf((names) => classFileNames.flatMap((name) => names.find((each) => each.toLowerCase() === name) ?? []));
  const possible = pathsOf(possibleLists).filter((file) => {
    const why = whyNoList(view.file(file));
    if (why) tell?.(`${file} is read as no list of classes: ${why}`);
    return why === null;
  });
  return [...sure, ...possible];
}

/** A table of labels may be of whole photos: where the layout has classes of its own, they are no others. */
const mayBeOfPhotos = (file: string): boolean => path.posix.basename(file).toLowerCase() === 'labels.csv';

/** The file of a folder that lists classes; null without one. */
export function classFileOf(view: FolderView, { sources, builtIn }: Draft, tell: (text: string) => void): string | null {
  const files = classFilesIn(view, ['.', ...sources.flatMap(({ masks }) => [masks, path.posix.dirname(masks)])], tell);
  return files.find((file) => builtIn === undefined || !mayBeOfPhotos(file)) ?? null;
}

export type ClassesFound = Pick<OpenArrangement, 'classes' | 'masks' | 'newMasks'>;

/** The classes of a folder and how its masks name them: what leaves the fewest pixels outside of what could be. */
export function classesOf(view: FolderView, draft: Draft, masks: readonly string[], { kept, list: file }: KnownOfClasses): ClassesFound {
  const contents = someOf(masks);
  const likely = file ? listed(view, file, draft, contents) : draft.builtIn ? fromBuiltIn(draft.builtIn, draft) : [];
  const readings = file ? likely : [...coloured(draft, contents), ...likely, ...colouredSets(draft, contents)];
  const best = bestReading(contents, keptFirst(readings, kept, contents));
  // Whose classes are not known is asked, unless colours tell them without doubt.
  if (!best || (likely.length === 0 && (best.outside > 0 || contents.length === 0))) return unknownClasses(draft);
  // Nor are they where the layout has classes, and masks are colours of something else.
  if (!file && best.outside >= mostlyColours && haveChannels(contents)) return unknownClasses(draft);
  return { classes: best.reading.source, masks: best.reading.by, newMasks: draft.newMasks };
}

/**
 * What masks were read by goes first, and for what is not said of it: another reading must leave less outside. Not where masks show by now
 * other colours than those of the classes that their values would be: what is painted here has the colours of its classes.
 */
function keptFirst(readings: readonly Reading[], kept: KeptReading | null, contents: readonly Uint8Array[]): Reading[] {
  const isOther = ({ full, by }: Reading) => by === 'value' && hasOtherColours(contents, full);
  const isKept = (each: Reading) => each.by === kept?.masks && isDeepStrictEqual(each.source, kept.classes) && !isOther(each);
  const before = readings.filter(isKept).slice(0, 1);
  return [...before.map((each) => ({ ...each, told: { ...each.told, void: true } })), ...readings.filter((each) => !before.includes(each))];
}

const waysOfNaming = ['value', 'first-channel', 'colour'] as const;

/**
 * The ways in which a list of classes could be meant, the likeliest first: by its colours where it tells them and masks show some, else
 * as such lists are. Where it names the very classes of the layout, and masks hold values, the layout's own order of them goes first.
 */
function listed(view: FolderView, name: string, draft: Draft, masks: readonly Uint8Array[]): Reading[] {
  const file = view.file(name);
  const source = readClassSource(file);
  const told = { colours: source.classes.every(({ color }) => color !== undefined), void: source.voidValue !== undefined };
  const full = fullClassSet(source, file);
  const usual = told.colours && areColoured(masks) ? 'colour' : (draft.masks ?? readingOf(file));
  const ways = [...new Set([usual, ...waysOfNaming])].filter((by) => by !== 'colour' || told.colours);
  const own = ways.map((by): Reading => ({ source: { file: name }, full, by, told, file }));
  const [first, ...others] = own;
  const isOfLayout = draft.builtIn !== undefined && isListOf(draft.builtIn, full);
  if (!isOfLayout || first.by !== 'colour') return own;
  return [first, ...fromBuiltIn(draft.builtIn!, draft).filter(({ by }) => by === 'value'), ...others];
}

/** Sets that are made of the same classes, under the same names or some of them. */
const relatives: Partial<Record<BuiltInName, BuiltInName>> = { 'camvid-11': 'camvid-32', 'cityscapes-19': 'cityscapes-34' };

/** Whether a list holds the classes of a layout's set, and those that this was made of: SegNet's CamVid lies beside Cambridge's list. */
function isListOf(name: BuiltInName, { classes }: FullClassSet): boolean {
  const own = builtInSource(name).classes;
  const all = [...own, ...(relatives[name] ? builtInSource(relatives[name]).classes : [])];
  const names = new Set(all.map((each) => each.name.toLowerCase()));
  return classes.length >= own.length && classes.every((each) => names.has(each.name.toLowerCase()) || isVoidName(each.name));
}

const allTold = { colours: true, void: true };

/** By colours only where the layout has them: which set of known colours they are is looked at otherwise. */
const fromBuiltIn = (name: BuiltInName, { masks = 'value' }: Draft): Reading[] =>
  [...new Set([masks, ...waysOfNaming])]
    .filter((by) => by === masks || by !== 'colour')
    .map((by) => ({ source: { builtIn: name }, full: builtInSource(name), by, told: allTold, file: name }));

/**
 * Known colours come before the values of a layout's set where masks show others than the values of any set have: a palette that shows
 * what values are has the colours of one, or of none.
 */
const coloured = (draft: Draft, masks: readonly Uint8Array[]): Reading[] =>
  draft.builtIn && builtInNames.every((name) => hasOtherColours(masks, builtInSource(name))) ? colouredSets(draft, masks) : [];

/** VOC's colours, which the reference has too, are those that programs give any classes, one after the other. */
const isAnybodys = (name: BuiltInName): boolean => name === 'voc-21' || name === 'camvid-32-reference';

/** Sets whose colours are known to everybody, in the order in which they are believed: that of the layout, and those that masks show. */
const colouredSets = ({ builtIn }: Draft, masks: readonly Uint8Array[]): Reading[] =>
  [...new Set<BuiltInName>(['camvid-32', ...(builtIn ? [builtIn] : []), ...builtInNames])]
    .filter((name) => name !== 'cityscapes-34')
    .filter((name) => name === builtIn || (!isAnybodys(name) && showsColoursOf(masks, builtInSource(name))))
    .map((name): Reading => ({ source: { builtIn: name }, full: builtInSource(name), by: 'colour', told: allTold, file: name }));
