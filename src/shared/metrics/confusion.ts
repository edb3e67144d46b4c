import { AppError } from '../errors.ts';
import { voidId } from '../mask/void-id.ts';

/**
 * Confusion matrix over pixels: rows are labels, columns predictions; void labels are left out.
 * The one implementation behind the trainer, the review and the command line.
 */
export class Confusion {
  readonly numClasses: number;
  /** Row-major [label, prediction]. */
  readonly counts: Float64Array;

  constructor(numClasses: number, counts?: ArrayLike<number>) {
    if (counts && counts.length !== numClasses ** 2) {
      throw new AppError(
        'invalid-argument',
        `counts must have ${numClasses ** 2} entries for ${numClasses} classes, received ${counts.length}`,
      );
    }
    this.numClasses = numClasses;
    this.counts = counts ? Float64Array.from(counts) : new Float64Array(numClasses ** 2);
  }

  /** Counts one image. @param labels class ids, 255 = void @param predictions class ids, of the same length */
  add(labels: ArrayLike<number>, predictions: ArrayLike<number>): void {
    if (labels.length !== predictions.length) {
      throw new AppError(
        'invalid-argument',
        `labels and predictions must have one length, received ${labels.length} and ${predictions.length}`,
      );
    }
    const { numClasses, counts } = this;
    for (let i = 0; i < labels.length; i++) {
      const label = labels[i];
      if (label === voidId) continue;
      counts[label * numClasses + predictions[i]]++;
    }
  }

  /** Adds another matrix of the same size. */
  merge(other: Confusion): void {
    other.counts.forEach((count, index) => (this.counts[index] += count));
  }

  /** Labelled pixels counted. */
  get pixels(): number {
    return this.counts.reduce((sum, count) => sum + count, 0);
  }

  private row(id: number): number {
    let sum = 0;
    for (let k = 0; k < this.numClasses; k++) sum += this.counts[id * this.numClasses + k];
    return sum;
  }

  private column(id: number): number {
    let sum = 0;
    for (let k = 0; k < this.numClasses; k++) sum += this.counts[k * this.numClasses + id];
    return sum;
  }

  private hits(id: number): number {
    return this.counts[id * this.numClasses + id];
  }

  /** Intersection over union a class; null where it is in neither label nor prediction. */
  iou(): (number | null)[] {
    return Array.from({ length: this.numClasses }, (_, id) => {
      const union = this.row(id) + this.column(id) - this.hits(id);
      return union > 0 ? this.hits(id) / union : null;
    });
  }

  /** Share of each class's label pixels that were found; null where the label has none. */
  classAccuracy(): (number | null)[] {
    return Array.from({ length: this.numClasses }, (_, id) => (this.row(id) > 0 ? this.hits(id) / this.row(id) : null));
  }

  /** Share of each class's predicted pixels that are labelled so; null where none is predicted. */
  precision(): (number | null)[] {
    return Array.from({ length: this.numClasses }, (_, id) => (this.column(id) > 0 ? this.hits(id) / this.column(id) : null));
  }

  /** Mean IoU of the classes that have one; null if none has. */
  meanIou(): number | null {
    return meanOf(this.iou());
  }

  /** Share of labelled pixels predicted right; null without any. */
  pixelAccuracy(): number | null {
    const total = this.pixels;
    let hits = 0;
    for (let id = 0; id < this.numClasses; id++) hits += this.hits(id);
    return total > 0 ? hits / total : null;
  }

  /** The matrix as rows. */
  rows(): number[][] {
    return Array.from({ length: this.numClasses }, (_, id) => [...this.counts.subarray(id * this.numClasses, (id + 1) * this.numClasses)]);
  }
}

/** The matrices of images added up. @param matrices row-major [label, prediction] */
export function sumOf(matrices: readonly ArrayLike<number>[], classes: number): Confusion {
  const total = new Confusion(classes);
  for (const matrix of matrices) total.merge(new Confusion(classes, matrix));
  return total;
}

/** Mean of the numbers that are there; null if none is. */
export function meanOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length > 0 ? known.reduce((sum, value) => sum + value, 0) / known.length : null;
}
