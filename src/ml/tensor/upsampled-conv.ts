// Bilinear upsampling followed by a convolution, as one op. Both are linear, so the convolution's channel mixing runs on the small
// image and only its result is upsampled: about 8 instead of 237 GFLOP for the reference's classifier at 224 x 224 (ADR 0007).
import * as convKernels from './conv-kernels.ts';
import * as kernels from './kernels.ts';
import { inPrecision } from './ops.ts';
import { tf, type Tensor } from './runtime.ts';
import { float32Of, type Node, type Tape } from './tape.ts';
import { dispose, inType, inTypes, type Value } from './value.ts';

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

/** Sizes of one call. */
interface Sizes {
  batch: number;
  height: number;
  width: number;
  taps: number;
  outHeight: number;
  outWidth: number;
  channels: number;
}

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
const spread = (maps: Value, rows: Value, columns: Value, s: Sizes): Value =>
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
const gather = (dy: Value, rows: Value, columns: Value, s: Sizes): Value =>
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

/** [taps, taps, in, out] to a 1 x 1 filter [1, 1, in, taps * taps * out]. */
const toPointwise = (filter: Tensor): Tensor => tf.tidy(() => tf.reshape(tf.transpose(filter, [2, 0, 1, 3]), [1, 1, filter.shape[2]!, -1]));

/**
 * resizeBilinear(x, outHeight, outWidth), then a convolution with stride 1 and "same" zero padding: the same values without ever making
 * the upsampled input.
 * In the tape's precision; the matrices of factors of two are exact in either.
 * @param x [batch, height, width, inChannels]
 * @param filter float32 [taps, taps, inChannels, outChannels], taps odd
 * @returns [batch, outHeight, outWidth, outChannels]
 */
export function upsampledConv2d(tape: Tape, x: Node, filter: Node, [outHeight, outWidth]: readonly [number, number]): Node {
  const [batch, height, width] = x.shape;
  const [taps, , inChannels, channels] = filter.shape;
  const s: Sizes = { batch, height, width, taps, outHeight, outWidth, channels };
  const input = inPrecision(tape, x);
  const type = tape.precision;
  const rows = matrix(upsamplingMatrix(height, outHeight, taps, 'tap-fastest'), [outHeight, height * taps]);
  const columns = matrix(upsamplingMatrix(width, outWidth, taps, 'position-fastest'), [outWidth, width * taps]);
  const pointwise = toPointwise(filter.value);
  const y = inTypes([rows, columns, pointwise], type, (down, across, weights) => {
    const maps = convKernels.conv2d(input.handle, weights, [1, 1], [0, 0]);
    const spreadOut = spread(maps, down, across, s);
    maps.dispose();
    return spreadOut;
  });
  const node = tape.op(
    [input, filter],
    y,
    (dy) => {
      const turned = [rows, columns].map((of) => kernels.transpose(of, [0, 2, 1]));
      const [dx, dPointwise] = inTypes([...turned, pointwise], type, (down, across, weights): Value[] => {
        const dMaps = gather(dy, down, across, s);
        const gradients = [
          convKernels.conv2dBackpropInput(input.shape, weights, dMaps, [1, 1], [0, 0]),
          convKernels.conv2dBackpropFilter(input.handle, pointwise.shape, dMaps, [1, 1], [0, 0]),
        ];
        dMaps.dispose();
        return gradients;
      });
      const dFilter = inType(dPointwise, 'float32', (of) =>
        tf.tidy(() => tf.transpose(tf.reshape(float32Of(of), [inChannels, taps, taps, channels]), [1, 2, 0, 3])),
      );
      dispose([...turned, dPointwise]);
      return [dx, dFilter];
    },
    { keep: [input], saved: [rows, columns, pointwise] },
  );
  tape.record({ op: 'upsampled-conv', inputs: [input, filter], output: node, size: [outHeight, outWidth] });
  return node;
}
