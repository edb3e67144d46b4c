// Differentiable ops on the tape. Each names what its gradient reads, so that nothing else stays in memory.
import * as kernels from './kernels.ts';
import { tf, type TensorFlow } from './runtime.ts';
import type { Node, Tape } from './tape.ts';

/** Adds bias [channels] along the last axis of a rank-4 (or rank-2) tensor. */
export function biasAdd(tape: Tape, x: Node, bias: Node): Node {
  const node = tape.op([x, bias], kernels.biasAdd(x.value, bias.value), (dy) => [dy.clone(), kernels.biasAddGrad(dy)]);
  tape.record({ op: 'bias', inputs: [x, bias], output: node });
  return node;
}

export function relu(tape: Tape, x: Node): Node {
  const node: Node = tape.op([x], kernels.relu(x.value), (dy) => [kernels.reluGrad(dy, node.value)], { keepOutput: true });
  tape.record({ op: 'relu', inputs: [x], output: node });
  return node;
}

export function add(tape: Tape, a: Node, b: Node): Node {
  const node = tape.op([a, b], tf.add(a.value, b.value), (dy) => [dy.clone(), dy.clone()]);
  tape.record({ op: 'add', inputs: [a, b], output: node });
  return node;
}

// Far below any activation, so that padding never wins, as PyTorch's minus infinity.
const padValue = -3e38;

/** Max pooling with symmetric padding that never wins. */
export function maxPool(tape: Tape, x: Node, size: number, stride: number, padding: number): Node {
  const pads: [number, number][] = [
    [0, 0],
    [padding, padding],
    [padding, padding],
    [0, 0],
  ];
  const padded = padding > 0 ? tf.pad(x.value, pads, padValue) : x.value.clone();
  const y = kernels.maxPool(padded, size, stride);
  const node: Node = tape.op(
    [x],
    y,
    (dy) => {
      const dPadded = kernels.maxPoolGrad(padded, node.value, dy, size, stride);
      if (padding === 0) return [dPadded];
      const dx = tf.slice(dPadded, [0, padding, padding, 0], x.shape);
      dPadded.dispose();
      return [dx];
    },
    { saved: [padded], keepOutput: true },
  );
  tape.record({ op: 'max-pool', inputs: [x], output: node, size, stride, padding });
  return node;
}

export function resizeBilinear(tape: Tape, x: Node, height: number, width: number): Node {
  if (x.shape[1] === height && x.shape[2] === width) return x;
  const node = tape.op([x], kernels.resizeBilinear(x.value, height, width), (dy) => [kernels.resizeBilinearGrad(dy, x.value)], {
    keep: [x],
  });
  tape.record({ op: 'resize', inputs: [x], output: node, size: [height, width] });
  return node;
}

/** Concatenates along the channels. */
export function concat(tape: Tape, parts: Node[]): Node {
  const sizes = parts.map((part) => part.shape.at(-1)!);
  const node = tape.op(
    parts,
    tf.concat(
      parts.map((part) => part.value),
      -1,
    ),
    (dy) => tf.split(dy, sizes, -1),
  );
  tape.record({ op: 'concat', inputs: parts, output: node });
  return node;
}

/** Drops elements with probability `rate` and scales the rest; the identity outside training. */
export function dropout(tape: Tape, x: Node, rate: number): Node {
  if (!tape.training || rate === 0) return x;
  const mask = tf.tidy(() => {
    const kept = tf.greaterEqual(kernels.randomUniform(x.shape, tape.nextDropoutSeed()), rate);
    return tf.mul(tf.cast(kept, 'float32'), 1 / (1 - rate));
  });
  return tape.op([x], tf.mul(x.value, mask), (dy) => [tf.mul(dy, mask)], { saved: [mask] });
}

/** x [rows, inFeatures] times weight [inFeatures, outFeatures] plus bias [outFeatures]. */
export function linear(tape: Tape, x: Node, weight: Node, bias: Node): Node {
  const y = tf.tidy(() => tf.add(tf.matMul(x.value as TensorFlow.Tensor2D, weight.value as TensorFlow.Tensor2D), bias.value));
  const node = tape.op(
    [x, weight, bias],
    y,
    (dy) => [tf.matMul(dy, weight.value, false, true), tf.matMul(x.value, dy, true, false), tf.sum(dy, 0)],
    { keep: [x, weight] },
  );
  tape.record({ op: 'linear', inputs: [x, weight, bias], output: node });
  return node;
}

export function sigmoid(tape: Tape, x: Node): Node {
  const node: Node = tape.op([x], tf.sigmoid(x.value), (dy) => [tf.tidy(() => tf.mul(dy, tf.mul(node.value, tf.sub(1, node.value))))], {
    keepOutput: true,
  });
  tape.record({ op: 'sigmoid', inputs: [x], output: node });
  return node;
}

/** Mean over one axis, which is dropped. */
export function mean(tape: Tape, x: Node, axis: number): Node {
  const shape = x.shape;
  const node = tape.op([x], tf.mean(x.value, axis), (dy) => [
    tf.tidy(() => tf.broadcastTo(tf.div(tf.expandDims(dy, axis), shape[axis]), shape as [number, number, number])),
  ]);
  tape.record({ op: 'mean', inputs: [x], output: node, axis });
  return node;
}

/** The same values in another shape. */
export function reshape(tape: Tape, x: Node, shape: number[]): Node {
  const from = x.shape;
  const node = tape.op([x], tf.reshape(x.value, shape), (dy) => [tf.reshape(dy, from)]);
  tape.record({ op: 'reshape', inputs: [x], output: node });
  return node;
}

/** relu(x + x * gain) with x [batch, height, width, channels] and gain [batch, channels]: EncNet's channel attention. */
export function channelAttention(tape: Tape, x: Node, gain: Node): Node {
  const [batch, , , channels] = x.shape;
  const factor = tf.tidy(() => tf.add(tf.reshape(gain.value, [batch, 1, 1, channels]), 1));
  const scaled = tf.mul(x.value, factor);
  const y = kernels.relu(scaled);
  scaled.dispose();
  const node: Node = tape.op(
    [x, gain],
    y,
    (dy) => {
      const dScaled = kernels.reluGrad(dy, node.value);
      const dx = tf.mul(dScaled, factor);
      const dGain = tf.tidy(() => tf.sum(tf.mul(dScaled, x.value), [1, 2]));
      dScaled.dispose();
      return [dx, dGain];
    },
    { keep: [x], keepOutput: true, saved: [factor] },
  );
  tape.record({ op: 'attention', inputs: [x, gain], output: node });
  return node;
}

/** [batch, a, b] to [batch, b, a]. */
export function swapAxes(tape: Tape, x: Node): Node {
  const node = tape.op([x], tf.transpose(x.value, [0, 2, 1]), (dy) => [tf.transpose(dy, [0, 2, 1])]);
  tape.record({ op: 'swap-axes', inputs: [x], output: node });
  return node;
}
