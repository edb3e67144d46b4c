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
  } catch {
    // A link in a circle, a file in the place of a folder on the way, or what may not be looked into.
    return false;
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

/** @throws AppError 'forbidden' if a folder of a layout is a link that may not be followed */
function assertFollowed(folder: string): void {
  if (lookAt(folder)?.isSymbolicLink() && linkTarget(folder) === null)
    throw new AppError('forbidden', linkRefusal(folder), { file: folder });
}

/** Whether an entry of a folder is a file, or a link that may be followed. */
const isReadable = (folder: string, entry: Dirent): boolean =>
  entry.isFile() || (entry.isSymbolicLink() && linkTarget(path.join(folder, entry.name)) !== null);

/** Why an image is left out. */
function leftOutText(folder: string, entry: Dirent): string {
  const file = path.join(folder, entry.name);
  return entry.isSymbolicLink() ? linkRefusal(file) : `${file} is no plain file, and is left out: remove it`;
}

function locateSplit(dataset: string, { split, images, labels }: SplitFolders, problems: string[]): LocatedImage[] {
  const [imageFolder, labelFolder] = [path.join(dataset, images), path.join(dataset, labels)];
  for (const folder of [imageFolder, labelFolder]) assertFollowed(folder);
  // A mask that must not be read is refused when it is: its image is there all the same.
  const masks = new Map(
    isFolder(labelFolder)
      ? imagesIn(labelFolder).map(({ name }): [string, string] => [path.parse(name).name, path.join(labelFolder, name)])
      : [],
  );
  if (!isFolder(labelFolder)) problems.push(`${labels}/ is missing: the images of ${images}/ have no masks yet`);
  const unused = new Set(masks.keys());
  const leftOut: string[] = [];
  const located = imagesIn(imageFolder).flatMap((entry): LocatedImage[] => {
    const { name } = path.parse(entry.name);
    unused.delete(name);
    if (!isReadable(imageFolder, entry)) {
      leftOut.push(leftOutText(imageFolder, entry));
      return [];
    }
    const imageFile = path.join(imageFolder, entry.name);
    return [{ id: `${split}/${name}`, split, name, imageFile, maskFile: masks.get(name) ?? path.join(labelFolder, `${name}.png`) }];
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
