// PNG as masks need it: the samples as they are stored, and all that lies around them, so that it can be written back.
import { deflateSync } from 'node:zlib';
import { brokenPng, pixelChunks, pngSignature, readChunks, writeChunk, type PngChunk } from './chunks.ts';
import { readHeader, writeHeader, type PngHeader } from './header.ts';
import { rowsOf, samplesOf, unpackRows } from './rows.ts';

/** A chunk that says something besides the pixels, and where it stood: before the palette, before or after the pixels. */
export interface BesideChunk extends PngChunk {
  place: 'before-palette' | 'before-pixels' | 'after-pixels';
}

/** A PNG's pixels as they are stored. */
export interface Png {
  header: PngHeader;
  /** Pixel after pixel; of 16 bits where the header says so, else a byte each. */
  samples: Uint8Array | Uint16Array;
  /** Red, green and blue of each entry, one after the other. */
  palette: Uint8Array | null;
  /** Alpha of the palette's entries, or the sample that is transparent. */
  transparency: Uint8Array | null;
  beside: BesideChunk[];
}

/** Remain true when pixels change, beside those whose name says so by its last letter. */
const lasting = new Set(['gAMA', 'cHRM', 'sRGB', 'iCCP', 'sBIT', 'cICP', 'bKGD', 'eXIf']);
const staysTrue = (type: string): boolean => lasting.has(type) || /[a-z]$/.test(type);

function besideOf(chunks: readonly PngChunk[]): BesideChunk[] {
  const firstPixels = chunks.findIndex(({ type }) => type === 'IDAT');
  const palette = chunks.findIndex(({ type }) => type === 'PLTE');
  return chunks.flatMap((chunk, index) => {
    if (pixelChunks.has(chunk.type) || !staysTrue(chunk.type)) return [];
    const place = index > firstPixels ? 'after-pixels' : index > palette && palette >= 0 ? 'before-pixels' : 'before-palette';
    return [{ type: chunk.type, data: Uint8Array.from(chunk.data), place } as const];
  });
}

const copyOf = (chunks: readonly PngChunk[], wanted: string): Uint8Array | null => {
  const found = chunks.find(({ type }) => type === wanted);
  return found ? Uint8Array.from(found.data) : null;
};

/** A palette has whole entries, and no more than its samples can name. */
function paletteOf(chunks: readonly PngChunk[], { colourType, depth }: PngHeader, file: string): Uint8Array | null {
  if (colourType !== 3) return null;
  const palette = copyOf(chunks, 'PLTE');
  const entries = (palette?.length ?? 0) / 3;
  if (!palette || !Number.isInteger(entries) || entries < 1 || entries > 2 ** depth) {
    throw brokenPng(file, `its palette must have 1 to ${2 ** depth} entries, received ${palette ? entries : 'none'}`);
  }
  return palette;
}

/** @throws AppError 'corrupt-file' if chunks that pixels need come twice, or in another order than one can read them in */
function assertOrder(chunks: readonly PngChunk[], file: string): void {
  const needed = chunks.map(({ type }) => type).filter((type) => pixelChunks.has(type));
  for (const once of ['IHDR', 'PLTE', 'tRNS']) {
    if (needed.indexOf(once) !== needed.lastIndexOf(once)) throw brokenPng(file, `its chunk ${once} comes twice`);
  }
  const pixels = needed.indexOf('IDAT');
  const late = needed.slice(pixels < 0 ? needed.length : pixels).find((type) => type === 'PLTE' || type === 'tRNS');
  if (late) throw brokenPng(file, `its chunk ${late} comes after its pixels`);
}

/**
 * Reads a PNG; nothing of it takes more memory than its size says.
 * @param accept throws what is wrong with a header, before anything is unpacked
 * @throws AppError 'corrupt-file' naming the file and the rule, 'too-large'
 */
export function readPng(content: Uint8Array, file: string, accept: (header: PngHeader) => void): Png {
  const chunks = readChunks(content, file);
  const header = readHeader(chunks[0], file);
  accept(header);
  assertOrder(chunks, file);
  const palette = paletteOf(chunks, header, file);
  const packed = Buffer.concat(chunks.filter(({ type }) => type === 'IDAT').map(({ data }) => data));
  const samples = samplesOf(unpackRows(packed, header, file), header, file);
  return { header, samples, palette, transparency: copyOf(chunks, 'tRNS'), beside: besideOf(chunks) };
}

/** Writes a PNG. */
export function writePng({ header, samples, palette, transparency, beside }: Png): Uint8Array {
  const at = (place: BesideChunk['place']) => beside.filter((chunk) => chunk.place === place);
  const chunks: PngChunk[] = [
    writeHeader(header),
    ...at('before-palette'),
    ...(palette ? [{ type: 'PLTE', data: palette }] : []),
    ...(transparency ? [{ type: 'tRNS', data: transparency }] : []),
    ...at('before-pixels'),
    { type: 'IDAT', data: deflateSync(rowsOf(samples, header)) },
    ...at('after-pixels'),
    { type: 'IEND', data: new Uint8Array() },
  ];
  return Buffer.concat([pngSignature, ...chunks.map(writeChunk)]);
}
