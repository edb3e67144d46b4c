import type { ClassInfo } from '#shared/classes/class-info';
import { mapClasses, translated } from '#shared/classes/class-map';
import type { MaskPatch } from '#shared/mask/patch';
import type { Move } from './own-steps.ts';

/** What a window has done and main has not yet: a stroke, or undo or redo of one. */
export interface Pending {
  /** As the window names it. */
  id: string;
  kind: 'stroke' | Move;
  /** What was painted, or is painted again or back. */
  patch: MaskPatch;
  label: string;
  /** The stroke that it paints, takes back or does again. */
  stroke: string;
}

/** Whatever a window does has a number of its own, which grows: `Session.nextStroke`. */
const numberOf = ({ id }: Pending): number => Number(id.slice(id.lastIndexOf(':') + 1));

/** What waits with what is to wait again, in the order in which it was done. */
export const withAgain = (pending: readonly Pending[], again: Pending): Pending[] =>
  pending.some(({ id }) => id === again.id) ? [...pending] : [...pending, again].toSorted((a, b) => numberOf(a) - numberOf(b));

/**
 * What waits, in the ids of other classes: each class keeps its name, or becomes what it is now.
 * @param heirOf the id of what a class has become that is not there by its name; null where it is gone
 * @returns besides it the names of classes that are no more; strokes of these are left out
 */
export function inTermsOf(
  pending: readonly Pending[],
  from: readonly ClassInfo[],
  to: readonly ClassInfo[],
  heirOf: (gone: ClassInfo) => number | null,
): { pending: Pending[]; gone: string[] } {
  const { ids, missing } = mapClasses(from, to);
  for (const each of missing) ids[each.id] = heirOf(each) ?? -1;
  const gone = new Set<number>();
  const kept = pending.flatMap((each) => {
    const unknown = [...new Set(each.patch.values)].filter((id) => ids[id] < 0);
    if (each.kind === 'stroke' && unknown.length > 0) {
      for (const id of unknown) gone.add(id);
      return [];
    }
    // Main says what undo and redo leave.
    const values = translated(each.patch.values, ids);
    return { ...each, patch: { ...each.patch, values } };
  });
  return { pending: kept, gone: [...gone].map((id) => from[id]?.name ?? String(id)) };
}
