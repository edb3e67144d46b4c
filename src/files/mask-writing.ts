// From codes to the pixels of a file. Its form is kept; it grows only where it has no room for what was painted.
import type { Rgb } from '#shared/classes/class-info';
import { AppError } from '#shared/errors';
import { greyForm, type MaskFileForm, type PixelSamples } from './mask-form.ts';
import { samplesFor } from './mask-legend.ts';
import { channelsOf } from './png/header.ts';
import { writePng } from './png/png.ts';
import { emptySamples } from './png/rows.ts';

const mostEntries = 256;
const depths = [1, 2, 4, 8];

/** Pixels of each code. Labels come in long runs: four pixels that are as the four before them are counted with these. */
export function countCodes(values: Uint8Array): Uint32Array {
  const counts = new Uint32Array(256);
  const lead = Math.min(values.length, -values.byteOffset & 3);
  const fours = (values.length - lead) >> 2;
  const words = fours > 0 ? new Uint32Array(values.buffer, values.byteOffset + lead, fours) : new Uint32Array();
  let [last, run] = [0, 0];
  const flush = () => {
    for (let shift = 0; shift < 32; shift += 8) counts[(last >>> shift) & 255] += run;
  };
  for (let i = 0; i < words.length; i++) {
    if (words[i] !== last) {
      flush();
      last = words[i];
      run = 0;
    }
    run++;
  }
  flush();
  for (let i = 0; i < lead; i++) counts[values[i]]++;
  for (let i = lead + 4 * words.length; i < values.length; i++) counts[values[i]]++;
  return counts;
}

/** The codes that a mask has. */
export function codesIn(values: Uint8Array): number[] {
  const counts = countCodes(values);
  return Array.from({ length: 256 }, (_, code) => code).filter((code) => counts[code] > 0);
}

/** The smallest depth from this one on that can hold a value. */
const depthFor = (value: number, depth: number): number => depths.find((each) => each >= depth && value < 2 ** each) ?? 8;

const ownColour = (form: MaskFileForm, code: number): Rgb => (form.colours[code] as Rgb | null | undefined) ?? [code, code, code];

/** A file whose codes are its samples, with room for them all. A value that the palette lacks gets its class's colour. */
function roomForValues(form: MaskFileForm, codes: readonly number[]): MaskFileForm {
  const largest = codes.at(-1) ?? 0;
  const depth = depthFor(largest, form.depth);
  if (form.colourType !== 3 || largest < form.palette!.length / 3) return { ...form, depth };
  const added = Array.from({ length: largest + 1 - form.palette!.length / 3 }, (_, n) => ownColour(form, form.palette!.length / 3 + n));
  return { ...form, depth, palette: Uint8Array.from([...form.palette!, ...added.flat()]) };
}

/** What a grey or palette pixel becomes where colours are written: nothing of it is lost. @param depth of the new file */
function inColours(samples: PixelSamples, form: MaskFileForm, depth: number, alpha: boolean): number[] {
  const [first, second] = samples;
  if (form.colourType === 3) {
    const known = [...form.palette!.subarray(3 * first, 3 * first + 3)];
    const entry = known.length === 3 ? known : colourOfNone(form);
    return alpha ? [...entry, form.transparency?.[first] ?? 255] : entry;
  }
  const scaled = (sample: number) => (sample * (2 ** depth - 1)) / (2 ** form.depth - 1);
  return [scaled(first), scaled(first), scaled(first), ...(alpha ? [scaled(second)] : [])];
}

/** The same file with colours in place of grey or a palette. */
function asColours(form: MaskFileForm): MaskFileForm {
  const depth = form.depth === 16 ? 16 : 8;
  const alpha = form.colourType === 4 || (form.colourType === 3 && form.transparency !== null);
  const legend = form.legend!.map((samples) => samples && inColours(samples, form, depth, alpha));
  const beside = form.beside.filter(({ type }) => !['bKGD', 'sBIT', 'iCCP'].includes(type));
  return { ...form, depth, colourType: alpha ? 6 : 2, palette: null, transparency: transparentColour(form, depth), beside, legend };
}

/** The grey that is transparent, as a colour. */
function transparentColour({ colourType, transparency, depth: before }: MaskFileForm, depth: number): Uint8Array | null {
  if (colourType !== 0 || !transparency) return null;
  const sample = (((transparency[0] << 8) | transparency[1]) * (2 ** depth - 1)) / (2 ** before - 1);
  return Uint8Array.from([0, 1, 2].flatMap(() => [sample >> 8, sample & 255]));
}

/** @throws AppError 'unsupported' if a file of this form has no room for a code, whose look is not known */
function colourFor(form: MaskFileForm, code: number): Rgb {
  const color = form.colours[code];
  if (color) return color;
  throw new AppError('unsupported', `The mask has no room for the code ${code}, whose colour the class set does not tell`);
}

/** A colour that means no class, and not void either, and that nobody reads as one: none that people draw with. */
function colourOfNone({ colours }: MaskFileForm): Rgb {
  const taken = new Set(colours.map((color) => color?.join()));
  const odd = (n: number): Rgb => [n, 255 - n, (37 * n + 11) % 256];
  return odd(Array.from({ length: 256 }, (_, n) => n).find((n) => !taken.has(odd(n).join()))!);
}

/** Numbers behind a palette's entries that no pixel holds, since it would be of the class that gets one. */
function freeNumbers({ palette, legend }: MaskFileForm): number[] {
  const held = new Set(legend!.map((samples) => samples?.[0]));
  const behind = Array.from({ length: mostEntries - palette!.length / 3 }, (_, place) => palette!.length / 3 + place);
  return behind.filter((number) => !held.has(number));
}

/** A file whose pixels are named by a legend, with an entry for every code that is used. */
function roomForCodes(given: MaskFileForm, codes: readonly number[]): MaskFileForm {
  const missing = (form: MaskFileForm) => codes.filter((code) => form.legend![code] === null);
  if (missing(given).length === 0) return given;
  const added = missing(given);
  const places = given.palette ? freeNumbers(given).slice(0, added.length) : [];
  if (given.colourType === 3 && places.length === added.length) {
    const legend = given.legend!.map((samples, code) => (added.includes(code) ? [places[added.indexOf(code)]] : samples));
    const palette = new Uint8Array(3 * (places.at(-1)! + 1));
    // Numbers between that pixels hold without an entry stay those, in a colour that means nothing.
    for (let at = given.palette!.length; at < palette.length; at += 3) palette.set(colourOfNone(given), at);
    palette.set(given.palette!);
    added.forEach((code, place) => palette.set(colourFor(given, code), 3 * places[place]));
    return { ...given, palette, legend, depth: depthFor(palette.length / 3 - 1, given.depth) };
  }
  const form = given.colourType === 2 || given.colourType === 6 ? given : asColours(given);
  return {
    ...form,
    legend: form.legend!.map((samples, code) => samples ?? (codes.includes(code) ? samplesFor(colourFor(form, code), form) : null)),
  };
}

/**
 * Encodes codes as a PNG in the form that the mask file had.
 * @throws AppError 'invalid-argument' on a code that the file has nothing for
 */
export function encodeStoredMask(mask: { width: number; height: number; values: Uint8Array }, given: MaskFileForm = greyForm): Uint8Array {
  const { width, height, values } = mask;
  const codes = codesIn(values);
  const form = given.legend ? roomForCodes(given, codes) : roomForValues(given, codes);
  const { depth, colourType, interlaced, palette, transparency, legend } = form;
  const header = { width, height, depth, colourType, interlaced };
  const samples = legend ? samplesOf(values, legend, channelsOf(header), depth) : values;
  return writePng({ header, samples, palette, transparency, beside: [...form.beside] });
}

function samplesOf(values: Uint8Array, legend: readonly (PixelSamples | null)[], channels: number, depth: number) {
  const samples = emptySamples(values.length * channels, depth);
  for (let pixel = 0, at = 0; pixel < values.length; pixel++, at += channels) {
    const here = legend[values[pixel]];
    if (!here) throw new AppError('invalid-argument', `mask pixel ${pixel} has the code ${values[pixel]}, which the file has nothing for`);
    for (let c = 0; c < channels; c++) samples[at + c] = here[c];
  }
  return samples;
}
