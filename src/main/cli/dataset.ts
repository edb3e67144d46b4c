import path from 'node:path';
import { letLinksInto } from '#files/read-limits';
import { AppError } from '#shared/errors';
import type { Sample } from '#shared/data/sample';
import { existsSync } from 'node:fs';
import type { ClassSet } from '#services/class-sets/class-set';
import type { LocatedImage } from '#services/layouts/located-image';
import { isZip, unzipBeside } from '#services/layouts/unzip';
import { isFolder } from '#services/layouts/folder-view';
import { datasetFolder, locateDataset, type LocatedDataset } from '#services/layouts/recognise';
import { untilInterrupted } from './interrupts.ts';
import { say } from './say.ts';

export interface CliDataset {
  folder: string;
  located: LocatedDataset;
  classSet: ClassSet;
}

/** The folder that is meant by a path: of a zip what it is unpacked to, of a folder around a data set the one inside. */
export async function folderOf(given: string): Promise<string> {
  const at = path.resolve(given);
  if (isZip(at))
    return untilInterrupted(async (signal) => {
      const folder = await unzipBeside(at, { signal });
      if (signal.aborted) throw new AppError('cancelled', 'Stopped after the zip was unpacked');
      return folder;
    });
  return isFolder(at) ? datasetFolder(at) : at;
}

/** Locates a data set without opening its history: the command line writes nothing into it. A zip is unpacked beside itself. */
export async function findDataset(folder: string): Promise<CliDataset> {
  const at = await folderOf(folder);
  letLinksInto(at);
  const located = locateDataset(at);
  for (const problem of located.problems) say(problem);
  return { folder: at, located, classSet: located.classSet };
}

/** The images of a split. @throws AppError 'not-found' naming the splits there are */
export function imagesOf({ located }: CliDataset, split: string): LocatedImage[] {
  const images = located.images.filter((image) => image.split === split);
  if (images.length > 0) return images;
  const there = [...new Set(located.images.map((image) => image.split))].join(', ');
  throw new AppError(
    'not-found',
    `There is no split "${split}"; there are ${there}. One is made with: import --data DIR --make-split 20 (percent of the images)`,
  );
}

/** Those of them that have a mask. */
export const labelledOf = (images: readonly LocatedImage[]): Sample[] =>
  images.filter(({ maskFile }) => existsSync(maskFile)).map(({ id, imageFile, maskFile }) => ({ id, imageFile, maskFile }));

/** The labelled samples of a split. @throws AppError 'not-found' as `imagesOf`, and where none has a mask */
export function labelledSamples(dataset: CliDataset, split: string): Sample[] {
  const samples = labelledOf(imagesOf(dataset, split));
  if (samples.length > 0) return samples;
  const masked = [...new Set(dataset.located.images.filter(({ maskFile }) => existsSync(maskFile)).map((image) => image.split))];
  const wayOut =
    masked.length > 0
      ? `of ${masked.map((name) => `"${name}"`).join(', ')} some have: choose that, or make a split with import --data DIR --make-split 20`
      : 'label some in the window first';
  throw new AppError('not-found', `No image of the split "${split}" in ${dataset.folder} has a mask: ${wayOut}`);
}
