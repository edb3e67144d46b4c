// The layouts of published data sets, each a small recogniser that looks at folders and says where images and masks lie.
import path from 'node:path';
import { counted } from '#shared/counted';
import type { Affixes, Arrangement, Source } from '#shared/data/arrangement';
import { AppError } from '#shared/errors';
import type { BuiltInName } from '#shared/classes/class-set-schema';
import { FolderView, isIn, outsideOf } from './folder-view.ts';
import {
  affixesAmong,
  imageFolderNames,
  isMaskFolderOf,
  maskFolderNames,
  mayBeLabels,
  plainMaskNames,
  splitNames,
  yearlySplitNames,
} from './folder-names.ts';
import { findAffixes, stemOf } from './pairing.ts';
import { photosBelow } from './photos-below.ts';
import { bySplit, listsIn, splitNamed, splitsByLists } from './splits.ts';

/** What a recogniser finds; what it leaves out is found by looking at names and masks. */
export interface Draft extends Pick<Arrangement, 'title' | 'sources' | 'except'> {
  below?: boolean;
  affixes?: Partial<Affixes>;
  splits?: Arrangement['splits'];
  /** Classes where no file lists any; without them a person is asked. */
  builtIn?: BuiltInName;
  masks?: Arrangement['masks'];
  newMasks?: Arrangement['newMasks'];
  /** What of the folder is left out, in sentences. */
  problems?: string[];
}

interface Layout {
  /** As it is told to a person who looks for what a folder could have. */
  example: string;
  find: (view: FolderView) => Draft | null;
}

/** Sources in the order in which splits are shown. */
const inOrder = (sources: readonly Source[]): Source[] => sources.toSorted((a, b) => bySplit(a.split, b.split));

/** What lies below is looked at only where nothing lies right in it: links there may lead out. */
const hasImages = (view: FolderView, folder: string, below = false): boolean =>
  view.images(folder).length > 0 || (below && view.images(folder, true).length > 0);

/** Pairs of folders whose names tell each other: `<set>` and `<set>annot`. */
function besideEachOther(view: FolderView, images: RegExp, isMaskFolder: (set: string, name: string) => boolean): Source[] {
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

/** Of several folders that are called as one of masks, that which pairs: others may hold boxes as text beside it. */
const bestMasks = (view: FolderView, images: string, called: readonly string[]): string | undefined =>
  called.length < 2
    ? called[0]
    : (pairedMasks(view, images, called) ??
      called.find((each) => view.ifReadable(() => view.masks(each, true), []).length > 0) ??
      called[0]);

const nameOf = (folder: string): string => folder.split('/').at(-1)!;

/** Splits by their names that have no folder of masks yet. */
function withoutMasks(view: FolderView, found: readonly Source[], masksOf: (split: string) => string): Source[] {
  const taken = new Set(found.flatMap(({ images, masks }) => [images, masks]));
  return view
    .folders()
    .filter((name) => splitNames.test(name) && !taken.has(name) && hasImages(view, name, true))
    .map((name) => ({ split: splitNamed(name), images: name, masks: masksOf(name) }));
}

const strayText = (count: number, folder: string): string =>
  `${counted(count, 'image', ['lies', 'lie'])} in ${folder}/ itself, in no split, and ${count === 1 ? 'is' : 'are'} left out`;

/** `train2017` and `val2017`: years alone are recordings. @returns null where there are no such splits */
function yearlySplits(folders: readonly string[], images: string, masks: string): Source[] | null {
  const sources = folders.flatMap((name): Source[] => {
    const split = yearlySplitNames.exec(name)?.[1];
    return split === undefined ? [] : [{ split: splitNamed(split), name, images: `${images}/${name}`, masks: `${masks}/${name}` }];
  });
  const isAll = sources.length === folders.length && new Set(sources.map(({ split }) => split)).size > 1;
  return isAll ? inOrder(sources) : null;
}

/** The splits of a layout of two folders that hold a folder a split; the folders themselves where they hold the files. */
function splitFolders(view: FolderView, images: string, masks: string): Pick<Draft, 'sources' | 'problems'> {
  const splits = view.folders(images).filter((name) => hasImages(view, `${images}/${name}`, true));
  const yearly = yearlySplits(splits, images, masks);
  // Not by folders of masks: painting the first mask would make splits of what were sequences.
  const isSplit = yearly !== null || splits.some((name) => splitNames.test(name));
  const inSplits = splits.reduce((sum, name) => sum + view.images(`${images}/${name}`, true).length, 0);
  const stray = view.images(images).length;
  if (!isSplit || stray > inSplits / 2) return { sources: [{ split: 'train', name: images.split('/').at(-1)!, images, masks }] };
  // All masks may lie in one folder, whatever the splits are.
  const isApart = splits.some((name) => view.hasFolder(`${masks}/${name}`));
  const isFlat = !isApart && splits.some((name) => doPair(view, `${images}/${name}`, masks));
  const masksOf = (name: string) => (isFlat ? masks : `${masks}/${name}`);
  return {
    sources: yearly ?? inOrder(splits.map((name) => ({ split: splitNamed(name), images: `${images}/${name}`, masks: masksOf(name) }))),
    problems: stray > 0 ? [strayText(stray, images)] : [],
  };
}

/** Where one folder holds nothing but another, the innermost: what programs make of a zip that holds a folder of its own name. */
function innermostOf(view: FolderView, folder: string): string {
  const [inside, ...others] = view.folders(folder);
  return inside !== undefined && others.length === 0 && view.files(folder).length === 0 ? innermostOf(view, `${folder}/${inside}`) : folder;
}

/** The images of a folder and of those inside it; none where these are too many to be looked at. */
function imagesBelow({ root }: FolderView, folder: string): string[] {
  try {
    return new FolderView(root).images(folder, true);
  } catch (error) {
    if (error instanceof AppError && error.code === 'too-large') return [];
    throw error;
  }
}

/** Of folders that masks may lie in, the one whose names pair with most of a folder's images; null where none does. */
function pairedMasks(view: FolderView, images: string, among: readonly string[]): string | null {
  const called = among.filter((name) => name !== images && maskFolderNames.test(nameOf(name)));
  if (called.length === 0) return null;
  const masks = called.map((name) => ({ name, files: view.ifReadable(() => view.masks(name, true), []) }));
  const mostPaired = (files: readonly string[]) => {
    const paired = masks.map(({ name, files: of }) => ({ name, pairs: findAffixes(files, of).pairs })).sort((x, y) => y.pairs - x.pairs);
    return paired[0].pairs > 0 ? paired[0].name : null;
  };
  // What lies in these is no image, though they may lie below the images' folder.
  const all = () => mostPaired(outsideOf(called, images, imagesBelow(view, images)));
  return images === '.' ? (mostPaired(view.images(images)) ?? all()) : all();
}

/** The folder that holds the masks of a folder's images, or will; null where there is none. */
function maskFolderOf(view: FolderView, images: string, among: readonly string[]): string | null {
  const holdsMasks = (name: string) => view.masks(name, true).some((file) => mayBeLabels(file) || plainMaskNames.test(nameOf(name)));
  const isFree = (name: string) => holdsMasks(name) || view.files(name).length === 0;
  // Without one that pairs, one that is there for masks: not one that holds something else.
  const free = () => among.find((name) => name !== images && maskFolderNames.test(nameOf(name)) && isFree(name)) ?? null;
  return pairedMasks(view, images, among) ?? free();
}

/** Lists of splits, in the first of the folders that has any. */
export function listsOf(view: FolderView): Record<string, string> {
  const found = ['.', 'splits', 'lists', 'ImageSets/Segmentation', 'ImageSets'].map((folder) => listsIn(view, folder));
  return found.find((lists) => Object.keys(lists).length > 0) ?? {};
}

const rootLists = (view: FolderView): Arrangement['splits'] => splitsByLists(listsOf(view));

/** Folders of splits with lists beside them: what no list names stays in the split of its folder. */
function splitFoldersWithLists(view: FolderView, images: string, masks: string): Pick<Draft, 'sources' | 'problems' | 'splits'> {
  const found = splitFolders(view, images, masks);
  const splits = rootLists(view);
  return { ...found, splits: found.sources.length > 1 && splits.by === 'lists' ? { ...splits, rest: undefined } : splits };
}

const reference: Layout = {
  example: 'train_images/ with train_labels/',
  find(view) {
    const endings = ['_labels', '_masks', '_annotations'];
    const sources = besideEachOther(view, /^(.+)_images$/, (set, name) => endings.some((end) => name === set + end));
    const alone = ['train', 'valid', 'test'].filter((set) => view.hasFolder(`${set}_images`) && !view.hasFolder(`${set}_labels`));
    const bare = alone.map((set) => ({ split: splitNamed(set), images: `${set}_images`, masks: `${set}_labels` }));
    const all = [...sources, ...bare.filter(({ images }) => !sources.some((source) => source.images === images))];
    if (all.length === 0) return null;
    return { title: 'train_images / train_labels', sources: inOrder(all), builtIn: 'camvid-32', ...photosBelow(view, all) };
  },
};

const cityscapes: Layout = {
  example: 'leftImg8bit/ with gtFine/',
  find(view) {
    const images = folderNamed(view, 'leftImg8bit');
    const masks = folderNamed(view, 'gtFine') ?? folderNamed(view, 'gtCoarse');
    if (!masks || !images) return null;
    const { sources, problems } = splitFolders(view, images, masks);
    const kind = masks.split('/').at(-1)!;
    const files = sources.map((source) => view.images(source.masks, true));
    const ids = files.flat().find((file) => /_label(Train)?Ids\.png$/.test(file));
    const form = ids ? stemOf(ids).replace(/^.*?(?=_gt(Fine|Coarse)_)/, '') : `_${kind}_labelIds`;
    // Training ids where all that is labelled has them.
    const setsWith = (ending: string) => files.filter((names) => names.some((name) => name.endsWith(ending))).length;
    const hasTrainIds = setsWith('_labelTrainIds.png') > 0 && setsWith('_labelTrainIds.png') >= setsWith('_labelIds.png');
    const mask = form.replace(/_label(Train)?Ids$/, hasTrainIds ? '_labelTrainIds' : '_labelIds');
    return {
      title: `Cityscapes: leftImg8bit / ${kind}`,
      sources,
      problems,
      below: true,
      affixes: { imageSuffix: '_leftImg8bit', maskSuffix: mask },
      builtIn: hasTrainIds ? 'cityscapes-19' : 'cityscapes-34',
    };
  },
};

/** A folder here, or in one that its zip was unpacked into. */
function folderNamed(view: FolderView, name: string): string | null {
  if (view.hasFolder(name)) return name;
  const outer = view.folders().find((each) => each.startsWith(`${name}_`) && view.hasFolder(`${each}/${name}`));
  return outer ? `${outer}/${name}` : null;
}

const voc: Layout = {
  example: 'JPEGImages/ with SegmentationClass/',
  find(view) {
    if (!view.hasFolder('JPEGImages') || !view.hasFolder('SegmentationClass')) return null;
    // labelme of before puts arrays into the one and pictures into the other.
    const isApart = view.masks('SegmentationClass').length === 0 && view.hasFolder('SegmentationClassPNG');
    const masks = isApart ? 'SegmentationClassPNG' : 'SegmentationClass';
    const lists = listsIn(view, 'ImageSets/Segmentation', true);
    return {
      title: 'VOC: JPEGImages / SegmentationClass',
      // Its splits are lists; folders inside are sequences.
      sources: [{ split: 'train', name: 'JPEGImages', images: 'JPEGImages', masks }],
      below: true,
      splits: splitsByLists(lists),
      builtIn: 'voc-21',
      masks: 'colour',
      newMasks: 'palette',
    };
  },
};

const mmsegmentation: Layout = {
  example: 'img_dir/ with ann_dir/',
  find(view) {
    if (!view.hasFolder('img_dir')) return null;
    return {
      title: 'mmsegmentation: img_dir / ann_dir',
      ...splitFoldersWithLists(view, 'img_dir', 'ann_dir'),
      below: true,
    };
  },
};

const cambridge: Layout = {
  example: '701_StillsRaw_full/ with LabeledApproved_full/',
  find(view) {
    const outer = view.folders().find((name) => /^LabeledApproved(_full)?$/i.test(name));
    if (!outer) return null;
    const masks = innermostOf(view, outer);
    const files = view.masks(masks);
    const inside = view.folders().filter((name) => name !== outer);
    // What lies beside them may be anybody's: a disk's lost+found, a link to a run.
    const others = inside.flatMap((name) =>
      view.ifReadable(() => {
        const innermost = innermostOf(view, name);
        return hasImages(view, innermost) ? [innermost] : [];
      }, []),
    );
    const pairs = others.map((name) => ({ name, pairs: findAffixes(view.images(name), files).pairs })).sort((a, b) => b.pairs - a.pairs);
    if (pairs.length === 0) return null;
    const images = pairs[0].name;
    const source = { split: 'train', name: images.split('/')[0], images, masks };
    return {
      title: `CamVid as Cambridge publishes it: ${images.split('/')[0]} / ${outer}`,
      sources: [source],
      affixes: { maskSuffix: '_L' },
      splits: rootLists(view),
      builtIn: 'camvid-32',
      masks: 'colour',
    };
  },
};

/** A set's folder of images: `train`, `train_img`. */
const imagesOfSet = /^(.+?)(?:[_-](?:images?|imgs?))?$/i;

const kaggle: Layout = {
  example: 'train/ with train_labels/',
  find(view) {
    const sources = besideEachOther(view, imagesOfSet, (set, name) => !name.endsWith('annot') && isMaskFolderOf(set, name));
    if (sources.length === 0) return namedBehind(view);
    const [{ images, masks }] = sources;
    const ending = masks.slice(imagesOfSet.exec(images)![1].length);
    const all = inOrder([...sources, ...withoutMasks(view, sources, (name) => name + ending)]);
    return { title: 'train / train_labels', sources: all, ...photosBelow(view, all) };
  },
};

/** `images_train` with `masks_train`. */
function namedBehind(view: FolderView): Draft | null {
  const folders = view.folders();
  const sources = folders.flatMap((name): Source[] => {
    const [, kind, set] = /^([a-z]+\d?)[_-](.+)$/i.exec(name) ?? [];
    if (!set || !imageFolderNames.test(kind) || !hasImages(view, name, true)) return [];
    const called = folders.filter((each) => {
      const [, other, same] = /^([a-z]+)[_-](.+)$/i.exec(each) ?? [];
      return same === set && each !== name && maskFolderNames.test(other);
    });
    const masks = bestMasks(view, name, called);
    return masks ? [{ split: splitNamed(set), images: name, masks }] : [];
  });
  if (sources.length === 0) return null;
  return { title: 'images_train / masks_train', sources: inOrder(sources), ...photosBelow(view, sources) };
}

const segnet: Layout = {
  example: 'train/ with trainannot/',
  find(view) {
    const found = besideEachOther(view, /^(.+?)$/, (set, name) => name === `${set}annot`);
    if (found.length === 0) return null;
    const sources = inOrder([...found, ...withoutMasks(view, found, (name) => `${name}annot`)]);
    return { title: 'train / trainannot', sources, builtIn: 'camvid-11', ...photosBelow(view, sources) };
  },
};

/** Images and masks in two folders of telling names, with a folder a split inside or not. */
const pairs: Layout = {
  example: 'images/ with masks/ or labels/',
  find(view) {
    const folders = view.folders();
    const images = folders.find((name) => imageFolderNames.test(name) && hasImages(view, name, true));
    if (!images) return null;
    const masks = maskFolderOf(view, images, folders) ?? 'masks';
    return { title: `${images} / ${masks}`, ...splitFoldersWithLists(view, images, masks), below: true };
  },
};

/** A folder a split, with images and masks inside each: `train/images`, `train/masks`. */
const splitsFirst: Layout = {
  example: 'train/images/ with train/masks/',
  find(view) {
    const sources = view.folders().flatMap((split): Source[] => {
      const inside = view.ifReadable(() => view.folders(split), []).map((name) => `${split}/${name}`);
      const images = inside.find((name) => imageFolderNames.test(nameOf(name)) && hasImages(view, name, true));
      if (!images) return [];
      const masks = maskFolderOf(view, images, inside) ?? `${split}/masks`;
      return [{ split: splitNamed(split), images, masks }];
    });
    // One folder that is called like no split is a data set inside this one.
    if (sources.length < 2 && !view.folders().some((name) => splitNames.test(name))) return null;
    if (sources.length === 0) return null;
    return { title: 'a folder a split, with images and masks inside', sources: inOrder(sources), ...photosBelow(view, sources) };
  },
};

/**
 * The masks of split folders in a folder beside them: `masks/train`, or all of them in `masks`.
 * @returns the folder of masks of each split; none where there are no such, or SegNet's
 */
function masksBeside(view: FolderView, splits: readonly string[]): Map<string, string> {
  if (splits.some((name) => view.hasFolder(`${name}annot`))) return new Map();
  for (const folder of view.folders().filter((name) => !splits.includes(name) && maskFolderNames.test(name))) {
    const apart = new Map(splits.map((split) => [split, `${folder}/${split}`]));
    if (splits.some((split) => doPair(view, split, `${folder}/${split}`))) return apart;
    if (splits.some((split) => doPair(view, split, folder))) return new Map(splits.map((split) => [split, folder]));
  }
  return new Map();
}

const doPair = (view: FolderView, images: string, masks: string): boolean =>
  view.hasFolder(masks) && view.ifReadable(() => findAffixes(view.images(images, true), view.masks(masks, true)).pairs > 0, false);

/** Split folders with images, and their masks among them, in a folder inside, or not there yet: then it is SegNet's layout. */
const splitsAlone: Layout = {
  example: 'train/ and val/ with images',
  find(view) {
    const named = view.folders().filter((name) => splitNames.test(name));
    // What lies deeper is looked at beside one that holds images itself: any program has a folder of tests.
    if (!named.some((name) => hasImages(view, name))) return null;
    const splits = named.filter((name) => view.ifReadable(() => hasImages(view, name, true), false));
    const together = affixesAmong(
      splits.flatMap((name) => view.images(name).map((file) => `${name}/${file}`)),
      !splits.some((name) => view.hasFolder(`${name}annot`)),
    );
    const foldersIn = (name: string) => view.folders(name).map((inside) => `${name}/${inside}`);
    const inside = together ? [] : splits.flatMap((name) => pairedMasks(view, name, foldersIn(name)) ?? []);
    const masksIn = (name: string) => inside.find((masks) => isIn(name, masks)) ?? `${name}/${nameOf(inside[0])}`;
    const beside = together || inside.length > 0 ? new Map<string, string>() : masksBeside(view, splits);
    const masksOf = (name: string) => (together ? name : inside.length > 0 ? masksIn(name) : (beside.get(name) ?? `${name}annot`));
    const sources = inOrder(splits.map((name) => ({ split: splitNamed(name), images: name, masks: masksOf(name) })));
    const where = together
      ? 'masks among the images'
      : inside.length > 0
        ? 'masks inside'
        : beside.size > 0
          ? 'masks beside'
          : 'trainannot';
    const title = `train / ${where}`;
    const told = together ? { affixes: together } : inside.length + beside.size > 0 ? {} : { builtIn: 'camvid-11' as const };
    return { title, sources, ...told, ...photosBelow(view, sources, together) };
  },
};

/** A folder of photos, with or without their masks among them: nothing in its name tells that it is meant. */
const imagesAlone: Layout = {
  example: 'a folder of images',
  find(view) {
    const files = view.images('.');
    if (files.length === 0) return null;
    const folders = view.folders();
    const together = affixesAmong(files, pairedMasks(view, '.', folders) === null);
    const masks = together ? '.' : (view.ifReadable(() => maskFolderOf(view, '.', folders), null) ?? 'masks');
    const sources = [{ split: 'train', name: 'images', images: '.', masks }];
    const about = together ? { title: 'images and masks in one folder', affixes: together } : { title: `images / ${masks}` };
    return { ...about, sources, splits: rootLists(view), ...photosBelow(view, sources, together) };
  },
};

const labelsIn = (view: FolderView, folder: string): string[] =>
  view.ifReadable(() => view.masks(folder, true), []).flatMap((file) => (mayBeLabels(file) ? [path.posix.basename(file)] : []));

const photosAround = (view: FolderView, folder: string): string[] => {
  const around = path.posix.dirname(folder);
  return outsideOf([folder], around, view.images(around, true)).map((file) => path.posix.basename(file));
};

/** Whether a folder holds the labels of photos beside it, by its name and its files': those of photos of a kind that is not read, too. */
function holdsLabels(view: FolderView, folder: string): boolean {
  if (!maskFolderNames.test(folder)) return false;
  const labels = labelsIn(view, folder);
  if (labels.length === 0) return false;
  const photos = photosAround(view, folder);
  return photos.length > 0 ? findAffixes(photos, labels).pairs > 0 : plainMaskNames.test(folder);
}

/** Whether PNGs in a folder called as those of labels are, somewhere in this one, are called as the photos of another kind around them. */
const hasLabelsBelow = (view: FolderView, around: string, deep = 3): boolean =>
  view
    .ifReadable(() => view.folders(around), [])
    .some((name) => {
      const folder = path.posix.join(around, name);
      const photos = plainMaskNames.test(name) && around !== '.' ? photosAround(view, folder).filter((file) => !mayBeLabels(file)) : [];
      const holds = photos.length > 0 && findAffixes(photos, labelsIn(view, folder)).pairs > 0;
      return holds || (deep > 0 && hasLabelsBelow(view, folder, deep - 1));
    });

/** Photos in folders of their own, as cameras and people leave them, with masks among them, in a folder beside them or none yet. */
const foldersOfImages: Layout = {
  example: 'folders of images',
  find(view) {
    if (!hasImages(view, '.', true)) return null;
    const masks = view.hasFolder('masks') ? 'masks' : pairedMasks(view, '.', view.folders());
    // Labels are no photos: which folder holds what is asked, unless there are masks already.
    if (!masks && (view.folders().some((name) => holdsLabels(view, name)) || hasLabelsBelow(view, '.'))) return null;
    const together = masks ? null : affixesAmong(view.images('.', true), true);
    const source = { split: 'train', name: 'images', images: '.', masks: together ? '.' : (masks ?? 'masks') };
    const title = together ? 'folders of images and masks' : `folders of images / ${source.masks}`;
    return { title, sources: [source], below: true, ...(together ? { affixes: together } : {}), splits: rootLists(view) };
  },
};

/** Those whose folders say by their names that they hold a data set, from the most telling to the least. */
export const namedLayouts: readonly Layout[] = [
  cityscapes,
  voc,
  mmsegmentation,
  cambridge,
  reference,
  kaggle,
  segnet,
  pairs,
  splitsFirst,
  splitsAlone,
];

/** From the most telling to the least. */
export const layouts: readonly Layout[] = [...namedLayouts, imagesAlone, foldersOfImages];
