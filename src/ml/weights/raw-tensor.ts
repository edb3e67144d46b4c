import os from 'node:os';
import { AppError } from '#shared/errors';

/** Element types of weight files, by safetensors' names. */
export type Dtype = 'F64' | 'F32' | 'F16' | 'BF16' | 'I64' | 'I32' | 'I16' | 'I8' | 'U8' | 'BOOL';

export const itemSizes: Record<Dtype, number> = { F64: 8, F32: 4, F16: 2, BF16: 2, I64: 8, I32: 4, I16: 2, I8: 1, U8: 1, BOOL: 1 };

/** A tensor as a file holds it: row-major little-endian bytes. */
export interface RawTensor {
  dtype: Dtype;
  shape: number[];
  bytes: Uint8Array;
}
export type RawStateDict = Map<string, RawTensor>;

const largestHalf = 65504;

/** Whether half precision has room for every value: one beyond it would be infinite. */
export const fitsHalf = (data: Float32Array): boolean => data.every((value) => Math.abs(value) <= largestHalf || !Number.isFinite(value));

/** The largest number of elements that any tensor may claim. */
const elementLimit = 2 ** 31;
/** No network has tensors of more. */
const mostAxes = 8;

/**
 * Elements of a shape.
 * @throws AppError 'corrupt-file' if a size is no whole number of at least 0, or the product is too large to be meant
 */
export function elementCount(shape: readonly number[], describe: string): number {
  const fail = (rule: string) => new AppError('corrupt-file', `${describe} has shape ${shapeText(shape)}, ${rule}`);
  if (shape.length > mostAxes) throw fail(`and at most ${mostAxes} axes are read`);
  let count = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) throw fail('whose sizes must be whole numbers of at least 0');
    count *= size;
    if (count > elementLimit) throw fail(`which is more than ${elementLimit} elements`);
  }
  return count;
}

/** A shape as a file has it, in words: its sizes may be anything. */
export function shapeText(shape: readonly unknown[]): string {
  const sizes = shape.slice(0, mostAxes).map((size) => (typeof size === 'number' || typeof size === 'bigint' ? String(size) : typeof size));
  return `[${sizes.join(', ')}${shape.length > mostAxes ? ', …' : ''}]`;
}

/** Values as bytes, and the same as float32. */
const copies = 2;

/** @throws AppError 'too-large' if a file's tensors do not fit the memory that is free */
export function assertFits(file: string, bytes: number): void {
  // Not what is free now: the system gives back what it keeps of files.
  const free = Math.min(os.totalmem(), process.constrainedMemory() || Infinity) - process.memoryUsage.rss();
  if (bytes * copies <= free) return;
  const need = `${file} has tensors of ${(bytes / 1e9).toFixed(1)} GB, which need ${copies} times that`;
  const text = `${need}, and ${(free / 1e9).toFixed(1)} GB of memory can be had`;
  throw new AppError('too-large', `${text}: close other programs, or take a smaller file`, { file });
}

/** Half precision to double. */
function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const scratch = new DataView(new ArrayBuffer(4));

function fromBfloat16(bits: number): number {
  scratch.setUint32(0, bits << 16);
  return scratch.getFloat32(0);
}

const readers: Record<Dtype, (view: DataView, at: number) => number> = {
  F64: (view, at) => view.getFloat64(at, true),
  F32: (view, at) => view.getFloat32(at, true),
  F16: (view, at) => fromHalf(view.getUint16(at, true)),
  BF16: (view, at) => fromBfloat16(view.getUint16(at, true)),
  I64: (view, at) => Number(view.getBigInt64(at, true)),
  I32: (view, at) => view.getInt32(at, true),
  I16: (view, at) => view.getInt16(at, true),
  I8: (view, at) => view.getInt8(at),
  U8: (view, at) => view.getUint8(at),
  BOOL: (view, at) => (view.getUint8(at) ? 1 : 0),
};

/** Every value as a double; 64-bit integers beyond 2^53 are rounded. */
export function toNumbers({ dtype, bytes }: RawTensor): Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = itemSizes[dtype];
  return Float64Array.from({ length: bytes.length / size }, (_, index) => readers[dtype](view, index * size));
}

/** The values as float32, which is what the network holds. */
export function toFloat32(tensor: RawTensor): Float32Array {
  // A copy: the file's bytes need not be aligned.
  return tensor.dtype === 'F32' ? new Float32Array(new Uint8Array(tensor.bytes).buffer) : Float32Array.from(toNumbers(tensor));
}

/**
 * What is no number spreads: through batch norm's averages it makes every later prediction the same, and no loss tells.
 * @throws AppError 'corrupt-file' naming the first tensor that has a value which is none, or is infinite
 */
export function assertFinite(file: string, tensors: Iterable<NamedNumbers>): void {
  const found = firstNotFinite(tensors);
  if (!found) return;
  throw new AppError(
    'corrupt-file',
    `${file}: ${found.name} has ${found.value} at place ${found.at}, and weights must be finite. ` +
      'In half precision numbers above 65504 become infinite: save it in float32, or take a checkpoint from before',
    { file },
  );
}

type NamedNumbers = readonly [name: string, tensor: { data: Float32Array }];

/** The first value that is no number, or is infinite; null where there is none. */
export function firstNotFinite(tensors: Iterable<NamedNumbers>): { name: string; at: number; value: number } | null {
  for (const [name, { data }] of tensors)
    for (let at = 0; at < data.length; at++) if (!Number.isFinite(data[at])) return { name, at, value: data[at] };
  return null;
}
