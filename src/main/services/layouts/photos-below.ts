// What lies in folders inside those of the images: photos of the set, or pictures that show the photos above them.
import path from 'node:path';
import { counted } from '#shared/counted';
import type { Source } from '#shared/data/arrangement';
import { isIn, type FolderView } from './folder-view.ts';
import { affixesAmong, mayBeLabels, plainMaskNames } from './folder-names.ts';
import { findAffixes } from './pairing.ts';

/** A folder inside that of a source's images, by its path from the data set. */
interface Inside {
  folder: string;
  /** Its pictures and those of folders inside it, by their paths from it. */
  files: string[];
}

/** Whether images and masks lie in folders below those of the sources, and in which not; what is left out is told in sentences. */
export interface PhotosBelow {
  below?: true;
  except?: string[];
  problems?: string[];
}

const leftOut = ({ folder, files }: Inside): string =>
  `${folder}/ is left out with its ${counted(files.length, 'picture')}, which are called as labels or as the images above them are: if ` +
  'these are photos of this set, say "with folders below" where you say what is in it ("below": true in encnet.json)';

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

/** Whether masks are those of photos in a folder inside: what has been labelled there is never left out. */
function haveMasks(view: FolderView, { images, masks }: Source, { folder, files }: Inside): boolean {
  const paths = files.map((file) => path.posix.relative(images, path.posix.join(folder, file)));
  if (images === masks) return affixesAmong(paths, true) !== null;
  return view.hasFolder(masks) && findAffixes(paths, view.masks(masks, true)).pairs > 0;
}

/** Labels, previews and predictions are called as the photos are that they show, or lie where labels do. */
function areShown(here: readonly string[], { folder, files }: Inside): boolean {
  const alike = findAffixes(here, files).pairs;
  if (2 * alike > files.length) return true;
  // PNGs of which some are called as JPEGs above them: of photos elsewhere there may be others.
  const areLabels = files.every(mayBeLabels);
  return areLabels && (plainMaskNames.test(nameOf(folder)) || (alike > 0 && !here.every(mayBeLabels)));
}

/** What of folders inside those of sources belongs to the set: nothing that shows photos above it. Labelling changes none of it. */
export function photosBelow(view: FolderView, sources: readonly Source[]): PhotosBelow {
  const found = sources.flatMap((source) => {
    const here = view.images(source.images);
    return insideOf(view, source).map((inside) => ({ inside, isShown: areShown(here, inside) && !haveMasks(view, source, inside) }));
  });
  if (found.length === 0) return {};
  const pictures = found.filter(({ isShown }) => isShown).map(({ inside }) => inside);
  const problems = pictures.map(leftOut);
  if (pictures.length === found.length) return { problems };
  return { below: true, problems, ...(pictures.length > 0 ? { except: pictures.map(({ folder }) => folder) } : {}) };
}
