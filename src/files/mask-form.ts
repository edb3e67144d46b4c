// What a mask file is besides its labels, so that it is written back as it was.
import type { MaskFormat, Rgb } from '#shared/classes/class-info';
import type { BesideChunk, Png } from './png/png.ts';
import type { PngHeader } from './png/header.ts';

/** The samples of a pixel in its file: one of grey or palette, three of colour, one more of alpha. */
export type PixelSamples = readonly number[];

/** What a code stands for in the files of one image, whatever form they had: such a code is never given to anything else. */
export interface PixelKind {
  code: number;
  colourType: PngHeader['colourType'];
  depth: number;
  samples: number[];
  /** What it looks like, for a file of another form. */
  color: Rgb | null;
}

/** What a mask file looked like. */
export interface MaskFileForm {
  depth: number;
  colourType: PngHeader['colourType'];
  interlaced: boolean;
  palette: Uint8Array | null;
  transparency: Uint8Array | null;
  beside: readonly BesideChunk[];
  /** What the file holds for each code; null where codes are the samples themselves. An entry is missing until it is painted. */
  legend: (PixelSamples | null)[] | null;
  /** The colour of each code that the class set knows. */
  colours: readonly (Rgb | null)[];
  /** What of its pixels names classes, where it is not their value. */
  by?: MaskFormat['by'];
}

const noColours: readonly null[] = [];

export const formOf = ({ header, palette, transparency, beside }: Png, format: MaskFormat | null): Omit<MaskFileForm, 'legend'> => ({
  depth: header.depth,
  colourType: header.colourType,
  interlaced: header.interlaced,
  palette,
  transparency,
  beside,
  colours: format?.colours ?? noColours,
  ...(format?.by && format.by !== 'value' ? { by: format.by } : {}),
});

const plain = { depth: 8, interlaced: false, transparency: null, beside: [], legend: null };

/** A grey mask of 8 bits. */
export const greyForm: MaskFileForm = { ...plain, colourType: 0, palette: null, colours: noColours };

/** A palette mask of 8 bits. @param palette colour of each value */
export function paletteForm(palette: readonly (Rgb | null | undefined)[]): MaskFileForm {
  const filled = Array.from(palette, (color, value) => color ?? [value, value, value]);
  return { ...plain, colourType: 3, palette: Uint8Array.from(filled.flat()), colours: filled as Rgb[] };
}

/** What a mask is written as that there is not yet. */
export function newForm({ by, colours = noColours, newMasks = by === 'colour' ? 'colour' : 'grey' }: MaskFormat): MaskFileForm {
  if (newMasks === 'palette') return { ...paletteForm(colours), legend: by === 'colour' ? colours.map((_, code) => [code]) : null };
  if (newMasks === 'grey') return { ...greyForm, colours };
  return { ...plain, colourType: 2, palette: null, legend: Array.from({ length: 256 }, (_, code) => colours[code] ?? null), colours };
}
