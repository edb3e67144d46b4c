/** Whether two values are written alike: lists and objects by their content, keys in their order. */
export const sameJson = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
