import { AppError } from '#shared/errors';
import { fusedBatchNorm, fusedBatchNormGrad } from '../tensor/kernels.ts';
import { tf, type Tensor } from '../tensor/runtime.ts';
import type { Node, Tape } from '../tensor/tape.ts';
import { leaf } from './leaf.ts';
import { Parameters, type Parameter, type TensorKind } from './parameters.ts';

export const batchNormEpsilon = 1e-5;
/** In PyTorch's sense: running = (1 - momentum) running + momentum batch. */
const batchNormMomentum = 0.1;

/** One value has no deviation: it would be learnt as 0, and divided by in prediction. @throws AppError 'invalid-argument' */
function assertSeveral([batch, height, width]: readonly number[]): void {
  if (batch * height * width > 1) return;
  throw new AppError(
    'invalid-argument',
    'Batch norm would see one value a channel: one image, of which one pixel is left. ' +
      'Take a larger batch, a larger crop or smaller strides',
  );
}

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
    if (!isRunning) assertSeveral(x.shape);
    const running: [Tensor, Tensor] = [this.runningMean.value, this.runningVar.value];
    const momentum = isRunning ? null : batchNormMomentum;
    const [y, mean, variance, ...reserves] = fusedBatchNorm(x.handle, weight.value, bias.value, running, batchNormEpsilon, momentum);
    if (isRunning) tf.dispose([mean, variance]);
    else {
      Parameters.assign(this.runningMean, mean);
      Parameters.assign(this.runningVar, variance);
    }
    const node = tape.op(
      [x, weight, bias],
      y,
      (dy) => {
        // In evaluation the gradient reads the population's statistics; what the forward op left in its reserves then differs by processor.
        const [first, second] = isRunning ? running : [reserves[0], reserves[1]];
        return fusedBatchNormGrad(dy, x.handle, weight.value, [first, second, reserves[2]], batchNormEpsilon, !isRunning);
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
}
