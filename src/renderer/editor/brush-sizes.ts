import type { ImagePx } from './units.ts';

/** Diameters that keys and wheel step through: single pixels first, then about a fifth at a time. */
const steps: readonly ImagePx[] = [
  1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 18, 22, 27, 33, 40, 48, 58, 70, 84, 100, 120, 145, 175, 210, 250, 300, 350, 400,
];

export const largestBrush: ImagePx = 400;

/** A diameter as brushes have it: whole pixels from 1 to 400. */
export const brushSize = (diameter: number): ImagePx => Math.min(largestBrush, Math.max(1, Math.round(diameter) || 1));

/** The next size up or down; at either end that end. */
export function steppedSize(diameter: ImagePx, by: 1 | -1): ImagePx {
  const next = by > 0 ? steps.find((step) => step > diameter) : steps.findLast((step) => step < diameter);
  return next ?? (by > 0 ? largestBrush : 1);
}
