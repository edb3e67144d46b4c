import { decode, encode } from 'fast-png';
import { AppError, messageOf } from '#shared/errors';
import type { ClassInfo, MaskFormat } from '#shared/classes/class-info';
import { storedValues } from '#shared/classes/class-map';
import { voidId } from '#shared/mask/void-id';
import { readPictureFile } from './plain-file.ts';
import { soundPng, type PngHeader } from './png-structure.ts';

/** A label mask: one class id a pixel, row-major; 255 = void. */
export interface LabelMask {
  width: number;
  height: number;
  ids: Uint8Array;
}

/** What a mask file looked like, so that it can be written back the same way. */
export interface MaskFileForm {
  palette: [number, number, number][] | null;
}

export interface StoredMask {
  /** The file's bytes, as they were decoded. */
  file: Uint8Array;
  width: number;
  height: number;
  values: Uint8Array;
  form: MaskFileForm;
}

/** Reads the stored values of a grey or palette PNG. @throws AppError 'corrupt-file', 'too-large', 'forbidden' naming file and rule */
export function readStoredMask(file: string): StoredMask {
  return decodeStoredMask(readPictureFile(file), file);
}

/** Whether a PNG can be a mask, before it is unpacked. */
function assertMaskForm(file: string, { channels, depth }: PngHeader): void {
  if (channels === 1 && depth <= 8) return;
  throw new AppError(
    'corrupt-file',
    `${file} must be a grey or palette PNG of at most 8 bits, received ${channels} channels of ${depth} bits`,
    { file },
  );
}

/** The same of bytes in memory. @param file names them in messages */
export function decodeStoredMask(content: Uint8Array, file: string): StoredMask {
  const sound = soundPng(content, file, (header) => assertMaskForm(file, header));
  let png;
  try {
    png = decode(sound);
  } catch (error) {
    throw new AppError('corrupt-file', `${file} is not a whole PNG: ${messageOf(error)}`, { file });
  }
  const values = png.depth === 8 ? Uint8Array.from(png.data) : unpack(Uint8Array.from(png.data), png.width, png.height, png.depth);
  const palette = png.palette?.map(([r, g, b]) => [r, g, b] as [number, number, number]) ?? null;
  return { file: content, width: png.width, height: png.height, values, form: { palette } };
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

/** Spreads rows of 1, 2 or 4 bits a pixel to a byte each. */
function unpack(packed: Uint8Array, width: number, height: number, depth: number): Uint8Array {
  if (packed.length === width * height) return packed;
  const rowBytes = Math.ceil((width * depth) / 8);
  const perByte = 8 / depth;
  return Uint8Array.from({ length: width * height }, (_, i) => {
    const [y, x] = [Math.floor(i / width), i % width];
    const byte = packed[y * rowBytes + Math.floor(x / perByte)];
    return (byte >> (8 - depth * ((x % perByte) + 1))) & ((1 << depth) - 1);
  });
}

/** A mask with what was wrong in it. */
export interface DecodedMask extends LabelMask {
  /** The file's bytes, as they were decoded. */
  file: Uint8Array;
  form: MaskFileForm;
  /** Stored values outside the class set with their pixel counts; such pixels are void in `ids`. */
  illegal: { value: number; pixels: number }[];
}

/** Reads a mask and turns stored values into class ids. @throws AppError 'corrupt-file' if the PNG is broken */
export function readMask(file: string, format: MaskFormat): DecodedMask {
  const { file: content, width, height, values, form } = readStoredMask(file);
  const ids = new Uint8Array(values.length);
  const illegal = new Map<number, number>();
  for (let i = 0; i < values.length; i++) {
    const id = format.toId[values[i]] ?? -1;
    if (id < 0) illegal.set(values[i], (illegal.get(values[i]) ?? 0) + 1);
    ids[i] = id < 0 ? voidId : id;
  }
  return { file: content, width, height, ids, form, illegal: [...illegal].map(([value, pixels]) => ({ value, pixels })) };
}

/** Encodes class ids as a PNG in the form the mask file had. @throws AppError 'invalid-argument' on an id without a stored value */
export function encodeMask(mask: LabelMask, format: MaskFormat, form: MaskFileForm): Uint8Array {
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

/** Encodes stored values as a PNG in the form the mask file had. */
export function encodeStoredMask(
  { width, height, values }: Pick<StoredMask, 'width' | 'height' | 'values'>,
  form: MaskFileForm,
): Uint8Array {
  const palette = form.palette ? completePalette(form.palette, values) : undefined;
  return encode({ width, height, data: values, channels: 1, depth: 8, ...(palette ? { palette } : {}) });
}

/** A trimmed palette grows to hold every value that is used now: without it the PNG would be invalid. */
function completePalette(palette: MaskFileForm['palette'] & object, data: Uint8Array): [number, number, number][] {
  const needed = data.reduce((largest, value) => Math.max(largest, value), 0) + 1;
  return Array.from({ length: Math.max(needed, palette.length) }, (_, value) => palette[value] ?? [value, value, value]);
}

const asStored: MaskFormat = { toId: Array.from({ length: 256 }, (_, value) => value), voidValue: 255 };

/** A mask as an indexed PNG whose values are the class ids themselves: the form of predictions. @param palette colour of each class */
export function encodeIds(mask: LabelMask, palette: [number, number, number][]): Uint8Array {
  return encodeMask(mask, asStored, { palette });
}

/** A mask as an indexed PNG of its classes' stored values. @throws AppError 'invalid-argument' on an id that is no class */
export function encodeValues(mask: LabelMask, classes: readonly ClassInfo[]): Uint8Array {
  const toId = new Array<number>(256).fill(-1);
  const palette: [number, number, number][] = [];
  for (const { id, value = id, color } of classes) {
    toId[value] = id;
    palette[value] = color;
  }
  const filled = Array.from(palette, (color, value): [number, number, number] => color ?? [value, value, value]);
  return encodeMask(mask, { toId, voidValue: -1 }, { palette: filled });
}
