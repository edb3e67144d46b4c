// Masks of several forms under one name, as Cityscapes and its kin have them: ids, ids to train on, colours, objects.
import type { BuiltInName } from '#shared/classes/class-set-schema';
import type { Affixes } from '#shared/data/arrangement';
import { findAffixes, stemOf } from './pairing.ts';

/** What the names of the forms end with that hold a class a pixel, with the classes that they are known to be. */
const forms: readonly { ending: string; builtIn?: BuiltInName }[] = [
  { ending: '_labelTrainIds', builtIn: 'cityscapes-19' },
  { ending: '_labelIds', builtIn: 'cityscapes-34' },
  // IDD's, in the values of Cityscapes and in its own.
  { ending: '_labelcsTrainIds', builtIn: 'cityscapes-19' },
  { ending: '_labelcsIds', builtIn: 'cityscapes-34' },
  { ending: '_labellevel3Ids' },
  { ending: '_labellevel2Ids' },
  { ending: '_labellevel1Ids' },
  { ending: '_labelids' },
  { ending: '_gtFine_label' },
];

/** Whether a mask is called as those of Cityscapes and its kin: ids alone may be anybody's. */
export const isOfCityscapes = (file: string): boolean => /_gt(fine|coarse)?_label/i.test(file);

export interface Form {
  affixes: Partial<Affixes>;
  builtIn?: BuiltInName;
}

/**
 * The form of masks that is read: the one that most sets of them have, and of as many the first of these.
 * @param images of all sets, by their paths from their sources
 * @param masks of each set, likewise
 * @returns null where masks are called like none of these
 */
export function cityscapesForm(images: readonly string[], masks: readonly (readonly string[])[]): Form | null {
  const isOf = (ending: string) => (file: string) => /\.png$/i.test(file) && stemOf(file).endsWith(ending);
  const found = forms.map(({ ending, builtIn }) => ({ ending, builtIn, sets: masks.filter((files) => files.some(isOf(ending))).length }));
  const best = found.toSorted((a, b) => b.sets - a.sets)[0];
  if (best.sets === 0) return null;
  const { pairs, ...affixes } = findAffixes(images, masks.flat().filter(isOf(best.ending)));
  return pairs === 0 ? null : { affixes, ...(best.builtIn ? { builtIn: best.builtIn } : {}) };
}
