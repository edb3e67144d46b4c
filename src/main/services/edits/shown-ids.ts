import { codeText } from '#files/mask-png';
import type { MaskFileForm } from '#files/mask-form';
import { isForeign, isOwnCode } from '#files/mask-legend';
import type { MaskFormat } from '#shared/classes/class-info';
import { voidId } from '#shared/mask/void-id';

/** What of a mask is not in the class set: windows see it under an id of its own, above those of classes. */
export interface ForeignPixels {
  id: number;
  /** `value 20`, `colour 12 34 56` */
  text: string;
}

/** The id of each code that is in no class set, from the end: there are as many as codes that need one. */
function foreignIds(format: MaskFormat): number[] {
  let next = voidId - 1;
  const ids = new Array<number>(256).fill(voidId);
  for (let code = 255; code >= 0; code--) if (!isOwnCode(code, format)) ids[code] = next--;
  return ids;
}

/** The id under which windows see each code. @param toId class id of each code in this file */
export function shownIdsOf(toId: readonly number[], format: MaskFormat): number[] {
  const foreign = foreignIds(format);
  return Array.from({ length: 256 }, (_, code) => (isForeign(code, toId) ? foreign[code] : toId[code]));
}

/** What of these codes is in no class, in words. @param shownIds as `shownIdsOf` gives them */
export const foreignPixels = (
  codes: readonly number[],
  shownIds: readonly number[],
  toId: readonly number[],
  form: MaskFileForm,
): ForeignPixels[] => codes.filter((code) => isForeign(code, toId)).map((code) => ({ id: shownIds[code], text: codeText(code, form) }));
