import type { Precision } from '#shared/training/precision';
import { tf, type Tensor } from '../tensor/runtime.ts';
import { recast, type Value } from '../tensor/value.ts';
import { batchNormEpsilon, type BatchNorm } from './batch-norm.ts';
import type { Conv } from './conv.ts';
import type { Parameters } from './parameters.ts';

/** A convolution's filter and bias with the batch norm after it taken in. */
export interface Folded {
  /** [height, width, inChannels, outChannels] */
  filter: Value;
  /** [outChannels] */
  bias: Value;
}

/**
 * Folds a batch norm in evaluation mode into the convolution before it: scale = weight / sqrt(variance + eps) goes into the filter,
 * the rest into a bias. Kept with the parameters, or each image would have it reckoned anew; made anew when one of the tensors has been
 * replaced.
 * @param precision of filter and bias, which are reckoned in float32: that which is predicted in, or each image would have them rounded
 * anew. The upsampled convolution takes float32, which it turns and rounds by itself for each image.
 */
export function foldBatchNorm(parameters: Parameters, conv: Conv, norm: BatchNorm, precision: Precision): Folded {
  const sources = [conv.weight, norm.weight, norm.bias, norm.runningMean, norm.runningVar, ...(conv.bias ? [conv.bias] : [])].map(
    ({ value }) => value,
  );
  return parameters.derived(`${conv.weight.name} in ${precision}`, sources, () => {
    const folded = tf.tidy((): [Tensor, Tensor] => {
      const scale = tf.div(norm.weight.value, tf.sqrt(tf.add(norm.runningVar.value, batchNormEpsilon)));
      const mean = conv.bias ? tf.sub(norm.runningMean.value, conv.bias.value) : norm.runningMean.value;
      return [tf.mul(conv.weight.value, scale), tf.sub(norm.bias.value, tf.mul(mean, scale))];
    });
    const [filter, bias] = folded.map((tensor): Value => recast(tensor, precision));
    return { filter, bias };
  });
}
