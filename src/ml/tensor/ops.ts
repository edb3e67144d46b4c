// Differentiable ops on the tape. Each names what its gradient reads, so that nothing else stays in memory.
import * as kernels from './kernels.ts';
import type { Padding, Stride } from './kernels.ts';
import { tf, type TensorFlow, type Tensor } from './runtime.ts';
import type { Node, Tape } from './tape.ts';

export interface ConvGeometry {
  stride: Stride;
  padding: Padding;
  dilation: number;
}

/** Convolution of x [batch, height, width, inChannels] with filter [kernelHeight, kernelWidth, inChannels, outChannels]. */
export function conv2d(tape: Tape, x: Node, filter: Node, geometry: ConvGeometry): Node {
  if (geometry.dilation > 1) return dilatedConv2d(tape, x, filter, geometry);
  const { stride, padding } = geometry;
  const y = kernels.conv2d(x.value, filter.value, stride, padding);
  return tape.op([x, filter], y, (dy) => [
    x.needsGradient ? convInputGradient(x.shape, filter.value, dy, geometry) : null,
    filter.needsGradient ? kernels.conv2dBackpropFilter(x.value, filter.shape, dy, stride, padding) : null,
  ], { keep: [x] });
}

/**
 * The gradient to a convolution's input. At stride 1 that is a forward convolution with the filter turned round, which
 * oneDNN runs a fifth to a third faster than its own backward kernel (docs/benchmarks.md).
 */
function convInputGradient(shape: readonly number[], filter: Tensor, dy: Tensor, { stride, padding }: ConvGeometry): Tensor {
  const [height, width] = filter.shape;
  const turned = stride[0] === 1 && stride[1] === 1 && height > 1 && padding[0] < height && padding[1] < width;
  if (!turned) return kernels.conv2dBackpropInput(shape, filter, dy, stride, padding);
  const round = tf.tidy(() => tf.transpose(tf.reverse(filter, [0, 1]), [0, 1, 3, 2]));
  const dx = kernels.conv2d(dy, round, [1, 1], [height - 1 - padding[0], width - 1 - padding[1]]);
  round.dispose();
  return dx;
}

/**
 * Dilated convolution at stride 1 as space-to-batch, plain convolution, batch-to-space: exact, and unlike the
 * dilated kernels it has CPU gradients.
 */
function dilatedConv2d(tape: Tape, x: Node, filter: Node, { padding, dilation }: ConvGeometry): Node {
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
  return tape.op([x, filter], y, (dy) => {
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
  }, { keep: [x] });
}

/** Adds bias [channels] along the last axis of a rank-4 (or rank-2) tensor. */
export function biasAdd(tape: Tape, x: Node, bias: Node): Node {
  return tape.op([x, bias], kernels.biasAdd(x.value, bias.value), (dy) => [dy.clone(), kernels.biasAddGrad(dy)]);
}

export function relu(tape: Tape, x: Node): Node {
  const node: Node = tape.op([x], kernels.relu(x.value), (dy) => [kernels.reluGrad(dy, node.value)], { keepOutput: true });
  return node;
}

export function add(tape: Tape, a: Node, b: Node): Node {
  return tape.op([a, b], tf.add(a.value, b.value), (dy) => [dy.clone(), dy.clone()]);
}

// Far below any activation, so that padding never wins, as PyTorch's minus infinity.
const padValue = -3e38;

/** Max pooling with symmetric padding that never wins. */
export function maxPool(tape: Tape, x: Node, size: number, stride: number, padding: number): Node {
  const pads: [number, number][] = [[0, 0], [padding, padding], [padding, padding], [0, 0]];
  const padded = padding > 0 ? tf.pad(x.value, pads, padValue) : x.value.clone();
  const y = kernels.maxPool(padded, size, stride);
  const node: Node = tape.op([x], y, (dy) => {
    const dPadded = kernels.maxPoolGrad(padded, node.value, dy, size, stride);
    if (padding === 0) return [dPadded];
    const dx = tf.slice(dPadded, [0, padding, padding, 0], x.shape);
    dPadded.dispose();
    return [dx];
  }, { saved: [padded], keepOutput: true });
  return node;
}

export function resizeBilinear(tape: Tape, x: Node, height: number, width: number): Node {
  if (x.shape[1] === height && x.shape[2] === width) return x;
  return tape.op([x], kernels.resizeBilinear(x.value, height, width), (dy) => [kernels.resizeBilinearGrad(dy, x.value)], { keep: [x] });
}

/** Concatenates along the channels. */
export function concat(tape: Tape, parts: Node[]): Node {
  const sizes = parts.map((part) => part.shape.at(-1)!);
  return tape.op(parts, tf.concat(parts.map((part) => part.value), -1), (dy) => tf.split(dy, sizes, -1));
}

/** Drops elements with probability `rate` and scales the rest; the identity outside training. */
export function dropout(tape: Tape, x: Node, rate: number): Node {
  if (!tape.training || rate === 0) return x;
  const mask = tf.tidy(() => {
    const kept = tf.greaterEqual(tf.randomUniform(x.shape, 0, 1, 'float32', tape.nextDropoutSeed()), rate);
    return tf.mul(tf.cast(kept, 'float32'), 1 / (1 - rate));
  });
  return tape.op([x], tf.mul(x.value, mask), (dy) => [tf.mul(dy, mask)], { saved: [mask] });
}

/** x [rows, inFeatures] times weight [inFeatures, outFeatures] plus bias [outFeatures]. */
export function linear(tape: Tape, x: Node, weight: Node, bias: Node): Node {
  const y = tf.tidy(() => tf.add(tf.matMul(x.value as TensorFlow.Tensor2D, weight.value as TensorFlow.Tensor2D), bias.value));
  return tape.op([x, weight, bias], y, (dy) => [
    tf.matMul(dy, weight.value, false, true),
    tf.matMul(x.value, dy, true, false),
    tf.sum(dy, 0),
  ], { keep: [x, weight] });
}

export function sigmoid(tape: Tape, x: Node): Node {
  const node: Node = tape.op([x], tf.sigmoid(x.value), (dy) => [
    tf.tidy(() => tf.mul(dy, tf.mul(node.value, tf.sub(1, node.value)))),
  ], { keepOutput: true });
  return node;
}

/** Mean over one axis, which is dropped. */
export function mean(tape: Tape, x: Node, axis: number): Node {
  const shape = x.shape;
  return tape.op([x], tf.mean(x.value, axis), (dy) => [
    tf.tidy(() => tf.broadcastTo(tf.div(tf.expandDims(dy, axis), shape[axis]), shape as [number, number, number])),
  ]);
}

/** The same values in another shape. */
export function reshape(tape: Tape, x: Node, shape: number[]): Node {
  const from = x.shape;
  return tape.op([x], tf.reshape(x.value, shape), (dy) => [tf.reshape(dy, from)]);
}

/** relu(x + x * gain) with x [batch, height, width, channels] and gain [batch, channels]: EncNet's channel attention. */
export function channelAttention(tape: Tape, x: Node, gain: Node): Node {
  const [batch, , , channels] = x.shape;
  const factor = tf.tidy(() => tf.add(tf.reshape(gain.value, [batch, 1, 1, channels]), 1));
  const scaled = tf.mul(x.value, factor);
  const y = kernels.relu(scaled);
  scaled.dispose();
  const node: Node = tape.op([x, gain], y, (dy) => {
    const dScaled = kernels.reluGrad(dy, node.value);
    const dx = tf.mul(dScaled, factor);
    const dGain = tf.tidy(() => tf.sum(tf.mul(dScaled, x.value), [1, 2]));
    dScaled.dispose();
    return [dx, dGain];
  }, { keep: [x], keepOutput: true, saved: [factor] });
  return node;
}

/** [batch, a, b] to [batch, b, a]. */
export function swapAxes(tape: Tape, x: Node): Node {
  return tape.op([x], tf.transpose(x.value, [0, 2, 1]), (dy) => [tf.transpose(dy, [0, 2, 1])]);
}
