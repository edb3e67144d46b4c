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

/** The colours that are read as a class beside those that classes have. */
const readAsClass = (readAs: Readonly<Record<string, string | null>>): string[] =>
  Object.entries(readAs).flatMap(([text, className]) => (className === null ? [] : text.replace(/^colour /, '').replaceAll(' ', ',')));

/**
 * The colour of void where pixels are named by colours: the first that means no class; null if all of them do.
 * @param readAs what is outside of the classes and read as one, as an arrangement has it
 */
export function voidColour(classes: readonly Coloured[], readAs: Readonly<Record<string, string | null>> = {}): Rgb | null {
  const taken = new Set([
    ...classes.flatMap(({ color, alsoColors = [] }) => [color, ...alsoColors].map((each) => each.join())),
    ...readAsClass(readAs),
  ]);
  return options.find((color) => !taken.has(color.join())) ?? null;
}
