// Raw TensorFlow kernels, NHWC with HWIO filters: what tfjs's own ops lack is explicit padding in
// gradients, the fused batch norm pair, and half-pixel resizing with a gradient.
import { attribute, run1, runMany, tf, type Tensor } from './runtime.ts';

/** [top/bottom, left/right] zero padding, each on both sides. */
export type Padding = readonly [number, number];
export type Stride = readonly [number, number];

function convAttributes(stride: Stride, padding: Padding, dilation: number) {
  const [v, h] = padding;
  return [
    attribute.type('T', 'float32'),
    attribute.ints('strides', [1, stride[0], stride[1], 1]),
    attribute.bool('use_cudnn_on_gpu', true),
    attribute.string('padding', v === 0 && h === 0 ? 'VALID' : 'EXPLICIT'),
    attribute.ints('explicit_paddings', v === 0 && h === 0 ? [] : [0, 0, v, v, h, h, 0, 0]),
    attribute.string('data_format', 'NHWC'),
    attribute.ints('dilations', [1, dilation, dilation, 1]),
  ];
}

/** @param dilation above 1 has gradients on a GPU only @returns float32 [batch, outHeight, outWidth, outChannels] */
export function conv2d(x: Tensor, filter: Tensor, stride: Stride, padding: Padding, dilation = 1): Tensor {
  return run1('Conv2D', convAttributes(stride, padding, dilation), [x, filter]);
}

export function conv2dBackpropInput(
  inputShape: readonly number[],
  filter: Tensor,
  dy: Tensor,
  stride: Stride,
  padding: Padding,
  dilation = 1,
): Tensor {
  const sizes = tf.tensor1d([...inputShape], 'int32');
  const dx = run1('Conv2DBackpropInput', convAttributes(stride, padding, dilation), [sizes, filter, dy]);
  sizes.dispose();
  return dx;
}

export function conv2dBackpropFilter(
  x: Tensor,
  filterShape: readonly number[],
  dy: Tensor,
  stride: Stride,
  padding: Padding,
  dilation = 1,
): Tensor {
  const sizes = tf.tensor1d([...filterShape], 'int32');
  const dw = run1('Conv2DBackpropFilter', convAttributes(stride, padding, dilation), [x, sizes, dy]);
  sizes.dispose();
  return dw;
}

/** [begin, end, strides] of a slice that takes one row and column of each stride. */
const thinning = (shape: readonly number[], stride: Stride): Tensor[] =>
  [[0, 0, 0, 0], shape, [1, ...stride, 1]].map((values) => tf.tensor1d([...values], 'int32'));

const sliceAttributes = () => [
  attribute.type('T', 'float32'),
  attribute.type('Index', 'int32'),
  ...['begin_mask', 'end_mask', 'ellipsis_mask', 'new_axis_mask', 'shrink_axis_mask'].map((mask) => attribute.int(mask, 0)),
];

/** The first of each `stride` rows and columns. @returns float32 [batch, ceil(height / stride), ceil(width / stride), channels] */
export function everyNth(x: Tensor, stride: Stride): Tensor {
  const slice = thinning(x.shape, stride);
  const y = run1('StridedSlice', sliceAttributes(), [x, ...slice]);
  tf.dispose(slice);
  return y;
}

/** Its gradient: 0 where nothing was taken. @param shape of what was thinned */
export function everyNthGrad(dy: Tensor, shape: readonly number[], stride: Stride): Tensor {
  const [of, slice] = [tf.tensor1d([...shape], 'int32'), thinning(shape, stride)];
  const dx = run1('StridedSliceGrad', sliceAttributes(), [of, ...slice, dy]);
  tf.dispose([of, ...slice]);
  return dx;
}

const nhwc = () => attribute.string('data_format', 'NHWC');
const float = () => attribute.type('T', 'float32');

export const biasAdd = (x: Tensor, bias: Tensor): Tensor => run1('BiasAdd', [float(), nhwc()], [x, bias]);
export const biasAddGrad = (dy: Tensor): Tensor => run1('BiasAddGrad', [float(), nhwc()], [dy]);
export const relu = (x: Tensor): Tensor => run1('Relu', [float()], [x]);
/** @param y the ReLU's output: its sign is the input's, so the input need not be kept */
export const reluGrad = (dy: Tensor, y: Tensor): Tensor => run1('ReluGrad', [float()], [dy, y]);

function batchNormAttributes(epsilon: number, training: boolean) {
  return [float(), attribute.type('U', 'float32'), attribute.float('epsilon', epsilon), nhwc(), attribute.bool('is_training', training)];
}

/**
 * Batch norm over the last axis of a rank-4 tensor.
 * @param running [mean, variance] in evaluation, null in training
 * @returns y, then batch mean, batch variance (unbiased) and three reserves for the gradient
 */
export function fusedBatchNorm(x: Tensor, scale: Tensor, offset: Tensor, running: [Tensor, Tensor] | null, epsilon: number): Tensor[] {
  const empty = running ? null : tf.tensor1d([], 'float32');
  const [mean, variance] = running ?? [empty!, empty!];
  const attributes = [...batchNormAttributes(epsilon, running === null), attribute.float('exponential_avg_factor', 1)];
  const outputs = runMany('FusedBatchNormV3', attributes, [x, scale, offset, mean, variance], 6);
  empty?.dispose();
  return outputs;
}

/** @returns dx, dscale, doffset */
export function fusedBatchNormGrad(
  dy: Tensor,
  x: Tensor,
  scale: Tensor,
  reserves: [Tensor, Tensor, Tensor],
  epsilon: number,
  training: boolean,
): [Tensor, Tensor, Tensor] {
  const outputs = runMany('FusedBatchNormGradV3', batchNormAttributes(epsilon, training), [dy, x, scale, ...reserves], 5);
  outputs[3].dispose();
  outputs[4].dispose();
  return [outputs[0], outputs[1], outputs[2]];
}

function poolAttributes(size: number, stride: number) {
  return [
    float(),
    attribute.ints('ksize', [1, size, size, 1]),
    attribute.ints('strides', [1, stride, stride, 1]),
    attribute.string('padding', 'VALID'),
    attribute.ints('explicit_paddings', []),
    nhwc(),
  ];
}

export const maxPool = (x: Tensor, size: number, stride: number): Tensor => run1('MaxPool', poolAttributes(size, stride), [x]);
export const maxPoolGrad = (x: Tensor, y: Tensor, dy: Tensor, size: number, stride: number): Tensor =>
  run1('MaxPoolGrad', poolAttributes(size, stride), [x, y, dy]);

const resizeAttributes = () => [float(), attribute.bool('align_corners', false), attribute.bool('half_pixel_centers', true)];

/** Bilinear resize with half-pixel centres (PyTorch's align_corners = false). */
export function resizeBilinear(x: Tensor, height: number, width: number): Tensor {
  const size = tf.tensor1d([height, width], 'int32');
  const y = run1('ResizeBilinear', resizeAttributes(), [x, size]);
  size.dispose();
  return y;
}

export const resizeBilinearGrad = (dy: Tensor, x: Tensor): Tensor => run1('ResizeBilinearGrad', resizeAttributes(), [dy, x]);

/** @returns loss [rows] and its gradient [rows, classes] for int32 labels [rows] */
export function sparseSoftmaxCrossEntropy(logits: Tensor, labels: Tensor): [Tensor, Tensor] {
  const [loss, gradient] = runMany(
    'SparseSoftmaxCrossEntropyWithLogits',
    [float(), attribute.type('Tlabels', 'int32')],
    [logits, labels],
    2,
  );
  return [loss, gradient];
}

function blockTensors(blocks: readonly number[], pads: readonly number[][]): [Tensor, Tensor] {
  return [
    tf.tensor1d([...blocks], 'int32'),
    tf.tensor2d(
      pads.map((pair) => [...pair]),
      [2, 2],
      'int32',
    ),
  ];
}

function blockOp(name: string, padName: string, x: Tensor, block: number, pads: readonly number[][]): Tensor {
  const [blocks, paddings] = blockTensors([block, block], pads);
  const y = run1(name, [float(), attribute.type('Tblock_shape', 'int32'), attribute.type(padName, 'int32')], [x, blocks, paddings]);
  blocks.dispose();
  paddings.dispose();
  return y;
}

export const spaceToBatch = (x: Tensor, block: number, paddings: readonly number[][]): Tensor =>
  blockOp('SpaceToBatchND', 'Tpaddings', x, block, paddings);
export const batchToSpace = (x: Tensor, block: number, crops: readonly number[][]): Tensor =>
  blockOp('BatchToSpaceND', 'Tcrops', x, block, crops);

/**
 * Uniform numbers in [0, 1), the same for the same seed however many threads make them. tfjs's own would draw each in JavaScript.
 * @param seed 32 bits
 */
export function randomUniform(shape: readonly number[], seed: number): Tensor {
  const [size, key] = [tf.tensor1d([...shape], 'int32'), tf.tensor1d([seed | 0, 0], 'int32')];
  const attributes = [attribute.type('dtype', 'float32'), attribute.type('T', 'int32'), attribute.type('Tseed', 'int32')];
  const numbers = run1('StatelessRandomUniform', attributes, [size, key]);
  size.dispose();
  key.dispose();
  return numbers;
}
