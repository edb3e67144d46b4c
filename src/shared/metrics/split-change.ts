import { countsOf, forEachResample, intervalOfMeans, iousOf, meanOfDraw, meanOver, percentiles, type Interval } from './bootstrap.ts';
import { Confusion, meanOf, sumOf } from './confusion.ts';

/** A score of one prediction and of another, and in which the difference would lie over other images of the same kind. */
export interface Change {
  before: number | null;
  after: number | null;
  /** null where it cannot be told, as of fewer than two images. */
  interval: Interval | null;
}

/** Two predictions of the same images held against each other: IoU, of the mean and of each class. */
export interface SplitChange {
  images: number;
  /** Images whose mIoU is higher than before, and lower. */
  better: number;
  worse: number;
  miou: Change;
  perClass: Change[];
  /** Over how many classes each mean is: one that is in no label and is predicted somewhere counts, with an IoU of 0. */
  classes: { before: number; after: number };
}

/** An image in both predictions, by its confusion matrices, row-major [label, prediction]. */
export interface ImagePair {
  id: string;
  before: readonly number[];
  after: readonly number[];
}

/**
 * The change from one prediction to another, with 95 % intervals by drawing images with replacement, each with both of its matrices
 * (paired bootstrap): what an image is hard by is in both. Source: Efron 1979.
 */
export function splitChange(images: readonly ImagePair[], classes: number): SplitChange {
  const sorted = images.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const [before, after] = [sorted.map((image) => image.before), sorted.map((image) => image.after)];
  const gains = sorted.map((image) => difference(meanIou(image.before, classes), meanIou(image.after, classes)));
  const [scoresBefore, scoresAfter] = [before, after].map((matrices) => sumOf(matrices, classes).iou());
  const intervals = intervalsOf(before, after, classes);
  return {
    images: sorted.length,
    better: gains.filter((gain) => gain !== null && gain > 0).length,
    worse: gains.filter((gain) => gain !== null && gain < 0).length,
    miou: { before: meanOf(scoresBefore), after: meanOf(scoresAfter), interval: intervals.miou },
    perClass: scoresBefore.map((score, id) => ({ before: score, after: scoresAfter[id], interval: intervals.perClass[id] })),
    classes: { before: countOf(scoresBefore), after: countOf(scoresAfter) },
  };
}

const countOf = (scores: readonly (number | null)[]): number => scores.filter((score) => score !== null).length;

/** That two means are over other classes, so that what lies between them is not what each class gained; null where they are not. */
export function otherMeans({ classes: { before, after }, perClass }: SplitChange): string | null {
  if (perClass.every((each) => (each.before === null) === (each.after === null))) return null;
  const over = before === after ? `over ${before} classes, and others now than before` : `over ${before} classes before and ${after} now`;
  return `The mean is ${over}: one that is in no label counts, with 0, where it is predicted.`;
}

/** How much more one score is than another; null where one of them is none. */
export const difference = (before: number | null, after: number | null): number | null =>
  before === null || after === null ? null : after - before;

/** Whether a change is more than other images of the same kind might undo. */
export const isClear = ({ interval }: Change): boolean => interval !== null && (interval[0] > 0 || interval[1] < 0);

const meanIou = (matrix: readonly number[], classes: number): number | null => new Confusion(classes, matrix).meanIou();

function intervalsOf(before: readonly (readonly number[])[], after: readonly (readonly number[])[], classes: number) {
  const images = before.length;
  if (images === 0) return { miou: null, perClass: new Array<null>(classes).fill(null) };
  const [countsBefore, countsAfter] = [countsOf(before, classes), countsOf(after, classes)];
  const numbers = 2 * classes;
  const both = new Float64Array(images * 2 * numbers);
  for (let image = 0; image < images; image++) {
    both.set(countsBefore.subarray(image * numbers, (image + 1) * numbers), image * 2 * numbers);
    both.set(countsAfter.subarray(image * numbers, (image + 1) * numbers), (image * 2 + 1) * numbers);
  }
  const means: number[] = [];
  const [overBefore, overAfter] = [before, after].map((matrices) => meanOver(matrices, classes));
  const changes = Array.from({ length: classes }, (): number[] => []);
  const keep = (into: number[], change: number | null) => change !== null && into.push(change);
  forEachResample(both, images, (sum) => {
    const [then, now] = [iousOf(sum.subarray(0, numbers)), iousOf(sum.subarray(numbers))];
    then.forEach((iou, id) => keep(changes[id], difference(iou, now[id])));
    keep(means, difference(meanOfDraw(then, overBefore), meanOfDraw(now, overAfter)));
  });
  // Of one image alone nothing can be told of others.
  const several = (has: (image: number) => boolean) => before.filter((_, image) => has(image)).length > 1;
  const isLabelled = (image: number) => before[image].some((count) => count > 0) || after[image].some((count) => count > 0);
  const hasClass = (image: number, id: number) => [countsBefore, countsAfter].some((counts) => counts[image * numbers + 2 * id + 1] > 0);
  return {
    miou: several(isLabelled) ? intervalOfMeans(means) : null,
    perClass: changes.map((values, id) => (several((image) => hasClass(image, id)) ? percentiles(values) : null)),
  };
}
