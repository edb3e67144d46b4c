import * as ops from '../tensor/ops.ts';
import type { Node, Tape } from '../tensor/tape.ts';
import { BatchNorm } from './batch-norm.ts';
import { ConvBn } from './conv-bn.ts';
import { Conv } from './conv.ts';
import { Encoding } from './encoding.ts';
import { Linear } from './linear.ts';
import type { Parameters } from './parameters.ts';

/**
 * Projects features, encodes them against codewords and averages the residuals over the codes: one vector a scene.
 * Source: the reference's EncModule; with `projectBn`, the paper's (1x1 convolution + BN + ReLU before the encoding).
 */
export class ContextEncoder {
  private readonly project: Conv | ConvBn;
  private readonly encoding: Encoding;
  private readonly codeNorm: BatchNorm;

  constructor(
    parameters: Parameters,
    name: string,
    inChannels: number,
    channels: number,
    numCodes: number,
    options: { projectBn: boolean },
  ) {
    this.project = options.projectBn
      ? new ConvBn(parameters, { conv: `${name}.encoding_project.0`, norm: `${name}.encoding_project.1` }, inChannels, channels, {
          kernel: 1,
        })
      : new Conv(parameters, `${name}.encoding_project`, inChannels, channels, { kernel: 1, bias: true });
    this.encoding = new Encoding(parameters, `${name}.encoding.0`, channels, numCodes);
    this.codeNorm = new BatchNorm(parameters, `${name}.encoding.1`, numCodes);
  }

  /** @param x [batch, height, width, inChannels] @returns float32 [batch, channels] */
  forward(tape: Tape, x: Node): Node {
    return tape.scope(() => {
      // Distances to codewords and softmax are for float32, whatever the convolutions are in.
      const projected = ops.cast(tape, this.project.forward(tape, x), 'float32');
      const [batch, height, width, channels] = projected.shape;
      const encoded = this.encoding.forward(tape, ops.reshape(tape, projected, [batch, height * width, channels]));
      return ops.mean(tape, ops.relu(tape, this.normaliseCodes(tape, encoded)), 1);
    });
  }

  /** Batch norm over codes: statistics span batch and channels, so codes go to the last axis and back. */
  private normaliseCodes(tape: Tape, encoded: Node): Node {
    const [batch, codes, channels] = encoded.shape;
    const last = ops.swapAxes(tape, encoded);
    const normalised = this.codeNorm.forward(tape, ops.reshape(tape, last, [batch, channels, 1, codes]));
    return ops.swapAxes(tape, ops.reshape(tape, normalised, [batch, channels, codes]));
  }
}

/** Context encoding module: encodes the scene and scales the channels by what it holds. Source: as `ContextEncoder`. */
export class EncModule {
  private readonly encoder: ContextEncoder;
  private readonly gate: Linear;
  private readonly dropout: number;

  constructor(parameters: Parameters, name: string, channels: number, numCodes: number, options: { projectBn: boolean; dropout?: number }) {
    this.dropout = options.dropout ?? 0;
    this.encoder = new ContextEncoder(parameters, name, channels, channels, numCodes, options);
    this.gate = new Linear(parameters, `${name}.fc.0`, channels, channels);
  }

  /**
   * @param x [batch, height, width, channels]
   * @returns encodingFeature float32 [batch, channels]; output of the shape and type of x
   */
  forward(tape: Tape, x: Node): { encodingFeature: Node; output: Node } {
    const [encodingFeature, output] = tape.scope(() => {
      const feature = this.encoder.forward(tape, x);
      const gain = ops.sigmoid(tape, this.gate.forward(tape, ops.dropout(tape, feature, this.dropout)));
      return [feature, ops.channelAttention(tape, x, gain)];
    });
    return { encodingFeature, output };
  }
}
