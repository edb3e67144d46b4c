// Where an image that is kept lands: under which name, and in which split.
import path from 'node:path';
import type { Affixes, Arrangement } from '#shared/data/arrangement';
import { AppError } from '#shared/errors';
import { freeName } from '#shared/free-name';
import { coreOf, folded, stemAround, stemOf } from '../layouts/pairing.ts';

/**
 * A name for a new image: as its own is, with what images have around it, and with a number where an image or a mask has that name: the
 * label of another would be taken for its own.
 * @param images names of files in the folder of images
 * @param masks names of files in the folder of masks
 * @param isTogether whether both are one folder: an image that is called as masks are would be taken for one
 */
export function keptName(name: string, images: readonly string[], masks: readonly string[], affixes: Affixes, isTogether = false): string {
  const { imagePrefix, imageSuffix, maskPrefix, maskSuffix } = affixes;
  const taken = new Set<string>();
  const coresOf = (stem: string) => [coreOf(stem, imagePrefix, imageSuffix), coreOf(stem, maskPrefix, maskSuffix)];
  for (const each of [...images, ...masks])
    for (const known of [each, stemOf(each), ...coresOf(stemOf(each))]) if (known !== null) taken.add(folded(known));
  const { name: stem, ext } = path.posix.parse(name);
  const given = coreOf(stem, imagePrefix, imageSuffix) ?? stem;
  const isMaskName = (core: string) => coreOf(stemAround(core, imagePrefix, imageSuffix), maskPrefix, maskSuffix) !== null;
  const own = isTogether && maskPrefix + maskSuffix !== '' && isMaskName(given) ? `kept-${given}-photo` : given;
  const around = (core: string) => stemAround(core, imagePrefix, imageSuffix);
  return around(freeName(own, (core) => taken.has(folded(core)) || taken.has(folded(around(core))))) + ext;
}

/**
 * @param file an image of the split, by its path from the data set's folder
 * @param isEmpty whether a split has no image: it can be chosen nowhere
 * @returns the split that a new image beside it is in
 * @throws AppError 'unsupported' if that is another that can be chosen: lists and made splits name theirs
 */
export function landingSplit(split: string, { splits, sources }: Arrangement, file: string, isEmpty: (split: string) => boolean): string {
  const ofFolder = () => sources.find(({ images }) => images === '.' || file.split(path.sep).join('/').startsWith(`${images}/`))?.split;
  const rest = splits.by === 'lists' ? splits.rest : undefined;
  const lands = splits.by === 'folders' ? split : (rest ?? ofFolder());
  if (lands === undefined) return split;
  if (lands === split || (splits.by === 'lists' && isEmpty(lands))) return lands;
  const why = splits.by === 'lists' ? 'splits of this data set are lists of names' : 'the splits were made for the images that were there';
  const way = splits.by === 'lists' ? 'add its name to a list then' : 'make the split again then (Data set > Make a split)';
  throw new AppError(
    'unsupported',
    `A new image would be in "${lands}" and not in "${split}", since ${why}: keep it in "${lands}", and ${way}`,
  );
}
