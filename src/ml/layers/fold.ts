import { tf, type Tensor } from '../tensor/runtime.ts';
import { batchNormEpsilon, type BatchNorm } from './batch-norm.ts';
import type { Conv } from './conv.ts';
import type { Parameters } from './parameters.ts';

/** A convolution's filter and bias with the batch norm after it taken in. */
export interface Folded {
  /** float32 [height, width, inChannels, outChannels] */
  filter: Tensor;
  /** float32 [outChannels] */
  bias: Tensor;
}

/**
 * Folds a batch norm in evaluation mode into the convolution before it: scale = weight / sqrt(variance + eps) goes into the filter,
 * the rest into a bias. Kept with the parameters, and made anew when one of the tensors has been replaced.
 */
export function foldBatchNorm(parameters: Parameters, conv: Conv, norm: BatchNorm): Folded {
  const sources = [conv.weight, norm.weight, norm.bias, norm.runningMean, norm.runningVar, ...(conv.bias ? [conv.bias] : [])].map(
    ({ value }) => value,
  );
  return parameters.derived(conv.weight.name, sources, () => {
    const [filter, bias] = tf.tidy((): [Tensor, Tensor] => {
      const scale = tf.div(norm.weight.value, tf.sqrt(tf.add(norm.runningVar.value, batchNormEpsilon)));
      const mean = conv.bias ? tf.sub(norm.runningMean.value, conv.bias.value) : norm.runningMean.value;
      return [tf.mul(conv.weight.value, scale), tf.sub(norm.bias.value, tf.mul(mean, scale))];
    });
    return { filter, bias };
  });
}
