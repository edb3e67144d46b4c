import type { Superpixels } from '../editor/vision.ts';

/** White that is half seen through, as a pixel of a canvas. */
const pixel = 0x70ffffff;

/** The borders between superpixels as a picture: the cells that have another one right of them or below. */
export function bordersOf({ width, height, labels }: Superpixels): ImageData {
  const pixels = new Uint32Array(width * height);
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++, at++) {
      const ends = (x < width - 1 && labels[at] !== labels[at + 1]) || (y < height - 1 && labels[at] !== labels[at + width]);
      if (ends) pixels[at] = pixel;
    }
  return new ImageData(new Uint8ClampedArray(pixels.buffer), width, height);
}
