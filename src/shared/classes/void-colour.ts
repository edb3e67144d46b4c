import type { Rgb } from './class-info.ts';

/** Black, as most have it; VOC's; white; one that nobody takes for a class. */
const options: readonly Rgb[] = [
  [0, 0, 0],
  [224, 224, 192],
  [255, 255, 255],
  [255, 0, 255],
];

/** The colour of void where pixels are named by colours: the first that no class has; null if classes have them all. */
export const voidColour = (classes: readonly { color: Rgb }[]): Rgb | null =>
  options.find((color) => !classes.some((each) => each.color.join() === color.join())) ?? null;
