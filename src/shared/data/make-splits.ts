import { Random } from '../random.ts';

/** Parts of a data set that go to each split, 0 … 1; what is left over goes to train. */
export interface SplitShares {
  val: number;
  test: number;
}

/** The recording that an image is of: its name without the number that it ends with. */
export const sequenceOf = (name: string): string => /^(.*?)[^A-Za-z0-9]*[A-Za-z]?\d+$/.exec(name)?.[1] ?? name;

/** The recording that an image is of, by its id: the folders inside that of its images, and the beginning of its name. */
export const recordingOf = (id: string): string => sequenceOf(id.slice(id.indexOf('/') + 1));

/**
 * Splits images at random, the same way for the same seed, whatever order they come in: it tells how they were split before.
 * @param bySequence keeps all images of one recording in one split: neighbours show the same street
 * @returns ids of each split; a split that gets none is left out
 */
export function makeSplits(
  images: readonly { id: string }[],
  shares: SplitShares,
  seed: number,
  bySequence: boolean,
): Record<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { id } of [...images].sort((a, b) => (a.id < b.id ? -1 : 1))) {
    const key = bySequence ? recordingOf(id) : id;
    const known = groups.get(key);
    if (known) known.push(id);
    else groups.set(key, [id]);
  }
  const shuffled = Random.named('splits', seed).shuffled([...groups.values()]);
  const wanted = { val: Math.round(shares.val * images.length), test: Math.round(shares.test * images.length) };
  const made: Record<'train' | 'val' | 'test', string[][]> = { train: [], val: [], test: [] };
  const has = { val: 0, test: 0 };
  for (const group of shuffled) {
    // A group goes where it brings the share nearer to what is wanted, and training keeps at least one.
    const to = (['val', 'test'] as const).find((split) => fits(has[split], group.length, wanted[split]));
    made[to ?? 'train'].push(group);
    if (to) has[to] += group.length;
  }
  if (made.train.length === 0) made.train.push((made.test.length > 0 ? made.test : made.val).pop()!);
  const split = Object.entries(made).map(([name, parts]): [string, string[]] => [name, parts.flat()]);
  return Object.fromEntries(split.filter(([, ids]) => ids.length > 0));
}

/** A split of some images, with the others in the splits that they are in: whatever folder they lie in, they stay there. */
export function withOthers(
  made: Readonly<Record<string, string[]>>,
  images: Iterable<{ id: string; split: string }>,
): Record<string, string[]> {
  const splits = Object.fromEntries(Object.entries(made).map(([split, ids]) => [split, [...ids]]));
  const those = new Set(Object.values(made).flat());
  for (const { id, split } of images) if (!those.has(id)) (splits[split] ??= []).push(id);
  return splits;
}

const fits = (has: number, more: number, wanted: number): boolean => wanted > 0 && Math.abs(has + more - wanted) < Math.abs(has - wanted);
