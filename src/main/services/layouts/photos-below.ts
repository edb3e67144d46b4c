// What lies in folders inside those of the images: photos of the set, or pictures that show the photos above them.
import path from 'node:path';
import { counted } from '#shared/counted';
import type { Affixes, Source } from '#shared/data/arrangement';
import { AppError } from '#shared/errors';
import { folded } from '#shared/folded';
import { affixesAmong, maskFolderNames, mayBeLabels } from './folder-names.ts';
import { FolderView } from './folder-view.ts';
import { boundsOf, coreOf, findAffixes, imageEndings, stemOf } from './pairing.ts';

/** Whether images and masks lie in folders below those of the sources, and in which not; what is left out is told in sentences. */
export interface PhotosBelow {
  below?: true;
  except?: string[];
  problems?: string[];
}

/** A folder inside that of a source's images, by its path from the data set, with the pictures right in it. */
interface Inside {
  folder: string;
  files: string[];
}

/** As many as an encnet.json may name. */
const mostExcepted = 1000;
const mostTold = 10;

const leftOut = ({ folder, files }: Inside): string =>
  `${folder}/ is left out with its ${counted(files.length, 'picture')}, which are called as labels or as the images above them, or have ` +
  'masks among them. If they are images of this set, say "with folders below" where you say how it is read ' +
  '("below" and "except" in encnet.json)';

const nameOf = (file: string): string => folded(path.posix.basename(stemOf(file)));

const endings = imageEndings.map(folded);

/** What photos are called, with and without what all images of some sets end with. */
const namesOf = (files: readonly string[]): string[] =>
  files.map(nameOf).flatMap((name) => {
    const ended = endings.filter((end) => name.length > end.length && name.endsWith(end));
    return [name, ...ended.map((end) => name.slice(0, -end.length))];
  });

/** Whether a name is one of these, or begins or ends with one: `street_1`, `street_1_overlay`, `pred_street_1`. */
const isCalledAs = (names: ReadonlySet<string>, name: string): boolean =>
  boundsOf(name).some((at) => names.has(name.slice(0, at)) || names.has(name.slice(at)));

/** The names of pictures without those that go on from another one of the same folder: masks among photos change nothing of it. */
function rootsOf(files: readonly string[]): string[] {
  const names = new Set(files.map(nameOf));
  return [...names].filter((name) => !boundsOf(name).some((at) => at < name.length && names.has(name.slice(0, at))));
}

/** Whether a folder is called as those of labels are. */
const isOfLabels = (folder: string): boolean => {
  const name = path.posix.basename(folder);
  return maskFolderNames.test(name) || /(annot|labels?|masks?)$/i.test(name);
};

/** Whether what is right in a folder shows photos above it: labels, previews, predictions. @param above what these are called */
function areShown(above: ReadonlySet<string>, haveJpegs: boolean, files: readonly string[]): boolean {
  const roots = rootsOf(files);
  const shown = roots.filter((name) => isCalledAs(above, name)).length;
  // PNGs of which some are called as JPEGs above them: of photos elsewhere there may be others.
  return 2 * shown > roots.length || (shown > 0 && haveJpegs && files.every(mayBeLabels));
}

/** What of folders inside one source belongs to the set. */
class Look {
  /** Folders that are left out. */
  readonly pictures: Inside[] = [];
  /** Whether any folder belongs to the set. */
  hasPhotos = false;
  /** Whether no image lies right in the source's folder. */
  readonly isEmpty: boolean;
  /** Whether there are folders that are photos by their names, whatever is labelled. */
  private arePhotos = false;
  private readonly view: FolderView;
  private readonly source: Source;
  /** What names of masks have around them where they lie among the images. */
  private readonly affixes: Partial<Affixes> | null;
  /** Masks of a folder of their own, by the folders in it. */
  private readonly masks: ReadonlyMap<string, string[]>;

  constructor(view: FolderView, source: Source, affixes: Partial<Affixes> | null) {
    [this.view, this.source, this.affixes] = [view, source, affixes];
    const masks = source.images !== source.masks && view.hasFolder(source.masks) ? view.masks(source.masks, true) : [];
    this.masks = Map.groupBy(masks, (file) => path.posix.dirname(file));
    const here = this.withoutMasks(view.images(source.images));
    this.isEmpty = here.length === 0;
    this.into(
      source.images,
      namesOf(here),
      here.some((file) => !mayBeLabels(file)),
    );
    if (!this.isEmpty || this.arePhotos || this.pictures.length === 0) return;
    // Where there is nothing else, they are what is meant.
    this.hasPhotos = true;
    this.pictures.length = 0;
  }

  private into(around: string, above: readonly string[], haveJpegs: boolean): void {
    const names = new Set(above);
    for (const name of this.view.folders(around)) {
      const folder = path.posix.join(around, name);
      if (folder === this.source.masks) continue;
      const inside = { folder, files: this.view.ifReadable(() => this.view.images(folder), []) };
      const isOther = inside.files.length > 0 && this.isOther(inside, names, haveJpegs);
      // What has been labelled is never left out.
      if (isOther && !this.haveMasks(inside)) {
        this.pictures.push({ folder, files: this.view.ifReadable(() => this.view.images(folder, true), []) });
        continue;
      }
      this.hasPhotos ||= inside.files.length > 0;
      this.arePhotos ||= inside.files.length > 0 && !isOther;
      if (this.view.ifReadable(() => this.view.folders(folder), []).length === 0) continue;
      const jpegs = haveJpegs || inside.files.some((file) => !mayBeLabels(file));
      this.view.ifReadable(() => this.into(folder, [...above, ...namesOf(this.withoutMasks(inside.files))], jpegs), undefined);
    }
  }

  /** Masks that lie among images are called as these, and tell nothing of other folders. */
  private withoutMasks(files: readonly string[]): readonly string[] {
    const { maskPrefix = '', maskSuffix = '' } = this.affixes ?? {};
    if (maskPrefix + maskSuffix === '') return files;
    return files.filter((file) => coreOf(stemOf(file), maskPrefix, maskSuffix) === null);
  }

  private isOther(inside: Inside, above: ReadonlySet<string>, haveJpegs: boolean): boolean {
    const areLabels = isOfLabels(inside.folder) && inside.files.some(mayBeLabels);
    return areLabels || areShown(above, haveJpegs, this.withoutMasks(inside.files)) || this.haveOwnMasks(inside);
  }

  private haveMasks({ folder, files }: Inside): boolean {
    const within = path.posix.relative(this.source.images, folder);
    return (
      findAffixes(
        files.map((file) => `${within}/${file}`),
        this.masks.get(within) ?? [],
      ).pairs > 0
    );
  }

  /** Whether photos have masks among them otherwise than those above: a set of its own. */
  private haveOwnMasks({ files }: Inside): boolean {
    const own = affixesAmong(files, true);
    return own !== null && JSON.stringify(own) !== JSON.stringify(this.affixes);
  }
}

/**
 * What of folders inside those of sources belongs to the set: nothing that shows photos above it. Labelling changes none of it.
 * @param affixes of masks that lie among the images
 */
export function photosBelow({ root }: FolderView, sources: readonly Source[], affixes: Partial<Affixes> | null = null): PhotosBelow {
  // Looked at apart: what is not part of the set neither counts nor is told.
  const view = new FolderView(root);
  try {
    const looks = sources.map((source) => new Look(view, source, affixes));
    const pictures = looks.flatMap((look) => look.pictures);
    const problems = pictures.slice(0, mostTold).map(leftOut);
    if (pictures.length > mostTold) problems.push(`${counted(pictures.length - mostTold, 'folder')} more left out in the same way`);
    if (!looks.some(({ hasPhotos }) => hasPhotos)) return { problems };
    // Too many to be named: nothing of a set that lies below alone may go with them.
    if (pictures.length > mostExcepted) return looks.some(({ isEmpty }) => isEmpty) ? { below: true } : { problems };
    return { below: true, problems, ...(pictures.length > 0 ? { except: pictures.map(({ folder }) => folder) } : {}) };
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'too-large') throw error;
    return { problems: [`${error.message}: what lies in folders below the images is left out`] };
  }
}
