import { Random } from '../random.ts';
import { meanOf } from './confusion.ts';

/** From the 2.5th to the 97.5th percentile. */
export type Interval = readonly [low: number, high: number];

export interface Intervals {
  miou: Interval | null;
  /** By class; null where fewer than two images have it. */
  perClass: (Interval | null)[];
}

const seed = 17;
const resamples = 1000;
/** Of more images than this fewer resamples are drawn, which are as good there: the interval is narrow. */
const manyImages = 2000;
const resamplesOfMany = 200;
/** Fewer draws than this tell no 95 %. */
const fewestDraws = 50;

/** Hits and unions of each class, image by image: float64 [images, classes, 2]. */
export function countsOf(matrices: readonly (readonly number[])[], classes: number): Float64Array {
  const counts = new Float64Array(matrices.length * classes * 2);
  matrices.forEach((matrix, image) => {
    const at = image * classes * 2;
    for (let label = 0; label < classes; label++)
      for (let predicted = 0; predicted < classes; predicted++) {
        const count = matrix[label * classes + predicted];
        if (label === predicted) {
          counts[at + 2 * label] += count;
          counts[at + 2 * label + 1] += count;
        } else {
          counts[at + 2 * label + 1] += count;
          counts[at + 2 * predicted + 1] += count;
        }
      }
  });
  return counts;
}

/** The middle 95 % of values, which are sorted by it; null of none. */
export function percentiles(values: number[]): Interval | null {
  if (values.length === 0) return null;
  values.sort((a, b) => a - b);
  const at = (share: number): number => {
    const place = share * (values.length - 1);
    const low = Math.floor(place);
    return values[low] + (place - low) * ((values[low + 1] ?? values[low]) - values[low]);
  };
  return [at(0.025), at(0.975)];
}

/** The IoU of each class, of sums of hits and unions; null where it is in neither label nor prediction. */
export const iousOf = (sum: Float64Array): (number | null)[] =>
  Array.from({ length: sum.length / 2 }, (_, id) => (sum[2 * id + 1] > 0 ? sum[2 * id] / sum[2 * id + 1] : null));

/**
 * Sums of images that are drawn with replacement, as many as there are, the same ones each time.
 * @param counts float64 [images, numbers] @param visit gets the sum of a draw, until the next
 */
export function forEachResample(counts: Float64Array, images: number, visit: (sum: Float64Array) => void): void {
  const random = Random.named('bootstrap', seed);
  const sum = new Float64Array(counts.length / images);
  for (let n = images > manyImages ? resamplesOfMany : resamples; n > 0; n--) {
    sum.fill(0);
    for (let draw = 0; draw < images; draw++) {
      const at = random.integer(images) * sum.length;
      for (let k = 0; k < sum.length; k++) sum[k] += counts[at + k];
    }
    visit(sum);
  }
}

/** What of the classes a mean is over: which have labels, and which of the others are predicted somewhere, and so count with 0. */
export interface MeanOver {
  labelled: readonly boolean[];
  scored: readonly boolean[];
}

/** @param matrices a confusion matrix an image, row-major [label, prediction] */
export function meanOver(matrices: readonly (readonly number[])[], classes: number): MeanOver {
  const ids = Array.from({ length: classes }, (_, id) => id);
  const has = (is: (matrix: readonly number[]) => boolean) => matrices.some(is);
  const labelled = ids.map((id) => has((matrix) => ids.some((other) => matrix[id * classes + other] > 0)));
  const scored = ids.map((id) => labelled[id] || has((matrix) => ids.some((other) => matrix[other * classes + id] > 0)));
  return { labelled, scored };
}

/**
 * The mean of a draw over the classes that the mean of all images is over: where a class of few images was not drawn, the mean of the
 * others would be higher for that alone.
 * @returns null of a draw that lacks a class with labels
 */
export function meanOfDraw(ious: readonly (number | null)[], { labelled, scored }: MeanOver): number | null {
  if (ious.some((iou, id) => iou === null && labelled[id])) return null;
  return meanOf(ious.flatMap((iou, id) => (scored[id] ? [iou ?? 0] : [])));
}

/** The interval of such means; null where too few draws have one. */
export const intervalOfMeans = (means: number[]): Interval | null => (means.length < fewestDraws ? null : percentiles(means));

/**
 * 95 % intervals of IoU: what it would be over as many other images of the same kind, by drawing images with replacement (bootstrap).
 * The same images in the same order give the same intervals. Source: Efron 1979.
 * @param matrices a confusion matrix an image, row-major [label, prediction]
 */
export function bootstrapIntervals(matrices: readonly (readonly number[])[], classes: number): Intervals {
  const images = matrices.length;
  const none = { miou: null, perClass: new Array<null>(classes).fill(null) };
  // Images that are all void say nothing.
  if (matrices.filter((matrix) => matrix.some((count) => count > 0)).length < 2) return none;
  const counts = countsOf(matrices, classes);
  const means: number[] = [];
  const over = meanOver(matrices, classes);
  const ious = Array.from({ length: classes }, (): number[] => []);
  forEachResample(counts, images, (sum) => {
    const each = iousOf(sum);
    each.forEach((iou, id) => iou !== null && ious[id].push(iou));
    const mean = meanOfDraw(each, over);
    if (mean !== null) means.push(mean);
  });
  const withClass = (id: number) => matrices.reduce((found, _, image) => found + (counts[image * 2 * classes + 2 * id + 1] > 0 ? 1 : 0), 0);
  return { miou: intervalOfMeans(means), perClass: ious.map((values, id) => (withClass(id) < 2 ? null : percentiles(values))) };
}
