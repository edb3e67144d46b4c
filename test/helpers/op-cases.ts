// Every op of ours as a case, and how one is run: forward, and backward from a fixed cotangent.
import { BatchNorm } from '#ml/layers/batch-norm';
import { Encoding } from '#ml/layers/encoding';
import { takeGradients } from '#ml/layers/leaf';
import { Linear } from '#ml/layers/linear';
import { Parameters } from '#ml/layers/parameters';
import { conv2d } from '#ml/tensor/conv-op';
import * as ops from '#ml/tensor/ops';
import { tf } from '#ml/tensor/runtime';
import { float32Of, Tape, type Node } from '#ml/tensor/tape';
import { upsampledConv2d } from '#ml/tensor/upsampled-conv';
import { Random } from '#shared/random';
import type { Precision } from '#shared/training/precision';

export type Apply = (tape: Tape, inputs: Node[]) => Node;
export type Case = [name: string, shapes: number[][], apply: Apply];

export const values = (shape: number[], seed: number) => {
  const random = Random.named('values', seed);
  return Float32Array.from({ length: shape.reduce((product, size) => product * size, 1) }, () => random.normal());
};
const conv =
  (stride: number, padding: number, dilation: number): Apply =>
  (tape, [x, w]) =>
    conv2d(tape, x, w, { stride: [stride, stride], padding: [padding, padding], dilation });

/** A layer whose parameters take part as further inputs: they are set to the values given. */
const withParameters =
  (create: (parameters: Parameters) => (tape: Tape, x: Node) => Node): Apply =>
  (tape, [x, ...given]) => {
    const parameters = new Parameters(new Random(1));
    const forward = create(parameters);
    parameters.trainable().forEach((parameter, index) => Parameters.assign(parameter, given[index].value.clone()));
    const output = forward(tape, x);
    layers.push({ parameters, tape, given });
    return output;
  };
export const layers: { parameters: Parameters; tape: Tape; given: Node[] }[] = [];

/** Hands the gradients of a layer's parameters to the inputs that stand for them. */
function settleLayers(): void {
  for (const { parameters, tape, given } of layers.splice(0)) {
    const order = parameters.trainable();
    for (const [parameter, gradient] of takeGradients(tape)) given[order.indexOf(parameter)].accumulate(gradient);
    parameters.dispose();
  }
}

export const cases: Case[] = [
  [
    'convolution',
    [
      [2, 5, 6, 3],
      [3, 3, 3, 4],
    ],
    conv(1, 1, 1),
  ],
  [
    'convolution of stride 2',
    [
      [1, 7, 6, 2],
      [3, 3, 2, 3],
    ],
    conv(2, 1, 1),
  ],
  [
    '1x1 convolution of stride 2',
    [
      [1, 6, 6, 2],
      [1, 1, 2, 3],
    ],
    conv(2, 0, 1),
  ],
  [
    '7x7 convolution of stride 2',
    [
      [1, 9, 8, 2],
      [7, 7, 2, 2],
    ],
    conv(2, 3, 1),
  ],
  [
    'convolution of dilation 2',
    [
      [1, 5, 6, 2],
      [3, 3, 2, 2],
    ],
    conv(1, 2, 2),
  ],
  [
    'convolution of dilation 4',
    [
      [1, 7, 9, 2],
      [3, 3, 2, 2],
    ],
    conv(1, 4, 4),
  ],
  [
    'convolution of dilation 2 and stride 2',
    [
      [1, 7, 6, 2],
      [3, 3, 2, 2],
    ],
    conv(2, 2, 2),
  ],
  [
    'upsampled convolution',
    [
      [1, 3, 4, 2],
      [3, 3, 2, 3],
    ],
    (tape, [x, w]) => upsampledConv2d(tape, x, w, [7, 9]),
  ],
  ['bias', [[2, 3, 3, 4], [4]], (tape, [x, b]) => ops.biasAdd(tape, x, b)],
  ['ReLU', [[2, 3, 3, 4]], (tape, [x]) => ops.relu(tape, x)],
  [
    'sum',
    [
      [2, 3],
      [2, 3],
    ],
    (tape, [a, b]) => ops.add(tape, a, ops.inPrecision(tape, b)),
  ],
  ['sum with itself', [[2, 3]], (tape, [a]) => ops.add(tape, a, a)],
  ['max pooling', [[1, 6, 7, 2]], (tape, [x]) => ops.maxPool(tape, x, 3, 2, 1)],
  ['bilinear resizing', [[1, 3, 4, 2]], (tape, [x]) => ops.resizeBilinear(tape, x, 7, 9)],
  ['bilinear shrinking', [[1, 7, 9, 2]], (tape, [x]) => ops.resizeBilinear(tape, x, 3, 4)],
  [
    'concatenation',
    [
      [1, 2, 2, 3],
      [1, 2, 2, 4],
    ],
    (tape, parts) => ops.concat(tape, parts),
  ],
  ['matrix product with bias', [[3, 4], [4, 5], [5]], (tape, [x, w, b]) => ops.linear(tape, x, w, b)],
  ['sigmoid', [[3, 4]], (tape, [x]) => ops.sigmoid(tape, x)],
  ['mean', [[2, 3, 4]], (tape, [x]) => ops.mean(tape, x, 1)],
  ['another shape', [[2, 3, 4]], (tape, [x]) => ops.reshape(tape, x, [6, 4])],
  ['swapped axes', [[2, 3, 4]], (tape, [x]) => ops.swapAxes(tape, x)],
  [
    'channel attention',
    [
      [2, 3, 3, 4],
      [2, 4],
    ],
    (tape, [x, gain]) => ops.channelAttention(tape, x, gain),
  ],
  ['dropout', [[2, 5, 5, 3]], (tape, [x]) => ops.dropout(tape, x, 0.4)],
  [
    'batch norm',
    [[2, 3, 4, 3], [3], [3]],
    withParameters((parameters) => {
      const layer = new BatchNorm(parameters, 'n', 3);
      return (tape, x) => layer.forward(tape, x);
    }),
  ],
  [
    'fully connected layer',
    [[3, 4], [2, 4], [2]],
    withParameters((parameters) => {
      const layer = new Linear(parameters, 'l', 4, 2);
      return (tape, x) => layer.forward(tape, x);
    }),
  ],
  [
    'encoding',
    [[2, 6, 4], [3, 4], [3]],
    withParameters((parameters) => {
      const layer = new Encoding(parameters, 'e', 4, 3);
      return (tape, x) => layer.forward(tape, x);
    }),
  ],
];

/**
 * Runs forward and, where asked for, backward; in bfloat16 from the first input on.
 * @returns the scalar sum(output * cotangent) in double, the output, and the gradients
 */
export function run(
  apply: Apply,
  shapes: number[][],
  data: Float32Array[],
  backward: boolean,
  precision: Precision = 'float32',
): { value: number; output: Float32Array; gradients: Float32Array[] } {
  const tape = new Tape({ training: true, recording: true, dropoutSeed: 7, precision });
  const tensors = shapes.map((shape, index) => tf.tensor(data[index].slice(), shape));
  const inputs = tensors.map((tensor) => tape.constant(tensor, true));
  const [first, ...rest] = inputs;
  const result = apply(tape, [ops.inPrecision(tape, first), ...rest]);
  const output = ops.cast(tape, result, 'float32');
  const cotangent = values(output.shape, 99);
  const made = output.value.dataSync<'float32'>().slice();
  const value = made.reduce((sum, each, index) => sum + each * cotangent[index], 0);
  if (backward) tape.backward([[output, tf.tensor(cotangent, output.shape)]]);
  settleLayers();
  const gradients = backward ? inputs.map((input) => float32Of(input.gradient!).dataSync<'float32'>().slice()) : [];
  for (const input of inputs) input.gradient?.dispose();
  for (const tensor of tensors) tensor.dispose();
  tape.dispose();
  return { value, output: made, gradients };
}
