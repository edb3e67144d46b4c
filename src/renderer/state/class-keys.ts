/** The keys that a class can have. */
export const classKeys: readonly string[] = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '0', '-', '='];

/** The names of the classes that a person has given keys, by these. */
export type KeyAssignment = Readonly<Record<string, string>>;

/**
 * The class of each key: what a person said, and for the other keys the classes in their order.
 * @returns ids by key; a class has one key at most
 */
export function keyedClasses(names: readonly string[], assigned: KeyAssignment): Map<string, number> {
  const said = new Map(classKeys.flatMap((key) => (names.includes(assigned[key]) ? [[key, names.indexOf(assigned[key])] as const] : [])));
  const taken = new Set(said.values());
  const inOrder = classKeys.flatMap((key, id) => (id < names.length && !said.has(key) && !taken.has(id) ? [[key, id] as const] : []));
  return new Map([...said, ...inOrder]);
}

/** Gives a class a key; the class that had it gets the one that is free by that, if it had one. */
export function assignKey(names: readonly string[], assigned: KeyAssignment, key: string, id: number): KeyAssignment {
  const keyed = keyedClasses(names, assigned);
  const before = [...keyed].find(([, each]) => each === id)?.[0];
  const other = keyed.get(key);
  const kept = Object.entries(assigned).filter(([each, name]) => each !== key && name !== names[id]);
  const swapped = other !== undefined && before !== undefined && before !== key ? [[before, names[other]] as const] : [];
  return Object.fromEntries([...kept.filter(([each]) => each !== before), [key, names[id]], ...swapped]);
}
