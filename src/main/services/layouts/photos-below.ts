// What lies in folders inside those of the images: photos of the set, or pictures that show the photos above them.
import path from 'node:path';
import { counted } from '#shared/counted';
import type { Source } from '#shared/data/arrangement';
import { isIn, type FolderView } from './folder-view.ts';
import { affixesAmong, maskFolderNames } from './folder-names.ts';
import { findAffixes } from './pairing.ts';

/** A folder inside that of a source's images, by its path from the data set. */
interface Inside {
  folder: string;
  /** Its pictures and those of folders inside it, by their paths from it. */
  files: string[];
}

export interface PhotosBelow {
  /** Whether images and masks lie in folders below those of the sources. */
  below?: true;
  /** What of such folders is left out, in sentences. */
  problems?: string[];
}

const wayOut = 'if these are photos of this set, say "with folders below" where you say what is in it ("below": true in encnet.json)';

const leftOut = ({ folder, files }: Inside, reason: string): string =>
  `${folder}/ is left out with its ${counted(files.length, 'picture')}, ${reason}: ${wayOut}`;

const nameOf = (folder: string): string => folder.split('/').at(-1)!;

function insideOf(view: FolderView, { images, masks }: Source): Inside[] {
  const folders = view.folders(images).map((name) => path.posix.join(images, name));
  return folders
    .filter((folder) => folder !== masks)
    .map((folder) => {
      const files = view.ifReadable(() => view.images(folder, true), []);
      return { folder, files: files.filter((file) => !isIn(masks, path.posix.join(folder, file))) };
    })
    .filter(({ files }) => files.length > 0);
}

/** Whether masks are those of photos inside: what has been labelled there is never left out again. */
function haveMasks(view: FolderView, { images, masks }: Source, inside: readonly Inside[]): boolean {
  const files = inside.flatMap((each) => each.files.map((file) => path.posix.relative(images, path.posix.join(each.folder, file))));
  if (files.length === 0) return false;
  if (images === masks) return affixesAmong(files, true) !== null;
  return view.hasFolder(masks) && findAffixes(files, view.masks(masks, true)).pairs > 0;
}

/** Labels, previews and predictions are called as the photos are that they show, or lie where labels do. */
const areShown = (here: readonly string[], { folder, files }: Inside): boolean =>
  maskFolderNames.test(nameOf(folder)) || 2 * findAffixes(here, files).pairs > files.length;

/** Whether what lies in folders inside those of sources belongs to the set; what does not is told. Labelling changes none of it. */
export function photosBelow(view: FolderView, sources: readonly Source[]): PhotosBelow {
  const found = sources.map((source) => {
    const here = view.images(source.images);
    const inside = insideOf(view, source);
    const isNeeded = (here.length === 0 && inside.length > 0) || haveMasks(view, source, inside);
    return { isNeeded, ...Object.groupBy(inside, (each) => (areShown(here, each) ? 'pictures' : 'photos')) };
  });
  const pictures = found.flatMap((each) => each.pictures ?? []);
  const photos = found.flatMap((each) => each.photos ?? []);
  if (found.some(({ isNeeded }) => isNeeded) || (photos.length > 0 && pictures.length === 0)) return { below: true };
  const beside = pictures.map(({ folder }) => `${folder}/`).join(', ');
  return {
    problems: [
      ...pictures.map((each) => leftOut(each, 'which are called as labels or as the images above them are')),
      ...photos.map((each) => leftOut(each, `since ${beside} beside it shows the images above them`)),
    ],
  };
}
