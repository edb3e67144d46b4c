import { ConvBn } from '../layers/conv-bn.ts';
import type { Parameters } from '../layers/parameters.ts';
import * as ops from '../tensor/ops.ts';
import type { Node, Tape } from '../tensor/tape.ts';

export interface BlockOptions {
  inChannels: number;
  /** Channels of the inner convolutions; the output has `planes * expansion`. */
  planes: number;
  stride: number;
  dilation: number;
  /** Probability that an image skips the branch in training. */
  dropPath?: number;
}

export interface Block {
  forward(tape: Tape, x: Node): Node;
}

export interface BlockType {
  new (parameters: Parameters, name: string, options: BlockOptions): Block;
  readonly expansion: number;
}

/** Adds the shortcut to a branch and applies ReLU; projects the shortcut where shapes differ. */
class Residual implements Block {
  private readonly branch: ConvBn[];
  private readonly shortcut: ConvBn | null;
  private readonly dropPath: number;

  constructor(parameters: Parameters, name: string, branch: ConvBn[], options: BlockOptions, expansion: number) {
    const outChannels = options.planes * expansion;
    this.branch = branch;
    this.dropPath = options.dropPath ?? 0;
    this.shortcut =
      options.stride === 1 && options.inChannels === outChannels
        ? null
        : new ConvBn(parameters, { conv: `${name}.downsample.0`, norm: `${name}.downsample.1` }, options.inChannels, outChannels, {
            kernel: 1,
            stride: options.stride,
            relu: false,
          });
  }

  forward(tape: Tape, x: Node): Node {
    return tape.scope(() => {
      const branch = ops.dropImages(
        tape,
        this.branch.reduce((value, layer) => layer.forward(tape, value), x),
        this.dropPath,
      );
      const shortcut = this.shortcut ? this.shortcut.forward(tape, x) : x;
      return ops.relu(tape, ops.add(tape, branch, shortcut));
    });
  }
}

const names = (name: string, index: number) => ({ conv: `${name}.conv${index}`, norm: `${name}.bn${index}` });

/**
 * Two 3x3 convolutions; the stride sits on the first. Source: He et al. 2015.
 * The reference's own BasicBlock has expansion 4 and strides twice, and does not run: this is the sound one.
 */
export class BasicBlock extends Residual {
  static readonly expansion = 1;

  constructor(parameters: Parameters, name: string, options: BlockOptions) {
    const { inChannels, planes, stride, dilation } = options;
    super(
      parameters,
      name,
      [
        new ConvBn(parameters, names(name, 1), inChannels, planes, { kernel: 3, stride, padding: dilation, dilation }),
        new ConvBn(parameters, names(name, 2), planes, planes, {
          kernel: 3,
          padding: dilation,
          dilation,
          relu: false,
          normKind: 'bn.weight.closing',
        }),
      ],
      options,
      BasicBlock.expansion,
    );
  }
}

/** 1x1, 3x3 (stride and dilation), 1x1 to four times the channels. Source: He et al. 2015, the reference's Bottleneck. */
export class Bottleneck extends Residual {
  static readonly expansion = 4;

  constructor(parameters: Parameters, name: string, options: BlockOptions) {
    const { inChannels, planes, stride, dilation } = options;
    super(
      parameters,
      name,
      [
        new ConvBn(parameters, names(name, 1), inChannels, planes, { kernel: 1 }),
        new ConvBn(parameters, names(name, 2), planes, planes, { kernel: 3, stride, padding: dilation, dilation }),
        new ConvBn(parameters, names(name, 3), planes, planes * 4, { kernel: 1, relu: false, normKind: 'bn.weight.closing' }),
      ],
      options,
      Bottleneck.expansion,
    );
  }
}
