// Writes PNG of every kind that the standard has, from its text alone: any depth and colour type, interlaced or not, any filter a row.
import { deflateSync } from 'node:zlib';
import { pngChunk } from '../soak/hostile-files.ts';

export interface WrittenPng {
  width: number;
  height: number;
  depth: number;
  colourType: number;
  interlaced?: boolean;
  /** Samples of each pixel, row-major. */
  samples: readonly number[];
  /** The filter of each row, in turn. */
  filters?: readonly number[];
  palette?: readonly number[];
  transparency?: readonly number[];
  /** Further chunks, before the pixels. */
  beside?: readonly { type: string; data: Uint8Array }[];
}

const channelsOf = [1, 0, 3, 1, 2, 0, 4];
const adam7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
];

function predicted(filter: number, left: number, above: number, corner: number): number {
  if (filter === 1) return left;
  if (filter === 2) return above;
  if (filter === 3) return Math.floor((left + above) / 2);
  if (filter !== 4) return 0;
  const estimate = left + above - corner;
  const byNearness = [left, above, corner].map((value, order) => ({ value, order, off: Math.abs(estimate - value) }));
  return byNearness.sort((a, b) => a.off - b.off || a.order - b.order)[0].value;
}

export function writtenPng(png: WrittenPng): Buffer {
  const { width, height, depth, colourType, interlaced = false, samples, filters = [0] } = png;
  const channels = channelsOf[colourType];
  const out: number[] = [];
  let rowNumber = 0;
  for (const [left, top, across, down] of interlaced ? adam7 : [[0, 0, 1, 1]]) {
    const columns = Math.ceil((width - left) / across);
    if (columns <= 0) continue;
    const bytes = Math.ceil((columns * channels * depth) / 8);
    let above = new Array<number>(bytes).fill(0);
    for (let y = top; y < height; y += down) {
      let bits = '';
      for (let x = left; x < width; x += across)
        for (let c = 0; c < channels; c++) bits += samples[(y * width + x) * channels + c].toString(2).padStart(depth, '0');
      const raw = Array.from({ length: bytes }, (_, i) => parseInt(bits.slice(8 * i, 8 * i + 8).padEnd(8, '0'), 2));
      const step = Math.max(1, Math.floor((channels * depth) / 8));
      const filter = filters[rowNumber++ % filters.length];
      const at = (row: number[], i: number) => (i < 0 ? 0 : row[i]);
      out.push(filter, ...raw.map((byte, i) => (byte - predicted(filter, at(raw, i - step), above[i], at(above, i - step))) & 255));
      above = raw;
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, colourType, 0, 0, interlaced ? 1 : 0], 8);
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    pngChunk('IHDR', header),
    ...(png.palette ? [pngChunk('PLTE', Buffer.from(png.palette))] : []),
    ...(png.transparency ? [pngChunk('tRNS', Buffer.from(png.transparency))] : []),
    ...(png.beside ?? []).map(({ type, data }) => pngChunk(type, Buffer.from(data))),
    pngChunk('IDAT', deflateSync(Buffer.from(out))),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}
