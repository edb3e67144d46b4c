// What a step holds at the most: maps of all classes at full size, and copies of what the first layers make, are the largest things there.
import { expect, test } from 'vitest';
import { crossEntropy } from '#ml/losses/cross-entropy';
import { maxPool } from '#ml/tensor/ops';
import { tf } from '#ml/tensor/runtime';
import { Tape } from '#ml/tensor/tape';

const bytes = (): number => tf.memory().numBytes;

test('a cross-entropy holds three maps of all classes beside the logits, also where these are shifted', async () => {
  const shape: [number, number, number, number] = [2, 40, 60, 11];
  const logits = tf.randomNormal(shape, 0, 1, 'float32', 1);
  const labels = new Uint8Array(2 * 40 * 60).map((_, pixel) => pixel % 12);
  const map = 4 * logits.size;
  const before = bytes();
  const { peakBytes, result } = await tf.profile(() => crossEntropy(logits, labels, 11, { shifts: Array<number>(11).fill(0.1) }).gradient);
  tf.dispose([logits, result]);
  expect(peakBytes - before).toBeGreaterThan(2 * map);
  // What is of one number a pixel (places, weights, shares, logs) is less than a fourth.
  expect(peakBytes - before).toBeLessThan(4 * map);
});

test('max pooling keeps its input and what it gives, and no padded copy', () => {
  const tape = new Tape({ training: true, recording: true });
  const x = tape.constant(tf.randomNormal([1, 32, 32, 8], 0, 1, 'float32', 2), true);
  const before = bytes();
  const y = maxPool(tape, x, 3, 2, 1);
  expect(bytes() - before).toBe(4 * y.value.size);
  tape.dispose();
  x.handle.dispose();
});
