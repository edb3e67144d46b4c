import { AppError } from '#shared/errors';
import type { StateDict } from '../layers/parameters.ts';

interface HeaderEntry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

const headerLimit = 100_000_000;

/**
 * Encodes float32 tensors in the safetensors format.
 * @param metadata strings for the header's `__metadata__`
 * @returns parts of the file in order: length and header, then the data of each tensor
 */
export function encodeSafetensors(tensors: StateDict, metadata: Record<string, string>): Uint8Array[] {
  const header: Record<string, unknown> = { __metadata__: metadata };
  const data: Uint8Array[] = [];
  let offset = 0;
  for (const [name, tensor] of tensors) {
    const bytes = new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength);
    header[name] = { dtype: 'F32', shape: [...tensor.shape], data_offsets: [offset, offset + bytes.length] };
    data.push(bytes);
    offset += bytes.length;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const padded = new Uint8Array(8 + Math.ceil(json.length / 8) * 8).fill(0x20);
  new DataView(padded.buffer).setBigUint64(0, BigInt(padded.length - 8), true);
  padded.set(json, 8);
  return [padded, ...data];
}

/**
 * Decodes float32 tensors of a safetensors file.
 * @param name of the file, for messages
 * @throws AppError 'corrupt-file' if the header or an offset breaks the format's rules, 'unsupported' on another dtype
 */
export function decodeSafetensors(file: Uint8Array, name: string): { metadata: Record<string, string>; tensors: StateDict } {
  const corrupt = (rule: string) => new AppError('corrupt-file', `${name} is not a whole safetensors file: ${rule}`, { file: name });
  if (file.length < 8) throw corrupt(`it has ${file.length} bytes and the header's length needs 8`);
  const length = Number(new DataView(file.buffer, file.byteOffset, 8).getBigUint64(0, true));
  if (length > headerLimit || length > file.length - 8) throw corrupt(`its header claims ${length} bytes of a file of ${file.length}`);
  let header: Record<string, HeaderEntry | Record<string, string>>;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(file.subarray(8, 8 + length))) as typeof header;
  } catch {
    throw corrupt('its header is not JSON');
  }
  // Not file.subarray: of a Buffer, slice() below would share its memory instead of copying.
  const body = new Uint8Array(file.buffer, file.byteOffset + 8 + length, file.length - 8 - length);
  const tensors: StateDict = new Map();
  for (const [key, value] of Object.entries(header)) {
    if (key === '__metadata__') continue;
    const entry = value as HeaderEntry;
    if (entry.dtype !== 'F32') throw new AppError('unsupported', `${name}: tensor ${key} has dtype ${entry.dtype}, only F32 is read`, { file: name });
    const [begin, end] = entry.data_offsets;
    const size = entry.shape.reduce((product, axis) => product * axis, 1);
    if (!(begin >= 0 && end <= body.length && end - begin === 4 * size)) {
      throw corrupt(`tensor ${key} of shape [${entry.shape.join(', ')}] has offsets ${begin} to ${end} of ${body.length} bytes`);
    }
    tensors.set(key, { shape: entry.shape, data: new Float32Array(body.slice(begin, end).buffer) });
  }
  return { metadata: (header.__metadata__ ?? {}) as Record<string, string>, tensors };
}
