import * as ops from '../tensor/ops.ts';
import type { Node, Tape } from '../tensor/tape.ts';
import { upsampledConv2d } from '../tensor/upsampled-conv.ts';
import { conv2d, type ConvGeometry } from '../tensor/conv-op.ts';
import { leaf } from './leaf.ts';
import type { Parameter, Parameters } from './parameters.ts';

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
   * @returns [batch, ...size, outChannels]
   */
  forwardUpsampled(tape: Tape, x: Node, size: readonly [number, number]): Node {
    const y = upsampledConv2d(tape, x, leaf(tape, this.weight), size);
    return this.bias ? ops.biasAdd(tape, y, leaf(tape, this.bias)) : y;
  }

  /** @param x [batch, height, width, inChannels] @returns in the tape's precision [batch, outHeight, outWidth, outChannels] */
  forward(tape: Tape, x: Node): Node {
    const y = conv2d(tape, x, leaf(tape, this.weight), this.geometry);
    return this.bias ? ops.biasAdd(tape, y, leaf(tape, this.bias)) : y;
  }
}
