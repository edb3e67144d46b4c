// Layouts that data sets are published in, each told by the names of its folders.
import type { Source } from '#shared/data/arrangement';
import { cityscapesForm } from './cityscapes-form.ts';
import { imageFolderNames, isMaskFolderOf, maskFolderNames } from './folder-names.ts';
import type { FolderView } from './folder-view.ts';
import type { Draft, Layout } from './layout.ts';
import { bestMasks, nameOf } from './mask-folders.ts';
import { findAffixes } from './pairing.ts';
import { photosBelow } from './photos-below.ts';
import { besideEachOther, hasImages, inOrder, rootLists, splitFolders, splitFoldersWithLists, withoutMasks } from './split-sources.ts';
import { listsIn, splitNamed, splitsByLists } from './splits.ts';

/** A folder here, or in one that its zip was unpacked into. */
function folderNamed(view: FolderView, name: string): string | null {
  if (view.hasFolder(name)) return name;
  const outer = view.folders().find((each) => each.startsWith(`${name}_`) && view.hasFolder(`${each}/${name}`));
  return outer ? `${outer}/${name}` : null;
}

/** Where one folder holds nothing but another, the innermost: what programs make of a zip that holds a folder of its own name. */
function innermostOf(view: FolderView, folder: string): string {
  const [inside, ...others] = view.folders(folder);
  return inside !== undefined && others.length === 0 && view.files(folder).length === 0 ? innermostOf(view, `${folder}/${inside}`) : folder;
}

export const reference: Layout = {
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

export const cityscapes: Layout = {
  example: 'leftImg8bit/ with gtFine/',
  find(view) {
    const images = folderNamed(view, 'leftImg8bit');
    const masks = folderNamed(view, 'gtFine') ?? folderNamed(view, 'gtCoarse');
    if (!masks || !images) return null;
    const { sources, problems } = splitFolders(view, images, masks);
    const kind = nameOf(masks);
    const form = cityscapesForm(
      sources.flatMap((source) => view.images(source.images, true)),
      sources.map((source) => view.images(source.masks, true)),
    );
    // Without any mask yet, as Cityscapes has them.
    const usual = { affixes: { imageSuffix: '_leftImg8bit', maskSuffix: `_${kind}_labelIds` }, builtIn: 'cityscapes-34' as const };
    return { title: `Cityscapes: leftImg8bit / ${kind}`, sources, problems, below: true, ...(form ?? usual) };
  },
};

export const voc: Layout = {
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

export const mmsegmentation: Layout = {
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

export const cambridge: Layout = {
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

export const kaggle: Layout = {
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

export const segnet: Layout = {
  example: 'train/ with trainannot/',
  find(view) {
    const found = besideEachOther(view, /^(.+?)$/, (set, name) => name === `${set}annot`);
    if (found.length === 0) return null;
    const sources = inOrder([...found, ...withoutMasks(view, found, (name) => `${name}annot`)]);
    return { title: 'train / trainannot', sources, builtIn: 'camvid-11', ...photosBelow(view, sources) };
  },
};
