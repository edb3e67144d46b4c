import type { MaskDocument } from './document.ts';
import type { Region } from './region.ts';
import type { Box } from './units.ts';

/** What a mask is cleaned of, or how its areas are changed. */
export const cleanUpKinds = ['holes', 'specks', 'grow', 'shrink', 'smooth', 'join', 'replace'] as const;
export type CleanUpKind = (typeof cleanUpKinds)[number];

/** What a clean-up does, as undo names it. */
export const cleanUpLabels: Record<CleanUpKind, string> = {
  holes: 'Fill holes',
  specks: 'Remove specks',
  grow: 'Grow',
  shrink: 'Shrink',
  smooth: 'Smooth',
  join: 'Join',
  replace: 'Replace',
};

/** A clean-up as a person has set it. */
export interface CleanUp {
  readonly kind: CleanUpKind;
  /** What would change, each pixel with its new id; null while that is being found, and where nothing would. */
  readonly change: Region | null;
  /** The part of the image that is looked at; null for all of it. */
  readonly part: Box | null;
  look(part: Box | null): void;
}

/** Does what is shown, as one step. @returns whether anything was */
export function applyCleanUp(document: MaskDocument, { kind, change }: CleanUp): boolean {
  if (!change) return false;
  document.paintStroke(cleanUpLabels[kind], change, { id: 0 });
  return true;
}
