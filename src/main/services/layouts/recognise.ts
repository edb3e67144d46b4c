// Opens any folder: looks which layout it has, which classes, and how its masks name them.
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { isThere } from '#files/file-identity';
import { isVoidName } from '#shared/classes/class-names';
import { AppError } from '#shared/errors';
import { builtInNames, type BuiltInName } from '#shared/classes/class-set-schema';
import { builtInSource, classSetFrom, fullClassSet, type ClassSet, type FullClassSet } from '../class-sets/class-set.ts';
import { classFileNames, possibleLists, readClassFile, readClassSource, readingOf, whyNoList } from '../class-sets/class-files.ts';
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
import { soundArrangement, type Affixes, type Arrangement, type OpenArrangement } from '#shared/data/arrangement';
import { arrangementFile, ownArrangement } from './own-arrangement.ts';
import { FolderView, isFolder, unreadText } from './folder-view.ts';
import { keptReading, type KeptReading } from './kept-reading.ts';
import type { Draft } from './layout.ts';
import { layouts, namedLayouts } from './layouts.ts';
import { assertImages, locateImages, type LocatedImages } from './locate.ts';
import { doPair, otherMasksText, otherSetsText } from './mask-folders.ts';
import { findAffixes } from './pairing.ts';
import { twinTrees } from './twin-trees.ts';

/** A folder as it is read. */
export interface LocatedDataset extends LocatedImages {
  arrangement: Arrangement;
  /** Whether a person said how it is read. */
  isArranged: boolean;
  classSet: ClassSet;
}

/**
 * Whether a folder tells by the names in it that it is a data set; cheap enough for folder lists. Any folder of photos can be opened as
 * one, and is not shown as one: a person may be on the way through it.
 */
export function looksLikeDataset(folder: string): boolean {
  try {
    return isThere(path.join(folder, arrangementFile)) || draftOf(new FolderView(folder), namedLayouts) !== null;
  } catch {
    // What cannot be looked into is offered as no data set.
    return false;
  }
}

const draftOf = (view: FolderView, among = layouts): Draft | null => {
  for (const { find } of among) {
    const draft = find(view);
    if (draft) return draft;
  }
  return null;
};

/** Whether any mask is called as an image is. */
const pairsAny = (view: FolderView, { sources }: Draft): boolean =>
  sources.some(({ images, masks }) => images === masks || doPair(view, images, masks));

/** What fits a folder: where its names alone tell a layout and no mask pairs in it, masks may lie in another tree of folders. */
function fittingDraft(view: FolderView): Draft | null {
  const draft = draftOf(view);
  return draft && pairsAny(view, draft) ? draft : (twinTrees.find(view) ?? draft);
}

/** Folders that are gone down to find a data set in, and how many each may hold: a home is not searched. */
const deepest = 4;
const mostFolders = 12;

/**
 * The folder that is the data set: this one, or the only one inside that looks like one, as zips and clones leave them.
 * @throws AppError 'forbidden', 'read-only' of what may not be looked into; 'not-a-dataset' naming a list of classes that would be left out
 */
export function datasetFolder(folder: string): string {
  const found = innermostDataset(folder, deepest);
  assertClassesInside(folder, found);
  return found;
}

/** Classes that are listed around the images' folder are theirs, and would be others without a word. */
function assertClassesInside(folder: string, found: string): void {
  if (found === folder || !looksLikeDataset(found) || classFilesIn(new FolderView(found), ['.']).length > 0) return;
  for (let around = path.dirname(found); around.length >= folder.length; around = path.dirname(around)) {
    const [list] = classFilesIn(new FolderView(around), ['.']);
    if (!list) continue;
    const file = path.join(around, list);
    throw new AppError('not-a-dataset', `${file} lists classes and lies outside of ${found}, which holds the images: put it in there`, {
      file,
    });
  }
}

function innermostDataset(folder: string, deep: number): string {
  if (deep === 0 || looksLikeDataset(folder)) return folder;
  const view = new FolderView(folder);
  const folders = view.folders();
  if (folders.length > mostFolders || view.images('.').length > 0) return folder;
  const inside = folders.map((name) => view.ifReadable(() => innermostDataset(view.at(name), deep - 1), view.at(name)));
  const named = inside.filter(looksLikeDataset);
  if (named.length === 1) return named[0];
  // Nothing but one folder, whatever that holds.
  return inside.length === 1 ? inside[0] : folder;
}

/** Archives that are not opened as they are, as zips are. */
const isPacked = (name: string): boolean => /\.(tar|tgz|tbz2?|txz|7z|rar|tar\.\w+)$/i.test(name);
const unpackIt = 'unpack it, and open what comes out of it (a zip is opened as it is)';

/**
 * Finds the images, masks and classes of a folder.
 * @param aside the workbench's own folder for it, where there is one
 * @throws AppError 'not-found' if it is no folder; 'not-a-dataset' naming what it could have, with `needs` 'classes' where these alone
 * are missing, 'folders' where nothing fits; what files in it are refused with
 */
export function locateDataset(folder: string, aside?: string): LocatedDataset {
  if (!isFolder(folder))
    throw new AppError('not-found', `${folder} is not a folder${isPacked(folder) ? `: ${unpackIt}` : ''}`, { file: folder });
  const view = new FolderView(folder);
  const own = keptFor(view, aside);
  if (own) return { ...locatedBy(view, own), arrangement: own, isArranged: true, classSet: classSetOf(view, own) };
  const { arrangement: found, located, noLists } = proposalOf(view, { aside });
  assertImages(folder, found.title, located.images);
  const arrangement = complete(view, found, noLists);
  return { ...located, arrangement, isArranged: false, classSet: classSetOf(view, arrangement) };
}

/**
 * What a person said of a folder, where that fits it; what does not is told among what the view left out.
 * @param aside as `locateDataset`
 * @throws AppError as `ownArrangement`
 */
export function keptFor(view: FolderView, aside?: string): Arrangement | null {
  const kept = ownArrangement(view.root, aside, (arrangement) => {
    const why = misfitOf(view.root, arrangement);
    if (why === null) return true;
    const what = `how this folder is read was said once, as "${arrangement.title}", and does not fit what it holds now`;
    view.leftOut.add(`${what}, so that it is not used: ${why}`);
    return false;
  });
  return kept && inItsLetters(view, kept);
}

/** The same with folders and files as the folder writes them: one that came from another system may write accents otherwise. */
function inItsLetters(view: FolderView, arrangement: Arrangement): Arrangement {
  const { sources, except, splits, classes } = arrangement;
  const there = (relative: string) => view.asThere(relative);
  return {
    ...arrangement,
    sources: sources.map((source) => ({ ...source, images: there(source.images), masks: there(source.masks) })),
    ...(except ? { except: except.map(there) } : {}),
    splits:
      splits.by === 'lists'
        ? { ...splits, lists: Object.fromEntries(Object.entries(splits.lists).map(([name, list]) => [name, there(list)])) }
        : splits,
    classes: 'file' in classes ? { file: there(classes.file) } : classes,
  };
}

/** @throws AppError as `locateDataset` if a folder cannot be read so */
export function assertFits(folder: string, arrangement: Arrangement): void {
  const view = new FolderView(folder);
  const there = inItsLetters(view, arrangement);
  locatedBy(view, there);
  classSetOf(view, there);
}

/** Why a folder cannot be read so; null if it can. */
function misfitOf(folder: string, arrangement: Arrangement): string | null {
  try {
    assertFits(folder, arrangement);
    return null;
  } catch (error) {
    if (error instanceof AppError) return error.message;
    throw error;
  }
}

/** The images of a folder that is laid out as told. @throws as `locateDataset` */
export function locatedBy(view: FolderView, arrangement: Arrangement): LocatedImages {
  const located = locateImages(view, arrangement);
  assertImages(view.root, arrangement.title, located.images);
  return located;
}

interface Proposal {
  arrangement: OpenArrangement;
  /** What of the folder is left out by it, or could be read otherwise, in sentences. */
  asides: string[];
  /** Files that could be taken for lists of classes and are none, in sentences. */
  noLists: string[];
  located: LocatedImages;
}

interface Looking {
  /** Whether classes can be said: a list that is not understood is then a problem, and else refused. */
  asks?: boolean;
  /** The workbench's own folder for the data set, where there is one: what it was read as before. */
  aside?: string;
}

/**
 * What is found by looking at a folder.
 * @throws AppError 'not-a-dataset' if nothing fits; what a list of classes is refused with, with `needs` 'classes'
 */
export function proposalOf(view: FolderView, looking: Looking = {}): Proposal {
  const draft = fittingDraft(view);
  if (!draft) throw noLayout(view);
  return proposalFor(view, draft, looking);
}

/** The same where it is said which folders hold images and masks: what is not said is found by looking. */
export function proposalFor(view: FolderView, draft: Draft, { asks = false, aside }: Looking = {}): Proposal {
  const bare = {
    version: 1 as const,
    title: draft.title,
    sources: draft.sources,
    below: draft.below,
    except: draft.except,
    ...(draft.affixes ?? affixesOf(view, draft)),
  };
  // Its defaults are filled in by the schema; classes come last, since they need masks to look at.
  const arrangement = soundArrangement({ ...bare, splits: draft.splits, classes: { builtIn: 'camvid-11' } });
  const located = locateImages(view, arrangement);
  const asides = [...(draft.problems ?? []), ...otherMasksText(view, draft.sources), ...otherSetsText(view, draft.sources)];
  const problems = [...asides, ...located.problems];
  const own = [view.at('.encnet'), ...(aside === undefined ? [] : [aside])];
  const kept = keptReading(own, (text) => problems.push(text));
  const noLists: string[] = [];
  const list = classFileOf(view, draft, (text) => noLists.push(text));
  const found = classesOrWhy(view, draft, located.maskFiles, { kept, list });
  if (found instanceof AppError && !asks) throw found;
  const [classes, told] = found instanceof AppError ? [unknownClasses(draft), [found.message]] : [found, []];
  return {
    arrangement: { ...arrangement, ...classes },
    asides,
    noLists,
    located: { ...located, problems: [...told, ...noLists, ...problems] },
  };
}

interface Known {
  /** How masks were read before; null where that is not known. */
  kept: KeptReading | null;
  /** The file that lists classes; null without one. */
  list: string | null;
}

/** The classes of a folder, or why the list that tells them is not understood: a person can say them. */
function classesOrWhy(view: FolderView, draft: Draft, masks: readonly string[], known: Known): ClassesFound | AppError {
  try {
    return classesOf(view, draft, masks, known);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return new AppError(error.code, error.message, { ...error.details, file: view.root, needs: 'classes' });
  }
}

const unknownClasses = (draft: Draft): ClassesFound => ({ classes: null, masks: draft.masks ?? 'value', newMasks: draft.newMasks });

function affixesOf(view: FolderView, { sources, below = false }: Draft): Affixes {
  const images = sources.flatMap((source) => view.images(source.images, below));
  const masks = sources.flatMap((source) => (view.hasFolder(source.masks) ? view.masks(source.masks, below) : []));
  const { pairs: _, ...affixes } = findAffixes(images, masks);
  return affixes;
}

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

/** The file of a folder that lists classes; null without one. */
const classFileOf = (view: FolderView, { sources }: Draft, tell: (text: string) => void): string | null =>
  classFilesIn(view, ['.', ...sources.flatMap(({ masks }) => [masks, path.posix.dirname(masks)])], tell)[0] ?? null;

type ClassesFound = Pick<OpenArrangement, 'classes' | 'masks' | 'newMasks'>;

/** The classes of a folder and how its masks name them: what leaves the fewest pixels outside of what could be. */
function classesOf(view: FolderView, draft: Draft, masks: readonly string[], { kept, list: file }: Known): ClassesFound {
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

function complete(view: FolderView, arrangement: OpenArrangement, noLists: readonly string[]): Arrangement {
  if (arrangement.classes) return { ...arrangement, classes: arrangement.classes };
  throw new AppError(
    'not-a-dataset',
    `${view.root} has the layout ${arrangement.title}, but its classes are not known: put ${classFileNames.join(', ')} ` +
      `into it, or choose a class set when you open it (import --data DIR --classes ${builtInNames.join('|')} on the command line)` +
      noLists.map((text) => `. Besides, ${text}`).join(''),
    { file: view.root, needs: 'classes' },
  );
}

function noLayout(view: FolderView): AppError {
  const { root, leftOut } = view;
  // No deeper: it may be the folder of everything that a person has.
  const inside = view.folders().flatMap((folder) => {
    const found = view.ifReadable(() => view.unreadPhotos(folder), []);
    return found.map((file) => `${folder}/${file}`);
  });
  const unread = [...view.unreadPhotos('.'), ...inside];
  const archives = view.files().filter((name) => isPacked(name) || /\.zip$/i.test(name));
  const packed =
    archives.length > 0
      ? [`it holds ${archives[0]}, which may be the data set: ${/\.zip$/i.test(archives[0]) ? 'open that' : unpackIt}`]
      : [];
  const asides = [...leftOut, ...packed, ...(unread.length > 0 ? [unreadText(unread, root)] : [])];
  const examples = [...layouts, twinTrees].map(({ example }) => example).join('; ');
  return new AppError(
    'not-a-dataset',
    `${root} is not a data set as it is: nothing in it has a known layout (${examples}). ` +
      'Say yourself where its images and masks are: "Say what is in it" in the window, import on the command line' +
      asides.map((text) => `. Besides, ${text}`).join(''),
    { file: root, needs: 'folders' },
  );
}

/** The classes that an arrangement names. @throws as `readClassFile` and `classSetFrom` */
export function classSetOf(view: FolderView, { classes, masks, newMasks, readAs, voidColour }: Arrangement): ClassSet {
  const own = view.at(arrangementFile);
  const full =
    'builtIn' in classes
      ? builtInSource(classes.builtIn)
      : 'file' in classes
        ? readClassFile(view.file(classes.file))
        : fullClassSet(classes, own);
  const file = 'file' in classes ? view.at(classes.file) : own;
  return classSetFrom(full, { by: masks, newMasks, readAs, voidColour }, file);
}
