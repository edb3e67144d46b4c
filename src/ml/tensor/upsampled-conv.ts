// Bilinear upsampling followed by a convolution, as one op. Both are linear, so the convolution's channel mixing runs on the small
// image and only its result is upsampled: about 8 instead of 237 GFLOP for the reference's classifier at 224 x 224 (ADR 0007).
import * as kernels from './kernels.ts';
import { tf, type Tensor, type TensorFlow } from './runtime.ts';
import type { Node, Tape } from './tape.ts';

type R3 = TensorFlow.Rank.R3;

/** A matrix as a batch of one, which the product shares with every batch. */
const shared = (matrix: Tensor): Tensor<R3> => tf.reshape<R3>(matrix, [1, matrix.shape[0], matrix.shape[1]!]);

/**
 * The matrix [to, from * taps] that upsamples one axis and shifts the result by each tap, zero beyond the edge.
 * @param order which of source position and tap runs faster along a row
 */
export function upsamplingMatrix(from: number, to: number, taps: number, order: 'tap-fastest' | 'position-fastest'): Float32Array {
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

/**
 * Upsamples the taps' maps [batch, height, width, taps * taps * channels] and adds them up.
 * @returns [batch, outHeight, outWidth, channels]
 */
function spread(maps: Tensor, rows: Tensor, columns: Tensor, s: Sizes): Tensor {
  return tf.tidy(() => {
    const byRow = tf.transpose(tf.reshape(maps, [s.batch * s.height, s.width, s.taps, s.taps, s.channels]), [0, 2, 3, 1, 4]);
    const wide = tf.matMul(shared(columns), tf.reshape<R3>(byRow, [s.batch * s.height * s.taps, s.taps * s.width, s.channels]));
    const tall = tf.matMul(shared(rows), tf.reshape<R3>(wide, [s.batch, s.height * s.taps, s.outWidth * s.channels]));
    return tf.reshape(tall, [s.batch, s.outHeight, s.outWidth, s.channels]);
  });
}

/** The gradient of `spread` to its maps. */
function gather(dy: Tensor, rows: Tensor, columns: Tensor, s: Sizes): Tensor {
  return tf.tidy(() => {
    const dTall = tf.reshape<R3>(dy, [s.batch, s.outHeight, s.outWidth * s.channels]);
    const dWide = tf.matMul(shared(tf.transpose(rows)), dTall);
    const dByRow = tf.matMul(shared(tf.transpose(columns)), tf.reshape<R3>(dWide, [s.batch * s.height * s.taps, s.outWidth, s.channels]));
    const maps = tf.transpose(tf.reshape(dByRow, [s.batch * s.height, s.taps, s.taps, s.width, s.channels]), [0, 3, 1, 2, 4]);
    return tf.reshape(maps, [s.batch, s.height, s.width, s.taps * s.taps * s.channels]);
  });
}

/** [taps, taps, in, out] to a 1 x 1 filter [1, 1, in, taps * taps * out]. */
const toPointwise = (filter: Tensor): Tensor => tf.tidy(() => tf.reshape(tf.transpose(filter, [2, 0, 1, 3]), [1, 1, filter.shape[2]!, -1]));

/**
 * resizeBilinear(x, outHeight, outWidth), then a convolution with stride 1 and "same" zero padding: the same values without ever making
 * the upsampled input.
 * @param x float32 [batch, height, width, inChannels]
 * @param filter float32 [taps, taps, inChannels, outChannels], taps odd
 * @returns float32 [batch, outHeight, outWidth, outChannels]
 */
export function upsampledConv2d(tape: Tape, x: Node, filter: Node, [outHeight, outWidth]: readonly [number, number]): Node {
  const [batch, height, width] = x.shape;
  const [taps, , inChannels, channels] = filter.shape;
  const s: Sizes = { batch, height, width, taps, outHeight, outWidth, channels };
  const rows = tf.tensor(upsamplingMatrix(height, outHeight, taps, 'tap-fastest'), [outHeight, height * taps]);
  const columns = tf.tensor(upsamplingMatrix(width, outWidth, taps, 'position-fastest'), [outWidth, width * taps]);
  const pointwise = toPointwise(filter.value);
  const maps = kernels.conv2d(x.value, pointwise, [1, 1], [0, 0]);
  const y = spread(maps, rows, columns, s);
  maps.dispose();
  const node = tape.op(
    [x, filter],
    y,
    (dy) => {
      const dMaps = gather(dy, rows, columns, s);
      const dx = kernels.conv2dBackpropInput(x.shape, pointwise, dMaps, [1, 1], [0, 0]);
      const dPointwise = kernels.conv2dBackpropFilter(x.value, pointwise.shape, dMaps, [1, 1], [0, 0]);
      dMaps.dispose();
      const dFilter = tf.tidy(() => tf.transpose(tf.reshape(dPointwise, [inChannels, taps, taps, channels]), [1, 2, 0, 3]));
      dPointwise.dispose();
      return [dx, dFilter];
    },
    { keep: [x], saved: [rows, columns, pointwise] },
  );
  tape.record({ op: 'upsampled-conv', inputs: [x, filter], output: node, size: [outHeight, outWidth] });
  return node;
}
