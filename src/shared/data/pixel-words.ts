// What pixels are called in encnet.json and on the screen, where no class is meant: "value 255", "colour 12 34 56".

export const valueWord = (value: number): string => `value ${value}`;

/** @param color red, green, blue; with alpha where a file has that */
export const colourWord = (color: readonly number[]): string => `colour ${color.join(' ')}`;

/** @returns the value that is called so; null for a colour, and for anything else */
export function valueOfWord(word: string): number | null {
  const digits = /^value (\d+)$/.exec(word)?.[1];
  return digits === undefined ? null : Number(digits);
}

export const isColourWord = (word: string): boolean => word.startsWith('colour ');
