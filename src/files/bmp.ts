// Masks as some old tools write them. Their samples are taken as they are stored: of a palette its entries' numbers, not its colours.
import { decode } from 'fast-bmp';
import { AppError, messageOf } from '#shared/errors';
import type { Png } from './png/png.ts';
import { assertPixels } from './read-limits.ts';

const fileHeaderBytes = 14;
/** What the library reads of any file. */
const leastBytes = 66;
/** The first header that gives sizes of 32 bits; all later ones begin as it does. */
const infoHeaderBytes = 40;

/**
 * The pixels of a BMP as a PNG holds them: of a palette of greys in their order as grey, of another palette with it, or as colours.
 * @throws AppError 'corrupt-file' naming the file and the rule, 'too-large'
 */
export function pngOfBmp(content: Uint8Array, file: string): Png {
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const refused = (why: string) => new AppError('corrupt-file', `${file} ${why}: save the mask as a PNG`, { file });
  if (content.length < fileHeaderBytes + infoHeaderBytes || view.getUint32(14, true) < infoHeaderBytes)
    throw refused('is a BMP of a kind that is not read, older than Windows 3');
  const [begin, width, height] = [view.getUint32(10, true), view.getInt32(18, true), view.getInt32(22, true)];
  if (width < 1 || height < 1) throw refused(`is a BMP of ${width} x ${height}, and its rows must be stored from the lowest to the top`);
  assertPixels(file, width, height);
  const bits = view.getUint16(28, true);
  const rowBytes = Math.ceil((width * bits) / 32) * 4;
  if (begin + rowBytes * height > content.length) throw refused('is a BMP whose pixels end too early');
  const { stored, channels, colours } = decoded(content, refused);
  const header = { width, height, depth: 8, interlaced: false } as const;
  const rest = { transparency: null, beside: [] };
  if (channels > 1) {
    const samples = channels === colours ? stored : stored.filter((_, at) => at % channels < colours);
    return { ...rest, header: { ...header, colourType: 2 }, samples, palette: null };
  }
  const palette = paletteOf(content, view, bits);
  if (stored.some((index) => index * 3 >= palette.length)) throw refused('is a BMP with a pixel that its palette does not have');
  const isGrey = palette.every((value, at) => value === Math.floor(at / 3));
  return { ...rest, header: { ...header, colourType: isGrey ? 0 : 3 }, samples: stored, palette: isGrey ? null : palette };
}

/** Samples from the highest row to the lowest; of colours red, green, blue, and with them alpha where it is stored. */
function decoded(content: Uint8Array, refused: (why: string) => AppError): { stored: Uint8Array; channels: number; colours: number } {
  try {
    // It looks for masks of colours behind the header, also where there are none and the file is shorter.
    const { data, channels, components = channels } = decode(content.length < leastBytes ? padded(content) : content);
    return { stored: data as Uint8Array, channels, colours: components };
  } catch (error) {
    throw refused(`is a BMP that cannot be read (${messageOf(error)})`);
  }
}

function padded(content: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(leastBytes);
  bytes.set(content);
  return bytes;
}

/** Red, green and blue of its entries. */
function paletteOf(content: Uint8Array, view: DataView, bits: number): Uint8Array {
  const begin = fileHeaderBytes + view.getUint32(14, true);
  const count = Math.min(view.getUint32(46, true) || 2 ** bits, 2 ** bits, Math.floor((content.length - begin) / 4));
  return Uint8Array.from({ length: 3 * count }, (_, at) => content[begin + Math.floor(at / 3) * 4 + (2 - (at % 3))]);
}
