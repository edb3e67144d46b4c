// The small cases, which hold every tensor in full: layers, blocks, resizing, pooling, convolutions.
import { Random } from '#shared/random';
import { EncModule } from '#ml/layers/enc-module';
import { Encoding } from '#ml/layers/encoding';
import { takeGradients } from '#ml/layers/leaf';
import { Parameters, type StateDict } from '#ml/layers/parameters';
import { BasicBlock, Bottleneck, type Block } from '#ml/models/blocks';
import { conv2d } from '#ml/tensor/conv-op';
import * as ops from '#ml/tensor/ops';
import { tf, type Tensor } from '#ml/tensor/runtime';
import { float32Of, Tape, type Node } from '#ml/tensor/tape';
import { toTensorFlowLayout, toTorchLayout } from '#ml/weights/layout';
import { toNchw, toNhwc } from './fill.ts';
import type { FullTensor, Report } from './report.ts';

const close = 2e-5;

/** An NCHW tensor of a case as an NHWC one. */
export const fromNchw = ({ shape: [n, c, h, w], data }: FullTensor): Tensor =>
  tf.tensor(toNhwc(data, [n, c, h, w]), [n, h, w, c], 'float32');
const nchwValues = (tensor: Tensor): Float32Array => toNchw(tensor.dataSync<'float32'>(), tensor.shape);
const plain = ({ shape, data }: FullTensor): Tensor => tf.tensor(data, shape, 'float32');

/** A case's tensors as a state dict, without PyTorch's counters. */
export function stateDictOf(tensors: Record<string, FullTensor>): StateDict {
  return new Map(
    Object.entries(tensors)
      .filter(([name]) => !name.endsWith('num_batches_tracked'))
      .map(([name, { shape, data }]) => [name, { shape, data: Float32Array.from(data) }]),
  );
}

function compareParameterGradients(report: Report, mode: string, tape: Tape, expected: Record<string, FullTensor>): void {
  for (const [parameter, gradient] of takeGradients(tape)) {
    if (expected[parameter.name])
      report.rms(`${mode} gradients of parameters`, toTorchLayout(gradient, parameter.torchShape), expected[parameter.name], close);
    gradient.dispose();
  }
}

interface EncodingCase {
  name: string;
  config: { channels: number; num_codes: number };
  input: FullTensor;
  codewords: FullTensor;
  scale: FullTensor;
  output: FullTensor;
  cotangent: FullTensor;
  grad_input: FullTensor;
  grad_codewords: FullTensor;
  grad_scale: FullTensor;
}

export function encodingCase(report: Report, golden: EncodingCase): void {
  const { channels, num_codes: numCodes } = golden.config;
  const parameters = new Parameters(new Random(0));
  const layer = new Encoding(parameters, 'encoding', channels, numCodes);
  parameters.load(
    new Map(
      ['codewords', 'scale'].map((name) => [
        `encoding.${name}`,
        { shape: golden[name as 'scale'].shape, data: Float32Array.from(golden[name as 'scale'].data) },
      ]),
    ),
  );
  const [n, c, h, w] = golden.input.shape;
  const tape = new Tape({ training: true, recording: true });
  const input = tape.constant(tf.reshape(fromNchw(golden.input), [n, h * w, c]), true);
  const output = layer.forward(tape, input);
  report.rms('output', output.value.dataSync(), golden.output, close);
  tape.backward([[output, plain(golden.cotangent)]]);
  report.rms('gradient of input', toNchw(float32Of(input.gradient!).dataSync(), [n, h, w, c]), golden.grad_input, close);
  for (const [parameter, gradient] of takeGradients(tape)) {
    const values = gradient.dataSync<'float32'>();
    if (parameter.name.endsWith('codewords')) report.rms('gradient of codewords', values, golden.grad_codewords, close);
    else if (golden.name === 'saturated') report.absolute('gradient of scale, saturated', values, golden.grad_scale.data, 1e-6);
    else report.rms('gradient of scale', values, golden.grad_scale, close);
  }
}

interface EncModuleCase {
  config: { in_channels: number; num_codes: number };
  parameters_initial: Record<string, FullTensor>;
  input: FullTensor;
  cotangent_encoding_feat: FullTensor;
  cotangent_output: FullTensor;
  train: ModeResults & { encoding_feat: FullTensor; running_mean_after: FullTensor; running_var_after: FullTensor };
  eval: ModeResults & { encoding_feat: FullTensor };
}

interface ModeResults {
  output: FullTensor;
  grad_input: FullTensor;
  grads: Record<string, FullTensor>;
}

export function encModuleCase(report: Report, golden: EncModuleCase): void {
  for (const mode of ['train', 'eval'] as const) {
    const parameters = new Parameters(new Random(0));
    const module = new EncModule(parameters, 'm', golden.config.in_channels, golden.config.num_codes, { projectBn: false });
    parameters.load(new Map([...stateDictOf(golden.parameters_initial)].map(([name, tensor]) => [`m.${name}`, tensor])));
    const tape = new Tape({ training: mode === 'train', recording: true });
    const input = tape.constant(fromNchw(golden.input), true);
    const { encodingFeature, output } = module.forward(tape, input);
    report.rms(`${mode} encoding feature`, encodingFeature.value.dataSync(), golden[mode].encoding_feat, close);
    report.rms(`${mode} output`, nchwValues(output.value), golden[mode].output, close);
    tape.backward([
      [encodingFeature, plain(golden.cotangent_encoding_feat)],
      [output, fromNchw(golden.cotangent_output)],
    ]);
    report.rms(`${mode} gradient of input`, nchwValues(float32Of(input.gradient!)), golden[mode].grad_input, close);
    compareParameterGradients(
      report,
      mode,
      tape,
      Object.fromEntries(Object.entries(golden[mode].grads).map(([name, tensor]) => [`m.${name}`, tensor])),
    );
    if (mode === 'train') {
      report.rms('running mean', parameters.get('m.encoding.1.running_mean')!.value.dataSync(), golden.train.running_mean_after, close);
      report.rms('running variance', parameters.get('m.encoding.1.running_var')!.value.dataSync(), golden.train.running_var_after, close);
    }
  }
}

interface BlockCase {
  name: string;
  config: { seed: number; input_shape: number[] };
  parameters_initial: Record<string, FullTensor>;
  input: FullTensor;
  cotangent: FullTensor;
  train: ModeResults & { running_after: Record<string, FullTensor> };
  eval: ModeResults;
}

/** Block, stride and dilation follow from the tensors' shapes and the case's name. */
function createBlock(parameters: Parameters, golden: BlockCase): Block {
  const [, inChannels, height] = golden.input.shape;
  const dilation = Number(/dilation(\d)/.exec(golden.name)?.[1] ?? 1);
  const stride = golden.train.output.shape[2] < height ? 2 : 1;
  const planes = golden.parameters_initial['conv1.weight'].shape[0];
  const Type = golden.parameters_initial['conv3.weight'] ? Bottleneck : BasicBlock;
  return new Type(parameters, 'b', { inChannels, planes, stride, dilation });
}

export function blockCase(report: Report, golden: BlockCase): void {
  for (const mode of ['train', 'eval'] as const) {
    const parameters = new Parameters(new Random(0));
    const block = createBlock(parameters, golden);
    parameters.load(new Map([...stateDictOf(golden.parameters_initial)].map(([name, tensor]) => [`b.${name}`, tensor])));
    const tape = new Tape({ training: mode === 'train', recording: true });
    const input = tape.constant(fromNchw(golden.input), true);
    const output = block.forward(tape, input);
    report.rms(`${mode} output`, nchwValues(output.value), golden[mode].output, close);
    tape.backward([[output, fromNchw(golden.cotangent)]]);
    report.rms(`${mode} gradient of input`, nchwValues(float32Of(input.gradient!)), golden[mode].grad_input, close);
    compareParameterGradients(
      report,
      mode,
      tape,
      Object.fromEntries(Object.entries(golden[mode].grads).map(([name, tensor]) => [`b.${name}`, tensor])),
    );
    if (mode === 'eval') continue;
    for (const [name, expected] of Object.entries(golden.train.running_after)) {
      const parameter = parameters.get(`b.${name}`);
      if (parameter) report.rms('running statistics', parameter.value.dataSync(), expected, close);
    }
  }
}

interface OpCase {
  input: FullTensor;
  output: FullTensor;
  cotangent: FullTensor;
  grad_input: FullTensor;
  kernel?: number;
  stride?: number;
  padding?: number;
  dilation?: number;
  weight?: FullTensor;
  grad_weight?: FullTensor;
}

const loose = 1e-5;

function opCase(report: Report, name: string, golden: OpCase, apply: (tape: Tape, x: Node, weight: Node | null) => Node): void {
  const tape = new Tape({ training: true, recording: true });
  const input = tape.constant(fromNchw(golden.input), true);
  const weight = golden.weight ? tape.constant(toTensorFlowLayout(Float32Array.from(golden.weight.data), golden.weight.shape), true) : null;
  const output = apply(tape, input, weight);
  report.rms(`${name} output`, nchwValues(output.value), golden.output, loose);
  tape.backward([[output, fromNchw(golden.cotangent)]]);
  report.rms(`${name} gradient of input`, nchwValues(float32Of(input.gradient!)), golden.grad_input, loose);
  if (weight)
    report.rms(`${name} gradient of weight`, toTorchLayout(float32Of(weight.gradient!), golden.weight!.shape), golden.grad_weight!, loose);
}

export interface ResizeFile {
  bilinear: OpCase[];
  maxpool: OpCase[];
  conv: OpCase[];
}

export function resizeFile(report: Report, { bilinear, maxpool, conv }: ResizeFile): void {
  for (const golden of bilinear)
    opCase(report, 'bilinear', golden, (tape, x) => ops.resizeBilinear(tape, x, golden.output.shape[2], golden.output.shape[3]));
  for (const golden of maxpool)
    opCase(report, 'max pooling', golden, (tape, x) => ops.maxPool(tape, x, golden.kernel!, golden.stride!, golden.padding!));
  for (const golden of conv) {
    const { stride = 1, padding = 0, dilation = 1 } = golden;
    opCase(report, 'convolution', golden, (tape, x, weight) =>
      conv2d(tape, x, weight!, { stride: [stride, stride], padding: [padding, padding], dilation }),
    );
  }
}

export interface SmallFiles {
  encoding: { cases: EncodingCase[] };
  blocks: { cases: BlockCase[] };
  encModule: EncModuleCase;
}
