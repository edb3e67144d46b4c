import { withPlainFile, type OpenedFile } from '#files/plain-file';
import { parseHeader, type SafetensorsHeader, type TensorEntry } from '#files/safetensors-header';
import { AppError } from '#shared/errors';
import type { StateDict, StateTensor } from '../layers/parameters.ts';
import { assertFits, elementCount, fitsHalf, itemSizes, toFloat32, type Dtype, type RawStateDict } from './raw-tensor.ts';

/** The bytes of a tensor's values: rounded to half precision where that is asked for and has room for each, as float32 else. */
function bytesOf({ data }: StateTensor, dtype: 'F32' | 'F16'): { dtype: 'F32' | 'F16'; bytes: Uint8Array } {
  const isHalf = dtype === 'F16' && fitsHalf(data);
  const values = isHalf ? new Float16Array(data) : data;
  return { dtype: isHalf ? 'F16' : 'F32', bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) };
}

/**
 * Encodes float32 tensors in the safetensors format.
 * @param metadata strings for the header's `__metadata__`
 * @param dtype in the file; half precision keeps 11 bits of every value. A tensor that it has no room for, such as a large variance, stays
 * as it is
 * @returns parts of the file in order: length and header, then the data of each tensor
 */
export function encodeSafetensors(tensors: StateDict, metadata: Record<string, string>, dtype: 'F32' | 'F16' = 'F32'): Uint8Array[] {
  const header: Record<string, unknown> = { __metadata__: metadata };
  const data: Uint8Array[] = [];
  let offset = 0;
  for (const [name, tensor] of tensors) {
    const { bytes, dtype: own } = bytesOf(tensor, dtype);
    header[name] = { dtype: own, shape: [...tensor.shape], data_offsets: [offset, offset + bytes.length] };
    data.push(bytes);
    offset += bytes.length;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const padded = new Uint8Array(8 + Math.ceil(json.length / 8) * 8).fill(0x20);
  new DataView(padded.buffer).setBigUint64(0, BigInt(padded.length - 8), true);
  padded.set(json, 8);
  return [padded, ...data];
}

const corrupt = (name: string, rule: string) =>
  new AppError('corrupt-file', `${name} is not a whole safetensors file: ${rule}`, { file: name });

/** Checks a tensor's entry against the file. @returns where its bytes are, counted from the file's beginning */
function locate(key: string, entry: Partial<TensorEntry>, { dataStart, fileSize }: SafetensorsHeader, name: string) {
  const { dtype, shape, data_offsets: offsets } = entry;
  if (!Array.isArray(shape) || !Array.isArray(offsets) || typeof dtype !== 'string') {
    throw corrupt(name, `tensor ${key} lacks dtype, shape or offsets`);
  }
  if (!Object.hasOwn(itemSizes, dtype)) {
    const known = Object.keys(itemSizes).join(', ');
    throw new AppError('unsupported', `${name}: tensor ${key} has dtype ${dtype}; known are ${known}`, { file: name });
  }
  const [begin, end] = offsets;
  const bytes = elementCount(shape, `${name}: tensor ${key}`) * itemSizes[dtype as Dtype];
  const available = fileSize - dataStart;
  if (!(Number.isSafeInteger(begin) && Number.isSafeInteger(end) && begin >= 0 && end <= available && end - begin === bytes)) {
    throw corrupt(name, `tensor ${key} of shape [${shape.join(', ')}] has offsets ${begin} to ${end} of ${available} bytes`);
  }
  return { dtype: dtype as Dtype, shape, begin, end };
}

/** Judges a file by its metadata and the bytes of its tensors, before any of these is read; throws what is wrong. */
export type Accept = (metadata: Record<string, string>, tensorBytes: number) => void;

/**
 * Reads a safetensors file of any of its usual element types, each tensor by itself, so that files above 2 GiB are read too.
 * @throws AppError as `withPlainFile`, 'corrupt-file' if header, shape or offsets break the format's rules, 'unsupported' on an
 * unknown dtype, 'too-large' if its tensors do not fit the memory, or what `accept` throws
 */
export function readSafetensors(
  file: string,
  accept: Accept = () => undefined,
): { metadata: Record<string, string>; tensors: RawStateDict } {
  const read = (opened: OpenedFile) => {
    const header = parseHeader(opened, file);
    const located = [...header.tensors].map(([key, entry]) => ({ key, ...locate(key, entry, header, file) }));
    assertDisjoint(
      located.map(({ begin, end, key }) => [begin, end, key]),
      file,
    );
    const bytes = located.reduce((sum, { begin, end }) => sum + end - begin, 0);
    accept(header.metadata, bytes);
    assertFits(file, bytes);
    const tensors: RawStateDict = new Map();
    for (const { key, dtype, shape, begin, end } of located) {
      tensors.set(key, { dtype, shape, bytes: opened.read(header.dataStart + begin, end - begin) });
    }
    return { metadata: header.metadata, tensors };
  };
  return withPlainFile(file, read, { follow: true });
}

function assertDisjoint(ranges: [number, number, string][], name: string): void {
  const sorted = ranges.filter(([begin, end]) => end > begin).sort((a, b) => a[0] - b[0]);
  sorted.forEach(([begin, , key], index) => {
    if (index > 0 && begin < sorted[index - 1][1]) throw corrupt(name, `tensors ${sorted[index - 1][2]} and ${key} share bytes`);
  });
}

/** Reads a safetensors file as float32 tensors. @throws as `readSafetensors` */
export function decodeSafetensors(file: string, accept?: Accept): { metadata: Record<string, string>; tensors: StateDict } {
  const { metadata, tensors } = readSafetensors(file, accept);
  return { metadata, tensors: new Map([...tensors].map(([key, tensor]) => [key, { shape: tensor.shape, data: toFloat32(tensor) }])) };
}
