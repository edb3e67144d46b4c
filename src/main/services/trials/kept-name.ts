// Where an image that is kept lands: under which name, and in which split.
import path from 'node:path';
import type { Affixes, Arrangement } from '#shared/data/arrangement';
import { AppError } from '#shared/errors';
import { freeName } from '#shared/free-name';
import { folded } from '#shared/folded';
import { coreOf, stemAround, stemOf } from '../layouts/pairing.ts';

/** Names for new images of a folder, each its own. */
export class KeptNames {
  private readonly affixes: Affixes;
  private readonly isTogether: boolean;
  private readonly taken = new Set<string>();

  /**
   * @param images names of files in the folder of images
   * @param masks names of files in the folder of masks
   * @param isTogether whether both are one folder: an image that is called as masks are would be taken for one
   */
  constructor(images: readonly string[], masks: readonly string[], affixes: Affixes, isTogether = false) {
    this.affixes = affixes;
    this.isTogether = isTogether;
    for (const name of [...images, ...masks]) this.take(name);
  }

  private take(name: string): void {
    const { imagePrefix, imageSuffix, maskPrefix, maskSuffix } = this.affixes;
    const stem = stemOf(name);
    const cores = [coreOf(stem, imagePrefix, imageSuffix), coreOf(stem, maskPrefix, maskSuffix)];
    for (const known of [name, stem, ...cores]) if (known !== null) this.taken.add(folded(known));
  }

  /**
   * As the image's own name is, with what images have around it, and with a number where an image or a mask has that name: the label of
   * another would be taken for its own. Dots that it begins with go: what is hidden is no image.
   */
  next(name: string): string {
    const { imagePrefix, imageSuffix, maskPrefix, maskSuffix } = this.affixes;
    const { name: whole, ext } = path.posix.parse(`.${name}`);
    const stem = whole.replace(/^\.+/, '') || 'image';
    const given = coreOf(stem, imagePrefix, imageSuffix) ?? stem;
    const around = (core: string) => stemAround(core, imagePrefix, imageSuffix);
    const isMaskName = coreOf(around(given), maskPrefix, maskSuffix) !== null;
    const own = this.isTogether && maskPrefix + maskSuffix !== '' && isMaskName ? `kept-${given}-photo` : given;
    const kept = around(freeName(own, (core) => this.taken.has(folded(core)) || this.taken.has(folded(around(core))))) + ext;
    this.take(kept);
    return kept;
  }
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
