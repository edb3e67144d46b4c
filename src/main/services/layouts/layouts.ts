// The layouts of published data sets, each a small recogniser that looks at folders and says where images and masks lie.
import type { Arrangement, Source } from '#shared/data/arrangement';
import type { BuiltInName } from '#shared/classes/class-set-schema';
import type { FolderView } from './folder-view.ts';
import { findSuffixes, stemOf } from './pairing.ts';
import { bySplit, listsIn, splitNamed, splitsByLists } from './splits.ts';

/** What a recogniser finds; what it leaves out is found by looking at names and masks. */
export interface Draft extends Pick<Arrangement, 'title' | 'sources'> {
  below?: boolean;
  suffixes?: { image: string; mask: string };
  splits?: Arrangement['splits'];
  /** Classes where no file lists any; without them a person is asked. */
  builtIn?: BuiltInName;
  masks?: Arrangement['masks'];
  newMasks?: Arrangement['newMasks'];
}

interface Layout {
  /** As it is told to a person who looks for what a folder could have. */
  example: string;
  find: (view: FolderView) => Draft | null;
}

const fileSplits = /^(train|training|val|valid|validation|dev|test|testing)$/i;
const imageFolderNames = /^(images?|imgs?|photos?|pictures|rgb|frames|leftimg8bit)$/i;
const maskFolderNames = /^(masks?|labels?|annotations?|annots?|gt|ground_?truth|seg(mentation)?s?|labelled|label_?images?)$/i;

/** Sources in the order in which splits are shown. */
const inOrder = (sources: readonly Source[]): Source[] => sources.toSorted((a, b) => bySplit(a.split, b.split));

const hasImages = (view: FolderView, folder: string, below = false): boolean => view.images(folder, below).length > 0;

/** Pairs of folders whose names tell each other: `<set>` and `<set>annot`. */
function besideEachOther(view: FolderView, images: RegExp, maskFolders: (set: string) => string[]): Source[] {
  const folders = view.folders();
  return inOrder(
    folders.flatMap((name): Source[] => {
      const set = images.exec(name)?.[1];
      const masks = set === undefined ? undefined : maskFolders(set).find((each) => each !== name && folders.includes(each));
      return masks && hasImages(view, name) ? [{ split: splitNamed(set!), images: name, masks }] : [];
    }),
  );
}

/** The splits of a layout of two folders that hold a folder a split; the folders themselves where they hold the files. */
function splitFolders(view: FolderView, images: string, masks: string): Source[] {
  const splits = view.folders(images).filter((name) => hasImages(view, `${images}/${name}`, true));
  const known = splits.filter((name) => fileSplits.test(name) || view.hasFolder(`${masks}/${name}`));
  if (known.length === 0 || hasImages(view, images)) return [{ split: 'train', name: images.split('/').at(-1)!, images, masks }];
  return inOrder(known.map((name) => ({ split: splitNamed(name), images: `${images}/${name}`, masks: `${masks}/${name}` })));
}

/** Lists of splits, in the first of the folders that has any. */
export function listsOf(view: FolderView): Record<string, string> {
  const found = ['.', 'splits', 'lists', 'ImageSets/Segmentation', 'ImageSets'].map((folder) => listsIn(view, folder));
  return found.find((lists) => Object.keys(lists).length > 0) ?? {};
}

const rootLists = (view: FolderView): Arrangement['splits'] => splitsByLists(listsOf(view));

const reference: Layout = {
  example: 'train_images/ with train_labels/',
  find(view) {
    const sources = besideEachOther(view, /^(.+)_images$/, (set) => [`${set}_labels`, `${set}_masks`, `${set}_annotations`]);
    const alone = ['train', 'valid', 'test'].filter((set) => view.hasFolder(`${set}_images`) && !view.hasFolder(`${set}_labels`));
    const bare = alone.map((set) => ({ split: splitNamed(set), images: `${set}_images`, masks: `${set}_labels` }));
    const all = [...sources, ...bare.filter(({ images }) => !sources.some((source) => source.images === images))];
    if (all.length === 0) return null;
    return { title: 'train_images / train_labels', sources: inOrder(all), builtIn: 'camvid-32' };
  },
};

const cityscapes: Layout = {
  example: 'leftImg8bit/ with gtFine/',
  find(view) {
    const masks = ['gtFine', 'gtCoarse'].find((name) => view.hasFolder(name));
    if (!masks || !view.hasFolder('leftImg8bit')) return null;
    const sources = splitFolders(view, 'leftImg8bit', masks);
    const ids = sources.flatMap((source) => view.images(source.masks, true)).find((file) => /_label(Train)?Ids\.png$/.test(file));
    const form = ids ? stemOf(ids).replace(/^.*?(?=_gt(Fine|Coarse)_)/, '') : `_${masks}_labelIds`;
    const hasTrainIds = sources.some((source) => view.images(source.masks, true).some((file) => file.endsWith('_labelTrainIds.png')));
    const mask = hasTrainIds ? form.replace('_labelIds', '_labelTrainIds') : form;
    return {
      title: `Cityscapes: leftImg8bit / ${masks}`,
      sources,
      below: true,
      suffixes: { image: '_leftImg8bit', mask },
      builtIn: hasTrainIds ? 'cityscapes-19' : 'cityscapes-34',
    };
  },
};

const voc: Layout = {
  example: 'JPEGImages/ with SegmentationClass/',
  find(view) {
    if (!view.hasFolder('JPEGImages') || !view.hasFolder('SegmentationClass')) return null;
    const lists = listsIn(view, 'ImageSets/Segmentation');
    return {
      title: 'VOC: JPEGImages / SegmentationClass',
      // Its splits are lists; folders inside are sequences.
      sources: [{ split: 'train', name: 'JPEGImages', images: 'JPEGImages', masks: 'SegmentationClass' }],
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
      sources: splitFolders(view, 'img_dir', 'ann_dir'),
      below: true,
      splits: rootLists(view),
    };
  },
};

const cambridge: Layout = {
  example: '701_StillsRaw_full/ with LabeledApproved_full/',
  find(view) {
    const masks = view.folders().find((name) => /^LabeledApproved(_full)?$/i.test(name));
    if (!masks) return null;
    const files = view.masks(masks);
    const others = view.folders().filter((name) => name !== masks && hasImages(view, name));
    const pairs = others.map((name) => ({ name, pairs: findSuffixes(view.images(name), files).pairs })).sort((a, b) => b.pairs - a.pairs);
    if (pairs.length === 0) return null;
    const source = { split: 'train', name: pairs[0].name, images: pairs[0].name, masks };
    return {
      title: `CamVid as Cambridge publishes it: ${pairs[0].name} / ${masks}`,
      sources: [source],
      suffixes: { image: '', mask: '_L' },
      splits: rootLists(view),
      builtIn: 'camvid-32',
      masks: 'colour',
    };
  },
};

const kaggle: Layout = {
  example: 'train/ with train_labels/',
  find(view) {
    const sources = besideEachOther(view, /^(.+?)$/, (set) => [`${set}_labels`, `${set}_masks`, `${set}_annotations`]);
    return sources.length > 0 ? { title: 'train / train_labels', sources } : null;
  },
};

const segnet: Layout = {
  example: 'train/ with trainannot/',
  find(view) {
    const found = besideEachOther(view, /^(.+?)$/, (set) => [`${set}annot`]);
    if (found.length === 0) return null;
    const bare = ['train', 'val', 'test'].filter((name) => hasImages(view, name) && !found.some(({ images }) => images === name));
    const sources = [...found, ...bare.map((name) => ({ split: name, images: name, masks: `${name}annot` }))];
    return { title: 'train / trainannot', sources: inOrder(sources), builtIn: 'camvid-11' };
  },
};

/** Images and masks in two folders of telling names, with a folder a split inside or not. */
const pairs: Layout = {
  example: 'images/ with masks/ or labels/',
  find(view) {
    const folders = view.folders();
    const images = folders.find((name) => imageFolderNames.test(name) && hasImages(view, name, true));
    const masks = folders.find((name) => maskFolderNames.test(name));
    if (!images) return null;
    const sources = splitFolders(view, images, masks ?? 'masks');
    return { title: `${images} / ${masks ?? 'masks'}`, sources, below: true, splits: rootLists(view) };
  },
};

/** A folder a split, with images and masks inside each: `train/images`, `train/masks`. */
const splitsFirst: Layout = {
  example: 'train/images/ with train/masks/',
  find(view) {
    const sources = view.folders().flatMap((split): Source[] => {
      const inside = view.folders(split);
      const images = inside.find((name) => imageFolderNames.test(name) && hasImages(view, `${split}/${name}`));
      const masks = inside.find((name) => maskFolderNames.test(name)) ?? 'masks';
      return images ? [{ split: splitNamed(split), images: `${split}/${images}`, masks: `${split}/${masks}` }] : [];
    });
    return sources.length > 0 ? { title: 'a folder a split, with images and masks inside', sources: inOrder(sources) } : null;
  },
};

/** SegNet's layout before it has masks. */
const splitsAlone: Layout = {
  example: 'train/ and val/ with images',
  find(view) {
    const splits = view.folders().filter((name) => fileSplits.test(name) && hasImages(view, name));
    const sources = splits.map((name) => ({ split: splitNamed(name), images: name, masks: `${name}annot` }));
    return sources.length > 0 ? { title: 'train / trainannot', sources: inOrder(sources), builtIn: 'camvid-11' } : null;
  },
};

/** A folder of photos, with or without their masks among them: nothing in its name tells that it is meant. */
const imagesAlone: Layout = {
  example: 'a folder of images',
  find(view) {
    const files = view.images('.');
    if (files.length === 0) return null;
    const together = maskSuffixAmong(files);
    if (together !== null)
      return {
        title: 'images and masks in one folder',
        sources: [{ split: 'train', name: 'images', images: '.', masks: '.' }],
        suffixes: { image: '', mask: together },
        splits: rootLists(view),
      };
    const masks = view.folders().find((name) => maskFolderNames.test(name)) ?? 'masks';
    return { title: `images / ${masks}`, sources: [{ split: 'train', name: 'images', images: '.', masks }], splits: rootLists(view) };
  },
};

const suffixesTogether = [
  '_mask',
  '_masks',
  '_label',
  '_labels',
  '_L',
  '_P',
  '_seg',
  '_gt',
  '-mask',
  '.mask',
  '_labelIds',
  '_labelTrainIds',
];

/** What masks end with that lie among their images; '' for PNG masks beside photos of another kind; null where there are none. */
function maskSuffixAmong(files: readonly string[]): string | null {
  const stems = new Set(files.map(stemOf));
  const suffix = suffixesTogether.find((end) =>
    files.some((file) => stemOf(file).endsWith(end) && stems.has(stemOf(file).slice(0, -end.length))),
  );
  if (suffix !== undefined) return suffix;
  const photos = new Set(files.filter((file) => /\.jpe?g$/i.test(file)).map(stemOf));
  const beside = files.filter((file) => /\.png$/i.test(file) && photos.has(stemOf(file)));
  return photos.size > 0 && beside.length === photos.size ? '' : null;
}

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
export const layouts: readonly Layout[] = [...namedLayouts, imagesAlone];
