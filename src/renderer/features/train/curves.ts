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

/** One line of an epoch metric; an epoch's value stands at its end. The line goes on over epochs that were not scored. */
export function epochLine(epochs: readonly EpochMetrics[], metric: EpochMetric): Line {
  const known = epochs.filter((row) => row[metric] !== null);
  return { x: known.map(({ epoch }) => epoch), y: known.map((row) => row[metric]) };
}

/** Epochs after which the network was scored. */
export const scored = (epochs: readonly EpochMetrics[]): EpochMetrics[] => epochs.filter(({ perClassIou }) => perClassIou.length > 0);

/** Every step's value. */
export function stepLine(steps: readonly StepPoint[], metric: StepMetric): Line {
  return { x: steps.map(({ epoch }) => epoch), y: steps.map((point) => point[metric]) };
}

/** A line of IoU by epoch for each class, in its colour. */
export function classLines(epochs: readonly EpochMetrics[], classes: readonly ClassInfo[]): (Line & { label: string; color: string })[] {
  const rows = scored(epochs);
  return classes.map(({ id, name, color }) => ({
    label: name,
    color: cssColor(color),
    x: rows.map(({ epoch }) => epoch),
    y: rows.map(({ perClassIou }) => perClassIou[id] ?? null),
  }));
}
