// Bilinear upsampling followed by a convolution, as one op. Both are linear, so the convolution's channel mixing runs on the small
// image and only its result is upsampled: about 8 instead of 237 GFLOP for the reference's classifier at 224 x 224 (ADR 0007).
import * as convKernels from './conv-kernels.ts';
import { inPrecision } from './ops.ts';
import { tf, type Tensor } from './runtime.ts';
import { float32Of, type Node, type Tape } from './tape.ts';
import { gather, spread, turned, upsamplingMatrices, type Upsampling } from './upsampling.ts';
import { dispose, inType, inTypes, type Value } from './value.ts';

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
  const s: Upsampling = { batch, height, width, taps, outHeight, outWidth, channels };
  const input = inPrecision(tape, x);
  const type = tape.precision;
  const { rows, columns } = upsamplingMatrices(s);
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
      const back = [turned(rows), turned(columns)];
      const [dx, dPointwise] = inTypes([...back, pointwise], type, (down, across, weights): Value[] => {
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
      dispose([...back, dPointwise]);
      return [dx, dFilter];
    },
    { keep: [input], saved: [rows, columns, pointwise] },
  );
  tape.record({ op: 'upsampled-conv', inputs: [input, filter], output: node, size: [outHeight, outWidth] });
  return node;
}
