import type { ClassInfo } from '../classes/class-info.ts';
import { mapClasses } from '../classes/class-map.ts';
import { splitChange, type SplitChange } from './split-change.ts';

/** A prediction's classes, and the confusion matrices of its images; null without a label. */
interface Scored {
  prediction: { classes: readonly ClassInfo[] };
  images: readonly { id: string; confusion: readonly number[] | null }[];
}

/** A confusion matrix of one order of classes in that of another. @param ids the other's id of each class */
function reordered(matrix: readonly number[], ids: ArrayLike<number>): number[] {
  const { length } = ids;
  const turned = new Array<number>(matrix.length).fill(0);
  matrix.forEach((count, at) => (turned[ids[Math.floor(at / length)] * length + ids[at % length]] += count));
  return turned;
}

/** Held against each other over the images that both have scored, in the later one's classes. @returns null where classes are others */
export function changeBetween(before: Scored, after: Scored): SplitChange | null {
  const [from, to] = [before.prediction.classes, after.prediction.classes];
  const { ids: all, missing } = mapClasses(from, to);
  if (from.length !== to.length || missing.length > 0) return null;
  const ids = all.subarray(0, from.length);
  const scored = new Map(before.images.flatMap(({ id, confusion }) => (confusion ? [[id, confusion] as const] : [])));
  const pairs = after.images.flatMap(({ id, confusion }) => {
    const earlier = scored.get(id);
    return confusion && earlier ? [{ id, before: reordered(earlier, ids), after: confusion }] : [];
  });
  return splitChange(pairs, to.length);
}
