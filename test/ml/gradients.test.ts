// Every gradient of our own against finite differences, and nothing left behind by any of them.
import { describe, expect, test } from 'vitest';
import { BatchNorm } from '#ml/layers/batch-norm';
import { leavesOf, takeGradients } from '#ml/layers/leaf';
import { Linear } from '#ml/layers/linear';
import { Parameters } from '#ml/layers/parameters';
import { crossEntropy } from '#ml/losses/cross-entropy';
import { regionLoss } from '#ml/losses/region-loss';
import { seLoss } from '#ml/losses/se-loss';
import { conv2d } from '#ml/tensor/conv-op';
import { deviceName, liveHandles, tf, type Tensor } from '#ml/tensor/runtime';
import { float32Of, Tape } from '#ml/tensor/tape';
import { Random } from '#shared/random';
import { cases, layers, run, values } from '../helpers/op-cases.ts';

const step = 5e-3;

/** A kink between the two points (ReLU, a pool's maximum) makes a difference quotient meaningless: those places are few. */
function agreeing(gradient: number, quotient: number, scale: number): boolean {
  return Math.abs(gradient - quotient) <= 0.02 * Math.abs(quotient) + 0.01 * scale;
}

describe.each(cases)('the gradient of %s', (_, shapes, apply) => {
  const data = shapes.map((shape, index) => values(shape, index));

  test('is that of finite differences', () => {
    const { gradients } = run(apply, shapes, data, true);
    for (const [which, gradient] of gradients.entries()) {
      const scale = Math.max(...gradient.map(Math.abs));
      const places = Array.from({ length: Math.min(gradient.length, 12) }, (_value, i) =>
        Math.floor((i * gradient.length) / Math.min(gradient.length, 12)),
      );
      const agree = places.filter((place) => {
        const shifted = (by: number) =>
          run(
            apply,
            shapes,
            data.map((values_, index) => (index === which ? values_.map((value, i) => (i === place ? value + by : value)) : values_)),
            false,
          ).value;
        return agreeing(gradient[place], (shifted(step) - shifted(-step)) / (2 * step), scale);
      });
      expect(agree.length / places.length).toBeGreaterThanOrEqual(places.length >= 10 ? 0.9 : 1);
    }
  });

  test('leaves no tensor behind', () => {
    run(apply, shapes, data, true);
    const before = liveHandles();
    run(apply, shapes, data, true);
    expect(liveHandles()).toEqual(before);
    expect(layers).toHaveLength(0);
  });
});

describe('losses', () => {
  const shape = [2, 3, 4, 5];
  const labels = Uint8Array.from({ length: 24 }, (_, i) => (i % 7 === 0 ? 255 : (i * 3) % 4));
  const presence = Float32Array.from({ length: 10 }, (_, i) => i % 2);
  type Loss = (logits: Tensor) => { loss: number; gradient: Tensor };
  const losses: [string, number[], Loss][] = [
    ['cross-entropy', shape, (logits) => crossEntropy(logits, labels, 255)],
    ['weighted cross-entropy', shape, (logits) => crossEntropy(logits, labels, 255, { classWeights: [1, 2, 0.5, 3, 1] })],
    ['cross-entropy of hard pixels', shape, (logits) => crossEntropy(logits, labels, 255, { hardPixels: 0.3 })],
    [
      'cross-entropy with borders',
      shape,
      (logits) => crossEntropy(logits, labels, 255, { classWeights: [1, 2, 0.5, 3, 1], borderWeight: 4 }),
    ],
    ['Dice', shape, (logits) => regionLoss('dice', logits, labels, 255)],
    ['Lovasz', shape, (logits) => regionLoss('lovasz', logits, labels, 255)],
    ['SE, mse', [2, 5], (logits) => seLoss(logits, presence, 'mse')],
    ['SE, bce', [2, 5], (logits) => seLoss(logits, presence, 'bce')],
  ];
  test.each(losses)('%s has the gradient of finite differences and leaves nothing behind', (_, of, loss) => {
    const data = values(of, 5);
    const at = (changed: Float32Array) => {
      const logits = tf.tensor(changed, of);
      const { loss: value, gradient } = loss(logits);
      const result = { value, gradient: gradient.dataSync<'float32'>().slice() };
      logits.dispose();
      gradient.dispose();
      return result;
    };
    const { gradient, value } = at(data);
    expect(value).toBeGreaterThan(0);
    const before = liveHandles();
    const scale = Math.max(...gradient.map(Math.abs));
    for (let place = 0; place < data.length; place += Math.ceil(data.length / 20)) {
      const shifted = (by: number) => at(data.map((each, i) => (i === place ? each + by : each))).value;
      const quotient = (shifted(step) - shifted(-step)) / (2 * step);
      expect(Math.abs(gradient[place] - quotient)).toBeLessThan(0.03 * Math.abs(quotient) + 0.02 * scale);
    }
    expect(liveHandles()).toEqual(before);
  });

  test.each([['dice'], ['lovasz']] as const)('%s of a perfect prediction is about 0, of a wrong one about 1, without labels 0', (form) => {
    const logitsFor = (right: boolean) =>
      tf.tensor(
        Float32Array.from({ length: 24 * 5 }, (_, i) => {
          const label = labels[Math.floor(i / 5)];
          return i % 5 === (right ? label : (label + 1) % 4) ? 30 : 0;
        }),
        shape,
      );
    expect(regionLoss(form, logitsFor(true), labels, 255).loss).toBeLessThan(0.01);
    expect(regionLoss(form, logitsFor(false), labels, 255).loss).toBeGreaterThan(0.8);
    const none = regionLoss(form, logitsFor(true), new Uint8Array(24).fill(255), 255);
    expect(none.loss).toBe(0);
    expect(none.gradient.dataSync().every((value) => value === 0)).toBe(true);
  });

  test('hard pixels are those with the largest loss', () => {
    const logits = tf.tensor([5, 0, 0, 5, 1, 0, 0, 1], [1, 2, 2, 2]);
    const targets = Uint8Array.of(0, 0, 0, 0);
    const perPixel = [Math.log(1 + Math.exp(-5)), Math.log(1 + Math.exp(5)), Math.log(1 + Math.exp(-1)), Math.log(1 + Math.exp(1))];
    expect(crossEntropy(logits, targets, 255, { hardPixels: 0.5 }).loss).toBeCloseTo((perPixel[1] + perPixel[3]) / 2, 5);
    expect(crossEntropy(logits, targets, 255, { hardPixels: 0.25 }).loss).toBeCloseTo(perPixel[1], 5);
  });

  test('a pixel that is ignored takes no part, however wrong it is', () => {
    const logits = tf.tensor([-Infinity, 0, 1, 2], [1, 1, 2, 2]);
    expect(crossEntropy(logits, Uint8Array.of(255, 1), 255).loss).toBeCloseTo(Math.log(1 + Math.exp(-1)), 5);
  });
});

describe('dilated convolution', () => {
  const geometry = { stride: [1, 1], padding: [2, 2], dilation: 2 } as const;
  const shapes = [
    [2, 7, 6, 3],
    [3, 3, 3, 4],
  ];
  const data = shapes.map((shape, index) => values(shape, index));
  const close = (a: ArrayLike<number>, b: ArrayLike<number>) => Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i])));

  test('by space-to-batch and by the native kernel are equal', () => {
    const both = (['native', 'space-to-batch'] as const).map((path) => {
      const tape = new Tape({ training: false, recording: false });
      const [x, w] = shapes.map((shape, index) => tape.constant(tf.tensor(data[index], shape)));
      return conv2d(tape, x, w, geometry, path).value.dataSync<'float32'>().slice();
    });
    expect(close(both[0], both[1])).toBeLessThan(1e-5);
  });

  if (deviceName() !== 'GPU')
    console.log('skipped: native gradients of dilated convolutions, because TensorFlow has them on a GPU only and there is none here');
  test.skipIf(deviceName() !== 'GPU')('has equal gradients on both paths (a GPU alone has native ones)', () => {
    const both = (['native', 'space-to-batch'] as const).map(
      (path) => run((tape, [x, w]) => conv2d(tape, x, w, geometry, path), shapes, data, true).gradients,
    );
    both[0].forEach((gradient, index) => expect(close(gradient, both[1][index])).toBeLessThan(1e-4));
  });

  test('has the values and gradients of a plain convolution whose filter has holes', () => {
    const withHoles = Float32Array.from({ length: 5 * 5 * 12 }, (_, i) => {
      const [tap, rest] = [Math.floor(i / 12), i % 12];
      const [row, column] = [Math.floor(tap / 5), tap % 5];
      return row % 2 === 0 && column % 2 === 0 ? data[1][((row / 2) * 3 + column / 2) * 12 + rest] : 0;
    });
    const dilated = run((tape, [x, w]) => conv2d(tape, x, w, geometry), shapes, data, true);
    const plain = run(
      (tape, [x, w]) => conv2d(tape, x, w, { ...geometry, dilation: 1 }),
      [shapes[0], [5, 5, 3, 4]],
      [data[0], withHoles],
      true,
    );
    expect(dilated.value).toBeCloseTo(plain.value, 3);
    expect(close(dilated.gradients[0], plain.gradients[0])).toBeLessThan(1e-4);
    const taps = Float32Array.from(dilated.gradients[1], (_, i) => {
      const [tap, rest] = [Math.floor(i / 12), i % 12];
      return plain.gradients[1][(Math.floor(tap / 3) * 2 * 5 + (tap % 3) * 2) * 12 + rest];
    });
    expect(close(dilated.gradients[1], taps)).toBeLessThan(1e-4);
  });
});

test('the gradient of a batch norm in evaluation is that of finite differences, whatever the processor', () => {
  const parameters = new Parameters(new Random(0));
  const layer = new BatchNorm(parameters, 'n', 3);
  Parameters.assign(layer.runningMean, tf.tensor1d([0.1, -0.2, 0.3]));
  Parameters.assign(layer.runningVar, tf.tensor1d([0.5, 1.5, 2]));
  Parameters.assign(layer.weight, tf.tensor1d([1.2, 0.8, -0.5]));
  const data = values([2, 3, 4, 3], 1);
  const cotangent = values([2, 3, 4, 3], 2);
  const tape = new Tape({ training: false, recording: true });
  const x = tape.constant(tf.tensor(data, [2, 3, 4, 3]), true);
  const output = layer.forward(tape, x);
  tape.backward([[output, tf.tensor(cotangent, [2, 3, 4, 3])]]);
  const scale = [0, 1, 2].map((channel) => [1.2, 0.8, -0.5][channel] / Math.sqrt([0.5, 1.5, 2][channel] + 1e-5));
  float32Of(x.gradient!)
    .dataSync<'float32'>()
    .forEach((gradient, i) => expect(gradient).toBeCloseTo(cotangent[i] * scale[i % 3], 5));
  const gradients = takeGradients(tape);
  const ofWeight = [0, 1, 2].map((channel) =>
    data.reduce(
      (sum, value, i) =>
        sum + (i % 3 === channel ? (cotangent[i] * (value - [0.1, -0.2, 0.3][channel])) / Math.sqrt([0.5, 1.5, 2][channel] + 1e-5) : 0),
      0,
    ),
  );
  gradients
    .get(layer.weight)!
    .dataSync<'float32'>()
    .forEach((gradient, channel) => expect(gradient).toBeCloseTo(ofWeight[channel], 4));
});

test('a parameter that is used twice has one node', () => {
  const parameters = new Parameters(new Random(0));
  const layer = new Linear(parameters, 'l', 3, 3);
  const tape = new Tape({ training: true, recording: true });
  const x = tape.constant(tf.tensor(values([2, 3], 1), [2, 3]), true);
  layer.forward(tape, layer.forward(tape, x));
  expect(leavesOf(tape).size).toBe(2);
  tape.dispose();
});
