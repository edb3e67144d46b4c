const keys = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '0', '-', '='];

/** The key of a class, in the order of the class set; none after the twelfth. */
export const classKey = (id: number): string => keys[id] ?? '';

/** The class of a key, or null. */
export function classOfKey(key: string, numClasses: number): number | null {
  const id = keys.indexOf(key);
  return id >= 0 && id < numClasses ? id : null;
}
