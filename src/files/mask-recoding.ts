// One image's mask in two forms: its codes of one file in terms of another.
import { AppError } from '#shared/errors';
import type { MaskFormat } from '#shared/classes/class-info';
import type { MaskFileForm, PixelSamples } from './mask-form.ts';
import { colourOf, isOwnCode, samplesFor, samplesOfValue, valueOf } from './mask-legend.ts';
import { codeText, type StoredMask } from './mask-png.ts';
import { codesIn } from './mask-writing.ts';

const sameBytes = (a: Uint8Array | null, b: Uint8Array | null): boolean =>
  a === b || (a !== null && b !== null && a.length === b.length && a.every((byte, index) => byte === b[index]));

/** Whether codes mean the same in both files: where neither has a legend they are the values themselves, whatever holds them. */
const isAlike = (a: MaskFileForm, b: MaskFileForm): boolean =>
  (a.legend === null && b.legend === null) ||
  (a.colourType === b.colourType && a.depth === b.depth && (a.legend === null || sameBytes(a.palette, b.palette)));

/** What pixels of a file of one form are in a file of another, by what names classes in both; null where that has nothing for them. */
function samplesIn(to: MaskFileForm, code: number, from: MaskFileForm, { by }: MaskFormat): PixelSamples | null {
  const samples = from.legend?.[code] ?? [code];
  const value = valueOf(samples, from, by);
  if (value !== null) return value < 2 ** to.depth ? samplesOfValue(value, to) : null;
  const color = colourOf(samples, from);
  // Where the other file has a palette, its colours are what a program made of the values.
  return color && samplesFor(color, to);
}

/** The code of a pixel in a file, which gets one where it has none yet; -1 where none is free. @param legend of that file, added to */
function codeFor(samples: PixelSamples, legend: (PixelSamples | null)[] | null, format: MaskFormat): number {
  if (!legend) return samples[0] < 256 ? samples[0] : -1;
  const key = samples.join();
  const known = legend.findIndex((each) => each?.join() === key);
  if (known >= 0) return known;
  const free = legend.findLastIndex((each, code) => each === null && !isOwnCode(code, format));
  if (free >= 0) legend[free] = samples;
  return free;
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
  const legend = to.legend && [...to.legend];
  for (const code of codesIn(values)) {
    if (isOwnCode(code, format)) continue;
    const samples = samplesIn(to, code, form, format);
    const found = samples ? codeFor(samples, legend, format) : -1;
    if (found < 0) {
      throw new AppError(
        'unsupported',
        `${name} has ${codeText(code, form)}, which is not in the class set, and for which the mask has no room now`,
      );
    }
    table[code] = found;
    // What it becomes may be a class of its own.
    if (!isOwnCode(found, format)) readAs[found] = toId[code] ?? -1;
  }
  return { values: values.map((code) => table[code]), form: { ...to, legend }, toId: readAs };
}
