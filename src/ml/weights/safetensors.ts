import { AppError } from '#shared/errors';
import type { StateDict, StateTensor } from '../layers/parameters.ts';
import { elementCount, itemSizes, toFloat32, type Dtype, type RawStateDict } from './raw-tensor.ts';

interface HeaderEntry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

const headerLimit = 100_000_000;

/** The bytes of a tensor's values, as float32 or rounded to half precision. */
function bytesOf({ data }: StateTensor, dtype: 'F32' | 'F16'): Uint8Array {
  const values = dtype === 'F16' ? new Float16Array(data) : data;
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/**
 * Encodes float32 tensors in the safetensors format.
 * @param metadata strings for the header's `__metadata__`
 * @param dtype in the file; half precision keeps 11 bits of every value
 * @returns parts of the file in order: length and header, then the data of each tensor
 */
export function encodeSafetensors(tensors: StateDict, metadata: Record<string, string>, dtype: 'F32' | 'F16' = 'F32'): Uint8Array[] {
  const header: Record<string, unknown> = { __metadata__: metadata };
  const data: Uint8Array[] = [];
  let offset = 0;
  for (const [name, tensor] of tensors) {
    const bytes = bytesOf(tensor, dtype);
    header[name] = { dtype, shape: [...tensor.shape], data_offsets: [offset, offset + bytes.length] };
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

function readHeader(file: Uint8Array, name: string): { header: Record<string, HeaderEntry | Record<string, string>>; body: Uint8Array } {
  if (file.length < 8) throw corrupt(name, `it has ${file.length} bytes and the header's length needs 8`);
  const length = Number(new DataView(file.buffer, file.byteOffset, 8).getBigUint64(0, true));
  if (length > headerLimit || length > file.length - 8)
    throw corrupt(name, `its header claims ${length} bytes of a file of ${file.length}`);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(file.subarray(8, 8 + length)));
  } catch {
    throw corrupt(name, 'its header is not JSON');
  }
  if (header === null || typeof header !== 'object' || Array.isArray(header)) throw corrupt(name, 'its header is not an object');
  // Not file.subarray: of a Buffer, a later slice() would share its memory instead of copying.
  return {
    header: header as Record<string, HeaderEntry>,
    body: new Uint8Array(file.buffer, file.byteOffset + 8 + length, file.length - 8 - length),
  };
}

/**
 * Reads a safetensors file of any of its usual element types.
 * @param name of the file, for messages
 * @throws AppError 'corrupt-file' if header, shape or offsets break the format's rules, 'unsupported' on an unknown dtype
 */
export function readSafetensors(file: Uint8Array, name: string): { metadata: Record<string, string>; tensors: RawStateDict } {
  const { header, body } = readHeader(file, name);
  const tensors: RawStateDict = new Map();
  const ranges: [number, number, string][] = [];
  for (const [key, value] of Object.entries(header)) {
    if (key === '__metadata__') continue;
    const { dtype, shape, data_offsets: offsets } = value as Partial<HeaderEntry>;
    if (!Array.isArray(shape) || !Array.isArray(offsets) || typeof dtype !== 'string')
      throw corrupt(name, `tensor ${key} lacks dtype, shape or offsets`);
    if (!Object.hasOwn(itemSizes, dtype))
      throw new AppError('unsupported', `${name}: tensor ${key} has dtype ${dtype}; known are ${Object.keys(itemSizes).join(', ')}`, {
        file: name,
      });
    const [begin, end] = offsets;
    const bytes = elementCount(shape, `${name}: tensor ${key}`) * itemSizes[dtype as Dtype];
    if (!(Number.isSafeInteger(begin) && begin >= 0 && end <= body.length && end - begin === bytes)) {
      throw corrupt(name, `tensor ${key} of shape [${shape.join(', ')}] has offsets ${begin} to ${end} of ${body.length} bytes`);
    }
    ranges.push([begin, end, key]);
    tensors.set(key, { dtype: dtype as Dtype, shape, bytes: body.subarray(begin, end) });
  }
  assertDisjoint(ranges, name);
  return { metadata: (header.__metadata__ ?? {}) as Record<string, string>, tensors };
}

function assertDisjoint(ranges: [number, number, string][], name: string): void {
  const sorted = ranges.filter(([begin, end]) => end > begin).sort((a, b) => a[0] - b[0]);
  sorted.forEach(([begin, , key], index) => {
    if (index > 0 && begin < sorted[index - 1][1]) throw corrupt(name, `tensors ${sorted[index - 1][2]} and ${key} share bytes`);
  });
}

/** Reads a safetensors file as float32 tensors. @throws as `readSafetensors` */
export function decodeSafetensors(file: Uint8Array, name: string): { metadata: Record<string, string>; tensors: StateDict } {
  const { metadata, tensors } = readSafetensors(file, name);
  return { metadata, tensors: new Map([...tensors].map(([key, tensor]) => [key, { shape: tensor.shape, data: toFloat32(tensor) }])) };
}
