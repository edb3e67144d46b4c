// What of a confusion matrix is shown: with many classes those that are most often taken for others, each under a name of its own.
import type { ClassInfo } from '#shared/classes/class-info';

/** More rows and columns than this are not read at a glance. */
export const mostShown = 20;
const shortest = 4;

/**
 * The classes whose rows and columns are shown: all where they are few, else those with the most pixels off the diagonal, in their order.
 * @param rows pixels, a row for each label and a column for each prediction
 */
export function shownClasses(classes: readonly ClassInfo[], rows: readonly (readonly number[])[]): readonly ClassInfo[] {
  if (classes.length <= mostShown) return classes;
  const wrong = classes.map(({ id }) =>
    classes.reduce((sum, other) => (other.id === id ? sum : sum + (rows[id]?.[other.id] ?? 0) + (rows[other.id]?.[id] ?? 0)), 0),
  );
  const worst = classes
    .map((each, index) => ({ each, wrong: wrong[index] }))
    .filter((one) => one.wrong > 0)
    .sort((a, b) => b.wrong - a.wrong)
    .slice(0, mostShown);
  const ids = new Set(worst.map(({ each }) => each.id));
  return ids.size === 0 ? classes.slice(0, mostShown) : classes.filter(({ id }) => ids.has(id));
}

/** A short name of each, that no other has: its first letters, or first and last ones where those are another's too. */
export function shortNames(names: readonly string[]): string[] {
  const isAlone = (make: (name: string) => string, name: string) => names.filter((other) => make(other) === make(name)).length === 1;
  const ways = [
    (name: string) => name.slice(0, shortest),
    (name: string) => (name.length > shortest ? `${name.slice(0, 1)}…${name.slice(-3)}` : name),
    (name: string) => (name.length > shortest + 2 ? `${name.slice(0, 3)}…${name.slice(-3)}` : name),
  ];
  return names.map((name) => (ways.find((way) => isAlone(way, name)) ?? ((whole: string) => whole))(name));
}
