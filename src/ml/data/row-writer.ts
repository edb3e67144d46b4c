import { changesColour, colourChange, normalisation, normalise } from './colour.ts';
import type { Geometry } from './geometry.ts';

/** Puts the bytes of a pixel, changed in colour and normalised, into the image. */
export type PixelWriter = (to: number, red: number, green: number, blue: number) => void;

/** The writer for a sample's colours: a table where only brightness changes, a matrix otherwise. */
export function pixelWriter(geometry: Geometry, image: Float32Array): PixelWriter {
  if (!changesColour(geometry)) {
    const table = normalisation(geometry.brightness);
    return (to, red, green, blue) => {
      image[to] = table[red];
      image[to + 1] = table[256 + green];
      image[to + 2] = table[512 + blue];
    };
  }
  const {
    matrix: [r, g, b],
    offset,
  } = colourChange(geometry);
  return (to, red, green, blue) => {
    image[to] = normalise(r[0] * red + r[1] * green + r[2] * blue + offset, 0);
    image[to + 1] = normalise(g[0] * red + g[1] * green + g[2] * blue + offset, 1);
    image[to + 2] = normalise(b[0] * red + b[1] * green + b[2] * blue + offset, 2);
  };
}

/** The byte between four: `h` to the right, `v` down. The reference rounds resized images to bytes before it normalises them. */
export function between(upperLeft: number, upperRight: number, lowerLeft: number, lowerRight: number, h: number, v: number): number {
  const upper = upperLeft + (upperRight - upperLeft) * h;
  const lower = lowerLeft + (lowerRight - lowerLeft) * h;
  return Math.floor(upper + (lower - upper) * v + 0.5);
}
