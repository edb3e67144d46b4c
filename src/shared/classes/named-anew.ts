import type { ClassSetSource } from './class-set-schema.ts';

type ToldClass = ClassSetSource['classes'][number];

/** A value that no class has, nor void: the next after the largest, as long as there is one. */
function freeValue(taken: Set<number>): number | undefined {
  const above = Math.max(-1, ...[...taken].filter((value) => value < 254)) + 1;
  const all = Array.from({ length: 256 }, (_, at) => (above + at) % 256);
  return all.find((value) => !taken.has(value));
}

/**
 * The classes of a set whose names a person has written anew. One that keeps its name, or has another on the same line, keeps the value
 * and the colours that it had; where values are told, a new one gets a free value, and not its place.
 * @param before as it was when writing began; null where there was none
 */
export function namedAnew(before: ClassSetSource | null, names: readonly string[]): ToldClass[] {
  const told = before?.classes ?? [];
  const taken = new Set([...told.flatMap(({ value }) => value ?? []), ...(before?.voidValue === undefined ? [] : [before.voidValue])]);
  const hasValues = told.some(({ value }) => value !== undefined);
  const renamed = (line: number) => told.length === names.length && !names.includes(told[line].name);
  return names.map((name, line): ToldClass => {
    const kept = told.find((each) => each.name === name) ?? (renamed(line) ? { ...told[line], name } : null);
    if (kept || !hasValues) return kept ?? { name };
    const value = freeValue(taken);
    if (value !== undefined) taken.add(value);
    return { name, value };
  });
}
