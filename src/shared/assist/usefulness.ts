import type { GridMap } from './grid-map.ts';

/** How much an image would teach a model, as far as the model itself can tell. */
export interface Usefulness {
  /** The share of the image that it expects to be wrong in, 0 to 1. */
  doubt: number;
  /** What it sees in the image, the mean of its features over the image. */
  features: readonly number[];
}

/** The mean of each channel over the map. */
export function meanFeatures({ channels, values }: GridMap): number[] {
  const sums = new Float64Array(channels);
  for (let i = 0; i < values.length; i++) sums[i % channels] += values[i];
  return Array.from(sums, (sum) => sum / (values.length / channels));
}

/** What an image counts for that is like one that was gone to already; one that is as unlike as any counts whole besides. */
const alike = 0.25;

function distance(a: readonly number[], b: readonly number[]): number {
  let squares = 0;
  for (let k = 0; k < a.length; k++) squares += (a[k] - (b[k] ?? 0)) ** 2;
  return Math.sqrt(squares);
}

/**
 * The image that would teach a model most: by its doubt, and by how unlike it is to those that were gone to (farthest first), so that
 * a row of pictures of one place does not come first as a whole. Source of the second: Sener and Savarese 2018.
 * @param seen what was gone to @returns null of no image
 */
export function mostUseful<T extends Usefulness>(images: readonly T[], seen: readonly Usefulness[]): T | null {
  return images.length > 0 ? images[mostWorth(distances(images, seen))] : null;
}

/** Images, each with how far it is from the nearest that was gone to; Infinity of none. */
const distances = <T extends Usefulness>(images: readonly T[], seen: readonly Usefulness[]): { image: T; near: number }[] =>
  images.map((image) => ({
    image,
    near: seen.reduce((least, other) => Math.min(least, distance(image.features, other.features)), Infinity),
  }));

/** Which of images would teach most. @param images as `distances` tells of them */
function mostWorth(images: readonly { image: Usefulness; near: number }[]): number {
  // While nothing was gone to, doubt alone decides.
  const farthest = images.reduce((most, { near }) => (Number.isFinite(near) ? Math.max(most, near) : most), 0);
  const worth = ({ image, near }: (typeof images)[number]) => image.doubt * (alike + (farthest > 0 ? near / farthest : 0));
  let best = 0;
  for (let n = 1; n < images.length; n++) if (worth(images[n]) > worth(images[best])) best = n;
  return best;
}

/**
 * Images in the order in which they would teach a model most, each unlike those before it. Each choice looks at all that are left: after
 * the first `most` of them doubt alone decides.
 * @param seen what was gone to before
 */
export function usefulOrder<T extends Usefulness>(images: readonly T[], most: number, seen: readonly Usefulness[] = []): T[] {
  // How near each is to the nearest that was chosen: kept, so that a choice costs one distance an image.
  let left = distances(images, seen);
  const order: T[] = [];
  while (left.length > 0 && order.length < most) {
    const { image: next } = left[mostWorth(left)];
    order.push(next);
    left = left.filter(({ image }) => image !== next);
    for (const each of left) each.near = Math.min(each.near, distance(each.image.features, next.features));
  }
  return [...order, ...left.map(({ image }) => image).sort((a, b) => b.doubt - a.doubt)];
}
