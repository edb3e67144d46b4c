// Convolution on the tape: plain, and dilated in two ways.
import * as kernels from './kernels.ts';
import type { Padding, Stride } from './kernels.ts';
import { deviceName, tf, type Tensor } from './runtime.ts';
import type { Node, Tape } from './tape.ts';

export interface ConvGeometry {
  stride: Stride;
  padding: Padding;
  dilation: number;
}

/** How a dilated convolution runs: TensorFlow's CPU kernels have no dilated gradients, its GPU kernels do. */
export type DilationPath = 'native' | 'space-to-batch';

/**
 * Convolution of x [batch, height, width, inChannels] with filter [kernelHeight, kernelWidth, inChannels, outChannels].
 * @param path of a dilated convolution; by default the one this device has
 * @returns float32 [batch, outHeight, outWidth, outChannels]
 */
export function conv2d(
  tape: Tape,
  x: Node,
  filter: Node,
  geometry: ConvGeometry,
  path: DilationPath = deviceName() === 'GPU' ? 'native' : 'space-to-batch',
): Node {
  const node =
    geometry.dilation > 1 && path === 'space-to-batch' && geometry.stride[0] === 1 && geometry.stride[1] === 1
      ? blockConv2d(tape, x, filter, geometry)
      : plainConv2d(tape, x, filter, geometry);
  tape.record({ op: 'conv', inputs: [x, filter], output: node, ...geometry });
  return node;
}

function plainConv2d(tape: Tape, x: Node, filter: Node, geometry: ConvGeometry): Node {
  if (isThinned(filter.shape, geometry)) return thinnedConv2d(tape, x, filter, geometry.stride);
  const { stride, padding, dilation } = geometry;
  const y = kernels.conv2d(x.value, filter.value, stride, padding, dilation);
  return tape.op(
    [x, filter],
    y,
    (dy) => [
      x.needsGradient ? convInputGradient(x.shape, filter.value, dy, geometry) : null,
      filter.needsGradient ? kernels.conv2dBackpropFilter(x.value, filter.shape, dy, stride, padding, dilation) : null,
    ],
    { keep: [x] },
  );
}

/** Whether a convolution reads one pixel of each stride x stride and none of the others. */
const isThinned = ([height, width]: readonly number[], { stride, padding }: ConvGeometry): boolean =>
  height === 1 && width === 1 && padding[0] === 0 && padding[1] === 0 && (stride[0] > 1 || stride[1] > 1);

/**
 * A 1x1 convolution with a stride as a convolution of stride 1 on the pixels that it reads. oneDNN's own gradient to such a filter
 * writes past its memory at fewer than 16 channels and an odd batch, which ends the process (`npm run soak -- convolutions --kernels`); and
 * a quarter of the input is kept for the gradient.
 */
function thinnedConv2d(tape: Tape, x: Node, filter: Node, stride: Stride): Node {
  const thin = kernels.everyNth(x.value, stride);
  const y = kernels.conv2d(thin, filter.value, [1, 1], [0, 0]);
  return tape.op(
    [x, filter],
    y,
    (dy) => {
      let dx: Tensor | null = null;
      if (x.needsGradient) {
        const dThin = kernels.conv2dBackpropInput(thin.shape, filter.value, dy, [1, 1], [0, 0]);
        dx = kernels.everyNthGrad(dThin, x.shape, stride);
        dThin.dispose();
      }
      return [dx, filter.needsGradient ? kernels.conv2dBackpropFilter(thin, filter.shape, dy, [1, 1], [0, 0]) : null];
    },
    { saved: [thin] },
  );
}

/**
 * The gradient to a convolution's input. At stride 1 that is a forward convolution with the filter turned round, which
 * oneDNN runs a fifth to a third faster than its own backward kernel (docs/benchmarks.md).
 */
function convInputGradient(shape: readonly number[], filter: Tensor, dy: Tensor, { stride, padding, dilation }: ConvGeometry): Tensor {
  const [height, width] = filter.shape;
  const turned = stride[0] === 1 && stride[1] === 1 && dilation === 1 && height > 1 && padding[0] < height && padding[1] < width;
  if (!turned) return kernels.conv2dBackpropInput(shape, filter, dy, stride, padding, dilation);
  const round = tf.tidy(() => tf.transpose(tf.reverse(filter, [0, 1]), [0, 1, 3, 2]));
  const dx = kernels.conv2d(dy, round, [1, 1], [height - 1 - padding[0], width - 1 - padding[1]]);
  round.dispose();
  return dx;
}

/**
 * Dilated convolution at stride 1 as space-to-batch, plain convolution, batch-to-space: exact, and unlike the
 * dilated kernels it has CPU gradients.
 */
function blockConv2d(tape: Tape, x: Node, filter: Node, { padding, dilation }: ConvGeometry): Node {
  const [, height, width] = x.shape;
  const pads = [height, width].map((size, axis) => {
    const total = size + 2 * padding[axis];
    return [padding[axis], padding[axis] + ((dilation - (total % dilation)) % dilation)];
  });
  const crops = [0, 1].map((axis) => [0, pads[axis][0] + pads[axis][1] - 2 * padding[axis]]);
  const split = () => kernels.spaceToBatch(x.value, dilation, pads);
  const blocks = split();
  const convolved = kernels.conv2d(blocks, filter.value, [1, 1], [0, 0]);
  const blockShape = blocks.shape;
  blocks.dispose();
  const y = kernels.batchToSpace(convolved, dilation, crops);
  convolved.dispose();
  return tape.op(
    [x, filter],
    y,
    (dy) => {
      const dyBlocks = kernels.spaceToBatch(dy, dilation, crops);
      let dx: Tensor | null = null;
      if (x.needsGradient) {
        const dBlocks = kernels.conv2dBackpropInput(blockShape, filter.value, dyBlocks, [1, 1], [0, 0]);
        dx = kernels.batchToSpace(dBlocks, dilation, pads);
        dBlocks.dispose();
      }
      const xBlocks = split();
      const dFilter = kernels.conv2dBackpropFilter(xBlocks, filter.shape, dyBlocks, [1, 1], [0, 0]);
      xBlocks.dispose();
      dyBlocks.dispose();
      return [dx, dFilter];
    },
    { keep: [x] },
  );
}
