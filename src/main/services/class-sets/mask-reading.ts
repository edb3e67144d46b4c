// How masks name classes is seen by looking at a few of them: what leaves the fewest pixels outside a class set.
import { decodeStoredMask } from '#files/mask-png';
import { countCodes } from '#files/mask-writing';
import { isForeign } from '#files/mask-legend';
import { isLargeMask } from '#files/large-pictures';
import { readPictureFile } from '#files/plain-file';
import type { ClassSource } from '#shared/data/arrangement';
import { classSetFrom, type ClassSet, type FullClassSet, type MaskReading } from './class-set.ts';

/** A way to read masks that could be meant. */
export interface Reading {
  source: ClassSource;
  full: FullClassSet;
  by: MaskReading['by'];
  /** Names the class set in messages. */
  file: string;
}

/** Masks that are looked at, spread over all. */
const looked = 6;

export interface BestReading {
  reading: Reading;
  /** Share of pixels that it leaves outside the class set, 0 … 1. */
  outside: number;
  /** Masks that were looked at. */
  looked: number;
}

/** @returns the first of the readings that leave the fewest pixels outside; null if there are none */
export function bestReading(maskFiles: readonly string[], readings: readonly Reading[]): BestReading | null {
  const step = Math.max(1, Math.floor(maskFiles.length / looked));
  const masks = maskFiles.filter((_, index) => index % step === 0).slice(0, looked);
  const contents = masks.flatMap(contentOf);
  let best: BestReading | null = null;
  for (const reading of readings) {
    const set = usable(reading);
    if (!set) continue;
    const outside = contents.reduce((sum, content) => sum + outsideOf(content, set, reading), 0) / Math.max(1, contents.length);
    if (!best || outside < best.outside) best = { reading, outside, looked: contents.length };
    if (outside === 0) break;
  }
  return best;
}

/** What cannot be read is told when it is surveyed. */
function contentOf(file: string): Uint8Array[] {
  try {
    return isLargeMask(file) ? [] : [readPictureFile(file)];
  } catch {
    return [];
  }
}

/** A set whose colours do not tell its classes apart cannot be read by them. */
function usable({ full, by, file }: Reading): ClassSet | null {
  try {
    return classSetFrom(full, { by }, file);
  } catch {
    return null;
  }
}

/** Share of a mask's pixels that are in no class: all of one that cannot be read so. */
function outsideOf(content: Uint8Array, { format }: ClassSet, { source, by }: Reading): number {
  try {
    const { values, toId, form } = decodeStoredMask(content, 'a mask', format);
    // Grey that happens to be a class's colour is no sign of colours.
    if (by === 'colour' && 'builtIn' in source && (form.colourType === 0 || form.colourType === 4)) return 1;
    const outside = countCodes(values).reduce((sum, pixels, code) => sum + (isForeign(code, toId) ? pixels : 0), 0);
    return outside / values.length;
  } catch {
    return 1;
  }
}
