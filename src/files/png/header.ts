import { assertDecodedBytes, assertPixels } from '../read-limits.ts';
import { brokenPng, type PngChunk } from './chunks.ts';

/** How the samples of a pixel are meant: grey, red-green-blue, place in a palette, and the first two with alpha. */
export type PngColourType = 0 | 2 | 3 | 4 | 6;

/** What the first chunk tells. */
export interface PngHeader {
  width: number;
  height: number;
  /** Bits of a sample: 1, 2, 4, 8 or 16. */
  depth: number;
  colourType: PngColourType;
  interlaced: boolean;
}

const depthsOf: Record<PngColourType, readonly number[]> = { 0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16] };
const channels: Record<PngColourType, number> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/** Samples of a pixel. */
export const channelsOf = ({ colourType }: Pick<PngHeader, 'colourType'>): number => channels[colourType];

/** Whether the last sample of a pixel is its alpha. */
export const hasAlpha = ({ colourType }: Pick<PngHeader, 'colourType'>): boolean => colourType === 4 || colourType === 6;

/** @throws AppError 'corrupt-file', or 'too-large' if it has more pixels than a person lets it have */
export function readHeader(first: PngChunk | undefined, file: string): PngHeader {
  if (first?.type !== 'IHDR' || first.data.length !== 13) throw brokenPng(file, 'it has no header');
  const data = new DataView(first.data.buffer, first.data.byteOffset, first.data.byteLength);
  const [width, height, depth, colour] = [data.getUint32(0), data.getUint32(4), data.getUint8(8), data.getUint8(9)];
  const colourType = colour as PngColourType;
  if (!depthsOf[colourType]?.includes(depth)) throw brokenPng(file, `its colour type ${colour} cannot have ${depth} bits`);
  if (width === 0 || height === 0) throw brokenPng(file, `it is ${width} x ${height}`);
  const [compression, filter, interlacing] = [data.getUint8(10), data.getUint8(11), data.getUint8(12)];
  if (compression > 0 || filter > 0 || interlacing > 1) throw brokenPng(file, 'it is packed in a way that is not known');
  assertPixels(file, width, height);
  assertDecodedBytes(file, width * height * channels[colourType] * Math.ceil(depth / 8));
  return { width, height, depth, colourType, interlaced: interlacing === 1 };
}

export function writeHeader({ width, height, depth, colourType, interlaced }: PngHeader): PngChunk {
  const data = Buffer.alloc(13);
  data.writeUInt32BE(width, 0);
  data.writeUInt32BE(height, 4);
  data.set([depth, colourType, 0, 0, interlaced ? 1 : 0], 8);
  return { type: 'IHDR', data };
}
