import type { ClassInfo } from './class-info.ts';

/**
 * Fifteen colours that people with each of the common kinds of colour blindness tell apart (M. Krzywinski, "Designing for color
 * blindness", the palette of 15).
 */
const palette = [
  [0, 159, 250],
  [246, 2, 57],
  [255, 220, 61],
  [0, 134, 7],
  [239, 0, 150],
  [0, 60, 134],
  [124, 255, 250],
  [104, 2, 63],
  [0, 227, 7],
  [255, 113, 253],
  [0, 129, 105],
  [255, 207, 226],
  [148, 0, 230],
  [0, 220, 181],
  [106, 2, 19],
] as const;

/** The same classes in colours that are told apart by everybody; beyond fifteen each comes again, darker. For the eye alone. */
export const inSafeColours = (classes: readonly ClassInfo[]): ClassInfo[] =>
  classes.map((each, index) => {
    const darker = 0.6 ** Math.floor(index / palette.length);
    const [red, green, blue] = palette[index % palette.length];
    return { ...each, color: [Math.round(red * darker), Math.round(green * darker), Math.round(blue * darker)] };
  });
