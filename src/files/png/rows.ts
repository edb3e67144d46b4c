// From the packed rows of a PNG to its samples, and back.
import { inflateSync } from 'node:zlib';
import { brokenPng } from './chunks.ts';
import { channelsOf, type PngHeader } from './header.ts';

/** One pass over a picture: its first column and row, and the steps to the next. */
interface Pass {
  left: number;
  top: number;
  across: number;
  down: number;
}

const adam7: readonly Pass[] = [
  { left: 0, top: 0, across: 8, down: 8 },
  { left: 4, top: 0, across: 8, down: 8 },
  { left: 0, top: 4, across: 4, down: 8 },
  { left: 2, top: 0, across: 4, down: 4 },
  { left: 0, top: 2, across: 2, down: 4 },
  { left: 1, top: 0, across: 2, down: 2 },
  { left: 0, top: 1, across: 1, down: 2 },
];
const whole: readonly Pass[] = [{ left: 0, top: 0, across: 1, down: 1 }];

interface SizedPass extends Pass {
  columns: number;
  rows: number;
  /** Of one row, the filter's byte left out. */
  bytes: number;
}

function passesOf(header: PngHeader): SizedPass[] {
  const bits = channelsOf(header) * header.depth;
  return (header.interlaced ? adam7 : whole)
    .map((pass) => {
      const columns = Math.max(0, Math.ceil((header.width - pass.left) / pass.across));
      const rows = Math.max(0, Math.ceil((header.height - pass.top) / pass.down));
      return { ...pass, columns, rows, bytes: Math.ceil((columns * bits) / 8) };
    })
    .filter(({ columns, rows }) => columns > 0 && rows > 0);
}

/**
 * Unpacks rows into no more memory than the picture's size says.
 * @throws AppError 'corrupt-file' naming the file and the rule
 */
export function unpackRows(packed: Uint8Array, header: PngHeader, file: string): Buffer {
  const expected = passesOf(header).reduce((sum, { rows, bytes }) => sum + rows * (1 + bytes), 0);
  let rows: Buffer;
  try {
    rows = inflateSync(packed, { maxOutputLength: expected });
  } catch (error) {
    const isBomb = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    throw brokenPng(file, isBomb ? `its pixels unpack to more than the ${expected} bytes of its size` : 'its pixels cannot be unpacked');
  }
  if (rows.length < expected) throw brokenPng(file, `its pixels unpack to ${rows.length} of ${expected} bytes`);
  return rows;
}

/** Of left, above and corner, the one that left + above - corner is nearest to. */
function paeth(left: number, above: number, corner: number): number {
  const toLeft = Math.abs(above - corner);
  const toAbove = Math.abs(left - corner);
  const toCorner = Math.abs(left + above - 2 * corner);
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}

type Unfilter = (row: Uint8Array, above: Uint8Array, step: number) => void;

/** Take a filter from a row in place, by its number; `step` bytes are those of a pixel. A loop each: they run once for every byte. */
const unfilters: readonly Unfilter[] = [
  () => undefined,
  (row, _, step) => {
    for (let i = step; i < row.length; i++) row[i] += row[i - step];
  },
  (row, above) => {
    for (let i = 0; i < row.length; i++) row[i] += above[i];
  },
  (row, above, step) => {
    for (let i = 0; i < row.length; i++) row[i] += ((i >= step ? row[i - step] : 0) + above[i]) >> 1;
  },
  (row, above, step) => {
    for (let i = 0; i < Math.min(step, row.length); i++) row[i] += above[i];
    for (let i = step; i < row.length; i++) row[i] += paeth(row[i - step], above[i], above[i - step]);
  },
];

/** Room for samples of this many bits. */
export const emptySamples = (count: number, depth: number): Uint8Array | Uint16Array =>
  depth === 16 ? new Uint16Array(count) : new Uint8Array(count);

/** Samples of a row: each of `depth` bits, the first in the highest. */
function sampleAt(row: Uint8Array, index: number, depth: number): number {
  if (depth === 8) return row[index];
  if (depth === 16) return (row[2 * index] << 8) | row[2 * index + 1];
  const bit = index * depth;
  return (row[bit >> 3] >> (8 - depth - (bit & 7))) & ((1 << depth) - 1);
}

/**
 * The samples of unpacked rows, pixel after pixel, whatever filters and passes they were written in.
 * @throws AppError 'corrupt-file' if a row has a filter that there is not
 */
export function samplesOf(rows: Uint8Array, header: PngHeader, file: string): Uint8Array | Uint16Array {
  const { width, height, depth } = header;
  const channels = channelsOf(header);
  const samples = emptySamples(width * height * channels, depth);
  const step = Math.max(1, (channels * depth) >> 3);
  let at = 0;
  for (const { left, top, across, down, columns, rows: count, bytes } of passesOf(header)) {
    let above: Uint8Array = new Uint8Array(bytes);
    for (let y = 0; y < count; y++, at += 1 + bytes) {
      const row = rows.subarray(at + 1, at + 1 + bytes);
      const unfilter = unfilters[rows[at]];
      if (!unfilter) throw brokenPng(file, `row ${top + y * down} has the filter ${rows[at]}, which there is not`);
      unfilter(row, above, step);
      above = row;
      const to = ((top + y * down) * width + left) * channels;
      if (depth === 8 && across === 1) samples.set(row, to);
      else
        for (let x = 0; x < columns; x++)
          for (let c = 0; c < channels; c++) samples[to + x * across * channels + c] = sampleAt(row, x * channels + c, depth);
    }
  }
  return samples;
}

/** Rows of samples, pass after pass, without a filter, which suits the few values of a mask best. */
export function rowsOf(samples: Uint8Array | Uint16Array, header: PngHeader): Buffer {
  const { width, depth } = header;
  const channels = channelsOf(header);
  const passes = passesOf(header);
  const packed = Buffer.alloc(passes.reduce((sum, { rows, bytes }) => sum + rows * (1 + bytes), 0));
  let at = 0;
  for (const { left, top, across, down, columns, rows, bytes } of passes)
    for (let y = 0; y < rows; y++, at += 1 + bytes) {
      const from = ((top + y * down) * width + left) * channels;
      const row = packed.subarray(at + 1, at + 1 + bytes);
      const own =
        across === 1 ? samples.subarray(from, from + columns * channels) : everyPixel(samples, from, { across, columns, channels, depth });
      packRow(own, row, depth);
    }
  return packed;
}

/** The samples of a pass's row, one pixel after the other. */
function everyPixel(
  samples: Uint8Array | Uint16Array,
  from: number,
  { across, columns, channels, depth }: { across: number; columns: number; channels: number; depth: number },
): Uint8Array | Uint16Array {
  const own = emptySamples(columns * channels, depth);
  for (let x = 0; x < columns; x++) for (let c = 0; c < channels; c++) own[x * channels + c] = samples[from + x * across * channels + c];
  return own;
}

function packRow(from: Uint8Array | Uint16Array, row: Buffer, depth: number): void {
  if (depth === 8) row.set(from);
  else if (depth === 16) from.forEach((sample, index) => row.writeUInt16BE(sample, 2 * index));
  else from.forEach((sample, index) => (row[(index * depth) >> 3] |= sample << (8 - depth - ((index * depth) & 7))));
}
