// The chunks that a PNG is made of, looked at before anything of it is unpacked: a few hundred bytes can claim gigabytes.
import { crc32 } from 'node:zlib';
import { AppError } from '#shared/errors';

export interface PngChunk {
  type: string;
  data: Uint8Array;
}

export const pngSignature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const frameBytes = 12;
/** Writers put some kilobytes of pixels into each. */
const mostChunks = 100_000;
/** What pixels need. */
export const pixelChunks: ReadonlySet<string> = new Set(['IHDR', 'PLTE', 'tRNS', 'IDAT', 'IEND']);

export const brokenPng = (file: string, rule: string) => new AppError('corrupt-file', `${file} is not a whole PNG: ${rule}`, { file });

/** Whether a picture's bytes begin as a PNG's. */
export const beginsAsPng = (content: Uint8Array): boolean => pngSignature.equals(content.subarray(0, pngSignature.length));

/** Chunks in whose name the first letter is small may be passed over. */
const isAncillary = (type: string): boolean => /^[a-z]/.test(type);

/**
 * The chunks of a PNG in their order; of those that pixels need, empty ones are left out, and of the others those that are damaged.
 * @throws AppError 'corrupt-file' naming the file and the rule
 */
export function readChunks(bytes: Uint8Array, file: string): PngChunk[] {
  const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!beginsAsPng(content)) throw brokenPng(file, 'it does not begin as one');
  const chunks: PngChunk[] = [];
  let at = pngSignature.length;
  while (chunks.at(-1)?.type !== 'IEND') {
    if (at + frameBytes > content.length) throw brokenPng(file, 'it is cut off');
    const length = content.readUInt32BE(at);
    const end = at + frameBytes + length;
    const type = content.toString('latin1', at + 4, at + 8);
    if (end > content.length) throw brokenPng(file, `it is cut off within its chunk ${JSON.stringify(type)}`);
    const isWhole = crc32(content.subarray(at + 4, end - 4)) === content.readUInt32BE(end - 4);
    if (pixelChunks.has(type) && !isWhole) throw brokenPng(file, `its chunk ${type} is damaged`);
    if (!pixelChunks.has(type) && !isAncillary(type)) throw brokenPng(file, `its chunk ${JSON.stringify(type)} is of no known kind`);
    if (isWhole && (length > 0 || type === 'IEND' || type === 'PLTE')) {
      chunks.push({ type, data: content.subarray(at + 8, end - 4) });
      if (chunks.length > mostChunks) throw brokenPng(file, `it has more than ${mostChunks} chunks`);
    }
    at = end;
  }
  return chunks;
}

/** A chunk as it stands in a file: length, name, data, check sum. */
export function writeChunk({ type, data }: PngChunk): Buffer {
  const bytes = Buffer.alloc(frameBytes + data.length);
  bytes.writeUInt32BE(data.length, 0);
  bytes.write(type, 4, 'latin1');
  bytes.set(data, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + data.length)), 8 + data.length);
  return bytes;
}
