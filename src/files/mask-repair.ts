// Masks that do not fit their images, made to fit: pixels are moved and never mixed, and every sample stays what it was.
import { pngOfBmp } from './bmp.ts';
import { pictureFormat } from './picture-format.ts';
import { channelsOf } from './png/header.ts';
import { withPicture } from './picture.ts';
import { readPng, writePng, type Png } from './png/png.ts';
import { emptySamples } from './png/rows.ts';

interface Size {
  width: number;
  height: number;
}

/** @param from which pixel of the old one each pixel of the new one is */
function rearranged({ header, samples, ...rest }: Png, { width, height }: Size, from: (x: number, y: number) => number): Png {
  const channels = channelsOf(header);
  const moved = emptySamples(width * height * channels, header.depth);
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++, at += channels) {
      const source = from(x, y) * channels;
      for (let c = 0; c < channels; c++) moved[at + c] = samples[source + c];
    }
  return { ...rest, header: { ...header, width, height }, samples: moved };
}

/** A mask in another size, each pixel the nearest label. */
function fitted(png: Png, { width, height }: Size): Png {
  const { header } = png;
  const column = (x: number) => Math.min(header.width - 1, Math.floor(((x + 0.5) * header.width) / width));
  const row = (y: number) => Math.min(header.height - 1, Math.floor(((y + 0.5) * header.height) / height));
  return rearranged(png, { width, height }, (x, y) => row(y) * header.width + column(x));
}

function turned(png: Png, right: boolean): Png {
  const { width, height } = png.header;
  const from = right ? (x: number, y: number) => (height - 1 - x) * width + y : (x: number, y: number) => x * width + (width - 1 - y);
  return rearranged(png, { width: height, height: width }, from);
}

/**
 * A PNG mask turned, or in the size of its image.
 * @throws AppError 'corrupt-file' if it cannot be read
 */
export function repairedPng(content: Uint8Array, file: string, how: 'fit' | 'turn-left' | 'turn-right', size: Size): Uint8Array {
  const png = readPng(content, file, () => undefined);
  return writePng(how === 'fit' ? fitted(png, size) : turned(png, how === 'turn-right'));
}

/**
 * The pixels of a TIFF or BMP as a PNG. @throws AppError 'corrupt-file' naming the file if it cannot be decoded
 */
export async function asStoredPng(content: Uint8Array, file: string): Promise<Uint8Array> {
  return pictureFormat(content) === 'bmp' ? writePng(pngOfBmp(content, file)) : tiffAsPng(file);
}

/**
 * The pixels of a TIFF as a PNG: grey where all channels are alike, and of 16 bits where they are.
 * @throws AppError 'corrupt-file' naming the file if it cannot be decoded
 */
function tiffAsPng(file: string): Promise<Uint8Array> {
  return withPicture(
    file,
    async (image) => {
      const { depth: kept, channels: stored } = await image.metadata();
      const depth = kept === 'ushort' ? 16 : 8;
      const raw = (stored < 3 ? image.toColourspace('b-w') : image).raw({ depth: depth === 16 ? 'ushort' : 'uchar' });
      const { data, info } = await raw.toBuffer({ resolveWithObject: true });
      const { width, height, channels } = info;
      const samples = depth === 16 ? new Uint16Array(data.buffer, data.byteOffset, data.length / 2) : new Uint8Array(data);
      const isGrey = channels < 3 || (channels === 3 && isAlike(samples));
      const pixels = isGrey && channels > 1 ? samples.filter((_, at) => at % channels === 0) : samples;
      const colourType = isGrey ? 0 : channels === 4 ? 6 : 2;
      const header = { width, height, depth, colourType, interlaced: false } as const;
      return writePng({ header, samples: pixels, palette: null, transparency: null, beside: [] });
    },
    { asStored: true },
  );
}

/** Whether red, green and blue are the same in every pixel. */
function isAlike(samples: Uint8Array | Uint16Array): boolean {
  for (let at = 0; at < samples.length; at += 3) if (samples[at] !== samples[at + 1] || samples[at] !== samples[at + 2]) return false;
  return true;
}
