import { foreignKinds } from '#files/mask-legend';
import type { MaskFileForm } from '#files/mask-form';
import { codesIn } from '#files/mask-writing';
import type { MaskFormat } from '#shared/classes/class-info';
import type { EditStep } from '#shared/mask/edit-history';
import { packPatch, type WirePatch } from '#shared/mask/patch';
import { mapValues } from './mask-values.ts';
import { pack } from './packing.ts';
import { writeKinds } from './pixel-kinds.ts';

/** A step with what its foreign codes stand for. Where codes are the file's own values nothing is told, and nothing counted. */
export function stepWithKinds(step: EditStep, form: MaskFileForm, format: MaskFormat): EditStep {
  if (!form.legend) return step;
  const codes = new Set([...codesIn(step.before), ...codesIn(step.after)]);
  const kinds = foreignKinds(form, format, codes);
  return kinds.length > 0 ? { ...step, kinds: writeKinds(kinds) } : step;
}

/** A step's side in class ids, for windows. @param shownIds the id of each code */
export async function sideOf(step: EditStep, side: 'before' | 'after', shownIds: number[]): Promise<WirePatch> {
  const { left, top, width, height, changed } = step;
  const values = await mapValues(step[side], shownIds);
  return packPatch({ left, top, width, height, changed, values: values as Uint8Array }, pack);
}
