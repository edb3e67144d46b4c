// The splits of a data set by its folders and lists: which images and masks each has.
import { counted } from '#shared/counted';
import { unlessRefused } from '#shared/errors';
import type { Arrangement, Source } from '#shared/data/arrangement';
import { splitNames, splitOfFolder, yearlySplitNames } from './folder-names.ts';
import { FolderView } from './folder-view.ts';
import type { Draft } from './layout.ts';
import { bestMasks, doPair, nameOf } from './mask-folders.ts';
import { bySplit, listsIn, splitNamed, splitsByLists } from './splits.ts';

/** Sources in the order in which splits are shown. */
export const inOrder = (sources: readonly Source[]): Source[] => sources.toSorted((a, b) => bySplit(a.split, b.split));

/** What lies below is looked at only where nothing lies right in it: links there may lead out. */
export const hasImages = (view: FolderView, folder: string, below = false): boolean =>
  view.images(folder).length > 0 || (below && view.images(folder, true).length > 0);

/** Pairs of folders whose names tell each other: `<set>` and `<set>annot`. */
export function besideEachOther(view: FolderView, images: RegExp, isMaskFolder: (set: string, name: string) => boolean): Source[] {
  const folders = view.folders();
  return inOrder(
    folders.flatMap((name): Source[] => {
      const set = images.exec(name)?.[1];
      const masks =
        set === undefined
          ? undefined
          : bestMasks(
              view,
              name,
              folders.filter((each) => each !== name && isMaskFolder(set, each)),
            );
      return masks && hasImages(view, name, true) ? [{ split: splitNamed(set!), images: name, masks }] : [];
    }),
  );
}

/** Splits by their names that have no folder of masks yet. */
export function withoutMasks(view: FolderView, found: readonly Source[], masksOf: (split: string) => string): Source[] {
  const taken = new Set(found.flatMap(({ images, masks }) => [images, masks]));
  return view
    .folders()
    .filter((name) => splitNames.test(name) && !taken.has(name) && hasImages(view, name, true))
    .map((name) => ({ split: splitNamed(name), images: name, masks: masksOf(name) }));
}

const strayText = (count: number, folder: string): string =>
  `${counted(count, 'image', ['lies', 'lie'])} in ${folder}/ itself, in no split, and ${count === 1 ? 'is' : 'are'} left out`;

/** `train2017` and `val2017`: years alone are recordings. @returns none where they are of one split */
export function yearlyAmong(folders: readonly string[]): string[] {
  const yearly = folders.filter((name) => yearlySplitNames.test(name));
  return new Set(yearly.map(splitOfFolder)).size > 1 ? yearly : [];
}

/** The split of a folder, whose images keep its name where that has a year. */
export const setOf = (folder: string, isYearly = yearlySplitNames.test(folder)): Pick<Source, 'split' | 'name'> =>
  isYearly ? { split: splitNamed(splitOfFolder(folder)!), name: folder } : { split: splitNamed(folder) };

/** The splits of a layout of two folders that hold a folder a split; the folders themselves where they hold the files. */
export function splitFolders(view: FolderView, images: string, masks: string): Pick<Draft, 'sources' | 'problems'> {
  const splits = view.folders(images).filter((name) => hasImages(view, `${images}/${name}`, true));
  const areYearly = splits.length > 0 && yearlyAmong(splits).length === splits.length;
  // Not by folders of masks: painting the first mask would make splits of what were sequences.
  const isSplit = areYearly || splits.some((name) => splitNames.test(name));
  const inSplits = splits.reduce((sum, name) => sum + view.images(`${images}/${name}`, true).length, 0);
  const stray = view.images(images).length;
  if (!isSplit || stray > inSplits / 2) return { sources: [{ split: 'train', name: nameOf(images), images, masks }] };
  // All masks may lie in one folder, whatever the splits are.
  const isApart = splits.some((name) => view.hasFolder(`${masks}/${name}`));
  const isFlat = !isApart && splits.some((name) => doPair(view, `${images}/${name}`, masks));
  const masksOf = (name: string) => (isFlat ? masks : `${masks}/${name}`);
  return {
    sources: inOrder(splits.map((name) => ({ ...setOf(name, areYearly), images: `${images}/${name}`, masks: masksOf(name) }))),
    problems: stray > 0 ? [strayText(stray, images)] : [],
  };
}

const listFolders = ['.', 'splits', 'split', 'lists', 'list', 'meta', 'ImageSets/Segmentation', 'ImageSets'];

/** Lists of splits, in the first of the folders that has any. */
export function listsOf(view: FolderView): Record<string, string> {
  // What cannot be looked into here is not told: it may be anything.
  const inside = (folder: string) => unlessRefused(() => listsIn(new FolderView(view.root), folder), {});
  const found = listFolders.map((folder) => (folder === '.' ? listsIn(view, folder) : inside(folder)));
  return found.find((lists) => Object.keys(lists).length > 0) ?? {};
}

/** Splits by the lists in a data set's folder. */
export const rootLists = (view: FolderView): Arrangement['splits'] => splitsByLists(listsOf(view));

/** Lists beside folders: what none of them names stays in the split of its folder, where folders tell some. */
export function listsBeside(view: FolderView, haveSplits: boolean): Arrangement['splits'] {
  const splits = rootLists(view);
  return splits.by === 'lists' && haveSplits ? { ...splits, rest: undefined } : splits;
}

/** Folders of splits with lists beside them: what no list names stays in the split of its folder. */
export function splitFoldersWithLists(view: FolderView, images: string, masks: string): Pick<Draft, 'sources' | 'problems' | 'splits'> {
  const found = splitFolders(view, images, masks);
  return { ...found, splits: listsBeside(view, found.sources.length > 1) };
}
