// Convolution on the tape: plain, and dilated in two ways.
import * as convKernels from './conv-kernels.ts';
import * as kernels from './kernels.ts';
import type { Padding, Stride } from './conv-kernels.ts';
import { inPrecision } from './ops.ts';
import { deviceName, type Tensor } from './runtime.ts';
import type { Node, Tape } from './tape.ts';
import { inType, precisionOf, recast, type Value } from './value.ts';

export interface ConvGeometry {
  stride: Stride;
  padding: Padding;
  dilation: number;
}

/** How a dilated convolution runs: TensorFlow's CPU kernels have no dilated gradients, its GPU kernels do. */
export type DilationPath = 'native' | 'space-to-batch';

/**
 * Convolution of x [batch, height, width, inChannels] with a filter [kernelHeight, kernelWidth, inChannels, outChannels], in the
 * tape's precision. The filter is float32, and so is its gradient; where there is none it may be in that precision already.
 * @param path of a dilated convolution; by default the one this device has
 * @returns [batch, outHeight, outWidth, outChannels]
 */
export function conv2d(
  tape: Tape,
  x: Node,
  filter: Node,
  geometry: ConvGeometry,
  path: DilationPath = deviceName() === 'GPU' ? 'native' : 'space-to-batch',
): Node {
  const input = inPrecision(tape, x);
  const isBlocked = geometry.dilation > 1 && path === 'space-to-batch';
  // A dilated convolution of stride 1 has a gradient in blocks: a larger stride takes every so manieth of its pixels.
  const node = isBlocked
    ? everyNth(tape, blockConv2d(tape, input, filter, geometry), geometry.stride)
    : plainConv2d(tape, input, filter, geometry);
  tape.record({ op: 'conv', inputs: [input, filter], output: node, ...geometry });
  return node;
}

/** The first of each stride's rows and columns. */
function everyNth(tape: Tape, x: Node, stride: Stride): Node {
  if (stride[0] === 1 && stride[1] === 1) return x;
  return tape.op([x], convKernels.everyNth(x.handle, stride), (dy) => [convKernels.everyNthGrad(dy, x.shape, stride)]);
}

/** What a filter is multiplied as, beside values of this type. */
const beside = <T>(x: Value, filter: Value, body: (filter: Value) => T): T => inType(filter, precisionOf(x), body);

function plainConv2d(tape: Tape, x: Node, filter: Node, geometry: ConvGeometry): Node {
  if (tape.recording && isThinned(filter.shape, geometry)) return thinnedConv2d(tape, x, filter, geometry.stride);
  const { stride, padding, dilation } = geometry;
  const y = beside(x.handle, filter.handle, (weights) => convKernels.conv2d(x.handle, weights, stride, padding, dilation));
  return tape.op(
    [x, filter],
    y,
    (dy) => [
      x.needsGradient ? inputGradient(x.shape, filter.value, dy, geometry) : null,
      filter.needsGradient ? filterGradient(x.handle, filter.shape, dy, geometry) : null,
    ],
    { keep: [x] },
  );
}

/** Of stride 1, without padding. */
const plainGeometry: ConvGeometry = { stride: [1, 1], padding: [0, 0], dilation: 1 };

/** The gradient to a convolution's filter, float32, whatever it was reckoned in. */
const filterGradient = (x: Value, shape: readonly number[], dy: Value, { stride, padding, dilation } = plainGeometry): Tensor =>
  recast(convKernels.conv2dBackpropFilter(x, shape, dy, stride, padding, dilation), 'float32');

/** The gradient to a convolution's input. */
const inputGradient = (shape: readonly number[], filter: Tensor, dy: Value, { stride, padding, dilation } = plainGeometry): Value =>
  beside(dy, filter, (weights) => convKernels.conv2dBackpropInput(shape, weights, dy, stride, padding, dilation));

/** Whether a convolution reads one pixel of each stride x stride and none of the others. */
const isThinned = ([height, width]: readonly number[], { stride, padding }: ConvGeometry): boolean =>
  height === 1 && width === 1 && padding[0] === 0 && padding[1] === 0 && (stride[0] > 1 || stride[1] > 1);

/**
 * A 1x1 convolution with a stride as a convolution of stride 1 on the pixels that it reads. oneDNN's own gradient to such a filter
 * writes past its memory at fewer than 16 channels and an odd batch, which ends the process (`npm run soak -- convolutions --kernels`); and
 * a quarter of the input is kept for the gradient. Where no gradient is asked for the kernel's own stride is quicker.
 */
function thinnedConv2d(tape: Tape, x: Node, filter: Node, stride: Stride): Node {
  const thin = convKernels.everyNth(x.handle, stride);
  const y = beside(thin, filter.handle, (weights) => convKernels.conv2d(thin, weights, [1, 1], [0, 0]));
  return tape.op(
    [x, filter],
    y,
    (dy) => {
      let dx: Value | null = null;
      if (x.needsGradient) {
        const dThin = inputGradient(thin.shape, filter.value, dy);
        dx = convKernels.everyNthGrad(dThin, x.shape, stride);
        dThin.dispose();
      }
      return [dx, filter.needsGradient ? filterGradient(thin, filter.shape, dy) : null];
    },
    { saved: [thin] },
  );
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
  const split = () => kernels.spaceToBatch(x.handle, dilation, pads);
  const blocks = split();
  const convolved = beside(blocks, filter.handle, (weights) => convKernels.conv2d(blocks, weights, [1, 1], [0, 0]));
  const blockShape = blocks.shape;
  blocks.dispose();
  const y = kernels.batchToSpace(convolved, dilation, crops);
  convolved.dispose();
  const blockFilterGradient = (dyBlocks: Value): Value => {
    const xBlocks = split();
    const gradient = filterGradient(xBlocks, filter.shape, dyBlocks);
    xBlocks.dispose();
    return gradient;
  };
  return tape.op(
    [x, filter],
    y,
    (dy) => {
      const dyBlocks = kernels.spaceToBatch(dy, dilation, crops);
      let dx: Value | null = null;
      if (x.needsGradient) {
        const dBlocks = inputGradient(blockShape, filter.value, dyBlocks);
        dx = kernels.batchToSpace(dBlocks, dilation, pads);
        dBlocks.dispose();
      }
      const dFilter = filter.needsGradient ? blockFilterGradient(dyBlocks) : null;
      dyBlocks.dispose();
      return [dx, dFilter];
    },
    { keep: [x] },
  );
}
