/** A class of a data set. */
export interface ClassInfo {
  /** Its place in the class set, 0 … n - 1: what networks and predictions speak of. */
  id: number;
  /** What a mask file holds for it; missing in what was written before classes carried it. */
  value?: number;
  name: string;
  color: Rgb;
}

/** [red, green, blue], 0 … 255 */
export type Rgb = [number, number, number];

/** What a class set needs to read masks. In memory a pixel is a code: one byte that stands for what the file holds there. */
export interface MaskFormat {
  /** The class id of every code: 255 = void, -1 = not in the class set. */
  toId: number[];
  /** The code that each class is written as, by its id: others may be read as it too. Without it the lowest that is read as it. */
  own?: readonly number[];
  /** The code of void. */
  voidValue: number;
  /**
   * What of a pixel names its class: its value, which is then the code (the default); the first of its channels, where they differ; or
   * its colour.
   */
  by?: 'value' | 'first-channel' | 'colour';
  /** The colour of each code, where one is known: what pixels are named by, and what a palette is made of. */
  colours?: readonly (Rgb | null)[];
  /** The class id (255 = void) of what is outside the class set and read as one all the same, in words: `value 300`, `colour 20 128`. */
  also?: Readonly<Record<string, number>>;
  /** What a mask that there is not yet is written as. */
  newMasks?: 'grey' | 'palette' | 'colour';
}
