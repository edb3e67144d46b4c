import { tf, type Tensor } from '../tensor/runtime.ts';

/**
 * Puts values of PyTorch's layout into a tensor of TensorFlow's.
 * @param data row-major in PyTorch's layout: OIHW for rank 4, [out, in] for linear layers
 * @param torchShape rank 4 becomes HWIO; of rank 2, only [out, in] weights are transposed by the layer that uses them
 */
export function toTensorFlowLayout(data: Float32Array, torchShape: readonly number[]): Tensor {
  if (torchShape.length !== 4) return tf.tensor(data.slice(), [...torchShape], 'float32');
  return tf.tidy(() => tf.transpose(tf.tensor(data, [...torchShape], 'float32'), [2, 3, 1, 0]));
}

/** @returns the tensor's values, row-major in PyTorch's layout, as a copy */
export function toTorchLayout(value: Tensor, torchShape: readonly number[]): Float32Array {
  if (torchShape.length !== 4) return value.dataSync<'float32'>().slice();
  const transposed = tf.transpose(value, [3, 2, 0, 1]);
  const data = transposed.dataSync<'float32'>().slice();
  transposed.dispose();
  return data;
}
