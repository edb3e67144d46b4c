// What a PNG is made of, looked at before anything of it is unpacked: a few hundred bytes can claim gigabytes.
import { crc32, deflateSync, inflateSync } from 'node:zlib';
import { AppError } from '#shared/errors';
import { assertPixels } from './read-limits.ts';

/** What the first chunk tells. */
export interface PngHeader {
  width: number;
  height: number;
  /** Bits of a sample. */
  depth: number;
  channels: number;
  interlaced: boolean;
}

interface Chunk {
  type: string;
  data: Buffer;
}

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const frameBytes = 12;
/** Writers put some kilobytes of pixels into each. */
const mostChunks = 100_000;
const channelsOf: Record<number, number> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const depthsOf: Record<number, readonly number[]> = { 0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16] };
/** Chunks that the pixels need; colour profiles and texts, which may be packed as well, are never unpacked. */
const needed = new Set(['IHDR', 'PLTE', 'tRNS', 'IDAT', 'IEND']);
/** Each pass of an interlaced picture: its first column and row, and the steps to the next. */
const passes = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

const broken = (file: string, rule: string) => new AppError('corrupt-file', `${file} is not a whole PNG: ${rule}`, { file });

function chunksOf(content: Buffer, file: string): Chunk[] {
  if (!content.subarray(0, signature.length).equals(signature)) throw broken(file, 'it does not begin as one');
  const chunks: Chunk[] = [];
  let at = signature.length;
  while (chunks.at(-1)?.type !== 'IEND') {
    if (at + frameBytes > content.length) throw broken(file, 'it is cut off');
    const length = content.readUInt32BE(at);
    const end = at + frameBytes + length;
    const type = content.toString('latin1', at + 4, at + 8);
    if (end > content.length) throw broken(file, `it is cut off within its chunk ${JSON.stringify(type)}`);
    if (needed.has(type)) {
      if (crc32(content.subarray(at + 4, end - 4)) !== content.readUInt32BE(end - 4)) throw broken(file, `its chunk ${type} is damaged`);
      if (length > 0 || type === 'IEND' || type === 'PLTE') chunks.push({ type, data: content.subarray(at + 8, end - 4) });
      if (chunks.length > mostChunks) throw broken(file, `it has more than ${mostChunks} chunks of pixels`);
    }
    at = end;
  }
  return chunks;
}

/** @throws AppError 'corrupt-file', or 'too-large' if it has more pixels than a person lets it have */
function headerOf([first]: readonly Chunk[], file: string): PngHeader {
  if (first?.type !== 'IHDR' || first.data.length !== 13) throw broken(file, 'it has no header');
  const { data } = first;
  const [width, height, depth, colour] = [data.readUInt32BE(0), data.readUInt32BE(4), data[8], data[9]];
  if (!depthsOf[colour]?.includes(depth)) throw broken(file, `its colour type ${colour} cannot have ${depth} bits`);
  if (width === 0 || height === 0) throw broken(file, `it is ${width} x ${height}`);
  assertPixels(file, width, height);
  return { width, height, depth, channels: channelsOf[colour], interlaced: data[12] === 1 };
}

/** Bytes of the rows before they were packed, the filter's byte of each included. */
function rowBytes({ width, height, depth, channels, interlaced }: PngHeader): number {
  const of = (columns: number, rows: number) => (columns === 0 ? 0 : rows * (1 + Math.ceil((columns * channels * depth) / 8)));
  if (!interlaced) return of(width, height);
  const bytes = passes.map(([left, top, across, down]) =>
    of(Math.max(0, Math.ceil((width - left) / across)), Math.max(0, Math.ceil((height - top) / down))),
  );
  return bytes.reduce((sum, each) => sum + each, 0);
}

function rowsOf(chunks: readonly Chunk[], header: PngHeader, file: string): Buffer {
  const packed = Buffer.concat(chunks.filter(({ type }) => type === 'IDAT').map(({ data }) => data));
  const expected = rowBytes(header);
  let rows: Buffer;
  try {
    rows = inflateSync(packed, { maxOutputLength: expected });
  } catch (error) {
    const isBomb = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    throw broken(file, isBomb ? `its pixels unpack to more than the ${expected} bytes of its size` : 'its pixels cannot be unpacked');
  }
  if (rows.length < expected) throw broken(file, `its pixels unpack to ${rows.length} of ${expected} bytes`);
  return rows;
}

function chunk(type: string, data: Uint8Array): Buffer {
  const bytes = Buffer.alloc(frameBytes + data.length);
  bytes.writeUInt32BE(data.length, 0);
  bytes.write(type, 4, 'latin1');
  bytes.set(data, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + data.length)), 8 + data.length);
  return bytes;
}

/**
 * A PNG of the same pixels that nothing can be hidden in: chunks that pixels need, rows of exactly its size, stored unpacked. What
 * decodes it fills no more memory than the picture takes.
 * @param accept throws what is wrong with a header, before anything is unpacked
 * @throws AppError 'corrupt-file' naming the file and the rule, 'too-large'
 */
export function soundPng(content: Uint8Array, file: string, accept: (header: PngHeader) => void): Uint8Array {
  const chunks = chunksOf(Buffer.from(content.buffer, content.byteOffset, content.byteLength), file);
  const header = headerOf(chunks, file);
  accept(header);
  const rows = rowsOf(chunks, header, file);
  const before = chunks.filter(({ type }) => type !== 'IDAT' && type !== 'IEND').map(({ type, data }) => chunk(type, data));
  return Buffer.concat([signature, ...before, chunk('IDAT', deflateSync(rows, { level: 0 })), chunk('IEND', new Uint8Array())]);
}
