// Masks as some tools write them. Their samples are taken as they are stored: of a palette its entries' numbers, not its colours.
import type { TiffIfd } from 'tiff';
import { AppError, messageOf } from '#shared/errors';
import { withPicture } from './picture.ts';
import { headersIn } from './tiff-folders.ts';
import { emptySamples } from './png/rows.ts';
import type { Png } from './png/png.ts';

type Refuse = (why: string) => AppError;
type Samples = Uint8Array | Uint16Array;

const jpegCompressions = [6, 7];
/** What counts without a sign. */
const unsigned = 1;
const isPalette = ({ type }: TiffIfd): boolean => type === 3;
/** Its smallest sample is white: libvips turns it, as one sees it. */
const isTurned = ({ type }: TiffIfd): boolean => type === 0;

/**
 * The pixels of a TIFF as a PNG holds them: of 16 bits where it is, as grey where all channels are alike, with its palette. What it says
 * of itself is read from its header; its pixels are decoded by libvips, which takes no more memory than they need.
 * @throws AppError 'corrupt-file' naming the file and the rule, 'too-large'
 */
export async function pngOfTiff(content: Uint8Array, file: string): Promise<Png> {
  const refused: Refuse = (why) => new AppError('corrupt-file', `${file} ${why}: save the mask as a PNG`, { file });
  const page = pageOf(content, refused);
  const { bitsPerSample, samplesPerPixel } = page;
  const depth = bitsPerSample === 16 ? 16 : 8;
  return withPicture(
    file,
    async (image) => {
      const space = isPalette(page) || samplesPerPixel > 2 ? (depth === 16 ? 'rgb16' : 'srgb') : depth === 16 ? 'grey16' : 'b-w';
      const raw = image.toColourspace(space).raw({ depth: depth === 16 ? 'ushort' : 'uchar' });
      const { data, info } = await raw.toBuffer({ resolveWithObject: true });
      const { width, height, channels } = info;
      const samples = depth === 16 ? new Uint16Array(data.buffer, data.byteOffset, data.length / 2) : new Uint8Array(data);
      const header = { width, height, depth, interlaced: false } as const;
      const rest = { transparency: null, beside: [] };
      if (isPalette(page)) return { ...rest, header: { ...header, colourType: 3 as const }, ...indexed(samples, channels, page, refused) };
      if (isTurned(page) && samplesPerPixel > 1) throw refused('is a TIFF whose white is 0, with more than one sample a pixel');
      const most = depth === 16 ? 65535 : 255;
      if (isTurned(page)) samples.forEach((value, at) => (samples[at] = most - value));
      if (bitsPerSample === 1) samples.forEach((value, at) => (samples[at] = value > 0 ? 1 : 0));
      const grey = greyOf(samples, channels);
      if (grey) return { ...rest, header: { ...header, colourType: 0 as const }, samples: grey, palette: null };
      const colourType = ({ 2: 4, 3: 2, 4: 6 } as const)[channels as 2 | 3 | 4];
      return { ...rest, header: { ...header, colourType }, samples, palette: null };
    },
    { asStored: true },
  );
}

/** What its header says of its one picture; smaller ones beside it are views of it. */
function pageOf(content: Uint8Array, refused: Refuse): TiffIfd {
  try {
    const headersOf = headersIn(content);
    const [page] = headersOf([0]);
    const { bitsPerSample: bits, sampleFormat, compression } = page;
    if (jpegCompressions.includes(compression)) throw refused('is a TIFF packed as a JPEG, which changes labels');
    const isRead = bits === 8 || bits === 16 || (isPalette(page) ? bits < 8 : bits === 1);
    if (!isRead || sampleFormat !== unsigned) throw refused(`is a TIFF of ${bits} bits a sample, or of fractions or signs`);
    if (hasSecond(headersOf, page)) throw refused('is a TIFF of several pages, and which of them is the mask is not known');
    return page;
  } catch (error) {
    throw error instanceof AppError ? error : refused(`is a TIFF that cannot be read (${messageOf(error)})`);
  }
}

/** Whether another picture of its size follows. */
function hasSecond(headersOf: (pages: number[]) => TiffIfd[], { width, height }: TiffIfd): boolean {
  try {
    const second = headersOf([1]).at(0);
    return second?.width === width && second.height === height;
  } catch (error) {
    // The library's way to say that there is none.
    if (error instanceof RangeError && error.message.includes('out of bounds')) return false;
    throw error;
  }
}

/** The numbers that pixels of a palette have, found by their colours. */
function indexed(samples: Samples, channels: number, page: TiffIfd, refused: Refuse): { samples: Uint8Array; palette: Uint8Array } {
  const palette = paletteOf(page, refused);
  const places = new Map<number, number[]>();
  for (let at = 0; at < palette.length / 3; at++) {
    const key = (palette[3 * at] << 16) | (palette[3 * at + 1] << 8) | palette[3 * at + 2];
    places.set(key, [...(places.get(key) ?? []), at]);
  }
  const last = lastInUse(palette);
  const indices = new Uint8Array(samples.length / channels);
  for (let pixel = 0; pixel < indices.length; pixel++) {
    const [red, green, blue] = [0, 1, 2].map((c) => samples[pixel * channels + c]);
    const [place, other = Infinity] = places.get((red << 16) | (green << 8) | blue) ?? [];
    if (place === undefined) throw refused('is a TIFF with a pixel that its palette does not have');
    // What only fills the palette up is no entry.
    if (other <= last) throw refused(`is a TIFF whose palette has the colour ${red} ${green} ${blue} at ${place} and at ${other}`);
    indices[pixel] = place;
  }
  return { samples: indices, palette };
}

/** The last entry that is not of the colour that the palette ends with, and one more. */
function lastInUse(palette: Uint8Array): number {
  const end = palette.length - 3;
  let at = end;
  while (at > 0 && [0, 1, 2].every((c) => palette[at + c] === palette[end + c])) at -= 3;
  return at / 3;
}

/** Red, green and blue of its entries, a byte each: they are stored in 16 bits, by some as bytes. */
function paletteOf(page: TiffIfd, refused: Refuse): Uint8Array {
  if (page.bitsPerSample > 8) throw refused('is a TIFF with a palette of more than 256 entries');
  const entries = (page.palette ?? []).flat();
  const most = entries.reduce((sum, value) => Math.max(sum, value), 0);
  return Uint8Array.from(entries, (value) => (most > 255 ? value >> 8 : value));
}

/** One sample a pixel where all channels are alike; null where they are not, or one is alpha. */
function greyOf(samples: Samples, channels: number): Samples | null {
  if (channels === 1) return samples;
  if (channels !== 3) return null;
  for (let at = 0; at < samples.length; at += 3) if (samples[at] !== samples[at + 1] || samples[at] !== samples[at + 2]) return null;
  const grey = emptySamples(samples.length / 3, samples instanceof Uint16Array ? 16 : 8);
  for (let pixel = 0; pixel < grey.length; pixel++) grey[pixel] = samples[pixel * 3];
  return grey;
}
