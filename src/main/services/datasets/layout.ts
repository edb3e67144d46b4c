import { readdirSync, statSync, type Dirent } from 'node:fs';
import path from 'node:path';
import { AppError } from '#shared/errors';
import { asFileError } from '#files/atomic-write';
import { lookAt } from '#files/file-identity';
import { imagePattern } from '#files/image-files';
import { linkRefusal, linkTarget } from '#files/link-target';

/** An image of a data set and where its mask is or would be. */
export interface LocatedImage {
  id: string;
  split: string;
  name: string;
  imageFile: string;
  maskFile: string;
}

export interface LocatedDataset {
  layout: 'segnet' | 'reference';
  layoutTitle: string;
  images: LocatedImage[];
  /** Findings about the folder: splits without labels, masks without image. */
  problems: string[];
}

interface SplitFolders {
  split: string;
  images: string;
  labels: string;
}

const layouts: { name: LocatedDataset['layout']; title: string; splits: SplitFolders[] }[] = [
  {
    name: 'reference',
    title: 'train_images / train_labels',
    splits: [
      { split: 'train', images: 'train_images', labels: 'train_labels' },
      { split: 'val', images: 'valid_images', labels: 'valid_labels' },
      { split: 'test', images: 'test_images', labels: 'test_labels' },
    ],
  },
  {
    name: 'segnet',
    title: 'train / trainannot',
    splits: ['train', 'val', 'test'].map((split) => ({ split, images: split, labels: `${split}annot` })),
  },
];

function isFolder(file: string): boolean {
  try {
    return statSync(file, { throwIfNoEntry: false })?.isDirectory() ?? false;
  } catch (error) {
    // A link in a circle, or a file in the place of a folder on the way, leads to no folder.
    if (['ELOOP', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}
const matches = (folder: string, splits: SplitFolders[]) => splits.filter(({ images }) => isFolder(path.join(folder, images)));

/** Whether a folder has one of the layouts; cheap enough for folder lists. */
export function looksLikeDataset(folder: string): boolean {
  try {
    return layouts.some(({ splits }) => matches(folder, splits).length > 0);
  } catch {
    // What cannot be looked into is offered as no data set.
    return false;
  }
}

/**
 * Finds the images and masks of a folder.
 * @throws AppError 'not-found' if it is no folder, 'not-a-dataset' naming the layouts it could have
 */
export function locateDataset(folder: string): LocatedDataset {
  if (!isFolder(folder)) throw new AppError('not-found', `${folder} is not a folder`, { file: folder });
  for (const { name, title, splits } of layouts) {
    const present = matches(folder, splits);
    if (present.length === 0) continue;
    const problems: string[] = [];
    const images = present.flatMap((split) => locateSplit(folder, split, problems));
    if (images.length === 0) throw new AppError('not-a-dataset', `${folder} has the layout ${title} but no image in it`, { file: folder });
    return { layout: name, layoutTitle: title, images, problems };
  }
  throw new AppError(
    'not-a-dataset',
    `${folder} is not a data set: it needs ${layouts.map(({ splits }) => `${splits[0].images}/ with ${splits[0].labels}/`).join(' or ')}`,
    { file: folder },
  );
}

/** The image files of a folder, by name. */
function imagesIn(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter(({ name }) => !name.startsWith('.') && imagePattern.test(name))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    throw asFileError(error, folder);
  }
}

/** A folder of a layout where it really lies. @throws AppError 'forbidden' if it is a link out of the data set */
function realFolder(dataset: string, name: string): string {
  const folder = path.join(dataset, name);
  if (!lookAt(folder)?.isSymbolicLink()) return folder;
  const target = linkTarget(dataset, folder);
  if (target === null) throw new AppError('forbidden', linkRefusal(folder), { file: folder });
  return target;
}

/** Where an entry of a folder really lies; null if it is a link out of the data set, or no file. */
function realFile(dataset: string, folder: string, entry: Dirent): string | null {
  const file = path.join(folder, entry.name);
  if (entry.isFile()) return file;
  return entry.isSymbolicLink() ? linkTarget(dataset, file) : null;
}

/** Why an image is left out. */
function leftOutText(folder: string, entry: Dirent): string {
  const file = path.join(folder, entry.name);
  return entry.isSymbolicLink() ? linkRefusal(file) : `${file} is no plain file, and is left out: remove it`;
}

/** The masks of a split by their images' names; one that must not be followed stays where it is, and is refused when it is read. */
function masksOf(dataset: string, folder: string): Map<string, string> {
  if (!isFolder(folder)) return new Map();
  return new Map(
    imagesIn(folder).map((entry) => [path.parse(entry.name).name, realFile(dataset, folder, entry) ?? path.join(folder, entry.name)]),
  );
}

function locateSplit(dataset: string, { split, images, labels }: SplitFolders, problems: string[]): LocatedImage[] {
  const [imageFolder, labelFolder] = [realFolder(dataset, images), realFolder(dataset, labels)];
  const masks = masksOf(dataset, labelFolder);
  if (!isFolder(labelFolder)) problems.push(`${labels}/ is missing: the images of ${images}/ have no masks yet`);
  const unused = new Set(masks.keys());
  const leftOut: string[] = [];
  const located = imagesIn(imageFolder).flatMap((entry): LocatedImage[] => {
    const { name } = path.parse(entry.name);
    unused.delete(name);
    const imageFile = realFile(dataset, imageFolder, entry);
    if (imageFile === null) leftOut.push(leftOutText(imageFolder, entry));
    return imageFile === null
      ? []
      : [{ id: `${split}/${name}`, split, name, imageFile, maskFile: masks.get(name) ?? path.join(labelFolder, `${name}.png`) }];
  });
  if (leftOut.length > 0)
    problems.push(leftOut.length === 1 ? leftOut[0] : `${leftOut.length} files are left out, the first: ${leftOut[0]}`);
  const [firstUnused] = unused;
  if (firstUnused !== undefined) {
    problems.push(`${unused.size} masks of ${labels}/ have no image, the first: ${path.basename(masks.get(firstUnused)!)}`);
  }
  const seen = new Set<string>();
  return located.filter(({ id, imageFile }) => {
    if (!seen.has(id)) return Boolean(seen.add(id));
    problems.push(`${imageFile} is left out: another image has the same name`);
    return false;
  });
}
