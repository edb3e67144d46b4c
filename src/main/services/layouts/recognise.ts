// Opens any folder: looks which layout it has, which classes, and how its masks name them.
import path from 'node:path';
import { isThere } from '#files/file-identity';
import { AppError, unlessRefused } from '#shared/errors';
import { builtInNames } from '#shared/classes/class-set-schema';
import { builtInSource, classSetFrom, fullClassSet, type ClassSet } from '../class-sets/class-set.ts';
import { classFileNames, readClassFile } from '../class-sets/class-files.ts';
import { soundArrangement, type Affixes, type Arrangement, type OpenArrangement, type Source } from '#shared/data/arrangement';
import { arrangementFile, ownArrangement } from './own-arrangement.ts';
import { FolderView, isFolder, isIn, unreadText } from './folder-view.ts';
import { classesOf, classFileOf, classFilesIn, unknownClasses, type ClassesFound, type KnownOfClasses } from './folder-classes.ts';
import { keptReading } from './kept-reading.ts';
import type { Draft } from './layout.ts';
import { layouts, namedLayouts } from './layouts.ts';
import { assertImages, locateImages, type LocatedImages } from './locate.ts';
import { doPair, foldersBeside, otherMasksText, otherSetsText } from './mask-folders.ts';
import { coreOf, findAffixes, stemAround, stemOf } from './pairing.ts';
import { hasImages } from './split-sources.ts';
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

/** Images that are called as a mask is, by what names of all sources have around what they share. */
function pairsIn(view: FolderView, draft: Draft): number {
  const { sources, below = false } = draft;
  const { imagePrefix = '', imageSuffix = '', maskPrefix = '', maskSuffix = '' } = draft.affixes ?? affixesOf(view, draft);
  const pairs = ({ images, masks }: Source) => {
    const stems = new Set((view.hasFolder(masks) ? view.masks(masks, below) : []).map(stemOf));
    const cores = view.images(images, below).flatMap((file) => coreOf(stemOf(file), imagePrefix, imageSuffix) ?? []);
    return cores.filter((core) => stems.has(stemAround(core, maskPrefix, maskSuffix))).length;
  };
  return sources.reduce((sum, source) => sum + view.ifReadable(() => pairs(source), 0), 0);
}

const areOneAnother = (a: string, b: string): boolean => a === b || isIn(a, b) || isIn(b, a);
/** Whether what pairs in a layout has the same masks in another one. */
const keepsMasks = (view: FolderView, { sources }: Draft, before: Draft): boolean =>
  before.sources
    .filter(({ images, masks }) => doPair(view, images, masks))
    .every(({ images, masks }) => sources.some((each) => areOneAnother(each.images, images) && areOneAnother(each.masks, masks)));

/** Whether a folder at the top holds pictures of which a draft takes none. */
function leavesFolders(view: FolderView, { sources }: Draft): boolean {
  // What cannot be looked into is not told: it may be anything.
  const holdsImages = (name: string) => unlessRefused(() => hasImages(new FolderView(view.root), name, true), false);
  return foldersBeside(view, sources).some(holdsImages);
}

/**
 * What fits a folder: where its names alone tell a layout and no mask pairs in it, masks may lie in another tree of folders; and so they
 * may where more of them pair there than in a layout that leaves folders aside, as one of splits does with all that is called otherwise.
 */
function fittingDraft(view: FolderView): Draft | null {
  const draft = draftOf(view);
  if (!draft || !pairsAny(view, draft)) return twinTrees.find(view) ?? draft;
  const twin = leavesFolders(view, draft) ? twinTrees.find(view) : null;
  return twin && keepsMasks(view, twin, draft) && pairsIn(view, twin) > pairsIn(view, draft) ? twin : draft;
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
  const asides = [
    ...(draft.problems ?? []),
    ...otherMasksText(view, draft.sources),
    ...otherSetsText(view, draft.sources, located.images.length),
  ];
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

/** The classes of a folder, or why the list that tells them is not understood: a person can say them. */
function classesOrWhy(view: FolderView, draft: Draft, masks: readonly string[], known: KnownOfClasses): ClassesFound | AppError {
  try {
    return classesOf(view, draft, masks, known);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return new AppError(error.code, error.message, { ...error.details, file: view.root, needs: 'classes' });
  }
}

function affixesOf(view: FolderView, { sources, below = false }: Draft): Affixes {
  const images = sources.flatMap((source) => view.images(source.images, below));
  const masks = sources.flatMap((source) => (view.hasFolder(source.masks) ? view.masks(source.masks, below) : []));
  const { pairs: _, ...affixes } = findAffixes(images, masks);
  return affixes;
}

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
