import type { ClassInfo } from '#shared/classes/class-info';
import type { EpochMetrics, StepPoint } from '#shared/training/messages';
import { cssColor } from '../../ui/format.ts';

interface Line {
  x: number[];
  y: (number | null)[];
}

/** What every step tells. */
export type StepMetric = Exclude<keyof StepPoint, 'globalStep' | 'epoch'>;

type EpochMetric = 'loss' | 'trainAccuracy' | 'validationAccuracy' | 'validationLoss' | 'miou';

/** One line of an epoch metric; an epoch's value stands at its end. */
export function epochLine(epochs: readonly EpochMetrics[], metric: EpochMetric): Line {
  return { x: epochs.map(({ epoch }) => epoch), y: epochs.map((row) => row[metric]) };
}

/** Every step's value. */
export function stepLine(steps: readonly StepPoint[], metric: StepMetric): Line {
  return { x: steps.map(({ epoch }) => epoch), y: steps.map((point) => point[metric]) };
}

/** A line of IoU by epoch for each class, in its colour. */
export function classLines(epochs: readonly EpochMetrics[], classes: readonly ClassInfo[]): (Line & { label: string; color: string })[] {
  return classes.map(({ id, name, color }) => ({
    label: name,
    color: cssColor(color),
    x: epochs.map(({ epoch }) => epoch),
    y: epochs.map(({ perClassIou }) => perClassIou[id] ?? null),
  }));
}
