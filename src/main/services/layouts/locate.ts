// The images and masks of a folder that is laid out in a known way.
import path from 'node:path';
import { isThere } from '#files/file-identity';
import { linkRefusal, linkTarget } from '#files/link-target';
import { counted } from '#shared/counted';
import { AppError } from '#shared/errors';
import { imagePattern } from '#shared/data/image-names';
import type { Affixes, Arrangement, Source } from '#shared/data/arrangement';
import { folded } from '#shared/folded';
import { maskFolderNames, splitNames, mayBeLabels } from './folder-names.ts';
import { isIn, outsideOf, ofUnreadKind, unreadText, FolderView } from './folder-view.ts';
import { MaskIndex, coreOf, stemAround, stemOf } from './pairing.ts';
import type { LocatedImage } from './located-image.ts';
import { otherwiseTexts } from './called-otherwise.ts';
import { outlinesText } from './outlines.ts';
import { assignSplits } from './splits.ts';

export interface LocatedImages {
  images: LocatedImage[];
  /** The masks that are there, of images in their order. */
  maskFiles: string[];
  /** Findings about the folder: splits without labels, masks without image, names that are there twice. */
  problems: string[];
}

/** Finds the images and masks. @throws AppError 'forbidden' if a folder is a link that may not be followed, 'corrupt-file' of a list */
export function locateImages(view: FolderView, arrangement: Arrangement): LocatedImages {
  const problems: string[] = [];
  const found: LocatedImage[] = [];
  const maskFiles: string[] = [];
  const ids = new Set<string>();
  const unused = new Map<string, readonly string[]>();
  const owned = new Set<string>();
  const apart: string[] = [];
  let twice = 0;
  for (const source of arrangement.sources)
    for (const { hasMask, ...image } of locateSource(view, source, arrangement, problems, unused)) {
      if (ids.has(image.id)) twice++;
      else {
        // A mask is one image's alone: where splits have one folder of masks, and images of one name, the first has it.
        const isTaken = owned.has(image.maskFile);
        if (isTaken) image.maskFile = ownMaskOf(image);
        if (isTaken) apart.push(image.maskFile);
        owned.add(image.maskFile);
        found.push(image);
        if (isTaken ? isThere(image.maskFile) : hasMask) maskFiles.push(image.maskFile);
      }
      ids.add(image.id);
    }
  tellApart(view, apart, problems);
  tellUnused(view, unused, owned, problems);
  if (twice > 0)
    problems.push(`left out: ${counted(twice, 'image')} with the id of another one. Give the folders of these a name of their own`);
  tellShared(view, maskFiles, problems);
  tellUnreadMasks(view, problems);
  if (maskFiles.length === 0)
    problems.push(
      ...outlinesText(
        view,
        found.map(({ imageFile }) => imageFile),
      ),
    );
  problems.push(...view.leftOut);
  return { images: assignSplits(view, found, arrangement, problems), maskFiles, problems };
}

/** A name of its own, by its split, for the mask of an image whose name another split's has too. */
const ownMaskOf = ({ split, maskFile }: LocatedImage): string => path.join(path.dirname(maskFile), `${split}+${path.basename(maskFile)}`);

function tellApart({ root }: FolderView, maskFiles: readonly string[], problems: string[]): void {
  if (maskFiles.length === 0) return;
  const images = maskFiles.length === 1 ? '1 image is' : `${maskFiles.length} images are`;
  const own = path.relative(root, maskFiles[0]);
  problems.push(`${images} called as one of another split, whose mask lies in the same folder: the mask of the first is ${own}`);
}

/** Folders of no images: masks may lie in one among those of the images. */
function passedOver({ images, masks }: Pick<Source, 'images' | 'masks'>, { except = [] }: Arrangement): string[] {
  const holdsMasks = images === '.' ? masks !== '.' : isIn(images, masks);
  return [...(holdsMasks ? [masks] : []), ...except];
}

/** Photos that are passed over would be missed by nobody. */
function tellUnread(view: FolderView, source: Source, arrangement: Arrangement, problems: string[]): void {
  const { images, masks } = source;
  // A BMP beside its image is a mask.
  const photos = outsideOf(passedOver(source, arrangement), images, view.unreadPhotos(images, arrangement.below));
  const unread = photos.filter((file) => images !== masks || !mayBeLabels(file));
  if (unread.length === 0) return;
  problems.push(unreadText(unread, `${images}/`));
}

/** Labels that nobody reads would be painted a second time. What cannot be looked into is no part of the set, and keeps nobody from it. */
function tellUnreadMasks({ root }: FolderView, problems: string[]): void {
  try {
    // Its own view: what it cannot look into is nothing that the set has left out.
    const view = new FolderView(root);
    const top = view.folders();
    const inSplits = top.filter((name) => splitNames.test(name)).flatMap((name) => view.folders(name).map((inner) => `${name}/${inner}`));
    for (const folder of [...top, ...inSplits].filter(isOfMasks)) {
      const files = view.ifReadable(() => view.unreadMasks(folder), []);
      if (files.length > 0) problems.push(`${ofUnreadKind(files, 'file', `${folder}/`)}. Are they masks, convert them to PNG`);
    }
  } catch {
    // It is a hint, and no more.
  }
}

const isOfMasks = (folder: string): boolean => maskFolderNames.test(path.posix.basename(folder));

/** Links to one file: what is painted on one image would change the other's labels. */
function tellShared(view: FolderView, maskFiles: readonly string[], problems: string[]): void {
  const isLink = (file: string) => view.entry(path.relative(view.root, file).split(path.sep).join('/'))?.isSymbolicLink() === true;
  if (!maskFiles.some(isLink)) return;
  const owners = new Map<string, string[]>();
  for (const file of maskFiles) {
    const target = linkTarget(file);
    if (target !== null) owners.set(target, [...(owners.get(target) ?? []), file]);
  }
  const shared = [...owners.values()].filter((files) => files.length > 1);
  if (shared.length === 0) return;
  const names = shared[0].map((file) => path.relative(view.root, file)).join(' and ');
  const rule = `${names} are one file: what is painted on one image is in the other's labels too. Put a copy in the place of a link`;
  problems.push(shared.length === 1 ? rule : `${shared.length} masks belong to several images, the first: ${rule}`);
}

interface Candidate {
  /** Path from the source's folder. */
  file: string;
  /** What it is called: its path without what all images end with. */
  name: string;
  /** What its mask is looked for by. */
  stem: string;
}

function locateSource(
  view: FolderView,
  source: Source,
  arrangement: Arrangement,
  problems: string[],
  unused: Map<string, readonly string[]>,
): (LocatedImage & { hasMask: boolean })[] {
  const { below, maskPrefix, maskSuffix } = arrangement;
  // Masks that there are not yet are written there.
  view.folder(source.masks);
  const inMasks = view.hasFolder(source.masks) ? view.masks(source.masks, below).filter((file) => isFile(view, source.masks, file)) : [];
  if (!view.hasFolder(source.masks)) problems.push(`${source.masks}/ is missing: the images of ${source.images}/ have no masks yet`);
  const candidates = candidatesOf(view, source, arrangement, problems);
  tellUnread(view, source, arrangement, problems);
  // In one folder with its images, a mask is what is none of these.
  const isImage = new Set(source.images === source.masks ? candidates.map(({ file }) => folded(file)) : []);
  const masks = new MaskIndex(
    inMasks.filter((file) => !isImage.has(folded(file))),
    maskPrefix,
    maskSuffix,
  );
  const stems = new Map<string, Candidate[]>();
  for (const each of candidates) stems.set(each.stem, [...(stems.get(each.stem) ?? []), each]);
  const located = candidates.map(({ file, name, stem }) => {
    const alike = stems.get(stem)!;
    const owner = alike.length === 1 ? alike[0] : ownerOf(alike, masks);
    const own = `${stemAround(stem, maskPrefix, maskSuffix)}.png`;
    // The name of another image's mask, or of an image, an image itself maybe, is not its own.
    const isOwner = owner.file === file;
    const isNamed = isOwner && !isImage.has(folded(own));
    const found = isNamed ? masks.find(stem, (other) => stems.has(other)) : masks.named(`${file}.png`);
    return {
      id: `${source.name ?? source.split}/${isOwner ? name : file}`,
      split: source.split,
      name: path.posix.basename(isOwner ? name : file),
      imageFile: view.at(`${source.images}/${file}`),
      maskFile: view.at(`${source.masks}/${found ?? (isNamed ? own : `${file}.png`)}`),
      hasMask: found !== null,
    };
  });
  tellDoubled(view, source, stems, masks, problems);
  if (source.images !== source.masks) {
    const named = (isWith: boolean) => candidates.flatMap(({ stem }, at) => (located[at].hasMask === isWith ? [stem] : []));
    const { otherwise } = masks;
    problems.push(...otherwiseTexts(source, arrangement, { otherwise, withMask: named(true), without: named(false) }));
  }
  if (source.images !== source.masks) {
    // Where several have one folder of masks, what none of them has is left.
    const before = unused.get(source.masks);
    const still = before && new Set(before);
    unused.set(source.masks, still ? masks.left.filter((file) => still.has(file)) : masks.left);
  }
  return located;
}

/** Whether an entry is a file, or a link: one that may not be followed is told when it is read. */
function isFile(view: FolderView, folder: string, file: string): boolean {
  const entry = view.entry(path.posix.join(folder, file));
  return entry !== null && (entry.isFile() || (entry.isSymbolicLink() && !view.hasFolder(`${folder}/${file}`)));
}

/** Of images with one name, the one that the mask of this name belongs to: that of the same name in full, or the PNG. */
function ownerOf(alike: readonly Candidate[], masks: MaskIndex): Candidate {
  const own = alike.filter(({ file }) => !masks.has(`${file}.png`));
  const rest = own.length > 0 ? own : alike;
  return rest.find(({ file }) => masks.has(file)) ?? rest.find(({ file }) => /\.png$/i.test(file)) ?? rest[0];
}

/** The images of a source that can be read, each with the name its mask is looked for by. */
function candidatesOf(view: FolderView, { images, masks }: Source, arrangement: Arrangement, problems: string[]): Candidate[] {
  const { below, imagePrefix, imageSuffix } = arrangement;
  const leftOut: string[] = [];
  const otherwise: string[] = [];
  const files = outsideOf(passedOver({ images, masks }, arrangement), images, view.images(images, below));
  const candidates = files.flatMap((file): Candidate[] => {
    // In a folder that holds both, what is named as masks are is one.
    if (images === masks && isMask(stemOf(file), file, arrangement, view, images)) return [];
    const stem = coreOf(stemOf(file), imagePrefix, imageSuffix);
    if (stem === null) {
      otherwise.push(view.at(`${images}/${file}`));
      return [];
    }
    const entry = view.entry(path.posix.join(images, file));
    const at = view.at(`${images}/${file}`);
    const readable = entry?.isFile() === true || (entry?.isSymbolicLink() === true && linkTarget(at) !== null);
    if (readable) return [{ file, name: coreOf(stemOf(file), '', imageSuffix)!, stem }];
    leftOut.push(entry?.isSymbolicLink() ? linkRefusal(at) : `${at} is no plain file, and is left out: remove it`);
    return [];
  });
  tellOtherwise(otherwise, arrangement, problems);
  if (leftOut.length === 1) problems.push(leftOut[0]);
  else if (leftOut.length > 1) problems.push(`${leftOut.length} files are left out, the first: ${leftOut[0]}`);
  return candidates;
}

function tellOtherwise(files: readonly string[], { imagePrefix, imageSuffix }: Affixes, problems: string[]): void {
  if (files.length === 0) return;
  const affixes = [imagePrefix && `begin with ${imagePrefix}`, imageSuffix && `end with ${imageSuffix}`].filter((text) => text !== '');
  const rule = `since the images of this set ${affixes.join(' and ')}: rename it, or say in "Say what is in it" how images are called`;
  const [first] = files;
  problems.push(files.length === 1 ? `${first} is left out, ${rule}` : `${files.length} images are left out, the first: ${first}, ${rule}`);
}

/** Of photos that are no PNG themselves. */
const photoEndings = ['jpg', 'jpeg', 'webp', 'tif', 'tiff'].flatMap((ending) => [`.${ending}`, `.${ending.toUpperCase()}`]);

/** Whether a file of a folder that holds both is a mask: by what its name has around it, or a PNG beside a photo of the same name. */
function isMask(stem: string, file: string, { maskPrefix, maskSuffix }: Affixes, view: FolderView, folder: string): boolean {
  const isPng = /\.png$/i.test(file);
  const isThere = (name: string) => view.hasFile(path.posix.join(folder, name));
  // `.png` behind a photo's whole name is how the mask of one is called whose own name a photo has.
  if (isPng && imagePattern.test(stem) && isThere(stem)) return true;
  if (maskPrefix + maskSuffix !== '') return coreOf(stem, maskPrefix, maskSuffix) !== null;
  // A photo that has such a mask has no other: the PNG of its name is a photo too.
  return isPng && photoEndings.some((ending) => isThere(stem + ending) && !isThere(`${stem}${ending}.png`));
}

function tellDoubled(view: FolderView, source: Source, stems: Map<string, Candidate[]>, masks: MaskIndex, problems: string[]): void {
  const doubled = [...stems.values()].filter((alike) => alike.length > 1);
  if (doubled.length === 0) return;
  const [alike] = doubled;
  const owner = ownerOf(alike, masks);
  const others = alike.filter((each) => each !== owner).map(({ file }) => file);
  const text =
    `${others.join(', ')} and ${owner.file} in ${view.at(source.images)} have the same name: the mask of this name is that of ` +
    `${owner.file}, and ${others.map((file) => `${file}.png`).join(', ')} would be that of the other`;
  problems.push(doubled.length === 1 ? text : `${doubled.length} names of images are there more than once, the first: ${text}`);
}

function tellUnused(
  view: FolderView,
  unused: ReadonlyMap<string, readonly string[]>,
  owned: ReadonlySet<string>,
  problems: string[],
): void {
  for (const [folder, files] of unused) {
    const left = files.filter((file) => !owned.has(view.at(`${folder}/${file}`)));
    if (left.length === 0) continue;
    problems.push(`${folder}/ holds ${counted(left.length, 'mask')} without an image, the first: ${path.posix.basename(left[0])}`);
  }
}

/** @throws AppError 'not-a-dataset' */
export function assertImages(folder: string, title: string, images: readonly LocatedImage[]): void {
  if (images.length === 0) throw new AppError('not-a-dataset', `${folder} has the layout ${title} but no image in it`, { file: folder });
}
