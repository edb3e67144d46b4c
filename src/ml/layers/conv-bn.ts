import type { Precision } from '#shared/training/precision';
import * as ops from '../tensor/ops.ts';
import type { Node, Tape } from '../tensor/tape.ts';
import { upsampledConv2d } from '../tensor/upsampled-conv.ts';
import { conv2d } from '../tensor/conv-op.ts';
import { BatchNorm } from './batch-norm.ts';
import { Conv, type ConvOptions } from './conv.ts';
import { foldBatchNorm } from './fold.ts';
import type { Parameters, TensorKind } from './parameters.ts';

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
          ? ops.biasAdd(tape, ...this.folded(tape, tape.precision, (filter) => conv2d(tape, x, filter, this.conv.geometry)))
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
          ? ops.biasAdd(tape, ...this.folded(tape, 'float32', (filter) => upsampledConv2d(tape, x, filter, size)))
          : this.norm.forward(tape, this.conv.forwardUpsampled(tape, x, size)),
      ),
    );
  }

  /** The convolution with the folded filter, and the bias to add to it. */
  private folded(tape: Tape, precision: Precision, convolve: (filter: Node) => Node): [Node, Node] {
    const { filter, bias } = foldBatchNorm(this.parameters, this.conv, this.norm, precision);
    return [convolve(tape.constant(filter)), tape.constant(bias)];
  }

  private activated(tape: Tape, x: Node): Node {
    return this.activate ? ops.relu(tape, x) : x;
  }
}
