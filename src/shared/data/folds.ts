/** One of so many parts of the labelled images, which is held out. */
export interface Fold {
  count: number;
  /** From 0. */
  index: number;
}

const byNumber = new Intl.Collator('en', { numeric: true });
const byLetter = new Intl.Collator('en');

const nameOf = ({ id }: { id: string }): string => id.slice(id.lastIndexOf('/') + 1);

/** A fold in words. */
export const foldText = ({ count, index }: Fold): string => `fold ${index + 1} of ${count}`;

/** What a run trains and validates on: the splits as they are, or all of them but a fold, and that. */
export const splitBy = <T extends { id: string }>(
  train: readonly T[],
  val: readonly T[],
  fold: Fold | null,
): { train: T[]; validation: T[] } => (fold ? heldOut([...train, ...val], fold) : { train: [...train], validation: [...val] });

/**
 * Holds a fold out: one block of the samples in the order of their names, since frames that follow one another are nearly the same
 * picture, and a network that had seen one would have seen the other.
 */
export function heldOut<T extends { id: string }>(samples: readonly T[], { count, index }: Fold): { train: T[]; validation: T[] } {
  const ordered = samples.toSorted((a, b) => byNumber.compare(nameOf(a), nameOf(b)) || byLetter.compare(a.id, b.id));
  const [from, to] = [index, index + 1].map((each) => Math.floor((each * ordered.length) / count));
  return { train: [...ordered.slice(0, from), ...ordered.slice(to)], validation: ordered.slice(from, to) };
}
