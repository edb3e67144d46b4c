// Raw TensorFlow kernels, NHWC: what tfjs's own ops lack, as half-pixel resizing with a gradient, or cannot do in bfloat16. Those with
// a `V` take float32 and bfloat16 and give what they take.
import { attribute, tf, type Tensor } from './runtime.ts';
import { inType, inTypes, precisionOf, recast, run1, runMany, typeOf, type Value } from './value.ts';

const nhwc = () => attribute.string('data_format', 'NHWC');

export const biasAdd = <V extends Value>(x: V, bias: V): V => run1<V>('BiasAdd', [typeOf('T', x), nhwc()], [x, bias]);
export const biasAddGrad = (dy: Tensor): Tensor => run1('BiasAddGrad', [typeOf('T', dy), nhwc()], [dy]);
export const relu = <V extends Value>(x: V): V => run1<V>('Relu', [typeOf('T', x)], [x]);
/** @param y the ReLU's output: its sign is the input's, so the input need not be kept */
export const reluGrad = <V extends Value>(dy: V, y: V): V => run1<V>('ReluGrad', [typeOf('T', dy)], [dy, y]);

/** Sum of values of one shape and type. */
export const add = <V extends Value>(parts: readonly V[]): V =>
  run1<V>('AddN', [typeOf('T', parts[0]), attribute.int('N', parts.length)], parts);
/** Product by elements; shapes may be spread over each other. */
export const multiply = <V extends Value>(a: V, b: V): V => run1<V>('Mul', [typeOf('T', a)], [a, b]);

type Ints = number | readonly number[] | readonly (readonly number[])[];

/** Runs an op with tensors of whole numbers beside its value, which are let go of. */
export function withInts<T>(values: readonly Ints[], body: (...tensors: Tensor[]) => T): T {
  const tensors = values.map((of) => tf.tensor(of as number[], undefined, 'int32'));
  try {
    return body(...tensors);
  } finally {
    tf.dispose(tensors);
  }
}

/** The same values in another shape; the memory is the same. */
export const reshape = <V extends Value>(x: V, shape: readonly number[]): V =>
  withInts([shape], (to) => run1<V>('Reshape', [typeOf('T', x), attribute.type('Tshape', 'int32')], [x, to]));
export const transpose = <V extends Value>(x: V, order: readonly number[]): V =>
  withInts([order], (by) => run1<V>('Transpose', [typeOf('T', x), attribute.type('Tperm', 'int32')], [x, by]));
export const slice = <V extends Value>(x: V, begin: readonly number[], size: readonly number[]): V =>
  withInts([begin, size], (from, of) => run1<V>('Slice', [typeOf('T', x), attribute.type('Index', 'int32')], [x, from, of]));

/** Joins values along the last axis. */
export const concat = <V extends Value>(parts: readonly V[]): V =>
  withInts([parts[0].shape.length - 1], (axis) =>
    run1<V>('ConcatV2', [typeOf('T', parts[0]), attribute.type('Tidx', 'int32'), attribute.int('N', parts.length)], [...parts, axis]),
  );
/** Its gradient: parts of `sizes` along the last axis. */
export const split = <V extends Value>(x: V, sizes: readonly number[]): V[] =>
  withInts([sizes, x.shape.length - 1], (of, axis) =>
    runMany<V[]>(
      'SplitV',
      [typeOf('T', x), attribute.type('Tlen', 'int32'), attribute.int('num_split', sizes.length)],
      [x, of, axis],
      sizes.length,
    ),
  );

/** An image's pixels, or a batch's, one a row. @returns [pixels, channels] */
export const pixelRows = <V extends Value>(x: V): V => reshape(x, [-1, x.shape.at(-1)!]);

/** a transposed, times b: [k, m] and [k, n] to [m, n]. */
export const transposedMatMul = <V extends Value>(a: V, b: V): V =>
  run1<V>('MatMul', [typeOf('T', a), attribute.bool('transpose_a', true), attribute.bool('transpose_b', false)], [a, b]);

/** Stacks values of one shape along a new first axis. */
export const stack = <V extends Value>(parts: readonly V[]): V =>
  run1<V>('Pack', [typeOf('T', parts[0]), attribute.int('N', parts.length), attribute.int('axis', 0)], parts);

/** [a, m, k] times [b, k, n], a and b the same, or one of them 1. */
export const batchMatMul = <V extends Value>(a: V, b: V): V =>
  run1<V>('BatchMatMulV2', [typeOf('T', a), attribute.bool('adj_x', false), attribute.bool('adj_y', false)], [a, b]);

/**
 * Batch norm's kernels in float32, whatever they are given: in bfloat16 they convert each value each time that they come by it, which takes
 * twice as long as a float32 copy does.
 */
function batchNormAttributes(epsilon: number, training: boolean) {
  return [
    attribute.type('T', 'float32'),
    attribute.type('U', 'float32'),
    attribute.float('epsilon', epsilon),
    nhwc(),
    attribute.bool('is_training', training),
  ];
}

/**
 * Batch norm over the last axis of a rank-4 value; statistics, scale and offset are float32.
 * @param running mean and variance of before: what it goes by in evaluation, and what it moves in training
 * @param momentum share of the batch's own statistics (the variance unbiased) in what running ones become; null in evaluation
 * @returns y, running mean and variance of after, and three reserves for the gradient
 */
export function fusedBatchNorm(
  x: Value,
  scale: Tensor,
  offset: Tensor,
  running: readonly [Tensor, Tensor],
  epsilon: number,
  momentum: number | null,
): [Value, ...Tensor[]] {
  const [y, ...rest] = inType(x, 'float32', (wide) => {
    const attributes = [...batchNormAttributes(epsilon, momentum !== null), attribute.float('exponential_avg_factor', momentum ?? 1)];
    return runMany('FusedBatchNormV3', attributes, [wide, scale, offset, ...running], 6);
  });
  return [recast(y, precisionOf(x)), ...rest];
}

/** @returns dx, dscale, doffset; the latter float32 */
export function fusedBatchNormGrad(
  dy: Value,
  x: Value,
  scale: Tensor,
  reserves: [Tensor, Tensor, Tensor],
  epsilon: number,
  training: boolean,
): [Value, Tensor, Tensor] {
  const [dx, dScale, dOffset, ...rest] = inTypes([dy, x], 'float32', (wideDy, wideX) =>
    runMany('FusedBatchNormGradV3', batchNormAttributes(epsilon, training), [wideDy, wideX, scale, ...reserves], 5),
  );
  tf.dispose(rest);
  return [recast(dx, precisionOf(x)), dScale, dOffset];
}

function poolAttributes(x: Value, size: number, stride: number) {
  return [
    typeOf('T', x),
    attribute.ints('ksize', [1, size, size, 1]),
    attribute.ints('strides', [1, stride, stride, 1]),
    attribute.string('padding', 'VALID'),
    attribute.ints('explicit_paddings', []),
    nhwc(),
  ];
}

export const maxPool = <V extends Value>(x: V, size: number, stride: number): V => run1<V>('MaxPool', poolAttributes(x, size, stride), [x]);
export const maxPoolGrad = <V extends Value>(x: V, y: V, dy: V, size: number, stride: number): V =>
  run1<V>('MaxPoolGrad', poolAttributes(x, size, stride), [x, y, dy]);

const resizeAttributes = (x: Value) => [typeOf('T', x), attribute.bool('align_corners', false), attribute.bool('half_pixel_centers', true)];

/** Bilinear resize with half-pixel centres (PyTorch's align_corners = false). @returns float32, whatever x is */
export const resizeBilinear = (x: Value, height: number, width: number): Tensor =>
  withInts([[height, width]], (size) => run1('ResizeBilinear', resizeAttributes(x), [x, size]));

/** The kernel adds up in x's type: in bfloat16 a sum of hundreds of pixels would lose most of them, so x is to be float32. */
export const resizeBilinearGrad = (dy: Tensor, x: Tensor): Tensor => run1('ResizeBilinearGrad', resizeAttributes(x), [dy, x]);

/** Over the last axis. @param x float32 */
export const logSoftmax = (x: Tensor): Tensor => run1('LogSoftmax', [typeOf('T', x)], [x]);

const gather = (x: Tensor, at: Tensor, axis: number): Tensor =>
  withInts([axis], (along) =>
    run1(
      'GatherV2',
      [typeOf('Tparams', x), attribute.type('Tindices', 'int32'), attribute.type('Taxis', 'int32'), attribute.int('batch_dims', axis)],
      [x, at, along],
    ),
  );

/** What a table [entries] says of each number. @param numbers int32 [rows], below entries @returns [rows], of the table's type */
export const lookUp = (table: Tensor, numbers: Tensor): Tensor => gather(table, numbers, 0);

/** One value of each row. @param x float32 [rows, columns] @param columns int32 [rows] @returns float32 [rows] */
export const ofRows = (x: Tensor, columns: Tensor): Tensor => gather(x, columns, 1);

/** x times y; 0 where y is, whatever x is there. */
export const multiplyNoNan = (x: Tensor, y: Tensor): Tensor => run1('MulNoNan', [typeOf('T', x)], [x, y]);

/** Puts so many rows [top/bottom] and columns [left/right] of a value around an image, on both sides. */
export function pad<V extends Value>(x: V, [rows, columns]: readonly [number, number], value: number): V {
  const sides = [
    [0, 0],
    [rows, rows],
    [columns, columns],
    [0, 0],
  ];
  const filling = tf.scalar(value);
  try {
    return withInts([sides], (paddings) =>
      inType(filling, precisionOf(x), (of) => run1<V>('PadV2', [typeOf('T', x), attribute.type('Tpaddings', 'int32')], [x, paddings, of])),
    );
  } finally {
    filling.dispose();
  }
}

const blockOp = <V extends Value>(name: string, padName: string, x: V, block: number, pads: readonly number[][]): V =>
  withInts([[block, block], pads], (blocks, paddings) =>
    run1<V>(name, [typeOf('T', x), attribute.type('Tblock_shape', 'int32'), attribute.type(padName, 'int32')], [x, blocks, paddings]),
  );

export const spaceToBatch = <V extends Value>(x: V, block: number, paddings: readonly number[][]): V =>
  blockOp('SpaceToBatchND', 'Tpaddings', x, block, paddings);
export const batchToSpace = <V extends Value>(x: V, block: number, crops: readonly number[][]): V =>
  blockOp('BatchToSpaceND', 'Tcrops', x, block, crops);

/**
 * Uniform numbers in [0, 1), the same for the same seed however many threads make them. tfjs's own would draw each in JavaScript.
 * @param seed 32 bits
 */
export const randomUniform = (shape: readonly number[], seed: number): Tensor =>
  withInts([shape, [seed | 0, 0]], (size, key) =>
    run1(
      'StatelessRandomUniform',
      [attribute.type('dtype', 'float32'), attribute.type('T', 'int32'), attribute.type('Tseed', 'int32')],
      [size, key],
    ),
  );
