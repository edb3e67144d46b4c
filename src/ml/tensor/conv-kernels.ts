// TensorFlow's convolution and its gradients, NHWC with HWIO filters, each by the kernel that is quickest for its shape. They take float32
// and bfloat16 and give what they take.
import { pad, pixelRows, reshape, slice, stack, transposedMatMul, withInts } from './kernels.ts';
import { attribute } from './runtime.ts';
import { dispose, run1, typeOf, type Value } from './value.ts';

/** [top/bottom, left/right] zero padding, each on both sides. */
export type Padding = readonly [number, number];
export type Stride = readonly [number, number];

type KernelSize = readonly [number, number];

/** Whether padding is half the kernel at stride 1, which TensorFlow calls SAME. */
const keepsSize = (size: KernelSize, stride: Stride, padding: Padding, dilation: number): boolean =>
  dilation === 1 && [0, 1].every((axis) => stride[axis] === 1 && 2 * padding[axis] + 1 === size[axis]);

function convAttributes(of: Value, size: KernelSize, stride: Stride, padding: Padding, dilation: number) {
  const [v, h] = padding;
  const word = v === 0 && h === 0 ? 'VALID' : keepsSize(size, stride, padding, dilation) ? 'SAME' : 'EXPLICIT';
  return [
    typeOf('T', of),
    attribute.ints('strides', [1, stride[0], stride[1], 1]),
    attribute.bool('use_cudnn_on_gpu', true),
    attribute.string('padding', word),
    attribute.ints('explicit_paddings', word === 'EXPLICIT' ? [0, 0, v, v, h, h, 0, 0] : []),
    attribute.string('data_format', 'NHWC'),
    attribute.ints('dilations', [1, dilation, dilation, 1]),
  ];
}

const sizeOf = (shape: readonly number[]): KernelSize => [shape[0], shape[1]];

/** @param dilation above 1 has gradients on a GPU only @returns [batch, outHeight, outWidth, outChannels] */
export function conv2d<V extends Value>(x: V, filter: V, stride: Stride, padding: Padding, dilation = 1): V {
  return run1<V>('Conv2D', convAttributes(x, sizeOf(filter.shape), stride, padding, dilation), [x, filter]);
}

/**
 * Whether a gradient is reckoned on an image that carries its padding: TensorFlow hands gradients with explicit padding to kernels of its
 * own, up to four times slower than oneDNN's in float32 and far slower than that in bfloat16.
 */
const carriesPadding = (size: KernelSize, stride: Stride, padding: Padding, dilation: number): boolean =>
  dilation === 1 && (padding[0] > 0 || padding[1] > 0) && !keepsSize(size, stride, padding, dilation);

export function conv2dBackpropInput<V extends Value>(
  inputShape: readonly number[],
  filter: V,
  dy: V,
  stride: Stride,
  padding: Padding,
  dilation = 1,
): V {
  const size = sizeOf(filter.shape);
  if (carriesPadding(size, stride, padding, dilation)) {
    const [batch, height, width, channels] = inputShape;
    const dPadded = conv2dBackpropInput([batch, height + 2 * padding[0], width + 2 * padding[1], channels], filter, dy, stride, [0, 0]);
    const dx = slice(dPadded, [0, ...padding, 0], inputShape);
    dPadded.dispose();
    return dx;
  }
  return withInts([inputShape], (sizes) =>
    run1<V>('Conv2DBackpropInput', convAttributes(dy, size, stride, padding, dilation), [sizes, filter, dy]),
  );
}

const isPointwise = ([height, width]: readonly number[], stride: Stride, padding: Padding): boolean =>
  [height, width, ...stride].every((size) => size === 1) && padding.every((side) => side === 0);

/** Of a 1x1 convolution: one matrix product over all pixels, which runs up to a third faster than the convolution's own kernel. */
function pointwiseBackpropFilter<V extends Value>(x: V, filterShape: readonly number[], dy: V): V {
  const [rows, dRows] = [x, dy].map(pixelRows);
  const product = transposedMatMul(rows, dRows);
  const dw = reshape(product, filterShape);
  dispose([rows, dRows, product]);
  return dw;
}

/**
 * Whether a filter's gradient is quicker as one matrix product a tap, with the image shifted: with many channels and in bfloat16, where
 * the kernel's own gradient takes half as long again as its convolution (measured).
 */
const isQuickerByTaps = (dy: Value, filterShape: readonly number[], stride: Stride, padding: Padding): boolean =>
  dy.dtype === 'bfloat16' && filterShape[2] >= 384 && filterShape[3] >= 384 && keepsSize(sizeOf(filterShape), stride, padding, 1);

function backpropFilterByTaps<V extends Value>(x: V, filterShape: readonly number[], dy: V, padding: Padding): V {
  const [rows, columns] = filterShape;
  const padded = pad(x, padding, 0);
  const dRows = pixelRows(dy);
  const taps = Array.from({ length: rows * columns }, (_, tap) => {
    const shifted = slice(padded, [0, Math.floor(tap / columns), tap % columns, 0], x.shape);
    const shiftedRows = pixelRows(shifted);
    const product = transposedMatMul(shiftedRows, dRows);
    dispose([shifted, shiftedRows]);
    return product;
  });
  const stacked = stack(taps);
  const dw = reshape(stacked, filterShape);
  dispose([padded, dRows, stacked, ...taps]);
  return dw;
}

export function conv2dBackpropFilter<V extends Value>(
  x: V,
  filterShape: readonly number[],
  dy: V,
  stride: Stride,
  padding: Padding,
  dilation = 1,
): V {
  if (isPointwise(filterShape, stride, padding)) return pointwiseBackpropFilter(x, filterShape, dy);
  if (dilation === 1 && isQuickerByTaps(dy, filterShape, stride, padding)) return backpropFilterByTaps(x, filterShape, dy, padding);
  const size = sizeOf(filterShape);
  if (carriesPadding(size, stride, padding, dilation)) {
    const padded = pad(x, padding, 0);
    const dw = conv2dBackpropFilter(padded, filterShape, dy, stride, [0, 0]);
    padded.dispose();
    return dw;
  }
  return withInts([filterShape], (sizes) =>
    run1<V>('Conv2DBackpropFilter', convAttributes(dy, size, stride, padding, dilation), [x, sizes, dy]),
  );
}

/** [begin, end, strides] of a slice that takes one row and column of each stride. */
const thinning = (shape: readonly number[], stride: Stride) => [[0, 0, 0, 0], shape, [1, ...stride, 1]];

const sliceAttributes = (of: Value) => [
  typeOf('T', of),
  attribute.type('Index', 'int32'),
  ...['begin_mask', 'end_mask', 'ellipsis_mask', 'new_axis_mask', 'shrink_axis_mask'].map((mask) => attribute.int(mask, 0)),
];

/** The first of each `stride` rows and columns. @returns [batch, ceil(height / stride), ceil(width / stride), channels] */
export const everyNth = <V extends Value>(x: V, stride: Stride): V =>
  withInts(thinning(x.shape, stride), (...bounds) => run1<V>('StridedSlice', sliceAttributes(x), [x, ...bounds]));

/** Its gradient: 0 where nothing was taken. @param shape of what was thinned */
export const everyNthGrad = <V extends Value>(dy: V, shape: readonly number[], stride: Stride): V =>
  withInts([shape, ...thinning(shape, stride)], (...bounds) => run1<V>('StridedSliceGrad', sliceAttributes(dy), [...bounds, dy]));
