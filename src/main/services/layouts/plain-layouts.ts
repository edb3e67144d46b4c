// Layouts that people make: folders of images and masks by whatever name.
import type { Source } from '#shared/data/arrangement';
import { affixesAmong, imageFolderNames, splitNames, splitOfFolder, yearlySplitNames } from './folder-names.ts';
import { isIn } from './folder-view.ts';
import type { Layout } from './layout.ts';
import { hasLabelsBelow, holdsLabels, maskFolderOf, masksBeside, nameOf, pairedMasks } from './mask-folders.ts';
import { photosBelow } from './photos-below.ts';
import { hasImages, inOrder, rootLists, setOf, splitFoldersWithLists, yearlyAmong } from './split-sources.ts';
import { splitNamed } from './splits.ts';

/** Images and masks in two folders of telling names, with a folder a split inside or not. */
export const pairs: Layout = {
  example: 'images/ with masks/ or labels/',
  find(view) {
    const folders = view.folders();
    const images = folders.find((name) => imageFolderNames.test(name) && hasImages(view, name, true));
    if (!images) return null;
    const masks = maskFolderOf(view, images, folders);
    const files = view.images(images, true);
    const together = masks ? null : affixesAmong(files, true);
    // What is called as a photo wholly may be a copy of it.
    if (together && Object.keys(together).length > 0)
      return { title: `${images}, masks among them`, ...splitFoldersWithLists(view, images, images), below: true, affixes: together };
    return { title: `${images} / ${masks ?? 'masks'}`, ...splitFoldersWithLists(view, images, masks ?? 'masks'), below: true };
  },
};

/** A folder a split, with images and masks inside each: `train/images`, `train/masks`. */
export const splitsFirst: Layout = {
  example: 'train/images/ with train/masks/',
  find(view) {
    const found = view.folders().flatMap((set) => {
      const inside = view.ifReadable(() => view.folders(set), []).map((name) => `${set}/${name}`);
      const images = inside.find((name) => imageFolderNames.test(nameOf(name)) && hasImages(view, name, true));
      return images ? [{ set, images, masks: maskFolderOf(view, images, inside) }] : [];
    });
    const haveSplits = found.some(({ set }) => splitOfFolder(set) !== null);
    // One folder that is called like no split is a data set inside this one.
    if (found.length === 0 || (found.length < 2 && !haveSplits)) return null;
    // Masks that there are not yet are in a folder called as the others'.
    const usual = nameOf(found.find(({ masks }) => masks)?.masks ?? 'masks');
    // What tells no split is trained on where nothing else is, and else apart.
    const haveTrain = found.some(({ set }) => splitNamed(splitOfFolder(set) ?? '') === 'train');
    const sources = found.map(({ set, images, masks }): Source => {
      // Sequences are no splits.
      const told = splitOfFolder(set);
      const split = splitNamed(told ?? (haveTrain ? set : 'train'));
      return { split, ...(splitNamed(set) === split ? {} : { name: set }), images, masks: masks ?? `${set}/${usual}` };
    });
    const splits = haveSplits ? undefined : rootLists(view);
    return { title: 'a folder a split, with images and masks inside', sources: inOrder(sources), splits, ...photosBelow(view, sources) };
  },
};

/** Split folders with images, and their masks among them, in a folder inside, or not there yet: then it is SegNet's layout. */
export const splitsAlone: Layout = {
  example: 'train/ and val/ with images',
  find(view) {
    const named = [...view.folders().filter((name) => splitNames.test(name)), ...yearlyAmong(view.folders())];
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
    const masksOf = (name: string) =>
      together ? name : inside.length > 0 ? masksIn(name) : (beside.get(name) ?? (areYearly ? `masks/${name}` : `${name}annot`));
    const areYearly = splits.some((name) => yearlySplitNames.test(name));
    const sources = inOrder(splits.map((name) => ({ ...setOf(name), images: name, masks: masksOf(name) })));
    const where = together
      ? 'masks among the images'
      : inside.length > 0
        ? 'masks inside'
        : beside.size > 0
          ? 'masks beside'
          : areYearly
            ? 'masks'
            : 'trainannot';
    const title = `train / ${where}`;
    const isSegNets = !together && inside.length + beside.size === 0 && !areYearly;
    const told = together ? { affixes: together } : isSegNets ? { builtIn: 'camvid-11' as const } : {};
    return { title, sources, ...told, ...photosBelow(view, sources, together) };
  },
};

/** A folder of photos, with or without their masks among them: nothing in its name tells that it is meant. */
export const imagesAlone: Layout = {
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

/** Photos in folders of their own, as cameras and people leave them, with masks among them, in a folder beside them or none yet. */
export const foldersOfImages: Layout = {
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
