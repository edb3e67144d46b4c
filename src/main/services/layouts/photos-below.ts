// What lies in folders inside those of the images: photos of the set, or pictures that show the photos above them.
import path from 'node:path';
import { counted } from '#shared/counted';
import type { Source } from '#shared/data/arrangement';
import { AppError } from '#shared/errors';
import { affixesAmong, maskFolderNames, mayBeLabels } from './folder-names.ts';
import { FolderView, isIn } from './folder-view.ts';
import { findAffixes, folded, stemOf } from './pairing.ts';

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
  `${folder}/ is left out with its ${counted(files.length, 'picture')}, which are called as labels or as the images above them, or have ` +
  'masks among them. If they are images of this set, say "with folders below" where you say how it is read ' +
  '("below" and "except" in encnet.json)';

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

/** Whether masks in a folder of their own are those of photos in a folder inside: what has been labelled there is never left out. */
function haveMasks(view: FolderView, { images, masks }: Source, { folder, files }: Inside): boolean {
  const paths = files.map((file) => path.posix.relative(images, path.posix.join(folder, file)));
  return images !== masks && view.hasFolder(masks) && findAffixes(paths, view.masks(masks, true)).pairs > 0;
}

const nameOf = (file: string): string => folded(path.posix.basename(stemOf(file)));

/** Whether a folder on the way to a file is called as those of labels are. */
const isAmongLabels = (file: string): boolean =>
  path.posix
    .dirname(file)
    .split('/')
    .some((name) => maskFolderNames.test(name) || /(annot|labels?|masks?)$/i.test(name));

/** Whether a picture is called as one of these photos, or goes on from its name: `street_1`, `street_1_overlay`. */
function isCalledAs(names: ReadonlySet<string>, file: string): boolean {
  const name = nameOf(file);
  const ends = Array.from({ length: name.length }, (_, at) => at + 1).filter((at) => at === name.length || !/[\p{L}\p{N}]/u.test(name[at]));
  return ends.some((at) => names.has(name.slice(0, at)));
}

/** Labels, previews and predictions are called as the photos are that they show, or lie where labels do. @param here pictures above */
function areShown(here: readonly string[], { folder, files }: Inside): boolean {
  const name = path.posix.basename(folder);
  if (files.some((file) => mayBeLabels(file) && isAmongLabels(path.posix.join(name, file)))) return true;
  const names = new Set(here.map(nameOf));
  const shown = files.filter((file) => isCalledAs(names, file)).length;
  // PNGs of which some are called as JPEGs above them: of photos elsewhere there may be others.
  const mayShow = files.every(mayBeLabels) && !here.every(mayBeLabels);
  return 2 * shown > files.length || (shown > 0 && mayShow);
}

/** Whether photos have their masks among them where those above them have theirs elsewhere: a set of its own. */
const areOfOwn = ({ images, masks }: Source, { files }: Inside): boolean => images !== masks && affixesAmong(files, true) !== null;

/** What of folders inside those of sources belongs to the set: nothing that shows photos above it. Labelling changes none of it. */
export function photosBelow({ root }: FolderView, sources: readonly Source[]): PhotosBelow {
  // Looked at apart: what is not part of the set neither counts nor is told.
  const view = new FolderView(root);
  try {
    const found = sources.map((source) => {
      const here = view.images(source.images);
      const inside = insideOf(view, source);
      const isOther = (each: Inside) => (areShown(here, each) || areOfOwn(source, each)) && !haveMasks(view, source, each);
      const isLeftOut = (each: Inside) => here.length > 0 && isOther(each);
      return { inside, pictures: inside.filter(isLeftOut) };
    });
    const pictures = found.flatMap((each) => each.pictures);
    const problems = pictures.map(leftOut);
    if (found.every(({ inside, pictures: { length } }) => inside.length === length)) return { problems };
    return { below: true, problems, ...(pictures.length > 0 ? { except: pictures.map(({ folder }) => folder) } : {}) };
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'too-large') throw error;
    return { problems: [`${error.message}: what lies in folders below the images is left out`] };
  }
}
