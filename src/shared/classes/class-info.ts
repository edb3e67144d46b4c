export interface ClassInfo {
  id: number;
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
