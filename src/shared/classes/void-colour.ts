import type { Rgb } from './class-info.ts';

/** Black, as most have it; VOC's; white; one that nobody takes for a class. */
const options: readonly Rgb[] = [
  [0, 0, 0],
  [224, 224, 192],
  [255, 255, 255],
  [255, 0, 255],
];

interface Coloured {
  color: Rgb;
  alsoColors?: readonly Rgb[];
}

/** The colour of void where pixels are named by colours and none is told: the first that no class has; null if classes have them all. */
export function voidColour(classes: readonly Coloured[]): Rgb | null {
  const taken = coloursOf(classes);
  return options.find((color) => !taken.has(color.join())) ?? null;
}

const coloursOf = (classes: readonly Coloured[]): Set<string> =>
  new Set(classes.flatMap(({ color, alsoColors = [] }) => [color, ...alsoColors].map((each) => each.join())));

/**
 * The colour that void keeps when classes become others: masks hold it already.
 * @param told what void was told to have, where that was
 * @returns undefined where it had none, or a class has that now
 */
export function keptVoidColour(told: Rgb | undefined, before: readonly Coloured[], now: readonly Coloured[]): Rgb | undefined {
  const was = told ?? voidColour(before);
  return was && !coloursOf(now).has(was.join()) ? was : undefined;
}
