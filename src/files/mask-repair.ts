// Masks that do not fit their images, made to fit: pixels are moved and never mixed, and every sample stays what it was.
import { shownSize, storedAt } from './orientation.ts';
import { pngOfBmp } from './bmp.ts';
import { pictureFormat } from './picture-format.ts';
import { channelsOf } from './png/header.ts';
import { readPng, writePng, type Png } from './png/png.ts';
import { emptySamples } from './png/rows.ts';
import { pngOfTiff } from './tiff.ts';

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

/** @param orientation as it is shown, 1 … 8 as in EXIF */
const turned = (png: Png, orientation: number): Png =>
  rearranged(png, shownSize(png.header, orientation), storedAt(orientation, png.header));

/**
 * A PNG mask in the size of its image.
 * @throws AppError 'corrupt-file' if it cannot be read
 */
export const fittedPng = (content: Uint8Array, file: string, size: Size): Uint8Array =>
  writePng(
    fitted(
      readPng(content, file, () => undefined),
      size,
    ),
  );

/** A PNG mask turned or mirrored. @param orientation as it is shown, 1 … 8 as in EXIF @throws as `fittedPng` */
export const turnedPng = (content: Uint8Array, file: string, orientation: number): Uint8Array =>
  writePng(
    turned(
      readPng(content, file, () => undefined),
      orientation,
    ),
  );

/** The name of the PNG that takes the place of a mask of another kind, beside it. */
export const besideAsPng = (file: string): string => `${file.replace(/\.[^.]+$/, '')}.png`;

/**
 * The pixels of a TIFF or BMP as a PNG.
 * @throws AppError 'corrupt-file' naming the file and the rule if its pixels cannot be taken as they are stored, 'too-large'
 */
export async function asStoredPng(content: Uint8Array, file: string): Promise<Uint8Array> {
  return writePng(pictureFormat(content) === 'bmp' ? pngOfBmp(content, file) : await pngOfTiff(content, file));
}
