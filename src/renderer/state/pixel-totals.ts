import type { ImageEntry } from '#shared/contract/datasets';

/** Pixels of each class, then of void, over all masks that can be read. @param classes how many there are */
export function pixelTotals(images: Iterable<ImageEntry>, classes: number): number[] {
  const totals = new Array<number>(classes + 1).fill(0);
  for (const { classPixels } of images) classPixels?.forEach((count, id) => (totals[id] += count));
  return totals;
}
