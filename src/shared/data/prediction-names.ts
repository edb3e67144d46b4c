// What files of predictions are called, by the ids of their images.
import { folded } from '../folded.ts';
import { fnv1a } from '../random.ts';

/** The last part of an id. */
const endOf = (id: string): string => id.slice(id.lastIndexOf('/') + 1);

/** Bytes of a name without its ending: a temporary one beside it has some more, and a name may have 255. */
const mostBytes = 200;

/** A name as it is, or what of it fits with a number that is its own alone. */
function fitting(name: string): string {
  const bytes = new TextEncoder().encode(name);
  if (bytes.length <= mostBytes) return name;
  const number = [name, [...name].reverse().join('')].map((text) => fnv1a(text).toString(16).padStart(8, '0')).join('');
  // A letter that was cut through is not part of it.
  const start = new TextDecoder('utf-8', { fatal: false }).decode(bytes.subarray(0, mostBytes - number.length - 1)).replace(/\uFFFD+$/, '');
  return `${start}~${number}`;
}

/** All of an id as the name of a file, a plus for each slash; of a very long one its beginning, and what tells it from others. */
export const wholePredictionName = (id: string): string => `${fitting(id.replace(/[%+]/g, encodeURIComponent).replaceAll('/', '+'))}.png`;

/** The last part of an id as one. */
export const shortPredictionName = (id: string): string => `${endOf(id)}.png`;

/** A file name for each id: its last part, or all of it where two end alike, as the disks of some systems see them. */
export function predictionNames(ids: readonly string[]): string[] {
  const ends = new Map<string, number>();
  const end = (id: string) => folded(endOf(id));
  for (const id of ids) ends.set(end(id), (ends.get(end(id)) ?? 0) + 1);
  return ids.map((id) => (ends.get(end(id)) === 1 ? shortPredictionName(id) : wholePredictionName(id)));
}

/** The first of some names that is there twice, on the disks of some systems; null if none is. */
export function firstTwice(names: readonly string[]): string | null {
  const seen = new Set<string>();
  return names.find((name) => seen.size === seen.add(folded(name)).size) ?? null;
}
