// Whether a mask lies on its photo as it is seen, or as the photo's pixels are stored: where both have one size, edges tell.
import { voidId } from '#shared/mask/void-id';
import type { StoredMask } from '#files/mask-png';
import { withPicture } from '#files/picture';
import { shownSize, storedAt } from '#files/orientation';

/** A mask's codes, row by row, and the class id of each: where it is not labelled nothing is told. */
type Mask = Pick<StoredMask, 'width' | 'height' | 'values' | 'toId'>;

/** A mask is looked at in at most so many pixels a side. */
const lookedAt = 512;
/** Fewer pixels beside a border tell nothing, of all and of a quarter of the picture. */
const enoughBorder = 150;
const enoughOfQuarter = 20;
/** So much more of a photo's edges lie on borders than elsewhere where a mask lies on it: 1 is chance. */
const clearly = 1.3;
/** One thing may lie on an edge by chance: so many quarters of the picture say the same. */
const quarters = 3;

/**
 * Whether a mask lies as the pixels of its photo are stored, although it is seen turned or mirrored, and both have one size: the borders
 * between labels lie on edges of the photo then, and do not where the mask is taken as it is.
 * @param orientation of the photo, 2 … 8 as in EXIF
 */
export function liesAsStored(imageFile: string, mask: Mask, orientation: number): Promise<boolean> {
  const factor = Math.min(1, lookedAt / Math.max(mask.width, mask.height));
  const size = { width: Math.max(1, Math.round(mask.width * factor)), height: Math.max(1, Math.round(mask.height * factor)) };
  return withPicture(imageFile, async (image) => {
    const { data } = await image
      .resize({ ...size, fit: 'fill' })
      .greyscale()
      .raw()
      .toBuffer({ resolveWithObject: true });
    const edges = edgesOf(data, size);
    const small = sampled(mask, size);
    const from = storedAt(orientation, size);
    const turned = small.map((_, i) => small[from(i % size.width, Math.floor(i / size.width))]);
    const [asSeen, asStored] = [bordersOn(edges, small, size), bordersOn(edges, turned, size)];
    const agree = asStored.quarters.filter((mean, at) => mean > asSeen.quarters[at]);
    return agree.length >= quarters && asStored.all > clearly && asStored.all > clearly * asSeen.all;
  });
}

/** Whether both ways of lying have one size. */
export const isInDoubt = (mask: { width: number; height: number }, orientation: number): boolean => {
  const shown = shownSize(mask, orientation);
  return orientation > 1 && shown.width === mask.width && shown.height === mask.height;
};

/** Its class ids in another size. */
function sampled({ width, height, values, toId }: Mask, size: { width: number; height: number }): Uint8Array {
  return Uint8Array.from({ length: size.width * size.height }, (_, i) => {
    const column = Math.floor((((i % size.width) + 0.5) * width) / size.width);
    const row = Math.floor(((Math.floor(i / size.width) + 0.5) * height) / size.height);
    const id = toId[values[row * width + column]] ?? -1;
    return id < 0 ? voidId : id;
  });
}

/** How much brightness changes to the right of and below each pixel. */
function edgesOf(grey: Uint8Array, { width, height }: { width: number; height: number }): Float32Array {
  return Float32Array.from({ length: width * height }, (_, i) => {
    const right = (i + 1) % width === 0 ? 0 : Math.abs(grey[i + 1] - grey[i]);
    const below = i + width < grey.length ? Math.abs(grey[i + width] - grey[i]) : 0;
    return right + below;
  });
}

/** The mean edge beside borders between labels over that of the photo, of all and of each quarter; NaN where too few are to tell. */
function bordersOn(edges: Float32Array, ids: Uint8Array, { width, height }: { width: number; height: number }) {
  const [counts, sums] = [new Float64Array(4), new Float64Array(4)];
  let all = 0;
  for (let i = 0; i < ids.length; i++) {
    all += edges[i];
    const isBorder = (other: number) => ids[other] !== ids[i] && ids[other] !== voidId && ids[i] !== voidId;
    if (!((i + 1) % width !== 0 && isBorder(i + 1)) && !(i + width < ids.length && isBorder(i + width))) continue;
    const quarter = 2 * Number(i >= width * Math.ceil(height / 2)) + Number(i % width >= width / 2);
    counts[quarter]++;
    sums[quarter] += edges[i];
  }
  const ofPhoto = all / ids.length;
  const mean = (sum: number, count: number, enough: number) => (count < enough || ofPhoto === 0 ? NaN : sum / count / ofPhoto);
  const total = (of: Float64Array) => of.reduce((sum, each) => sum + each, 0);
  return {
    all: mean(total(sums), total(counts), enoughBorder),
    quarters: Array.from(sums, (sum, at) => mean(sum, counts[at], enoughOfQuarter)),
  };
}
