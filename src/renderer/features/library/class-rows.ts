import type { ClassInfo } from '#shared/classes/class-info';

export interface ClassRow {
  name: string;
  color: [number, number, number];
  /** Share of all pixels, 0 … 1. */
  share: number;
}

/** The classes that occur, largest first, with void last. @param pixels of each class, then of void */
export function classRows(pixels: readonly number[] | null, classes: readonly ClassInfo[]): ClassRow[] {
  const total = pixels?.reduce((sum, count) => sum + count, 0) ?? 0;
  if (!pixels || total === 0) return [];
  const rows = classes
    .map(({ id, name, color }) => ({ name, color, share: pixels[id] / total }))
    .filter(({ share }) => share > 0)
    .sort((a, b) => b.share - a.share);
  const rest = pixels.at(-1)! / total;
  return rest > 0 ? [...rows, { name: 'Not labelled', color: [0, 0, 0], share: rest }] : rows;
}
