import type { ClassInfo } from '#shared/classes/class-info';
import type { DatasetInfo } from '#shared/contract/datasets';
import { colourWord, valueWord } from '#shared/data/pixel-words';
import { voidId } from '#shared/mask/void-id';

type Today = Pick<DatasetInfo, 'classes' | 'arrangement'>;

/**
 * What a class of before is now: one of the same name and value is itself; else the class that has its place in masks, which was renamed,
 * or the one that it is read as since both are one.
 * @returns its id, that of void where it is read as not labelled; null where nothing tells
 */
export function successorOf(before: ClassInfo, { classes, arrangement }: Today): number | null {
  const byColour = arrangement.masks === 'colour';
  const placeOf = ({ id, value = id, color }: ClassInfo) => (byColour ? colourWord(color) : valueWord(value));
  const place = placeOf(before);
  const heir = classes.find((each) => placeOf(each) === place);
  if (heir) return heir.id;
  const name = arrangement.readAs?.[place];
  return name === null ? voidId : (classes.find((each) => each.name === name)?.id ?? null);
}
