import { boundedJson } from '#shared/json';
import { AppError, messageOf } from '#shared/errors';
import { withPlainFile, type OpenedFile, type PlainFileOptions } from './plain-file.ts';

export interface TensorEntry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

export interface SafetensorsHeader {
  metadata: Record<string, string>;
  /** By name, as the file says: each is an object, and nothing else of it is checked. */
  tensors: Map<string, Partial<TensorEntry>>;
  /** Where the tensors' data begins. */
  dataStart: number;
  fileSize: number;
}

/** What the format's own library reads. The longest run of the most classes tells of itself in a third of it. */
const headerLimit = 100_000_000;

const corrupt = (name: string, rule: string) =>
  new AppError('corrupt-file', `${name} is not a whole safetensors file: ${rule}`, { file: name });

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** @throws AppError 'corrupt-file' if metadata are no texts, or a tensor is no object */
function checkHeader(header: unknown, name: string): Pick<SafetensorsHeader, 'metadata' | 'tensors'> {
  if (!isObject(header)) throw corrupt(name, 'its header is not an object');
  const { __metadata__: metadata = {}, ...tensors } = header;
  if (!isObject(metadata) || Object.values(metadata).some((value) => typeof value !== 'string')) {
    throw corrupt(name, 'its __metadata__ must hold texts alone');
  }
  const wrong = Object.keys(tensors).find((key) => !isObject(tensors[key]));
  if (wrong !== undefined) throw corrupt(name, `tensor ${wrong} is no object`);
  return {
    metadata: metadata as Record<string, string>,
    tensors: new Map(Object.entries(tensors as Record<string, Partial<TensorEntry>>)),
  };
}

/** Parses the header of an opened safetensors file. @param name of the file, for messages @throws AppError 'corrupt-file' */
export function parseHeader(opened: OpenedFile, name: string): SafetensorsHeader {
  const { size: fileSize } = opened;
  if (fileSize < 8) throw corrupt(name, `it has ${fileSize} bytes and the header's length needs 8`);
  const claimed = opened.read(0, 8);
  const length = Number(new DataView(claimed.buffer, claimed.byteOffset).getBigUint64(0, true));
  if (length > fileSize - 8) throw corrupt(name, `its header claims ${length} bytes of a file of ${fileSize}`);
  if (length > headerLimit) throw corrupt(name, `its header has ${length} bytes, and at most ${headerLimit} are read`);
  let header: unknown;
  try {
    header = boundedJson(new TextDecoder('utf-8', { fatal: true }).decode(opened.read(8, length)));
  } catch (error) {
    throw corrupt(name, `its header cannot be read (${messageOf(error)})`);
  }
  return { ...checkHeader(header, name), dataStart: 8 + length, fileSize };
}

/** The header of a file alone. @throws AppError as `withPlainFile`, 'corrupt-file' naming the file */
export const readHeader = (file: string, options: PlainFileOptions = {}): SafetensorsHeader =>
  withPlainFile(file, (opened) => parseHeader(opened, file), options);
