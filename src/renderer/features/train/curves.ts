import type { StepPoint } from '#shared/training/messages';
import type { ClassInfo } from '#shared/classes/class-info';
import type { EpochMetrics } from '#shared/training/messages';
import { cssColor } from '../../ui/format.ts';

interface Line<Y = number> {
  x: number[];
  y: Y[];
}

/** One line of an epoch metric; an epoch's value stands at its end. */
export function epochLine(epochs: readonly EpochMetrics[], metric: 'loss' | 'trainAccuracy' | 'validationAccuracy' | 'miou'): Line {
  return { x: epochs.map(({ epoch }) => epoch), y: epochs.map((row) => row[metric]) };
}

/** Every step's value. */
export function stepLine(steps: readonly StepPoint[], metric: 'loss' | 'accuracy'): Line {
  return { x: steps.map(({ epoch }) => epoch), y: steps.map((point) => point[metric]) };
}

/** A line of IoU by epoch for each class, in its colour. */
export function classLines(
  epochs: readonly EpochMetrics[],
  classes: readonly ClassInfo[],
): (Line<number | null> & { label: string; color: string })[] {
  return classes.map(({ id, name, color }) => ({
    label: name,
    color: cssColor(color),
    x: epochs.map(({ epoch }) => epoch),
    y: epochs.map(({ perClassIou }) => perClassIou[id] ?? null),
  }));
}
