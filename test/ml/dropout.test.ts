// Dropout draws by TensorFlow's own kernel: the same seed, the same elements.
import { afterEach, expect, test } from 'vitest';
import * as kernels from '#ml/tensor/kernels';
import * as ops from '#ml/tensor/ops';
import { tf, type Tensor } from '#ml/tensor/runtime';
import { Tape } from '#ml/tensor/tape';

const before = tf.memory().numTensors;
afterEach(() => expect(tf.memory().numTensors).toBe(before));

const drawn = (shape: number[], seed: number): Float32Array => {
  const numbers = kernels.randomUniform(shape, seed);
  const values = numbers.dataSync() as Float32Array;
  numbers.dispose();
  return values;
};

test('uniform numbers follow from their seed, lie in [0, 1) and fill it evenly', () => {
  const values = drawn([100, 1000], 7);
  expect(drawn([100, 1000], 7)).toEqual(values);
  expect(drawn([100, 1000], 8)).not.toEqual(values);
  expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
  const tenths = new Array<number>(10).fill(0);
  for (const value of values) tenths[Math.floor(10 * value)]++;
  for (const count of tenths) expect(Math.abs(count - 10_000)).toBeLessThan(500);
});

test('seeds of 32 bits are all taken, large ones too', () => {
  expect(drawn([4], 0xffffffff)).toHaveLength(4);
  expect(drawn([4], 0xffffffff)).not.toEqual(drawn([4], 0x7fffffff));
});

test.each([0.1, 0.5, 0.9])('drops a share of %f and keeps the mean', (rate) => {
  const tape = new Tape({ training: true, recording: true, dropoutSeed: 3 });
  const x = tf.ones([40, 50, 50]);
  const y = ops.dropout(tape, tape.constant(x), rate);
  const values = y.value.dataSync() as Float32Array;
  const kept = values.filter((value) => value !== 0);
  expect(kept.length / values.length).toBeCloseTo(1 - rate, 1);
  expect(new Set(kept).size).toBe(1);
  expect(kept[0]).toBeCloseTo(1 / (1 - rate), 5);
  tape.dispose();
  x.dispose();
});

test('stochastic depth takes an image as a whole, and its gradient with it', () => {
  const tape = new Tape({ training: true, recording: true, dropoutSeed: 5 });
  const x = tf.ones([200, 2, 3, 4]);
  const input = tape.constant(x, true);
  const y = ops.dropImages(tape, input, 0.25);
  const images = tf.tidy(() => tf.reshape(y.value, [200, -1]).arraySync() as number[][]);
  for (const values of images) expect(new Set(values).size).toBe(1);
  const kept = images.filter(([value]) => value !== 0);
  expect(Math.abs(kept.length / 200 - 0.75)).toBeLessThan(0.1);
  for (const [value] of kept) expect(value).toBeCloseTo(4 / 3, 5);
  tape.backward([[y, tf.ones(y.shape)]]);
  const gradient = input.gradient as Tensor;
  expect(tf.tidy(() => tf.reshape(gradient, [200, -1]).arraySync())).toEqual(images);
  tape.dispose();
  for (const tensor of [x, gradient]) tensor.dispose();
});

test('is the identity outside training', () => {
  const tape = new Tape({ training: false, recording: false });
  const x = tf.ones([3, 3]);
  const node = tape.constant(x);
  expect(ops.dropout(tape, node, 0.5)).toBe(node);
  expect(ops.dropImages(tape, node, 0.5)).toBe(node);
  tape.dispose();
  x.dispose();
});
