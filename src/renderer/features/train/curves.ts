import type { StepPoint } from '#shared/contract/training';
import type { EpochMetrics } from '#shared/training/messages';

interface Line {
  x: number[];
  y: number[];
}

/** One line of an epoch metric; an epoch's value stands at its end. */
export function epochLine(epochs: readonly EpochMetrics[], metric: 'loss' | 'trainAccuracy' | 'validationAccuracy' | 'miou'): Line {
  return { x: epochs.map(({ epoch }) => epoch), y: epochs.map((row) => row[metric]) };
}

/** Every step's value. */
export function stepLine(steps: readonly StepPoint[], metric: 'loss' | 'accuracy'): Line {
  return { x: steps.map(({ epoch }) => epoch), y: steps.map((point) => point[metric]) };
}
