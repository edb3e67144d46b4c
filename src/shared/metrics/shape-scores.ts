import { connectedParts } from '../mask/connected.ts';
import type { MaskSize } from '../mask/patch.ts';
import { voidId } from '../mask/void-id.ts';

/** How far apart two boundaries may be that are the same, in pixels. */
export const boundaryTolerance = 3;
/** Objects by their pixels, as COCO counts them: small up to 32 x 32, medium up to 96 x 96, large. */
export const objectSizes = ['small', 'medium', 'large'] as const;
const sizeLimits = [32 ** 2, 96 ** 2];
/** Share of an object's pixels that have to be predicted as its class: then it was found. */
const foundShare = 0.5;
/** Numbers a class: boundary pixels predicted, of these met, labelled, of these met; and for each size objects, and of these found. */
const [boundaryNumbers, objectNumbers] = [4, 2 * objectSizes.length];
const numbers = boundaryNumbers + objectNumbers;

/** Counts of boundaries and objects by class, row-major: what is added up, image by image. */
export type ShapeCounts = readonly number[];

/** How well the outlines of a class agree, and how many of its objects were found, by size. */
export interface ShapeScores {
  /** F1 of boundary pixels within 3 px of each other; null where neither label nor prediction has any. */
  boundaryF: number | null;
  /** Share of connected parts of the label that are predicted as the class by half at least, and how many there are. */
  objects: { recall: number | null; count: number }[];
}

/**
 * Counts the boundaries and objects of one image. A boundary pixel has a 4-neighbour of another class; what the label leaves void is
 * in neither. Source: Csurka et al. 2013 (boundary F1); objects are connected parts of the label over edges.
 * @param label class ids, 255 = void, row-major @param prediction likewise
 */
export function shapeCounts(label: Uint8Array, prediction: Uint8Array, size: MaskSize, classes: number): ShapeCounts {
  const counts = new Array<number>(classes * numbers).fill(0);
  const seen = prediction.map((id, i) => (label[i] === voidId ? voidId : id));
  const [drawn, found] = [boundaryOf(label, size), boundaryOf(seen, size)];
  const near = offsetsWithin(boundaryTolerance);
  for (let i = 0; i < label.length; i++) {
    if (found[i]) countMet(counts, seen[i] * numbers, isMet(i, seen, { ids: label, boundary: drawn }, near, size));
    if (drawn[i]) countMet(counts, label[i] * numbers + 2, isMet(i, label, { ids: seen, boundary: found }, near, size));
  }
  countObjects(counts, label, seen, size);
  return counts;
}

function countMet(counts: number[], at: number, met: boolean): void {
  counts[at]++;
  if (met) counts[at + 1]++;
}

/** One byte a pixel: whether another class lies beside it. */
function boundaryOf(ids: Uint8Array, { width, height }: MaskSize): Uint8Array {
  const boundary = new Uint8Array(ids.length);
  const differ = (a: number, b: number) => {
    if (ids[a] === ids[b] || ids[a] === voidId || ids[b] === voidId) return;
    boundary[a] = boundary[b] = 1;
  };
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      if (x + 1 < width) differ(i, i + 1);
      if (y + 1 < height) differ(i, i + width);
    }
  return boundary;
}

/** Steps to the pixels of a disc, the nearest first. */
function offsetsWithin(radius: number): [x: number, y: number][] {
  const side = Array.from({ length: 2 * radius + 1 }, (_, i) => i - radius);
  const all = side.flatMap((y) => side.map((x): [number, number] => [x, y]));
  return all.filter(([x, y]) => x * x + y * y <= radius * radius).sort(([a, b], [c, d]) => a * a + b * b - c * c - d * d);
}

/** Whether a boundary pixel has one of its class near in another mask. */
function isMet(
  i: number,
  ids: Uint8Array,
  other: { ids: Uint8Array; boundary: Uint8Array },
  near: readonly [number, number][],
  { width, height }: MaskSize,
): boolean {
  const [x, y] = [i % width, Math.floor(i / width)];
  for (const [dx, dy] of near) {
    if (x + dx < 0 || x + dx >= width || y + dy < 0 || y + dy >= height) continue;
    const at = i + dy * width + dx;
    if (other.boundary[at] && other.ids[at] === ids[i]) return true;
  }
  return false;
}

function countObjects(counts: number[], label: Uint8Array, prediction: Uint8Array, size: MaskSize): void {
  const { partOf, parts } = connectedParts(label, size, voidId);
  const hits = new Float64Array(parts.length);
  partOf.forEach((part, i) => part >= 0 && prediction[i] === label[i] && hits[part]++);
  parts.forEach(({ key, cells }, part) => {
    const bin = sizeLimits.filter((limit) => cells > limit).length;
    countMet(counts, key * numbers + boundaryNumbers + 2 * bin, hits[part] >= foundShare * cells);
  });
}

/** Scores of all images together, by class. @param images those that are known; without any nothing is told */
export function shapeScores(images: readonly (ShapeCounts | null)[], classes: number): ShapeScores[] | null {
  const sum = new Float64Array(classes * numbers);
  const sound = images.filter((image) => image?.length === sum.length);
  if (sound.length === 0) return null;
  for (const image of sound) image!.forEach((count, k) => (sum[k] += count));
  return Array.from({ length: classes }, (_, id) => {
    const [predicted, predictedMet, labelled, labelledMet, ...objects] = sum.subarray(id * numbers, (id + 1) * numbers);
    return {
      boundaryF: boundaryF(share(predictedMet, predicted), share(labelledMet, labelled)),
      objects: objectSizes.map((_name, bin) => ({ recall: share(objects[2 * bin + 1], objects[2 * bin]), count: objects[2 * bin] })),
    };
  });
}

const share = (part: number, of: number): number | null => (of > 0 ? part / of : null);

/** Of precision and recall; without anything on one side there is no agreement, without anything on both there is nothing to score. */
function boundaryF(precision: number | null, recall: number | null): number | null {
  if (precision === null && recall === null) return null;
  const [p, r] = [precision ?? 0, recall ?? 0];
  return p + r > 0 ? (2 * p * r) / (p + r) : 0;
}
