// What folders and files of data sets are called, as people call them.
import type { Affixes } from '#shared/data/arrangement';
import { composed } from '#shared/folded';
import { findPrefixes, imageEndings, stemOf } from './pairing.ts';

const maskWord =
  'masks?|labels?|labell?ed|anns?|annos?|annots?|annotations?|gts?|ground[ _-]?truths?|segs?|segmentations?|semantics?|' +
  'label[ _-]?images?|stuffthingmaps|pixelmaps|uint8|targets?|' +
  // As people of other languages call them.
  'masken?|masques?|m[aá]scaras?|maschere|etiquetas?|[eé]tiquettes?|标签|掩码|маски';

/** Words are set apart by capitals, too: `SegmentationClass`, `masksPNG`, `labelIds`. */
const apart = (name: string): string => name.replace(/([a-z])([A-Z])/g, '$1_$2');
function named(words: string): { test: (name: string) => boolean } {
  const pattern = new RegExp(words, 'i');
  return { test: (name) => [name, apart(name)].some((each) => pattern.test(composed(each))) };
}

/** Folders of images. */
export const imageFolderNames = /^(images?(_\d)?|imgs?|photos?|pictures|rgb|frames|leftimg8bit|jpegimages)$/i;
/** Folders of masks, alone or with what tells them apart: `Labels_grayscale`, `train_mask`. */
export const maskFolderNames = named(`^(.*[ _-])?(${maskWord})([ _-].*|\\d+)?$`);
/** Those that are called so and not after something: `labels`, and not `to_label`. */
export const plainMaskNames = named(`^(${maskWord})([ _-].*|\\d+)?$`);
/** Those that are called as something else than the labels: pictures of them. */
const pictureOfMasks = 'human|vis|viz|visuali[sz]ations?|previews?|overlays?|colou?rs?|colou?red|colou?rmaps?|rgb';
/** What a network predicted, what was there before, and labels of another kind. */
const otherThanMasks = 'pred|preds|predicted|predictions?|olds?|prev|previous|backups?|bak|copy|copies|tmp|temp';
/** Labels of something else than classes a pixel. */
const otherKinds = 'instances?|objects?|panoptic|polygons?';
const partOfName = (words: string) => named(`(^|[ ._-])(${words})([ ._-]|\\d*$)`);
const [pictureNames, otherNames, kindNames] = [partOfName(pictureOfMasks), partOfName(otherThanMasks), partOfName(otherKinds)];
const wholeMaskNames = new RegExp(`^(${maskWord})$`, 'i');

/** How surely a folder that is called as one of masks holds the labels, by its name: 0 the surest; from 3 on something made of them. */
export const doubtOfMasks = (name: string): number =>
  otherNames.test(name) || kindNames.test(name)
    ? 4
    : pictureNames.test(name)
      ? 3
      : wholeMaskNames.test(name)
        ? 0
        : plainMaskNames.test(name)
          ? 1
          : 2;

/** Whether a folder is called as one of pictures of labels, which are looked at and not read, or of labels that are no classes. */
export const isOfPictures = (name: string): boolean => doubtOfMasks(name) === 3 || kindNames.test(name);
/** Whether a file is of a kind that keeps labels as they are. */
export const mayBeLabels = (file: string): boolean => /\.(png|bmp|tiff?)$/i.test(file);
/** What follows a set's name in that of its folder of masks. */
const maskEnding = new RegExp(`^[ _-]?(${maskWord})$`, 'i');
const splitWords = 'train|training|val|valid|validation|dev|test|testing';
/** The names of splits that people use. */
export const splitNames = new RegExp(`^(${splitWords})$`, 'i');
/** COCO's have a year. */
export const yearlySplitNames = /^(train|val|test)[ _-]?20\d\d$/i;

/** What may follow the word of a split in the name of its folder. */
const ofSplits = 'sets?|data(?:[ _-]?sets?)?|splits?|images?|imgs?|photos?|frames?|inputs?|day|night|\\d+';
const splitInName = new RegExp(`^(?:.*[ ._-])?(${splitWords})(?:[ ._-]?(?:${ofSplits}))*$`, 'i');
/** Both in one: what is trained on in the end. */
const isBoth = /(^|[ ._-])train[ ._-]?val/i;
/** The split that a folder's name tells, as `uavid_train` and `TrainDataset` do; null where it tells none. */
export const splitOfFolder = (name: string): string | null =>
  isBoth.test(name) ? 'train' : (splitInName.exec(name)?.[1] ?? splitInName.exec(apart(name))?.[1] ?? null);

const photoWord = 'rgb|images?|imgs?|photos?|pictures?|frames?';
const [photoNames, colourNames] = [partOfName(photoWord), partOfName('colou?rs?')];
/** What other sensors see, and what is reckoned from photos. */
const sensorNames = partOfName('depths?|disparity|disparities|normals?|flows?|confidences?|edges?|thermal|nir|lidar');
/** What is aimed at may be photos as well. */
export const mayBePhotos = (name: string): boolean => /^targets?\d*$/i.test(name);

/** How surely pictures of a folder are the photos, by its name: 3 the surest, 1 where it tells nothing, 0 where they are something else. */
export const likenessOfPhotos = (name: string): number =>
  imageFolderNames.test(name) || photoNames.test(name)
    ? 3
    : colourNames.test(name)
      ? 2
      : isOfPictures(name) || sensorNames.test(name)
        ? 0
        : 1;

/** Whether a folder is that of the masks of a set, by its name: `train_labels` for `train`. */
export const isMaskFolderOf = (set: string, name: string): boolean =>
  name.length > set.length && name.toLowerCase().startsWith(set.toLowerCase()) && maskEnding.test(name.slice(set.length));

/** What the names of masks end with that lie among their images; a short one is set apart, or it is a part of a name. */
const maskSuffix =
  /^([ ._-](l|p|gts?|segs?)|[ ._-]?(masks?|labels?|ground[ _-]?truth|segmentations?|annots?|annotations?|label(train)?ids))$/i;

const mostFrequent = <T>(found: readonly T[], keyOf: (each: T) => string): T | null => {
  const counts = new Map<string, { each: T; count: number }>();
  for (const each of found) {
    const known = counts.get(keyOf(each)) ?? { each, count: 0 };
    known.count++;
    counts.set(keyOf(each), known);
  }
  return [...counts.values()].sort((a, b) => b.count - a.count)[0]?.each ?? null;
};

/** How a mask's name goes on from that of its image; null for a file that is nobody's mask. */
function continued(stem: string, stems: ReadonlySet<string>): Partial<Affixes> | null {
  for (let at = stem.length - 1; at > 0; at--) {
    const mask = stem.slice(at);
    if (!maskSuffix.test(mask)) continue;
    const base = stem.slice(0, at);
    if (stems.has(base)) return { maskSuffix: mask };
    const image = imageEndings.find((end) => stems.has(base + end));
    if (image) return { imageSuffix: image, maskSuffix: mask };
  }
  return null;
}

/**
 * What the names of masks that lie among their images have around what both share; nothing for PNG masks beside photos of another kind.
 * @param files images of one folder, by name
 * @param isOnlyPlace whether masks lie nowhere else: half of the PNGs tell them then
 * @returns null where there are no masks
 */
export function affixesAmong(files: readonly string[], isOnlyPlace: boolean): Partial<Affixes> | null {
  const stems = new Set(files.map(stemOf));
  const found = files.flatMap((file) => continued(stemOf(file), stems) ?? []);
  const likeliest = mostFrequent(found, (each) => JSON.stringify(each));
  if (likeliest) return likeliest;
  const { pairs, ...affixes } = findPrefixes([...stems], stems);
  if (pairs > 0) return affixes;
  const photos = new Set(files.filter((file) => /\.jpe?g$/i.test(file)).map(stemOf));
  // The mask of a photo by its whole name tells nothing of the others.
  const all = new Set(files);
  const pngs = files.filter((file) => /\.png$/i.test(file) && !all.has(stemOf(file)));
  const beside = pngs.filter((file) => photos.has(stemOf(file)));
  const mostAre = isOnlyPlace && 2 * beside.length >= pngs.length;
  // Photos without a mask wait for one; a PNG without a photo may be a photo itself, such as one that was added to them.
  const areMasks = beside.length > 0 && (beside.length === pngs.length || beside.length === photos.size || mostAre);
  return areMasks ? {} : null;
}
