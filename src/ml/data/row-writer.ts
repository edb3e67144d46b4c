import { changesColour, colourChange, normalisation, normalise } from './colour.ts';
import type { Geometry } from './geometry.ts';

/**
 * Puts a row's bytes, changed in colour and normalised, into the image: a row at a time, since a loop that does nothing else takes half of
 * what it takes pixel by pixel.
 * @param row bytes, RGB @param from first pixel that lies within the source @param end the one after the last
 * @param start place of the row in the image; what lies beyond the source is the mean colour there
 */
export type RowWriter = (row: Uint8Array, from: number, end: number, start: number) => void;

/** The writer for a sample's colours: a table where only brightness changes, a matrix otherwise. */
export function rowWriter(geometry: Geometry, width: number, image: Float32Array): RowWriter {
  const write = changesColour(geometry) ? matrixWriter(geometry, image) : tableWriter(geometry, image);
  return (row, from, end, start) => {
    image.fill(0, start, start + from * 3);
    write(row, from, end, start);
    image.fill(0, start + end * 3, start + width * 3);
  };
}

function tableWriter({ brightness }: Geometry, image: Float32Array): RowWriter {
  const table = normalisation(brightness);
  return (row, from, end, start) => {
    for (let at = from * 3; at < end * 3; at += 3) {
      image[start + at] = table[row[at]];
      image[start + at + 1] = table[256 + row[at + 1]];
      image[start + at + 2] = table[512 + row[at + 2]];
    }
  };
}

function matrixWriter(geometry: Geometry, image: Float32Array): RowWriter {
  const { matrix, offset } = colourChange(geometry);
  // Numbers of their own: out of arrays they would be read again for each pixel.
  const [[rr, rg, rb], [gr, gg, gb], [br, bg, bb]] = matrix;
  return (row, from, end, start) => {
    for (let at = from * 3; at < end * 3; at += 3) {
      const red = row[at];
      const green = row[at + 1];
      const blue = row[at + 2];
      image[start + at] = normalise(rr * red + rg * green + rb * blue + offset, 0);
      image[start + at + 1] = normalise(gr * red + gg * green + gb * blue + offset, 1);
      image[start + at + 2] = normalise(br * red + bg * green + bb * blue + offset, 2);
    }
  };
}

/**
 * Puts the bytes between four pixels into a row. The reference rounds resized images to bytes before it normalises them.
 * @param upper, lower places of the two pixels of each row, left and right @param h to the right, 0 … 1 @param v down, 0 … 1
 * @param to place in the row
 */
export function putBetween(
  pixels: Uint8Array,
  upperLeft: number,
  upperRight: number,
  lowerLeft: number,
  lowerRight: number,
  h: number,
  v: number,
  row: Uint8Array,
  to: number,
): void {
  for (let channel = 0; channel < 3; channel++) {
    const first = pixels[upperLeft + channel];
    const third = pixels[lowerLeft + channel];
    const upper = first + (pixels[upperRight + channel] - first) * h;
    const lower = third + (pixels[lowerRight + channel] - third) * h;
    // A byte has no fraction: what is put there is rounded by what is added.
    row[to + channel] = upper + (lower - upper) * v + 0.5;
  }
}
