// Masks whose pixels are more than a value: colours, alpha, 16 bits. Each kind of pixel that a file has is given a code, so that a mask in
// memory is one byte a pixel and loses nothing.
import { AppError } from '#shared/errors';
import type { MaskFormat, Rgb } from '#shared/classes/class-info';
import type { MaskFileForm, PixelKind, PixelSamples } from './mask-form.ts';
import { channelsOf, hasAlpha } from './png/header.ts';
import type { Png } from './png/png.ts';
import { colourWord, valueWord } from '#shared/data/pixel-words';

type Legend = (PixelSamples | null)[];

interface CodedMask {
  values: Uint8Array;
  legend: Legend;
  /** The class id of every code in this file: 255 = void, -1 = not in the class set. */
  toId: number[];
}

/** A sample as one of 8 bits; null if it is none. */
function asByte(sample: number, depth: number): number | null {
  const byte = (sample * 255) / (2 ** depth - 1);
  return Number.isInteger(byte) ? byte : null;
}

/** The colour that a pixel shows, alpha left out; null for one that 8 bits a channel cannot tell. */
export function colourOf(samples: PixelSamples, { colourType, depth, palette }: Pick<MaskFileForm, 'colourType' | 'depth' | 'palette'>) {
  if (colourType === 3) {
    const at = 3 * samples[0];
    return palette && at < palette.length ? ([palette[at], palette[at + 1], palette[at + 2]] as Rgb) : null;
  }
  const grey = colourType === 0 || colourType === 4;
  const channels = (grey ? [samples[0], samples[0], samples[0]] : samples.slice(0, 3)).map((sample) => asByte(sample, depth));
  return channels.includes(null) ? null : (channels as Rgb);
}

/** The samples that stand for a colour; null where this kind of file has none for it. */
export function samplesFor(color: Rgb, form: Pick<MaskFileForm, 'colourType' | 'depth' | 'palette' | 'transparency'>): PixelSamples | null {
  const { colourType, depth, palette } = form;
  const most = 2 ** depth - 1;
  if (colourType === 3) return placeOf(color, palette!, form.transparency);
  const channels = color.map((byte) => (byte * most) / 255);
  const grey = colourType === 0 || colourType === 4;
  if (grey && (new Set(color).size > 1 || !Number.isInteger(channels[0]))) return null;
  return [...(grey ? channels.slice(0, 1) : channels), ...(hasAlpha(form) ? [most] : [])];
}

/** A colour's first opaque place in a palette. */
function placeOf([red, green, blue]: Rgb, palette: Uint8Array, transparency: Uint8Array | null): PixelSamples | null {
  for (let at = 0; at < palette.length / 3; at++) {
    const isOpaque = (transparency?.[at] ?? 255) === 255;
    if (isOpaque && palette[3 * at] === red && palette[3 * at + 1] === green && palette[3 * at + 2] === blue) return [at];
  }
  return null;
}

/** The samples that stand for a value, the same in each channel. */
export function samplesOfValue(value: number, png: Pick<MaskFileForm, 'colourType' | 'depth'>): PixelSamples {
  const opaque = hasAlpha(png) ? [2 ** png.depth - 1] : [];
  const channels = channelsOf(png) - opaque.length;
  return [...Array.from({ length: channels }, () => value), ...opaque];
}

/** The value by which a pixel is named; null of one that a colour names: where colours do, and where its channels differ. */
export function valueOf(samples: PixelSamples, form: Pick<MaskFileForm, 'colourType'>, by: MaskFormat['by']): number | null {
  const channels = hasAlpha(form) ? samples.slice(0, -1) : samples;
  const isValue = by === 'first-channel' || (by !== 'colour' && channels.every((channel) => channel === channels[0]));
  return isValue ? channels[0] : null;
}

/** The code of a pixel's class; -1 if the class set has none for it. */
function codeIn(
  format: MaskFormat,
  samples: PixelSamples,
  form: Parameters<typeof colourOf>[1],
  codeOfColour: Map<number, number>,
): number {
  if (format.by === 'colour') {
    const color = colourOf(samples, form);
    return color ? (codeOfColour.get(packed(color)) ?? -1) : -1;
  }
  const value = valueOf(samples, form, format.by);
  return value === null || value > 255 || isForeign(value, format.toId) ? -1 : value;
}

/** What a pixel is in words, as a person sees the file. */
const storedText = (samples: PixelSamples): string => (samples.length === 1 ? valueWord(samples[0]) : colourWord(samples));

/** What a pixel is in words: by what of it names its class, where that tells it. */
export function pixelText(samples: PixelSamples, form: Pick<MaskFileForm, 'colourType' | 'depth' | 'palette' | 'by'>): string {
  const { colourType, palette, by } = form;
  const entry = colourType === 3 ? [...palette!.subarray(3 * samples[0], 3 * samples[0] + 3)] : [];
  // A number that the palette has no entry for has no colour.
  if (colourType === 3) return entry.length === 3 ? colourWord(entry) : valueWord(samples[0]);
  const value = valueOf(samples, form, by);
  return value === null ? storedText(samples) : valueWord(value);
}

/** What a pixel can be called: by what of it names its class, as its file holds it, and, where colours name classes, by its colour. */
export function pixelNames(samples: PixelSamples, form: Parameters<typeof pixelText>[1]): string[] {
  const color = form.by === 'colour' ? colourOf(samples, form) : null;
  return [pixelText(samples, form), storedText(samples), ...(color ? [colourWord(color)] : [])];
}

/** The class of a pixel that is outside the class set and read as one; -1 for others. */
function alsoId({ also }: MaskFormat, samples: PixelSamples, form: Parameters<typeof pixelText>[1]): number {
  const name = also && pixelNames(samples, form).find((each) => each in also);
  return name === undefined ? -1 : also![name];
}

const packed = ([red, green, blue]: Rgb): number => (red << 16) | (green << 8) | blue;

/** One number, or a text where that has not room enough, for each kind of pixel. */
const keyOf = (samples: PixelSamples): number | string =>
  samples.length < 4 ? samples.reduce((key, sample) => key * 65536 + sample, 0) : samples.join();

/** What every code of the class set is in a file of this kind. */
function ownLegend(format: MaskFormat, form: Omit<MaskFileForm, 'legend'>): Legend {
  return Array.from({ length: 256 }, (_, code) => {
    if (!isOwnCode(code, format)) return null;
    if (format.by !== 'colour') return samplesOfValue(code, form);
    const color = format.colours?.[code];
    return color ? samplesFor(color, form) : null;
  });
}

const tooMany = (file: string, free: number): AppError =>
  new AppError(
    'corrupt-file',
    `${file} has more than ${free} colours or values that are not in the class set: a label mask has few; ` +
      'this is a photo, or a mask that was scaled or smoothed. Put the mask as it was drawn in its place',
    { file },
  );

/**
 * Gives each kind of pixel of a picture a code.
 * @param known codes that pixels of this image have had before, which they keep
 * @throws AppError 'corrupt-file' naming the file if it has more kinds of pixels than there are codes
 */
export function codePixels(
  png: Png,
  form: Omit<MaskFileForm, 'legend'>,
  format: MaskFormat,
  file: string,
  known: readonly PixelKind[] = [],
): CodedMask {
  const toId = Array.from({ length: 256 }, (_, code) => format.toId[code] ?? -1);
  const isOwn = (code: number) => isOwnCode(code, format);
  const before = legendOf(known, form);
  const legend = ownLegend(format, form).map((samples, code) => (isOwn(code) ? samples : before[code]));
  const codeOfColour = new Map((format.colours ?? []).flatMap((color, code) => (color ? [[packed(color), code] as const] : [])));
  // From the end: a class set that grows takes codes from the beginning.
  const free = Array.from({ length: 256 }, (_, place) => 255 - place).filter((code) => legend[code] === null && !isOwn(code));
  const codes = new Map<number | string, number>();
  legend.forEach((samples, code) => samples && !codes.has(keyOf(samples)) && codes.set(keyOf(samples), code));
  legend.forEach((samples, code) => samples && !isOwn(code) && (toId[code] = idOf(samples)));
  let taken = 0;
  function idOf(samples: PixelSamples, own = codeIn(format, samples, form, codeOfColour)): number {
    return own < 0 ? alsoId(format, samples, form) : toId[own];
  }
  function newCode(samples: PixelSamples): number {
    const own = codeIn(format, samples, form, codeOfColour);
    const code = own >= 0 && legend[own] === null ? own : free[taken++];
    if (code === undefined) throw tooMany(file, free.length);
    legend[code] = samples;
    if (code !== own) toId[code] = idOf(samples, own);
    return code;
  }
  const channels = channelsOf(png.header);
  const { samples } = png;
  const values = new Uint8Array(samples.length / channels);
  for (let pixel = 0, at = 0; pixel < values.length; pixel++, at += channels) {
    // Most pixels are as the one before them.
    if (pixel > 0 && isAsBefore(samples, at, channels)) values[pixel] = values[pixel - 1];
    else {
      const here = Array.from(samples.subarray(at, at + channels));
      const key = keyOf(here);
      let code = codes.get(key);
      if (code === undefined) codes.set(key, (code = newCode(here)));
      values[pixel] = code;
    }
  }
  return { values, legend, toId };
}

function isAsBefore(samples: Uint8Array | Uint16Array, at: number, channels: number): boolean {
  for (let c = 0; c < channels; c++) if (samples[at + c] !== samples[at + c - channels]) return false;
  return true;
}

/** The samples of kinds that are known of an image, in a file of this form. */
function legendOf(kinds: readonly PixelKind[], form: Omit<MaskFileForm, 'legend'>): Legend {
  const legend = new Array<PixelSamples | null>(256).fill(null);
  for (const { code, colourType, depth, samples, color } of kinds) {
    legend[code] = colourType === form.colourType && depth === form.depth ? samples : color && samplesFor(color, form);
  }
  return legend;
}

const allCodes = Array.from({ length: 256 }, (_, code) => code);

/** What codes outside the class set stand for. @param codes which of them are told of */
export function foreignKinds(form: MaskFileForm, format: MaskFormat, codes: Iterable<number> = allCodes): PixelKind[] {
  const { legend, colourType, depth } = form;
  if (!legend) return [];
  return [...codes].flatMap((code) => {
    const samples = legend[code];
    if (!samples || isOwnCode(code, format)) return [];
    return [{ code, colourType, depth, samples: [...samples], color: colourOf(samples, form) }];
  });
}

/** Whether a class set gives a code to a class, or to void. */
export const isOwnCode = (code: number, { toId, voidValue }: MaskFormat): boolean => !isForeign(code, toId) || code === voidValue;

/** Whether a code of a file is in no class, and not void. */
export const isForeign = (code: number, toId: readonly number[]): boolean => (toId[code] ?? -1) < 0;

/** Whether a code and its sample are the same thing in a file. */
export const isPlain = ({ colourType, depth }: Pick<MaskFileForm, 'colourType' | 'depth'>, format: MaskFormat | null): boolean =>
  (colourType === 0 || colourType === 3) && depth <= 8 && format?.by !== 'colour';
