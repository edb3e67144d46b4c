// One image's mask in two forms: its codes of one file in terms of another.
import { AppError } from '#shared/errors';
import type { MaskFormat } from '#shared/classes/class-info';
import type { MaskFileForm, PixelSamples } from './mask-form.ts';
import { colourOf, isOwnCode, samplesFor } from './mask-legend.ts';
import { codeText, type StoredMask } from './mask-png.ts';
import { codesIn } from './mask-writing.ts';

const sameBytes = (a: Uint8Array | null, b: Uint8Array | null): boolean =>
  a === b || (a !== null && b !== null && a.length === b.length && a.every((byte, index) => byte === b[index]));

/** Whether codes mean the same in both files: where neither has a legend they are the values themselves, whatever holds them. */
const isAlike = (a: MaskFileForm, b: MaskFileForm): boolean =>
  (a.legend === null && b.legend === null) ||
  (a.colourType === b.colourType && a.depth === b.depth && (a.legend === null || sameBytes(a.palette, b.palette)));

/** What pixels of a file of one form are in a file of another; null where that has nothing for them. */
function samplesIn(to: MaskFileForm, code: number, from: MaskFileForm): PixelSamples | null {
  const samples = from.legend?.[code] ?? [code];
  const color = colourOf(samples, from);
  return color && samplesFor(color, to);
}

/**
 * A mask's codes in terms of another form of the same image.
 * @param mask decoded with what the codes of `to` stand for
 * @param toIdNow what the codes of `to` are read as
 * @throws AppError 'unsupported' if it has values or colours that the other form cannot hold
 */
export function recoded(
  mask: Pick<StoredMask, 'values' | 'form' | 'toId'>,
  to: MaskFileForm,
  format: MaskFormat,
  name: string,
  toIdNow: readonly number[] = format.toId,
): Pick<StoredMask, 'values' | 'form' | 'toId'> {
  const { form, values, toId } = mask;
  // Where codes are values whatever holds them, what is taken keeps its own form: its palette, its depth, what lies beside its pixels.
  if (form.legend === null && to.legend === null) return mask;
  if (isAlike(form, to)) return { values, form: { ...to, legend: form.legend }, toId };
  const table = Uint8Array.from({ length: 256 }, (_, code) => code);
  const readAs = [...toIdNow];
  for (const code of codesIn(values)) {
    if (isOwnCode(code, format)) continue;
    const samples = samplesIn(to, code, form);
    const found = samples && (to.legend ? to.legend.findIndex((each) => each?.join() === samples.join()) : samples[0]);
    if (found === null || found < 0 || found > 255) {
      throw new AppError(
        'unsupported',
        `${name} has ${codeText(code, form)}, which is not in the class set, and for which the mask has no room now`,
      );
    }
    table[code] = found;
    // What it becomes may be a class of its own.
    if (!isOwnCode(found, format)) readAs[found] = toId[code] ?? -1;
  }
  return { values: values.map((code) => table[code]), form: to, toId: readAs };
}
