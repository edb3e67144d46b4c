import { AppError } from '#shared/errors';
import type { ClassInfo, MaskFormat } from '#shared/classes/class-info';
import { storedValues } from '#shared/classes/class-map';
import { voidId } from '#shared/mask/void-id';
import { classNote } from './class-note.ts';
import { formOf, greyForm, paletteForm, type MaskFileForm, type PixelKind } from './mask-form.ts';
import { codePixels, isForeign, isPlain, pixelText } from './mask-legend.ts';
import { countCodes, encodeStoredMask } from './mask-writing.ts';
import { readPictureFile } from './plain-file.ts';
import { pictureFormat } from './picture-format.ts';
import { readPng } from './png/png.ts';
import { valueWord } from '#shared/data/pixel-words';

/** A label mask: one class id a pixel, row-major; 255 = void. */
export interface LabelMask {
  width: number;
  height: number;
  ids: Uint8Array;
}

export interface StoredMask {
  /** The file's bytes, as they were decoded. */
  file: Uint8Array;
  width: number;
  height: number;
  /** A code a pixel: the stored value, or what its form's legend tells. */
  values: Uint8Array;
  form: MaskFileForm;
  /** The class id of every code in this file: 255 = void, -1 = not in the class set. */
  toId: number[];
}

/** How a mask is read that is not told of: its values are its ids. */
const asStored: MaskFormat = { toId: Array.from({ length: 256 }, (_, value) => value), voidValue: 255 };

/** Reads a mask's codes. @throws AppError 'corrupt-file', 'too-large', 'forbidden' naming file and rule */
export function readStoredMask(file: string, format: MaskFormat | null = null, known: readonly PixelKind[] = []): StoredMask {
  return decodeStoredMask(readPictureFile(file), file, format, known);
}

const otherFormats: Record<string, string> = {
  jpeg: 'is a JPEG, whose compression has changed its labels: put a PNG of the mask in its place',
  webp: 'is a WebP, and masks are read as PNG: convert it',
  tiff: 'is a TIFF, and masks are read as PNG: convert it',
  bmp: 'is a BMP, and masks are read as PNG: convert it',
};

/** @throws AppError 'corrupt-file' if by its bytes the file is another kind of picture */
function assertPng(content: Uint8Array, file: string): void {
  const format = pictureFormat(content);
  const said = otherFormats[format ?? ''];
  if (said) throw new AppError('corrupt-file', `${file} ${said}`, { file, format });
}

/**
 * The same of bytes in memory.
 * @param file names them in messages
 * @param format how pixels name classes; null takes values as ids, of grey or palette masks of at most 8 bits
 * @param known the codes that this image's kinds of pixels have had before
 */
export function decodeStoredMask(
  content: Uint8Array,
  file: string,
  format: MaskFormat | null = null,
  known: readonly PixelKind[] = [],
): StoredMask {
  assertPng(content, file);
  const png = readPng(content, file, (header) => {
    if (format === null && !isPlain(header, null))
      throw new AppError('corrupt-file', `${file} must be a grey or palette PNG of at most 8 bits`, { file });
  });
  const { width, height } = png.header;
  const form = formOf(png, format);
  const of = { file: content, width, height };
  if (isPlain(png.header, format)) {
    return { ...of, values: png.samples as Uint8Array, form: { ...form, legend: null }, toId: (format ?? asStored).toId };
  }
  const { values, legend, toId } = codePixels(png, form, format!, file, known);
  return { ...of, values, form: { ...form, legend }, toId };
}

interface Size {
  width: number;
  height: number;
}

/** What is wrong with a mask's size, in a sentence; null if nothing is. @param of what the mask belongs to, in words */
export function maskSizeProblem(file: string, mask: Size, { width, height }: Size, of = 'its image'): string | null {
  if (mask.width === width && mask.height === height) return null;
  return `${file} must be ${width} x ${height} as ${of}, received ${mask.width} x ${mask.height}`;
}

/** @throws AppError 'corrupt-file' naming the file and both sizes if a mask has another size than what it belongs to */
export function assertMaskSize(...of: Parameters<typeof maskSizeProblem>): void {
  const problem = maskSizeProblem(...of);
  if (problem) throw new AppError('corrupt-file', problem, { file: of[0] });
}

/** What a code of a mask is in its file, in words: `value 20`, `colour 128 0 64`. */
export function codeText(code: number, form: MaskFileForm): string {
  const samples = form.legend?.[code];
  return samples ? pixelText(samples, form) : valueWord(code);
}

/** What of a mask is not in the class set. */
export interface ForeignCount {
  text: string;
  pixels: number;
}

/** What of a mask is not in the class set, in words, with its pixels. @param counts pixels of each code */
export function foreignIn(counts: Uint32Array, toId: readonly number[], form: MaskFileForm): ForeignCount[] {
  const found = new Map<string, number>();
  counts.forEach((pixels, code) => {
    if (pixels === 0 || !isForeign(code, toId)) return;
    const text = codeText(code, form);
    found.set(text, (found.get(text) ?? 0) + pixels);
  });
  return Array.from(found, ([text, pixels]) => ({ text, pixels }));
}

/** A mask with what was wrong in it. */
export interface DecodedMask extends LabelMask {
  /** The file's bytes, as they were decoded. */
  file: Uint8Array;
  form: MaskFileForm;
  /** What is outside the class set, with its pixel counts; such pixels are void in `ids`. */
  illegal: ForeignCount[];
}

/** Reads a mask and turns its pixels into class ids. @throws AppError 'corrupt-file' if the PNG is broken */
export function readMask(file: string, format: MaskFormat): DecodedMask {
  const { file: content, width, height, values, form, toId } = readStoredMask(file, format);
  const table = Uint8Array.from({ length: 256 }, (_, code) => (isForeign(code, toId) ? voidId : toId[code]));
  const ids = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) ids[i] = table[values[i]];
  return { file: content, width, height, ids, form, illegal: foreignIn(countCodes(values), toId, form) };
}

/** Encodes class ids as a PNG in the form the mask file had. @throws AppError 'invalid-argument' on an id without a stored value */
export function encodeMask(mask: LabelMask, format: MaskFormat, form: MaskFileForm = greyForm): Uint8Array {
  const toValue = storedValues(format);
  const data = new Uint8Array(mask.ids.length);
  for (let i = 0; i < data.length; i++) {
    const value = toValue[mask.ids[i]];
    if (value === undefined || value < 0) {
      throw new AppError('invalid-argument', `mask pixel ${i} must have a class id of the class set, received ${mask.ids[i]}`);
    }
    data[i] = value;
  }
  return encodeStoredMask({ width: mask.width, height: mask.height, values: data }, form);
}

/** A mask as an indexed PNG whose values are the class ids themselves. @param palette colour of each class */
export function encodeIds(mask: LabelMask, palette: [number, number, number][]): Uint8Array {
  return encodeMask(mask, asStored, paletteForm(palette));
}

/** The same, which says which classes they are: the form of predictions. */
export function encodePredictedIds(mask: LabelMask, classes: readonly ClassInfo[]): Uint8Array {
  const noted = classNote(classes.map(({ id, name }) => ({ value: id, name })));
  return encodeMask(mask, asStored, { ...paletteForm(classes.map(({ color }) => color)), beside: [noted] });
}

/**
 * A mask as an indexed PNG of its classes' stored values, which says which classes they are.
 * @throws AppError 'invalid-argument' on an id that is no class
 */
export function encodeValues(mask: LabelMask, classes: readonly ClassInfo[]): Uint8Array {
  const toId = new Array<number>(256).fill(-1);
  const palette: [number, number, number][] = [];
  for (const { id, value = id, color } of classes) {
    toId[value] = id;
    palette[value] = color;
  }
  const noted = classNote(classes.map(({ id, value = id, name }) => ({ value, name })));
  return encodeMask(mask, { toId, voidValue: -1 }, { ...paletteForm(palette), beside: [noted] });
}
