// Which mask is whose. Names are compared as people read them: however their letters are composed, and in any case where that is clear.
import { noAffixes, type Affixes } from '#shared/data/arrangement';
import { composed, folded } from '#shared/folded';

/** The path of a file without its extension. */
export const stemOf = (file: string): string => file.replace(/\.[^./]+$/, '');

const isPartOfWord = (letter: string | undefined): boolean => letter !== undefined && /[\p{L}\p{N}]/u.test(letter);

/** Where words of a name begin or end. */
export const boundsOf = (name: string): number[] =>
  Array.from({ length: name.length + 1 }, (_, at) => at).filter((at) => !(isPartOfWord(name[at - 1]) && isPartOfWord(name[at])));

const folderIn = (stem: string): string => stem.slice(0, stem.lastIndexOf('/') + 1);

/** A stem without what all names of its kind begin and end with; null for a name that does not. */
export function coreOf(stem: string, prefix: string, suffix: string): string | null {
  if (suffix !== '' && !(stem.endsWith(suffix) && stem.length > suffix.length)) return null;
  const ended = stem.slice(0, stem.length - suffix.length);
  const folder = folderIn(ended);
  const isWhole = ended.startsWith(prefix, folder.length) && (prefix === '' || ended.length > folder.length + prefix.length);
  return isWhole ? folder + ended.slice(folder.length + prefix.length) : null;
}

/** The stem that a core has with what its kind begins and ends with. */
export const stemAround = (core: string, prefix: string, suffix: string): string => {
  const folder = folderIn(core);
  return folder + prefix + core.slice(folder.length) + suffix;
};

/** A mask of a name that a PNG has too is a picture of it, or what it was made from. */
const byFitness = (a: string, b: string): number => Number(!/\.png$/i.test(a)) - Number(!/\.png$/i.test(b)) || (a < b ? -1 : 1);

/** Masks by the names of their images. */
export class MaskIndex {
  private readonly stems = new Map<string, string>();
  private readonly composed = new Map<string, string[]>();
  private readonly folded = new Map<string, string[]>();
  private readonly files: ReadonlySet<string>;
  private readonly unused: Set<string>;
  /** Files that are not called as masks are. */
  readonly otherwise: readonly string[];

  /** @param files masks, by their paths from their folder */
  constructor(files: readonly string[], prefix: string, suffix: string) {
    this.files = new Set(files);
    const inOrder = [...files].sort(byFitness);
    for (const file of inOrder) this.add(coreOf(stemOf(file), prefix, suffix), file);
    // What is called so in another case is meant, where nothing is called so exactly.
    const named = new Set(this.stems.values());
    const others = inOrder.filter((file) => !named.has(file));
    for (const file of others) {
      const stem = coreOf(folded(stemOf(file)), folded(prefix), folded(suffix));
      if (stem !== null && !this.folded.has(folded(stem))) this.add(stem, file);
    }
    this.unused = new Set(this.stems.values());
    this.otherwise = others.filter((file) => !this.unused.has(file));
  }

  private add(stem: string | null, file: string): void {
    if (stem === null || this.stems.has(stem)) return;
    this.stems.set(stem, file);
    this.composed.set(composed(stem), [...(this.composed.get(composed(stem)) ?? []), stem]);
    this.folded.set(folded(stem), [...(this.folded.get(folded(stem)) ?? []), stem]);
  }

  /** The mask of an image's stem. @param isImage whether an image has exactly this stem: its mask is nobody else's */
  find(stem: string, isImage: (stem: string) => boolean): string | null {
    const likely = [this.composed.get(composed(stem)), this.folded.get(folded(stem))].map((stems = []) =>
      stems.filter((each) => !isImage(each) && this.unused.has(this.stems.get(each)!)),
    );
    const found = this.stems.has(stem) ? stem : likely.find((stems) => stems.length === 1)?.[0];
    return found === undefined ? null : this.take(this.stems.get(found)!);
  }

  private take(file: string): string {
    this.unused.delete(file);
    return file;
  }

  /** A mask of this very name. */
  named(file: string): string | null {
    return this.has(file) ? this.take(file) : null;
  }

  has(file: string): boolean {
    return this.files.has(file);
  }

  /** Masks that nobody asked for. */
  get left(): string[] {
    return [...this.unused];
  }
}

/** What names of masks begin with, set apart from the rest or before a number. */
const maskPrefix = /^(?:masks?|labels?|gts?|segs?|segmentations?|annots?|annotations?|ground[ _-]?truths?)(?:[ ._-]|(?=\d))/i;
/** Masks of which one is looked for among what their names end with: the one that holds ids before pictures of it. */
const likelySuffixes = ['_gtFine_labelTrainIds', '_gtFine_labelIds', '_labelTrainIds', '_labelIds', '_L', '_P', '_mask', '_label'];
/** What the names of images end with where masks have an ending in its place. */
export const imageEndings = ['_leftImg8bit', '_image', '_img', '_rgb', '_rgb_anon', '_photo', '_sat'];
/** Names that are enough to tell. */
const looked = 40;

export interface FoundAffixes extends Affixes {
  /** Images that then have a mask. */
  pairs: number;
}

/** What the names of images and masks have around what they share: what pairs most of them. */
export function findAffixes(images: readonly string[], masks: readonly string[]): FoundAffixes {
  const imageStems = images.map((file) => composed(stemOf(file)));
  const maskStems = new Set(masks.map((file) => composed(stemOf(file))));
  let best: FoundAffixes = { ...noAffixes, pairs: imageStems.filter((stem) => maskStems.has(stem)).length };
  for (const imageSuffix of ['', ...imageEndings]) {
    const stems = imageStems.map((stem) => coreOf(stem, '', imageSuffix)).filter((stem) => stem !== null);
    for (const maskSuffix of suffixesOf(stems, [...maskStems].slice(0, looked))) {
      const pairs = stems.filter((stem) => maskStems.has(stem + maskSuffix)).length;
      if (pairs > best.pairs) best = { ...noAffixes, imageSuffix, maskSuffix, pairs };
    }
  }
  return best.pairs > 0 ? best : findPrefixes(imageStems, maskStems);
}

const baseOf = (stem: string): string => stem.slice(folderIn(stem).length);

/** What masks begin with in the place of what their images do: `mask_1` for `img_1`, `gt1` for `1`. */
export function findPrefixes(images: readonly string[], masks: ReadonlySet<string>): FoundAffixes {
  const maskPrefixes = likeliest([...masks].flatMap((stem) => maskPrefix.exec(baseOf(stem))?.[0] ?? []));
  const imagePrefixes = ['', ...likeliest(images.flatMap((stem) => /^\D+(?=\d)/.exec(baseOf(stem))?.[0] ?? []))];
  let best: FoundAffixes = { ...noAffixes, pairs: 0 };
  for (const begin of maskPrefixes)
    for (const imagePrefix of imagePrefixes) {
      // A name that begins as masks' do is not its own mask.
      const maskOf = (stem: string) => {
        const core = coreOf(stem, imagePrefix, '');
        return core === null ? stem : stemAround(core, begin, '');
      };
      const pairs = images.filter((stem) => {
        const mask = maskOf(stem);
        return mask !== stem && masks.has(mask);
      }).length;
      if (pairs > best.pairs) best = { ...noAffixes, imagePrefix, maskPrefix: begin, pairs };
    }
  return best;
}

/** The texts that are there most often, at most three. */
function likeliest(texts: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  const sorted = [...counts].sort((a, b) => b[1] - a[1]);
  return sorted.slice(0, 3).map(([text]) => text);
}

/** What masks have behind an image's whole name; the likely first. */
function suffixesOf(stems: readonly string[], masks: readonly string[]): string[] {
  const known = new Set(stems);
  const found = new Set(
    masks.flatMap((mask) => {
      const ends = Array.from({ length: Math.min(mask.length, 60) }, (_, letters) => mask.length - letters);
      const end = ends.find((at) => known.has(mask.slice(0, at)));
      return end === undefined || end === mask.length ? [] : [mask.slice(end)];
    }),
  );
  return [...found].sort((a, b) => placeOf(a) - placeOf(b) || (a < b ? -1 : 1));
}

const placeOf = (suffix: string): number => (likelySuffixes.includes(suffix) ? likelySuffixes.indexOf(suffix) : likelySuffixes.length);
