// Which folder holds the masks of which images, by names and by what pairs.
import path from 'node:path';
import type { Source } from '#shared/data/arrangement';
import { counted } from '#shared/counted';
import { AppError, unlessRefused } from '#shared/errors';
import {
  doubtOfMasks,
  isOfPictures,
  likenessOfPhotos,
  maskFolderNames,
  mayBeLabels,
  mayBePhotos,
  plainMaskNames,
  splitOfFolder,
} from './folder-names.ts';
import { FolderView, outsideOf } from './folder-view.ts';
import { findAffixes } from './pairing.ts';

/** The last part of a folder's path. */
export const nameOf = (folder: string): string => folder.split('/').at(-1)!;

/** The images of a folder and of those inside it; none where these are too many to be looked at. */
function imagesBelow({ root }: FolderView, folder: string): string[] {
  try {
    return new FolderView(root).images(folder, true);
  } catch (error) {
    if (error instanceof AppError && error.code === 'too-large') return [];
    throw error;
  }
}

/** Whether a folder's name tells that it holds something made of labels, or like them. */
const isSetAside = (name: string): boolean => doubtOfMasks(nameOf(name)) > 2;

/** Folders that are called as those of masks, the surest first. */
const surestFirst = (folders: readonly string[]): string[] =>
  folders
    .filter((name) => maskFolderNames.test(nameOf(name)))
    .toSorted((a, b) => doubtOfMasks(nameOf(a)) - doubtOfMasks(nameOf(b)) || (a < b ? -1 : 1));

/**
 * Of folders that masks may lie in, the one whose names pair with most of a folder's images; null where none does. Predictions, earlier
 * labels and pictures of labels pair with all of them: what is called so is taken where nothing else is there.
 */
export function pairedMasks(view: FolderView, images: string, among: readonly string[]): string | null {
  const called = surestFirst(among.filter((name) => name !== images));
  if (called.length === 0) return null;
  const masks = called.map((name) => ({ name, files: view.ifReadable(() => view.masks(name, true), []) }));
  const mostPaired = (files: readonly string[]) => {
    const paired = masks.map(({ name, files: of }) => ({ name, pairs: findAffixes(files, of).pairs })).filter(({ pairs }) => pairs > 0);
    const meant = paired.filter(({ name }) => !isSetAside(name));
    // Of as many the first, which is called the surest.
    return (meant.length > 0 ? meant : paired).toSorted((x, y) => y.pairs - x.pairs).at(0)?.name ?? null;
  };
  // What lies in these is no image, though they may lie below the images' folder.
  const all = () => mostPaired(outsideOf(called, images, imagesBelow(view, images)));
  return images === '.' ? (mostPaired(view.images(images)) ?? all()) : all();
}

/** The folder that holds the masks of a folder's images, or will; null where there is none. */
export function maskFolderOf(view: FolderView, images: string, among: readonly string[]): string | null {
  const holdsMasks = (name: string) => view.masks(name, true).some((file) => mayBeLabels(file) || plainMaskNames.test(nameOf(name)));
  const isFree = (name: string) => holdsMasks(name) || view.files(name).length === 0;
  // Without one that pairs, one that is there for masks: not one that holds something else.
  const free = () => surestFirst(among).find((name) => name !== images && isFree(name)) ?? null;
  return pairedMasks(view, images, among) ?? free();
}

/** Of several folders that are called as one of masks, that which pairs: others may hold boxes as text beside it. */
export const bestMasks = (view: FolderView, images: string, called: readonly string[]): string | undefined =>
  called.length < 2
    ? called[0]
    : (pairedMasks(view, images, called) ??
      called.find((each) => view.ifReadable(() => view.masks(each, true), []).length > 0) ??
      called[0]);

/** Whether names of one folder's images and of another's masks pair. */
export const doPair = (view: FolderView, images: string, masks: string): boolean =>
  view.hasFolder(masks) && view.ifReadable(() => findAffixes(view.images(images, true), view.masks(masks, true)).pairs > 0, false);

/**
 * The masks of split folders in a folder beside them: `masks/train`, or all of them in `masks`.
 * @returns the folder of masks of each split; none where there are no such, or SegNet's
 */
export function masksBeside(view: FolderView, splits: readonly string[]): Map<string, string> {
  if (splits.some((name) => view.hasFolder(`${name}annot`))) return new Map();
  const called = surestFirst(view.folders().filter((name) => !splits.includes(name)));
  // A folder of each split's own goes first: photos of several splits may be called alike.
  const isOf = (split: string, name: string) =>
    name.toLowerCase().startsWith(split.toLowerCase()) && /^[ _-]/.test(name.slice(split.length));
  const ownOf = (split: string) => called.find((name) => isOf(split, name) && doPair(view, split, name));
  const own = new Map(
    splits.flatMap((split) => {
      const found = ownOf(split);
      return found ? [[split, found] as const] : [];
    }),
  );
  if (own.size > 0) return new Map(splits.map((split) => [split, own.get(split) ?? [...own.values()][0]]));
  for (const folder of called) {
    const apart = new Map(splits.map((split) => [split, `${folder}/${split}`]));
    if (splits.some((split) => doPair(view, split, `${folder}/${split}`))) return apart;
    if (splits.some((split) => doPair(view, split, folder))) return new Map(splits.map((split) => [split, folder]));
  }
  return new Map();
}

const labelsIn = (view: FolderView, folder: string): string[] =>
  view.ifReadable(() => view.masks(folder, true), []).flatMap((file) => (mayBeLabels(file) ? [path.posix.basename(file)] : []));

const isSegment = /^segs?[ _-]?\d+$/i;

/** Photos beside a folder and in those beside it: sequences are called as segments, too, and none is that of another's labels. */
const photosAround = (view: FolderView, folder: string): string[] => {
  const around = path.posix.dirname(folder);
  const segments = view.folders(around).filter((name) => isSegment.test(name));
  return outsideOf([folder, ...segments.map((name) => path.posix.join(around, name))], around, view.images(around, true)).map((file) =>
    path.posix.basename(file),
  );
};

/** Whether a folder's name tells labels, and nothing made of them: numbered ones may be segments of a drive, and targets are aimed at. */
const isPlainly = (folder: string): boolean =>
  plainMaskNames.test(nameOf(folder)) &&
  doubtOfMasks(nameOf(folder)) < 3 &&
  !isSegment.test(nameOf(folder)) &&
  !mayBePhotos(nameOf(folder));

/** Whether a folder holds labels by its name and its files': those of photos of a kind that is not read, or called otherwise, too. */
export function holdsLabels(view: FolderView, folder: string): boolean {
  if (!maskFolderNames.test(nameOf(folder))) return false;
  const labels = labelsIn(view, folder);
  return labels.length > 0 && (isPlainly(folder) || findAffixes(photosAround(view, folder), labels).pairs > 0);
}

/** Whether a folder somewhere in this one holds the labels of what lies beside it. */
export const hasLabelsBelow = (view: FolderView, around: string, deep = 3): boolean =>
  view
    .ifReadable(() => view.folders(around), [])
    .some((name) => {
      const folder = path.posix.join(around, name);
      const holds = isPlainly(folder) && photosAround(view, folder).length > 0 && holdsLabels(view, folder);
      return holds || (deep > 0 && hasLabelsBelow(view, folder, deep - 1));
    });

/** Folders beside that of a source's masks, or beside one that this lies in, which are called as folders of masks too. */
function maskFoldersBeside(view: FolderView, masks: string): string[] {
  const parts = masks.split('/');
  const at = parts.findIndex((part) => maskFolderNames.test(part));
  if (at < 0) return [];
  const around = parts.slice(0, at).join('/') || '.';
  const others = view.ifReadable(() => view.folders(around), []).filter((name) => name !== parts[at] && maskFolderNames.test(name));
  return others.map((name) => parts.with(at, name).join('/'));
}

/** What else could be the masks of a data set's images by its name, in sentences: which of them are labels a person knows alone. */
export function otherMasksText(view: FolderView, sources: readonly Source[]): string[] {
  return sources.flatMap(({ images, masks }) => {
    if (!view.hasFolder(masks)) return [];
    const others = maskFoldersBeside(view, masks).filter(
      (each) => !isOfPictures(nameOf(each)) && each !== images && doPair(view, images, each),
    );
    if (others.length === 0) return [];
    const named = others.map((each) => `${each}/`).join(', ');
    return [
      `${named} could be the masks of ${images}/ as well as ${masks}/, which is taken: if that is not so, say it in "Say what is in it"`,
    ];
  });
}

/** Folders at the top in which no source has images or masks; none where one has all of the folder. */
export function foldersBeside(view: FolderView, sources: readonly Source[]): string[] {
  const taken = new Set(sources.flatMap(({ images, masks }) => [images.split('/')[0], masks.split('/')[0]]));
  return taken.has('.') ? [] : view.folders().filter((name) => !taken.has(name));
}

/** Of the images that are read a folder with less holds figures and logos, unless it is called as a split. */
const leastShare = 0.05;

/**
 * Folders of images beside those of a data set that belong to none of its sources, in sentences: they would be missed.
 * @param count images that are read
 */
export function otherSetsText(view: FolderView, sources: readonly Source[], count: number): string[] {
  const others = foldersBeside(view, sources);
  const masks = others.filter((name) => maskFolderNames.test(name));
  const say = 'if it is part of the data set, say it in "Say what is in it"';
  return others
    .filter((name) => !masks.includes(name) && likenessOfPhotos(name) > 0)
    .flatMap((name) => {
      const own = pairedMasks(view, name, masks);
      if (own) return [`${name}/ has masks in ${own}/ and is left out: ${say}`];
      const images = unlessRefused(() => imagesBelow(view, name), []).length;
      const isMany = images > (splitOfFolder(name) === null ? Math.max(1, leastShare * count) : 0);
      return isMany ? [`${name}/ is left out with its ${counted(images, 'image')}: ${say}`] : [];
    });
}
