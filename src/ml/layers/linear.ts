import * as ops from '../tensor/ops.ts';
import { tf, type Tensor } from '../tensor/runtime.ts';
import type { Node, Tape } from '../tensor/tape.ts';
import { leaf } from './leaf.ts';
import type { Parameter, Parameters } from './parameters.ts';

/** Fully connected layer. Its weight keeps PyTorch's layout [outFeatures, inFeatures], also inside. */
export class Linear {
  private readonly weight: Parameter;
  private readonly bias: Parameter;

  constructor(parameters: Parameters, name: string, inFeatures: number, outFeatures: number) {
    this.weight = parameters.create(`${name}.weight`, 'linear.weight', [outFeatures, inFeatures]);
    this.bias = parameters.create(`${name}.bias`, 'bias', [outFeatures], inFeatures);
  }

  /** @param x float32 [batch, inFeatures] @returns float32 [batch, outFeatures] */
  forward(tape: Tape, x: Node): Node {
    const weight = leaf(tape, this.weight);
    const transposed = tape.float32Op([weight], transpose(weight.value), (dy) => [transpose(dy)]);
    tape.record({ op: 'transpose', inputs: [weight], output: transposed });
    return ops.linear(tape, x, transposed, leaf(tape, this.bias));
  }
}

const transpose = (x: Tensor): Tensor => tf.transpose(x, [1, 0]);
