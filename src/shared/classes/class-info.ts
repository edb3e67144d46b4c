/** A class of a data set. */
export interface ClassInfo {
  /** Its place in the class set, 0 … n - 1: what networks and predictions speak of. */
  id: number;
  /** What a mask file holds for it; missing in what was written before classes carried it. */
  value?: number;
  name: string;
  /** [red, green, blue], 0 … 255 */
  color: [number, number, number];
}

/** What a class set needs to read masks: the class id of every stored value, 255 = void, -1 = not allowed. */
export interface MaskFormat {
  toId: number[];
  /** The stored value of void. */
  voidValue: number;
}
