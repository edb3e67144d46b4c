import { fusedBatchNorm, fusedBatchNormGrad } from '../tensor/kernels.ts';
import { tf, type Tensor } from '../tensor/runtime.ts';
import type { Node, Tape } from '../tensor/tape.ts';
import { leaf } from './leaf.ts';
import { Parameters, type Parameter, type TensorKind } from './parameters.ts';

export const batchNormEpsilon = 1e-5;
/** In PyTorch's sense: running = (1 - momentum) running + momentum batch. */
export const batchNormMomentum = 0.1;

/**
 * Batch norm over the last axis with running statistics.
 * Source: Ioffe and Szegedy 2015; eps and momentum are PyTorch's defaults.
 */
export class BatchNorm {
  readonly weight: Parameter;
  readonly bias: Parameter;
  readonly runningMean: Parameter;
  readonly runningVar: Parameter;

  constructor(parameters: Parameters, name: string, channels: number, kind: TensorKind = 'bn.weight') {
    this.weight = parameters.create(`${name}.weight`, kind, [channels], channels);
    this.bias = parameters.create(`${name}.bias`, 'bn.bias', [channels], channels);
    this.runningMean = parameters.create(`${name}.running_mean`, 'bn.running_mean', [channels], channels);
    this.runningVar = parameters.create(`${name}.running_var`, 'bn.running_var', [channels], channels);
  }

  /** @param x [batch, height, width, channels], of either type @returns the same shape and type; statistics are float32 */
  forward(tape: Tape, x: Node): Node {
    const weight = leaf(tape, this.weight);
    const bias = leaf(tape, this.bias);
    const isRunning = tape.runningNorm || this.weight.frozen;
    const running: [Tensor, Tensor] | null = isRunning ? [this.runningMean.value, this.runningVar.value] : null;
    const [y, mean, variance, ...reserves] = fusedBatchNorm(x.handle, weight.value, bias.value, running, batchNormEpsilon);
    if (!running) this.track(mean, variance);
    mean.dispose();
    variance.dispose();
    const node = tape.op(
      [x, weight, bias],
      y,
      (dy) => {
        // In evaluation the gradient reads the population's statistics; what the forward op left in its reserves then differs by processor.
        const [first, second] = running ?? [reserves[0], reserves[1]];
        return fusedBatchNormGrad(dy, x.handle, weight.value, [first, second, reserves[2]], batchNormEpsilon, !running);
      },
      { keep: [x], saved: reserves },
    );
    tape.record({
      op: 'batch-norm',
      inputs: [x, weight, bias],
      output: node,
      epsilon: batchNormEpsilon,
      statistics: [this.runningMean.value, this.runningVar.value],
    });
    return node;
  }

  private track(mean: Tensor, variance: Tensor): void {
    Parameters.assign(this.runningMean, blend(this.runningMean.value, mean));
    Parameters.assign(this.runningVar, blend(this.runningVar.value, variance));
  }
}

function blend(running: Tensor, batch: Tensor): Tensor {
  return tf.tidy(() => tf.add(tf.mul(running, 1 - batchNormMomentum), tf.mul(batch, batchNormMomentum)));
}
