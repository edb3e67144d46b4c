// Differentiable ops on the tape. Each names what its gradient reads, so that nothing else stays in memory. Those between convolutions
// take and give what these do, float32 or bfloat16; those on what the network makes of a whole scene are float32.
import type { Precision } from '#shared/training/precision';
import * as kernels from './kernels.ts';
import { deviceName, tf, type Tensor, type TensorFlow } from './runtime.ts';
import { float32Of, type Node, type Tape } from './tape.ts';
import { gather, turned, upsamplingMatrices } from './upsampling.ts';
import { cast as castValue, copy, dispose, inType, precisionOf, recast, type Value } from './value.ts';

/** The same in another type, its gradient back in the first one. */
export function cast(tape: Tape, x: Node, to: Precision): Node {
  const from = precisionOf(x.handle);
  return from === to ? x : tape.op([x], castValue(x.handle, to), (dy) => [castValue(dy, from)]);
}

/** As convolutions on this tape take it. */
export const inPrecision = (tape: Tape, x: Node): Node => cast(tape, x, tape.precision);

/** Adds bias [channels], float32 or as x is, along the last axis of a rank-4 (or rank-2) value. */
export function biasAdd(tape: Tape, x: Node, bias: Node): Node {
  const y = inType(bias.handle, precisionOf(x.handle), (of) => kernels.biasAdd(x.handle, of));
  const node = tape.op([x, bias], y, (dy) => [copy(dy), sumOverPixels(dy)]);
  tape.record({ op: 'bias', inputs: [x, bias], output: node });
  return node;
}

/** A bias's gradient, float32. In bfloat16 by a matrix product, which sums in float32 and rounds once; a plain sum rounds all the way. */
function sumOverPixels(dy: Value): Tensor {
  if (dy.dtype !== 'bfloat16') return kernels.biasAddGrad(float32Of(dy));
  const rows = kernels.pixelRows(dy);
  const ones = tf.ones([rows.shape[0], 1]);
  const sum = inType(ones, 'bfloat16', (of) => kernels.transposedMatMul(of, rows));
  const result = inType(sum, 'float32', (of) => tf.reshape(float32Of(of), [-1]));
  dispose([rows, ones, sum]);
  return result;
}

export function relu(tape: Tape, x: Node): Node {
  const node: Node = tape.op([x], kernels.relu(x.handle), (dy) => [kernels.reluGrad(dy, node.handle)], { keepOutput: true });
  tape.record({ op: 'relu', inputs: [x], output: node });
  return node;
}

export function add(tape: Tape, a: Node, b: Node): Node {
  const node = tape.op([a, b], kernels.add([a.handle, b.handle]), (dy) => [copy(dy), copy(dy)]);
  tape.record({ op: 'add', inputs: [a, b], output: node });
  return node;
}

// Far below any activation, so that padding never wins, as PyTorch's minus infinity.
const padValue = -3e38;

/** Max pooling with symmetric padding that never wins. Its gradient pads once more: that is quick, and a padded copy is as large as x. */
export function maxPool(tape: Tape, x: Node, size: number, stride: number, padding: number): Node {
  const padded = (): Value => (padding > 0 ? kernels.pad(x.handle, [padding, padding], padValue) : copy(x.handle));
  const input = padded();
  const y = kernels.maxPool(input, size, stride);
  input.dispose();
  const node: Node = tape.op(
    [x],
    y,
    (dy) => {
      const again = padded();
      const dInput = kernels.maxPoolGrad(again, node.handle, dy, size, stride);
      again.dispose();
      if (padding === 0) return [dInput];
      const dx = kernels.slice(dInput, [0, padding, padding, 0], x.shape);
      dInput.dispose();
      return [dx];
    },
    { keep: [x], keepOutput: true },
  );
  tape.record({ op: 'max-pool', inputs: [x], output: node, size, stride, padding });
  return node;
}

/** Multiply-adds a value of the larger map below which products are quicker than the kernel (measured at 256 to 2048 pixels on a side). */
const mostMultiplyAdds = 110;

/**
 * The gradient of a resize to x. The kernel adds up pixel by pixel on one core; where each value of x had many, and x is small, products
 * of matrices take a fifth to three quarters of its time. A GPU's could not be tried, and sums in fewer bits there.
 */
function resizeBilinearGrad(dy: Tensor, x: Tensor): Tensor {
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const [, outHeight, outWidth] = dy.shape as [number, number, number, number];
  const isSmall = outHeight >= 4 * height && outWidth >= 4 * width && height + (width * height) / outHeight <= mostMultiplyAdds;
  if (!isSmall || deviceName() === 'GPU') return kernels.resizeBilinearGrad(dy, x);
  const sizes = { batch, height, width, taps: 1, outHeight, outWidth, channels };
  const { rows, columns } = upsamplingMatrices(sizes);
  const [down, across] = [turned(rows), turned(columns)];
  const dx = gather(dy, down, across, sizes);
  tf.dispose([rows, columns, down, across]);
  return float32Of(dx);
}

/** @returns float32 where the size changes, else x */
export function resizeBilinear(tape: Tape, x: Node, height: number, width: number): Node {
  if (x.shape[1] === height && x.shape[2] === width) return x;
  // A processor's kernel takes either type and gives the same; its gradient does not, and a GPU's could not be tried.
  const small = tape.recording || deviceName() === 'GPU' ? cast(tape, x, 'float32') : x;
  const y = kernels.resizeBilinear(small.handle, height, width);
  const node = tape.float32Op([small], y, (dy) => [resizeBilinearGrad(dy, small.value)], { keep: [small] });
  tape.record({ op: 'resize', inputs: [small], output: node, size: [height, width] });
  return node;
}

/** Concatenates along the channels, in the tape's precision. */
export function concat(tape: Tape, parts: Node[]): Node {
  const inputs = parts.map((part) => inPrecision(tape, part));
  const sizes = inputs.map((part) => part.shape.at(-1)!);
  const node = tape.op(inputs, kernels.concat(inputs.map(({ handle }) => handle)), (dy) => kernels.split(dy, sizes));
  tape.record({ op: 'concat', inputs, output: node });
  return node;
}

/** What is kept is multiplied by this: in bfloat16 the nearest there is. */
function dropoutScale(rate: number, precision: Precision): number {
  const exact = tf.scalar(1 / (1 - rate));
  const scale = inType(exact, precision, (narrow) => inType(narrow, 'float32', (wide) => float32Of(wide).dataSync<'float32'>()[0]));
  exact.dispose();
  return scale;
}

/** Drops elements with probability `rate` and scales the rest, so that the mean stays; the identity outside training. */
export const dropout = (tape: Tape, x: Node, rate: number): Node => drop(tape, x, rate, x.shape);

/** The same for whole images of a batch: stochastic depth, where x is a residual branch. Source: Huang et al. 2016. */
export const dropImages = (tape: Tape, x: Node, rate: number): Node =>
  drop(
    tape,
    x,
    rate,
    x.shape.map((size, axis) => (axis === 0 ? size : 1)),
  );

/** @param shape of what is drawn, which spreads over x */
function drop(tape: Tape, x: Node, rate: number, shape: number[]): Node {
  if (!tape.training || rate === 0) return x;
  const precision = precisionOf(x.handle);
  const scale = precision === 'float32' ? 1 / (1 - rate) : dropoutScale(rate, precision);
  const dropped = precision === 'float32' ? rate : 1 - 1 / scale;
  const drawn = tf.tidy(() => {
    const kept = tf.greaterEqual(kernels.randomUniform(shape, tape.nextDropoutSeed()), dropped);
    return tf.mul(tf.cast(kept, 'float32'), scale);
  });
  const mask: Value = recast(drawn, precision);
  return tape.op([x], kernels.multiply(x.handle, mask), (dy) => [kernels.multiply(dy, mask)], { saved: [mask] });
}

/** x [rows, inFeatures] times weight [inFeatures, outFeatures] plus bias [outFeatures]. */
export function linear(tape: Tape, x: Node, weight: Node, bias: Node): Node {
  const y = tf.tidy(() => tf.add(tf.matMul(x.value as TensorFlow.Tensor2D, weight.value as TensorFlow.Tensor2D), bias.value));
  const node = tape.float32Op(
    [x, weight, bias],
    y,
    (dy) => [tf.matMul(dy, weight.value, false, true), tf.matMul(x.value, dy, true, false), tf.sum(dy, 0)],
    { keep: [x, weight] },
  );
  tape.record({ op: 'linear', inputs: [x, weight, bias], output: node });
  return node;
}

export function sigmoid(tape: Tape, x: Node): Node {
  const node: Node = tape.float32Op(
    [x],
    tf.sigmoid(x.value),
    (dy) => [tf.tidy(() => tf.mul(dy, tf.mul(node.value, tf.sub(1, node.value))))],
    {
      keepOutput: true,
    },
  );
  tape.record({ op: 'sigmoid', inputs: [x], output: node });
  return node;
}

/** Mean over one axis, which is dropped. */
export function mean(tape: Tape, x: Node, axis: number): Node {
  const shape = x.shape;
  const node = tape.float32Op([x], tf.mean(x.value, axis), (dy) => [
    tf.tidy(() => tf.broadcastTo(tf.div(tf.expandDims(dy, axis), shape[axis]), shape as [number, number, number])),
  ]);
  tape.record({ op: 'mean', inputs: [x], output: node, axis });
  return node;
}

/** The same values in another shape. */
export function reshape(tape: Tape, x: Node, shape: number[]): Node {
  const from = x.shape;
  const node = tape.float32Op([x], tf.reshape(x.value, shape), (dy) => [tf.reshape(dy, from)]);
  tape.record({ op: 'reshape', inputs: [x], output: node });
  return node;
}

/** relu(x + x * gain) with x [batch, height, width, channels] and gain [batch, channels]: EncNet's channel attention. */
export function channelAttention(tape: Tape, x: Node, gain: Node): Node {
  const [batch, , , channels] = x.shape;
  const gains = tf.tidy(() => tf.add(tf.reshape(gain.value, [batch, 1, 1, channels]), 1));
  const factor: Value = recast(gains, precisionOf(x.handle));
  const scaled = kernels.multiply(x.handle, factor);
  const y = kernels.relu(scaled);
  scaled.dispose();
  const node: Node = tape.op(
    [x, gain],
    y,
    (dy) => {
      const dScaled = kernels.reluGrad(dy, node.handle);
      const dx = kernels.multiply(dScaled, factor);
      const product = kernels.multiply(dScaled, x.handle);
      const dGain = inType(product, 'float32', (of) => tf.sum(float32Of(of), [1, 2]));
      dispose([dScaled, product]);
      return [dx, dGain];
    },
    { keep: [x], keepOutput: true, saved: [factor] },
  );
  tape.record({ op: 'attention', inputs: [x, gain], output: node });
  return node;
}

/** float32 [batch, a, b] to [batch, b, a]. */
export function swapAxes(tape: Tape, x: Node): Node {
  const node = tape.float32Op([x], tf.transpose(x.value, [0, 2, 1]), (dy) => [tf.transpose(dy, [0, 2, 1])]);
  tape.record({ op: 'swap-axes', inputs: [x], output: node });
  return node;
}
