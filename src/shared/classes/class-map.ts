import { AppError } from '../errors.ts';
import { voidId } from '../mask/void-id.ts';
import { fnv1a } from '../random.ts';
import type { ClassInfo, MaskFormat } from './class-info.ts';

/**
 * Two classes are the same if they have the same name and the same stored value. Where one side does not know its values (it was
 * written before classes carried them) the name alone decides.
 */
export function isSameClass(a: Pick<ClassInfo, 'name' | 'value'>, b: Pick<ClassInfo, 'name' | 'value'>): boolean {
  return a.name === b.name && (a.value === undefined || b.value === undefined || a.value === b.value);
}

/** Classes in words, each with its stored value where that is known: `Sky (0), Building (1)`. */
export function classList(classes: readonly ClassInfo[]): string {
  return classes.map(({ name, value }) => (value === undefined ? name : `${name} (${value})`)).join(', ');
}

/** The ids of one class set in terms of another. */
export interface ClassMap {
  /** The other set's id of each id; -1 where it has no such class. Void stays void. */
  ids: Int16Array;
  /** Classes that the other set does not have. */
  missing: ClassInfo[];
}

/** Maps the classes of `from` to those of `to`, each by name and stored value. */
export function mapClasses(from: readonly ClassInfo[], to: readonly ClassInfo[]): ClassMap {
  const ids = new Int16Array(256).fill(-1);
  ids[voidId] = voidId;
  for (const each of from) ids[each.id] = to.find((other) => isSameClass(each, other))?.id ?? -1;
  return { ids, missing: from.filter(({ id }) => ids[id] === -1) };
}

/** Pixels in the ids of another class set, as `mapClasses` tells them; what that lacks is not labelled there. */
export const translated = (pixels: Uint8Array, ids: ArrayLike<number>): Uint8Array => pixels.map((id) => (ids[id] < 0 ? voidId : ids[id]));

/** Whether both sets have the same classes in the same order: ids of one are ids of the other. */
export function areSameClasses(a: readonly ClassInfo[], b: readonly ClassInfo[]): boolean {
  return a.length === b.length && a.every((each, index) => each.id === b[index].id && isSameClass(each, b[index]));
}

/** Names classes in their order, so that ids of others are told from theirs. */
export const classesKey = (classes: readonly ClassInfo[]): number => fnv1a(classList(classes));

/** Why a prediction cannot be taken where the data set lacks one of its classes, with both lists; null where it can. */
export function lackedClasses(own: readonly ClassInfo[], today: readonly ClassInfo[]): string | null {
  if (mapClasses(own, today).missing.length === 0) return null;
  return `The classes have changed since this prediction: it was made for ${classList(own)}; the data set has ${classList(today)}`;
}

const bothLists = (whose: string, own: readonly ClassInfo[], today: readonly ClassInfo[]): string =>
  `${whose} has the classes ${classList(own)}; the data set has ${classList(today)}`;

const differentClasses = (...of: Parameters<typeof bothLists>): AppError => new AppError('invalid-argument', bothLists(...of));

/** Why masks of a data set cannot be read by a network of other classes, with both lists; null where they can, in whatever order. */
export function otherClasses(whose: string, own: readonly ClassInfo[], today: readonly ClassInfo[]): string | null {
  const isSame = own.length === today.length && mapClasses(today, own).missing.length === 0;
  return isSame ? null : bothLists(whose, own, today);
}

/** @throws AppError 'invalid-argument' with both lists if the sets differ in a class, its name, its value or their order */
export function assertSameClasses(whose: string, own: readonly ClassInfo[], today: readonly ClassInfo[]): void {
  if (!areSameClasses(own, today)) throw differentClasses(whose, own, today);
}

/**
 * How masks of a data set are read by a network whose classes are another's: stored values become the network's ids.
 * @throws AppError 'invalid-argument' with both lists unless both have the same classes, in whatever order
 */
export function formatFor(whose: string, own: readonly ClassInfo[], today: readonly ClassInfo[], format: MaskFormat): MaskFormat {
  const why = otherClasses(whose, own, today);
  if (why !== null) throw new AppError('invalid-argument', why);
  const { ids } = mapClasses(today, own);
  const { own: codes } = format;
  const written = own.map((_, id) => codes?.[ids.indexOf(id)] ?? -1);
  const also = format.also && Object.fromEntries(Object.entries(format.also).map(([text, id]) => [text, ids[id]]));
  const toId = format.toId.map((id) => (id < 0 ? id : ids[id]));
  return { ...format, toId, ...(codes ? { own: written } : {}), ...(also ? { also } : {}) };
}

/** Stored value of each class id, -1 where there is none. */
export function storedValues(format: MaskFormat): number[] {
  const values = new Array<number>(256).fill(-1);
  for (let value = 255; value >= 0; value--) {
    const id = format.toId[value] ?? -1;
    if (id >= 0) values[id] = value;
  }
  format.own?.forEach((value, id) => (values[id] = value));
  values[voidId] = format.voidValue;
  return values;
}
