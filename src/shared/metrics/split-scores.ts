import { bootstrapIntervals, type Interval } from './bootstrap.ts';
import { sumOf } from './confusion.ts';
import { shapeScores, type ShapeCounts, type ShapeScores } from './shape-scores.ts';

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
  /** How well outlines agree, and objects found; null where that was not measured. */
  shapes: ShapeScores | null;
}

/** @param images by their ids: their order is not what decides an interval */
export function splitScores(
  images: readonly { id: string; confusion: readonly number[]; shapes: ShapeCounts | null }[],
  classes: number,
): SplitScores {
  const sorted = images.toSorted((a, b) => (a.id < b.id ? -1 : 1)).map(({ confusion }) => confusion);
  // Of some images alone they would not be the split's.
  const isMeasured = images.every(({ shapes }) => shapes !== null);
  const shapes = isMeasured
    ? shapeScores(
        images.map((image) => image.shapes),
        classes,
      )
    : null;
  const total = sumOf(sorted, classes);
  const { miou: interval, perClass } = bootstrapIntervals(sorted, classes);
  const [iou, precision, recall] = [total.iou(), total.precision(), total.classAccuracy()];
  return {
    miou: total.meanIou(),
    interval,
    pixelAccuracy: total.pixelAccuracy(),
    perClass: iou.map((value, id) => ({
      iou: value,
      interval: perClass[id],
      precision: precision[id],
      recall: recall[id],
      shapes: shapes?.[id] ?? null,
    })),
    confusion: total.rows(),
  };
}
