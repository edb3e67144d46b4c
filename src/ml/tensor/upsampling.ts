// Bilinear upsampling by products of matrices, an axis after the other.
import * as kernels from './kernels.ts';
import { tf, type Tensor } from './runtime.ts';
import type { Value } from './value.ts';

/** A matrix as a batch of one, which the product shares with every batch. */
const matrix = (values: Float32Array, [rows, columns]: readonly [number, number]): Tensor => tf.tensor(values, [1, rows, columns]);

/**
 * The matrix [to, from * taps] that upsamples one axis and shifts the result by each tap, zero beyond the edge.
 * @param order which of source position and tap runs faster along a row
 */
function upsamplingMatrix(from: number, to: number, taps: number, order: 'tap-fastest' | 'position-fastest'): Float32Array {
  const matrix = new Float32Array(to * from * taps);
  const half = (taps - 1) / 2;
  for (let row = 0; row < to; row++) {
    for (let tap = 0; tap < taps; tap++) {
      const target = row + tap - half;
      if (target < 0 || target >= to) continue;
      const centre = Math.min(Math.max(((target + 0.5) * from) / to - 0.5, 0), from - 1);
      const low = Math.floor(centre);
      const high = Math.min(low + 1, from - 1);
      const at = (position: number) => row * from * taps + (order === 'tap-fastest' ? position * taps + tap : tap * from + position);
      matrix[at(low)] += 1 - (centre - low);
      matrix[at(high)] += centre - low;
    }
  }
  return matrix;
}

/** What is upsampled to which size, and by how many taps an axis its result is shifted: 1 for upsampling alone. */
export interface Upsampling {
  batch: number;
  height: number;
  width: number;
  taps: number;
  outHeight: number;
  outWidth: number;
  channels: number;
}

/** The matrices of both axes, [1, outHeight, height * taps] and [1, outWidth, width * taps]; owned by the caller. */
export const upsamplingMatrices = ({ height, width, taps, outHeight, outWidth }: Upsampling): { rows: Tensor; columns: Tensor } => ({
  rows: matrix(upsamplingMatrix(height, outHeight, taps, 'tap-fastest'), [outHeight, height * taps]),
  columns: matrix(upsamplingMatrix(width, outWidth, taps, 'position-fastest'), [outWidth, width * taps]),
});

/** A matrix's transpose, as its gradient takes it. */
export const turned = <V extends Value>(matrix: V): V => kernels.transpose(matrix, [0, 2, 1]);

/** A chain of kernels, each on what the one before gave; what lies between is let go of. */
function chain(first: Value, ...steps: ((value: Value) => Value)[]): Value {
  return steps.reduce((value, step) => {
    const next = step(value);
    if (value !== first) value.dispose();
    return next;
  }, first);
}

/**
 * Upsamples the taps' maps [batch, height, width, taps * taps * channels] and adds them up.
 * @returns [batch, outHeight, outWidth, channels]
 */
export const spread = (maps: Value, rows: Value, columns: Value, s: Upsampling): Value =>
  chain(
    maps,
    (of) => kernels.reshape(of, [s.batch * s.height, s.width, s.taps, s.taps, s.channels]),
    (byPixel) => kernels.transpose(byPixel, [0, 2, 3, 1, 4]),
    (byRow) => kernels.reshape(byRow, [s.batch * s.height * s.taps, s.taps * s.width, s.channels]),
    (of) => kernels.batchMatMul(columns, of),
    (wide) => kernels.reshape(wide, [s.batch, s.height * s.taps, s.outWidth * s.channels]),
    (of) => kernels.batchMatMul(rows, of),
    (tall) => kernels.reshape(tall, [s.batch, s.outHeight, s.outWidth, s.channels]),
  );

/** The gradient of `spread` to its maps. @param rows, columns turned */
export const gather = (dy: Value, rows: Value, columns: Value, s: Upsampling): Value =>
  chain(
    dy,
    (of) => kernels.reshape(of, [s.batch, s.outHeight, s.outWidth * s.channels]),
    (dTall) => kernels.batchMatMul(rows, dTall),
    (dWide) => kernels.reshape(dWide, [s.batch * s.height * s.taps, s.outWidth, s.channels]),
    (of) => kernels.batchMatMul(columns, of),
    (dByRow) => kernels.reshape(dByRow, [s.batch * s.height, s.taps, s.taps, s.width, s.channels]),
    (of) => kernels.transpose(of, [0, 3, 1, 2, 4]),
    (dMaps) => kernels.reshape(dMaps, [s.batch, s.height, s.width, s.taps * s.taps * s.channels]),
  );
