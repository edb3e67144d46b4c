import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { AppError } from '#shared/errors';
import { asFileError } from '#files/atomic-write';
import { imagePattern } from '#files/image-files';

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

const isFolder = (file: string): boolean => existsSync(file) && statSync(file).isDirectory();
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

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => !name.startsWith('.'))
      .sort();
  } catch (error) {
    throw asFileError(error, folder);
  }
}

function locateSplit(folder: string, { split, images, labels }: SplitFolders, problems: string[]): LocatedImage[] {
  const imageFolder = path.join(folder, images);
  const labelFolder = path.join(folder, labels);
  const masks = new Map(
    isFolder(labelFolder)
      ? listFolder(labelFolder)
          .filter((name) => imagePattern.test(name))
          .map((name) => [path.parse(name).name, name])
      : [],
  );
  if (!isFolder(labelFolder)) problems.push(`${labels}/ is missing: the images of ${images}/ have no masks yet`);
  const located = listFolder(imageFolder)
    .filter((name) => imagePattern.test(name))
    .map((file) => {
      const { name } = path.parse(file);
      const mask = masks.get(name) ?? `${name}.png`;
      masks.delete(name);
      return { id: `${split}/${name}`, split, name, imageFile: path.join(imageFolder, file), maskFile: path.join(labelFolder, mask) };
    });
  if (masks.size > 0) problems.push(`${masks.size} masks of ${labels}/ have no image, the first: ${[...masks.values()][0]}`);
  const seen = new Set<string>();
  return located.filter(({ id, imageFile }) => {
    if (!seen.has(id)) return Boolean(seen.add(id));
    problems.push(`${imageFile} is left out: another image has the same name`);
    return false;
  });
}
