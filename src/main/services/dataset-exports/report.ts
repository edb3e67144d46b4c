import { toCsv } from '#shared/csv';
import type { OutClass } from './forms.ts';

/** What of a split is what, class by class and void at the end. */
export interface SplitCounts {
  pixels: number[];
  /** Images that have the class. */
  images: number[];
}

/** Class statistics as csv: a row a split and class. */
export function reportOf(counts: ReadonlyMap<string, SplitCounts>, classes: readonly OutClass[]): string {
  const names = [...classes.map(({ name }) => name), 'Not labelled'];
  const rows = [...counts].flatMap(([split, { pixels, images }]) => {
    const all = pixels.reduce((sum, count) => sum + count, 0);
    return names.map((name, id) => [split, name, pixels[id], (pixels[id] / all).toFixed(6), images[id]]);
  });
  return toCsv({ header: ['split', 'class', 'pixels', 'share', 'images'], rows });
}
