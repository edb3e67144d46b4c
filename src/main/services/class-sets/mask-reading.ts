// How masks name classes is seen by looking at a few of them: what leaves the fewest pixels outside a class set.
import { decodeStoredMask } from '#files/mask-png';
import { countCodes } from '#files/mask-writing';
import { channelsOf } from '#files/png/header';
import { readPng, writePng } from '#files/png/png';
import { voidId } from '#shared/mask/void-id';
import { colourOf, isForeign } from '#files/mask-legend';
import { isLargeMask } from '#files/large-pictures';
import { pngOfBmp } from '#files/bmp';
import { pictureFormat } from '#files/picture-format';
import { readPictureFile } from '#files/plain-file';
import type { Rgb } from '#shared/classes/class-info';
import { unlessRefused } from '#shared/errors';
import type { ClassSource } from '#shared/data/arrangement';
import { assertOneColourEach, classSetFrom, type ClassSet, type FullClassSet, type MaskReading } from './class-set.ts';

/** A way to read masks that could be meant. */
export interface Reading {
  source: ClassSource;
  full: FullClassSet;
  by: MaskReading['by'];
  /** What the list says itself, and is not made up. */
  told: { colours: boolean; void: boolean };
  /** Names the class set in messages. */
  file: string;
}

/** Share of pixels whose channels differ from which on masks are no values. */
export const mostlyColours = 0.25;
/** Masks that are looked at, spread over all. */
const looked = 6;

export interface BestReading {
  reading: Reading;
  /** Share of pixels that it leaves outside the class set, 0 … 1. */
  outside: number;
}

/** Some of the masks, spread over all; of very large ones a single one, where there are no others. */
export function someOf(maskFiles: readonly string[]): Uint8Array[] {
  const step = Math.max(1, Math.floor(maskFiles.length / looked));
  const spread = maskFiles.filter((_, index) => index % step === 0).slice(0, looked);
  const contents = spread.filter((file) => !isLargeMask(file)).flatMap(contentOf);
  return contents.length > 0 ? contents : spread.filter(isLargeMask).slice(0, 1).flatMap(contentOf);
}

/** Whether masks show colours: other than grey, or by a palette. */
export function areColoured(contents: readonly Uint8Array[]): boolean {
  // What cannot be read is told when it is surveyed.
  return contents.some((content) => unlessRefused(() => isColoured(content), false));
}

function isColoured(content: Uint8Array): boolean {
  const { header, samples } = readPng(content, 'a mask', () => undefined);
  const channels = channelsOf(header);
  if (header.colourType === 3) return true;
  if (channels < 3) return false;
  for (let at = 0; at < samples.length; at += channels) if (samples[at] !== samples[at + 1] || samples[at] !== samples[at + 2]) return true;
  return false;
}

/** A pixel that a mask has some of. */
interface Kind {
  samples: number[];
  color: Rgb | null;
}

/** A picture of more kinds of pixels is a photo, or was smoothed: more tell nothing. */
const mostKinds = 4096;
/** Asked several times of the few masks that are looked at. */
const known = new WeakMap<Uint8Array, Kind[]>();

/** Pixels of a mask that are told apart, each once; none of one that cannot be read. */
function kindsIn(content: Uint8Array): Kind[] {
  const before = known.get(content);
  if (before) return before;
  // What cannot be read is told when it is surveyed.
  const kinds = unlessRefused(() => readKinds(content), []);
  known.set(content, kinds);
  return kinds;
}

function readKinds(content: Uint8Array): Kind[] {
  const { header, samples, palette } = readPng(content, 'a mask', () => undefined);
  const channels = channelsOf(header);
  const kinds = new Map<string, number[]>();
  let before: number[] = [];
  for (let at = 0; at < samples.length && kinds.size < mostKinds; at += channels) {
    // Most pixels are as the one before them.
    if (before.length > 0 && before.every((sample, c) => sample === samples[at + c])) continue;
    before = [...samples.subarray(at, at + channels)];
    kinds.set(before.join(), before);
  }
  return [...kinds.values()].map((pixel) => ({ samples: pixel, color: colourOf(pixel, { ...header, palette }) }));
}

const isGrey = ({ color }: Kind): boolean => color !== null && new Set(color).size === 1;

/** Whether channels of masks differ: their pixels are no values then. */
export const haveChannels = (contents: readonly Uint8Array[]): boolean =>
  contents.some((content) => kindsIn(content).some((kind) => kind.samples.length > 2 && !isGrey(kind)));

/**
 * Whether masks show colours that are not those of the classes whose values their pixels would be: what a program writes that shrinks
 * pictures, and numbers the colours of each as they come.
 */
export function hasOtherColours(contents: readonly Uint8Array[], { classes }: FullClassSet): boolean {
  const colours = new Map(classes.map(({ value, color }) => [value, color.join()]));
  const isOther = ({ samples, color }: Kind): boolean =>
    samples.length > 1 || (color !== null && colours.has(samples[0]) && colours.get(samples[0]) !== color.join());
  return contents.some((content) => {
    const kinds = kindsIn(content);
    return kinds.some((kind) => !isGrey(kind)) && kinds.some(isOther);
  });
}

/** Colours of classes that masks must show before they are believed to be those of a set: one or two are in many sets. */
const fewestColours = 3;

/** Whether masks show colours of several classes of a set. */
export function showsColoursOf(contents: readonly Uint8Array[], { classes }: FullClassSet): boolean {
  const own = new Set(classes.map(({ color }) => color.join()));
  const seen = new Set(contents.flatMap((content) => kindsIn(content).flatMap(({ color }) => color?.join() ?? [])));
  return [...seen].filter((color) => own.has(color)).length >= fewestColours;
}

/** Whether the first channel tells anything apart. */
const tellsByFirst = (contents: readonly Uint8Array[]): boolean =>
  new Set(contents.flatMap((content) => kindsIn(content).map(({ samples }) => samples[0]))).size > 1;

/** Shares that differ by less are one. */
const tiny = 1e-9;

/**
 * The first of the readings that leave the fewest pixels outside.
 * @returns null if there are none
 * @throws AppError 'not-a-dataset' if it would be one by colours, and two classes have one
 */
export function bestReading(contents: readonly Uint8Array[], readings: readonly Reading[]): BestReading | null {
  let best: (BestReading & { unsaid: number }) | null = null;
  let outsideByValue: number | null = null;
  for (const reading of readings) {
    // Where most pixels are values, a colour among them is foreign, and its first channel no class.
    if (reading.by === 'first-channel' && outsideByValue !== null && outsideByValue < mostlyColours) continue;
    if (reading.by === 'first-channel' && haveChannels(contents) && !tellsByFirst(contents)) continue;
    const set = classSetFrom(oneOfEachColour(reading), { by: reading.by }, reading.file);
    const shares = contents.map((content) => sharesOf(content, set, reading));
    const mean = (of: (share: Shares) => number) => shares.reduce((sum, share) => sum + of(share), 0) / Math.max(1, shares.length);
    const outside = mean((share) => share.outside);
    if (reading.by === 'value') outsideByValue = outside;
    // A value that nobody has said to be void may well be a class in another reading that leaves no more outside. The colour of what is
    // not labelled is one that no class has: how much of it there is tells nothing, and is little or much as a person paints. But where
    // there is nothing else, and no channels or palette of colours, nothing tells that it is one.
    const tellsNone = shares.length > 0 && shares.every((share) => share.void > 1 - tiny && !share.hasColours);
    const unsaidOf = () => (reading.by === 'colour' ? Number(tellsNone) : mean((share) => share.void));
    const unsaid = reading.told.void ? 0 : unsaidOf();
    const isBetter = !best || outside < best.outside - tiny || (outside < best.outside + tiny && unsaid < best.unsaid - tiny);
    if (isBetter) best = { reading, outside, unsaid };
    if (outside === 0 && unsaid === 0) break;
  }
  if (best?.reading.by === 'colour') assertOneColourEach(best.reading.full, best.reading.file);
  return best;
}

/** What masks hold beside the classes of a set, in a sentence; null where it is nothing, or none can be read. */
export function outsideText(files: readonly string[], { name, format }: ClassSet): string | null {
  const shares = someOf(files).flatMap((content) => measured(content, format) ?? []);
  const mean = (100 * shares.reduce((sum, { outside }) => sum + outside, 0)) / Math.max(1, shares.length);
  if (mean === 0) return null;
  const percent = mean < 1 ? 'Some' : `${Math.round(mean)} %`;
  const ways = 'choose other classes or what names them, or open it and say what they are';
  return `${percent} of the pixels of these masks are in no class of ${name}: ${ways}`;
}

/** What cannot be read is told when it is surveyed. */
const contentOf = (file: string): Uint8Array[] =>
  unlessRefused(() => {
    const content = readPictureFile(file);
    // What is converted later is read then as it is looked at now.
    return [pictureFormat(content) === 'bmp' ? writePng(pngOfBmp(content, file)) : content];
  }, []);

/** Where colours name classes and two have one, the first has it: how much of masks they are is still seen. */
function oneOfEachColour({ full, by }: Reading): FullClassSet {
  if (by !== 'colour') return full;
  const keyOf = ({ color }: FullClassSet['classes'][number]) => color.join();
  return { ...full, classes: full.classes.filter((each, at) => full.classes.findIndex((other) => keyOf(other) === keyOf(each)) === at) };
}

/** Shares of a mask's pixels, 0 … 1. */
interface Shares {
  /** In no class and not void. */
  outside: number;
  void: number;
  /** Whether each pixel is red, green and blue, or one of a palette that has colours of the classes. */
  hasColours: boolean;
}

/** Whether a palette has the colour of any class. */
function hasAnyOf(palette: Uint8Array, { colours = [], toId }: ClassSet['format']): boolean {
  const own = new Set(colours.flatMap((color, code) => (color && toId[code] !== voidId ? [color.join()] : [])));
  return Array.from({ length: palette.length / 3 }, (_, at) => palette.subarray(3 * at, 3 * at + 3).join()).some((color) => own.has(color));
}

/** What a mask holds, and whether it is grey; null of one that cannot be read so. */
function measured(content: Uint8Array, format: ClassSet['format']): (Shares & { isGrey: boolean }) | null {
  return unlessRefused(() => {
    const { values, toId, form } = decodeStoredMask(content, 'a mask', format);
    const counts = countCodes(values);
    const share = (is: (code: number) => boolean) => counts.reduce((sum, pixels, code) => sum + (is(code) ? pixels : 0), 0) / values.length;
    const hasColours = form.colourType === 2 || form.colourType === 6 || (form.palette !== null && hasAnyOf(form.palette, format));
    const shares = { outside: share((code) => isForeign(code, toId)), void: share((code) => toId[code] === voidId), hasColours };
    return { ...shares, isGrey: form.colourType === 0 || form.colourType === 4 };
  }, null);
}

/** All is outside of a mask that cannot be read so. Grey that happens to be a class's colour is no sign of colours. */
function sharesOf(content: Uint8Array, { format }: ClassSet, { source, by }: Reading): Shares {
  const found = measured(content, format);
  return !found || (by === 'colour' && 'builtIn' in source && found.isGrey) ? { outside: 1, void: 0, hasColours: false } : found;
}
