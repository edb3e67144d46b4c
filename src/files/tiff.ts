// Masks as some tools write them. Their samples are taken as they are stored: of a palette its entries' numbers, not its colours.
import { decode, type TiffIfd } from 'tiff';
import { AppError, messageOf } from '#shared/errors';
import { emptySamples } from './png/rows.ts';
import type { Png } from './png/png.ts';
import { assertPixels } from './read-limits.ts';

/**
 * The pixels of a TIFF as a PNG holds them: of 16 bits where it is, as grey where all channels are alike, with its palette.
 * @throws AppError 'corrupt-file' naming the file and the rule, 'too-large'
 */
export function pngOfTiff(content: Uint8Array, file: string): Png {
  const refused = (why: string) => new AppError('corrupt-file', `${file} ${why}: save the mask as a PNG`, { file });
  const page = pageOf(content, file, refused);
  const { width, height, bitsPerSample, samplesPerPixel, data } = page;
  if (page.planarConfiguration !== 1 && samplesPerPixel > 1) throw refused('is a TIFF that stores each channel by itself');
  if (data.length !== width * height * samplesPerPixel) throw refused('is a TIFF whose pixels end too early');
  const depth = bitsPerSample > 8 ? 16 : 8;
  const samples = emptySamples(data.length, depth);
  data.forEach((value, at) => (samples[at] = value));
  if (samples.some((value, at) => value !== data[at])) throw refused('is a TIFF with samples that are no whole numbers from 0 to 65535');
  const header = { width, height, depth, interlaced: false } as const;
  const rest = { transparency: null, beside: [] };
  if (page.type === 3) return { ...rest, header: { ...header, colourType: 3 }, samples, palette: paletteOf(page, refused) };
  const channels = samplesPerPixel as 1 | 2 | 3 | 4;
  if (channels > 4) throw refused(`is a TIFF of ${channels} channels`);
  const isGrey = channels === 1 || (channels === 3 && isAlike(samples));
  if (isGrey) {
    const grey = channels === 1 ? samples : samples.filter((_, at) => at % 3 === 0);
    return { ...rest, header: { ...header, colourType: 0 }, samples: grey, palette: null };
  }
  return { ...rest, header: { ...header, colourType: ({ 2: 4, 3: 2, 4: 6 } as const)[channels] }, samples, palette: null };
}

/** Its one picture; smaller ones beside it are views of it. */
function pageOf(content: Uint8Array, file: string, refused: (why: string) => AppError): TiffIfd {
  try {
    const sizes = decode(content, { ignoreImageData: true });
    const [first] = sizes;
    if (!first) throw refused('is a TIFF without a picture');
    assertPixels(file, first.width, first.height);
    const alike = sizes.filter(({ width, height }) => width === first.width && height === first.height);
    if (alike.length > 1) throw refused(`is a TIFF of ${alike.length} pages, and which of them is the mask is not known`);
    if (first.compression === 7 || first.compression === 6) throw refused('is a TIFF packed as a JPEG, which changes labels');
    return decode(content, { pages: [0] })[0];
  } catch (error) {
    throw error instanceof AppError ? error : refused(`is a TIFF that cannot be read (${messageOf(error)})`);
  }
}

/** Red, green and blue of its entries, a byte each: they are stored in 16 bits, by some as bytes. */
function paletteOf(page: TiffIfd, refused: (why: string) => AppError): Uint8Array {
  if (page.bitsPerSample > 8) throw refused('is a TIFF with a palette of more than 256 entries');
  const entries = (page.palette ?? []).flat();
  const most = entries.reduce((sum, value) => Math.max(sum, value), 0);
  return Uint8Array.from(entries, (value) => (most > 255 ? value >> 8 : value));
}

/** Whether red, green and blue are the same in every pixel. */
function isAlike(samples: Uint8Array | Uint16Array): boolean {
  for (let at = 0; at < samples.length; at += 3) if (samples[at] !== samples[at + 1] || samples[at] !== samples[at + 2]) return false;
  return true;
}
