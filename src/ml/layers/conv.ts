import * as ops from '../tensor/ops.ts';
import type { Node, Tape } from '../tensor/tape.ts';
import { upsampledConv2d } from '../tensor/upsampled-conv.ts';
import { conv2d, type ConvGeometry } from '../tensor/conv-op.ts';
import { BatchNorm } from './batch-norm.ts';
import { foldBatchNorm } from './fold.ts';
import { leaf } from './leaf.ts';
import type { Parameter, Parameters, TensorKind } from './parameters.ts';

export interface ConvOptions {
  kernel: number;
  stride?: number;
  padding?: number;
  dilation?: number;
  bias?: boolean;
}

/** 2-d convolution with PyTorch's symmetric padding; named `<name>.weight` and, with a bias, `<name>.bias`. */
export class Conv {
  readonly weight: Parameter;
  readonly bias: Parameter | null;
  readonly geometry: ConvGeometry;

  constructor(parameters: Parameters, name: string, inChannels: number, outChannels: number, options: ConvOptions) {
    const { kernel, stride = 1, padding = 0, dilation = 1, bias = false } = options;
    const shape = [outChannels, inChannels, kernel, kernel];
    this.weight = parameters.create(`${name}.weight`, bias ? 'conv.weight.biased' : 'conv.weight', shape);
    this.bias = bias ? parameters.create(`${name}.bias`, 'bias', [outChannels], inChannels * kernel * kernel) : null;
    this.geometry = { stride: [stride, stride], padding: [padding, padding], dilation };
  }

  /**
   * The convolution of x upsampled bilinearly to `size`, for stride 1 and "same" padding.
   * @returns float32 [batch, ...size, outChannels]
   */
  forwardUpsampled(tape: Tape, x: Node, size: readonly [number, number]): Node {
    const y = upsampledConv2d(tape, x, leaf(tape, this.weight), size);
    return this.bias ? ops.biasAdd(tape, y, leaf(tape, this.bias)) : y;
  }

  /** @param x float32 [batch, height, width, inChannels] @returns float32 [batch, outHeight, outWidth, outChannels] */
  forward(tape: Tape, x: Node): Node {
    const y = conv2d(tape, x, leaf(tape, this.weight), this.geometry);
    return this.bias ? ops.biasAdd(tape, y, leaf(tape, this.bias)) : y;
  }
}

/** Convolution (without bias, but for the reference's classifier), batch norm and, unless switched off, ReLU. */
export class ConvBn {
  private readonly parameters: Parameters;
  private readonly conv: Conv;
  private readonly norm: BatchNorm;
  private readonly activate: boolean;

  constructor(
    parameters: Parameters,
    names: { conv: string; norm: string },
    inChannels: number,
    outChannels: number,
    options: ConvOptions & { relu?: boolean; normKind?: TensorKind },
  ) {
    this.parameters = parameters;
    this.conv = new Conv(parameters, names.conv, inChannels, outChannels, options);
    this.norm = new BatchNorm(parameters, names.norm, outChannels, options.normKind);
    this.activate = options.relu ?? true;
  }

  forward(tape: Tape, x: Node): Node {
    return tape.scope(() =>
      this.activated(
        tape,
        tape.folds
          ? ops.biasAdd(tape, ...this.folded(tape, (filter) => conv2d(tape, x, filter, this.conv.geometry)))
          : this.norm.forward(tape, this.conv.forward(tape, x)),
      ),
    );
  }

  /** The same for x upsampled bilinearly to `size`. */
  forwardUpsampled(tape: Tape, x: Node, size: readonly [number, number]): Node {
    return tape.scope(() =>
      this.activated(
        tape,
        tape.folds
          ? ops.biasAdd(tape, ...this.folded(tape, (filter) => upsampledConv2d(tape, x, filter, size)))
          : this.norm.forward(tape, this.conv.forwardUpsampled(tape, x, size)),
      ),
    );
  }

  /** The convolution with the folded filter, and the bias to add to it. */
  private folded(tape: Tape, convolve: (filter: Node) => Node): [Node, Node] {
    const { filter, bias } = foldBatchNorm(this.parameters, this.conv, this.norm);
    return [convolve(tape.constant(filter)), tape.constant(bias)];
  }

  private activated(tape: Tape, x: Node): Node {
    return this.activate ? ops.relu(tape, x) : x;
  }
}
