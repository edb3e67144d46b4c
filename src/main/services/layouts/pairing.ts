// Which mask is whose. Names are compared as people read them: however their letters are composed, and in any case where that is clear.
const composed = (text: string): string => text.normalize('NFC');
const folded = (text: string): string => composed(text).toLowerCase();

/** The path of a file without its extension. */
export const stemOf = (file: string): string => file.replace(/\.[^./]+$/, '');

/** A stem without what all names of its kind end with; null for a name that does not. */
export function withoutSuffix(stem: string, suffix: string): string | null {
  if (suffix === '') return stem;
  return stem.endsWith(suffix) && stem.length > suffix.length ? stem.slice(0, -suffix.length) : null;
}

/** A mask of a name that a PNG has too is a picture of it, or what it was made from. */
const byFitness = (a: string, b: string): number => Number(!/\.png$/i.test(a)) - Number(!/\.png$/i.test(b)) || (a < b ? -1 : 1);

/** Masks by the names of their images. */
export class MaskIndex {
  private readonly stems = new Map<string, string>();
  private readonly composed = new Map<string, string[]>();
  private readonly folded = new Map<string, string[]>();
  private readonly files: ReadonlySet<string>;
  private readonly unused: Set<string>;

  /** @param files masks, by their paths from their folder */
  constructor(files: readonly string[], suffix: string) {
    this.files = new Set(files);
    for (const file of [...files].sort(byFitness)) {
      const stem = withoutSuffix(stemOf(file), suffix);
      if (stem === null || this.stems.has(stem)) continue;
      this.stems.set(stem, file);
      this.composed.set(composed(stem), [...(this.composed.get(composed(stem)) ?? []), stem]);
      this.folded.set(folded(stem), [...(this.folded.get(folded(stem)) ?? []), stem]);
    }
    this.unused = new Set(this.stems.values());
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

/** Masks of which one is looked for among what their names end with: the one that holds ids before pictures of it. */
const likelySuffixes = ['_gtFine_labelTrainIds', '_gtFine_labelIds', '_labelTrainIds', '_labelIds', '_L', '_P', '_mask', '_label'];
const imageSuffixes = ['', '_leftImg8bit', '_image', '_img', '_rgb', '_sat'];
/** Names that are enough to tell. */
const looked = 40;

export interface Suffixes {
  image: string;
  mask: string;
  /** Images that then have a mask. */
  pairs: number;
}

/** What the names of images and masks end with beyond what they share: what pairs most of them. */
export function findSuffixes(images: readonly string[], masks: readonly string[]): Suffixes {
  const imageStems = images.map(stemOf);
  const maskStems = new Set(masks.map((file) => composed(stemOf(file))));
  let best: Suffixes = { image: '', mask: '', pairs: imageStems.filter((stem) => maskStems.has(composed(stem))).length };
  for (const image of imageSuffixes) {
    const stems = imageStems.map((stem) => withoutSuffix(composed(stem), image)).filter((stem) => stem !== null);
    for (const mask of suffixesOf(stems, [...maskStems].slice(0, looked))) {
      const pairs = stems.filter((stem) => maskStems.has(stem + mask)).length;
      if (pairs > best.pairs) best = { image, mask, pairs };
    }
  }
  return best;
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
