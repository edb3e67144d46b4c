import { bootstrapIntervals, type Interval } from './bootstrap.ts';
import { Confusion } from './confusion.ts';

/** Scores of a split, as Review shows them and `evaluate` prints them, from the confusion matrices of its images. */
export interface SplitScores {
  miou: number | null;
  /** null of fewer than two images. */
  interval: Interval | null;
  pixelAccuracy: number | null;
  perClass: ClassScores[];
  /** Rows are labels. */
  confusion: number[][];
}

export interface ClassScores {
  iou: number | null;
  interval: Interval | null;
  /** Share of what is predicted as the class that is labelled so; null where nothing is. */
  precision: number | null;
  /** Share of what is labelled as the class that is predicted so; null where nothing is. */
  recall: number | null;
}

/** @param images by their ids: their order is not what decides an interval */
export function splitScores(images: readonly { id: string; confusion: readonly number[] }[], classes: number): SplitScores {
  const sorted = images.toSorted((a, b) => (a.id < b.id ? -1 : 1)).map(({ confusion }) => confusion);
  const total = new Confusion(classes);
  for (const matrix of sorted) total.merge(new Confusion(classes, [...matrix]));
  const { miou: interval, perClass } = bootstrapIntervals(sorted, classes);
  const [iou, precision, recall] = [total.iou(), total.precision(), total.classAccuracy()];
  return {
    miou: total.meanIou(),
    interval,
    pixelAccuracy: total.pixelAccuracy(),
    perClass: iou.map((value, id) => ({ iou: value, interval: perClass[id], precision: precision[id], recall: recall[id] })),
    confusion: total.rows(),
  };
}
