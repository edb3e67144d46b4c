// What a folder holds and how it would be read, for a person who decides about that before it is opened.
import path from 'node:path';
import { withPicture } from '#files/picture';
import { letLinksInto } from '#files/read-limits';
import type { ImportLook, MatchedPair } from '#shared/contract/datasets';
import type { Arrangement, OpenArrangement } from '#shared/data/arrangement';
import { AppError, messageOf } from '#shared/errors';
import type { ClassSet } from '../class-sets/class-set.ts';
import { outsideText } from '../class-sets/mask-reading.ts';
import type { Workers } from '../workers/workers.ts';
import { FolderView, isFolder } from './folder-view.ts';
import { listsOf } from './split-sources.ts';
import { locateImages } from './locate.ts';
import type { LocatedImage } from './located-image.ts';
import { classFilesIn } from './folder-classes.ts';
import { classSetOf, keptFor, proposalOf } from './recognise.ts';

const shownPairs = 4;
const shownWidth = 220;
const mostFolders = 200;
const deepest = 3;

/** Folders below one, by their paths from there, with the images that lie in each. */
function foldersWithImages(view: FolderView, at = '.', deep = deepest): ImportLook['folders'] {
  const images = view.images(at).length;
  const here = images > 0 ? [{ path: at, images }] : [];
  const inside = (name: string) => view.ifReadable(() => foldersWithImages(view, path.posix.join(at, name), deep - 1), []);
  const below = deep === 0 ? [] : view.folders(at).flatMap(inside);
  return [...here, ...below].slice(0, mostFolders);
}

/** What is kept of a folder or found by looking, null where nothing fits, and what of it was not understood. */
function found(view: FolderView, aside?: string): { read: OpenArrangement | null; told: string[] } {
  const own = keptFor(view, aside);
  if (own) return { read: own, told: [] };
  try {
    const { arrangement, located } = proposalOf(view, { asks: true, aside });
    return { read: arrangement, told: located.problems };
  } catch (error) {
    if (error instanceof AppError && error.code === 'not-a-dataset' && error.details.needs === 'folders')
      return { read: null, told: [...view.leftOut] };
    throw error;
  }
}

const isComplete = (arrangement: OpenArrangement): arrangement is Arrangement => arrangement.classes !== null;

/** Images with masks where there are such, spread over all. */
function chosen(images: readonly LocatedImage[], masks: ReadonlySet<string>): LocatedImage[] {
  const from = masks.size > 0 ? images.filter(({ maskFile }) => masks.has(maskFile)) : images;
  const shown = Math.min(shownPairs, from.length);
  return Array.from({ length: shown }, (_, index) => from[Math.floor((index * from.length) / shown)]);
}

/**
 * Looks at a folder.
 * @param arrangement how it would be read; null has it recognised
 * @param aside the workbench's own folder for it
 * @throws AppError 'not-found', 'forbidden', 'read-only', and what lists of classes are refused with
 */
export async function lookAtFolder(
  folder: string,
  arrangement: OpenArrangement | null,
  workers: Workers,
  aside?: string,
): Promise<ImportLook> {
  if (!isFolder(folder)) throw new AppError('not-found', `${folder} is not a folder`, { file: folder });
  const stopLinks = letLinksInto(folder);
  try {
    const view = new FolderView(folder);
    const about = { path: folder, folders: foldersWithImages(view), lists: listsOf(view) };
    const classFiles = classFilesIn(view, ['.', ...about.folders.map((each) => each.path)]);
    const { read, told } = arrangement ? { read: arrangement, told: [] } : found(view, aside);
    const { images, maskFiles, problems } = read
      ? locateImages(view, { ...read, classes: read.classes ?? { builtIn: 'camvid-11' } })
      : nothing;
    const classSet = read && isComplete(read) ? classSetOf(view, read) : null;
    const masks = new Set(maskFiles);
    const outside = classSet && outsideText(maskFiles, classSet);
    const counts = new Map<string, number>();
    for (const { split } of images) counts.set(split, (counts.get(split) ?? 0) + 1);
    return {
      ...about,
      classFiles,
      arrangement: read,
      classes: classSet?.classes ?? null,
      images: images.length,
      withMask: masks.size,
      splits: Array.from(counts, ([name, number]) => ({ name, images: number })),
      problems: [...new Set([...(outside ? [outside] : []), ...told, ...problems])],
      pairs: await Promise.all(chosen(images, masks).map((image) => pairOf(view, image, masks.has(image.maskFile), classSet, workers))),
    };
  } finally {
    stopLinks();
  }
}

const nothing = { images: [], maskFiles: [], problems: [] };

async function pairOf(
  { root }: FolderView,
  { imageFile, maskFile }: LocatedImage,
  hasMask: boolean,
  classSet: ClassSet | null,
  workers: Workers,
): Promise<MatchedPair> {
  const problems: string[] = [];
  const told = (error: unknown) => {
    problems.push(messageOf(error));
    return null;
  };
  const small = withPicture(imageFile, (image) =>
    image.resize({ width: shownWidth, withoutEnlargement: true }).jpeg({ quality: 80 }).toBuffer(),
  );
  const picture = await small.then((bytes) => new Uint8Array(bytes), told);
  const { format, classes } = classSet ?? {};
  const maskPicture =
    format && classes && hasMask ? await workers.run('maskPicture', { maskFile, format, classes, maxWidth: shownWidth }).catch(told) : null;
  const relative = (file: string) => path.relative(root, file).split(path.sep).join('/');
  return { image: relative(imageFile), mask: hasMask ? relative(maskFile) : null, picture, maskPicture, problem: problems[0] ?? null };
}
