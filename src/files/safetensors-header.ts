import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { AppError } from '#shared/errors';
import { asFileError } from './atomic-write.ts';

export interface TensorEntry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

export interface SafetensorsHeader {
  metadata: Record<string, string>;
  /** By name, as the file says: not checked against its length. */
  tensors: Map<string, Partial<TensorEntry>>;
  /** Where the tensors' data begins. */
  dataStart: number;
  fileSize: number;
}

/** A file of any size that is read in parts: one above 2 GiB does not fit one buffer. */
export interface OpenedFile {
  size: number;
  /** @throws AppError 'corrupt-file' if the file ends before */
  read: (begin: number, length: number) => Uint8Array;
}

const headerLimit = 100_000_000;
const partBytes = 1 << 30;

const corrupt = (name: string, rule: string) =>
  new AppError('corrupt-file', `${name} is not a whole safetensors file: ${rule}`, { file: name });

/** Opens a file for as long as `work` takes. @throws AppError 'not-found' or 'read-only' naming the file */
export function withFile<T>(file: string, work: (opened: OpenedFile) => T): T {
  let handle: number;
  try {
    handle = openSync(file, 'r');
  } catch (error) {
    throw asFileError(error, file);
  }
  try {
    return work({ size: fstatSync(handle).size, read: (begin, length) => readPart(handle, file, begin, length) });
  } finally {
    closeSync(handle);
  }
}

function readPart(handle: number, file: string, begin: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length;) {
    const count = readSync(handle, bytes, done, Math.min(length - done, partBytes), begin + done);
    if (count === 0) throw corrupt(file, `it ends at byte ${begin + done}`);
    done += count;
  }
  return bytes;
}

/** Parses the header of an opened safetensors file. @param name of the file, for messages @throws AppError 'corrupt-file' */
export function parseHeader(opened: OpenedFile, name: string): SafetensorsHeader {
  const { size: fileSize } = opened;
  if (fileSize < 8) throw corrupt(name, `it has ${fileSize} bytes and the header's length needs 8`);
  const length = Number(new DataView(opened.read(0, 8).buffer).getBigUint64(0, true));
  if (length > headerLimit || length > fileSize - 8) throw corrupt(name, `its header claims ${length} bytes of a file of ${fileSize}`);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(opened.read(8, length)));
  } catch {
    throw corrupt(name, 'its header is not JSON');
  }
  if (header === null || typeof header !== 'object' || Array.isArray(header)) throw corrupt(name, 'its header is not an object');
  const { __metadata__: metadata = {}, ...tensors } = header as Record<string, Partial<TensorEntry>> & {
    __metadata__?: Record<string, string>;
  };
  return { metadata, tensors: new Map(Object.entries(tensors)), dataStart: 8 + length, fileSize };
}

/** The header of a file alone. @throws AppError 'not-found' or 'corrupt-file' naming the file */
export const readHeader = (file: string): SafetensorsHeader => withFile(file, (opened) => parseHeader(opened, file));
