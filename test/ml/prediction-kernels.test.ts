// What a network that predicts does otherwise than one that learns.
import { expect, test } from 'vitest';
import { EncNet } from '#ml/models/encnet';
import { conv2d } from '#ml/tensor/conv-op';
import { tf } from '#ml/tensor/runtime';
import { float32Of, Tape } from '#ml/tensor/tape';
import { inType } from '#ml/tensor/value';
import { findPreset } from '#shared/training/presets';
import { profileOps } from '../../scripts/bench/profile.ts';

test('a network that predicts rounds its filters once, not for each image', () => {
  const { config } = findPreset('light');
  const net = new EncNet(config.model, 11, 1, 'bfloat16');
  const images = tf.zeros([1, 64, 96, 3]);
  const castsOf = () => {
    const tape = new Tape({ training: false, recording: false, fold: true, precision: 'bfloat16' });
    const ops = profileOps(() => void net.forward(tape, tape.constant(images)));
    tape.dispose();
    return ops.filter(({ op }) => /^Cast\b/.test(op)).reduce((sum, { calls }) => sum + calls, 0);
  };
  const [first, second] = [castsOf(), castsOf()];
  // Filters and biases of what has a batch norm; the classifiers have none, and the auxiliary head predicts nothing.
  const folded = net.parameters.all().filter(({ kind, name }) => kind === 'conv.weight' && !name.startsWith('auxlayer')).length;
  expect(folded).toBeGreaterThan(25);
  expect(first - second).toBe(2 * folded);
  images.dispose();
  net.dispose();
});

test.each(['float32', 'bfloat16'] as const)('a 1x1 convolution with a stride gives the same without gradients, in %s', (precision) => {
  for (const [batch, channels] of [
    [1, 3],
    [3, 8],
    [2, 33],
  ]) {
    const [image, weights] = [
      tf.randomNormal([batch, 13, 18, channels], 0, 1, 'float32', 1),
      tf.randomNormal([1, 1, channels, 12], 0, 1, 'float32', 2),
    ];
    const [recorded, plain] = [true, false].map((recording) => {
      const tape = new Tape({ training: recording, recording, precision });
      const [x, filter] = [tape.constant(image, true), tape.constant(weights, true)];
      const y = conv2d(tape, x, filter, { stride: [2, 2], padding: [0, 0], dilation: 1 });
      expect(y.shape).toEqual([batch, 7, 9, 12]);
      const values = inType(y.handle, 'float32', (of) => float32Of(of).dataSync<'float32'>().slice());
      tape.dispose();
      return values;
    });
    const largest = Math.max(...recorded.map(Math.abs));
    expect(Math.max(...recorded.map((value, i) => Math.abs(value - plain[i])))).toBeLessThanOrEqual(
      largest * (precision === 'float32' ? 1e-5 : 2 ** -8),
    );
    tf.dispose([image, weights]);
  }
});
