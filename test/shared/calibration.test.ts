// How far probabilities can be believed: the error against its definition, and the temperature that labels were drawn at.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fitTemperature, reliabilityOf, type Evidence } from '#shared/metrics/calibration';
import { Random } from '#shared/random';

const classes = 5;

/** Logits, and labels drawn from what they say at a temperature. */
function drawn(pixels: number, temperature: number, seed: number): Evidence {
  const random = Random.named('calibration', seed);
  const logits = Float32Array.from({ length: pixels * classes }, () => 3 * random.normal());
  const labels = Uint8Array.from({ length: pixels }, (_, pixel) => {
    const weights = [...logits.subarray(pixel * classes, (pixel + 1) * classes)].map((logit) => Math.exp(logit / temperature));
    let rest = random.next() * weights.reduce((sum, weight) => sum + weight, 0);
    const id = weights.findIndex((weight) => (rest -= weight) < 0);
    return id < 0 ? classes - 1 : id;
  });
  return { logits, labels, classes };
}

test('finds the temperature that labels were drawn at, and there is as sure as it is right', () => {
  fc.assert(
    fc.property(fc.constantFrom(0.5, 0.8, 1, 1.7, 3), fc.nat(1000), (temperature, seed) => {
      const evidence = drawn(20_000, temperature, seed);
      const found = fitTemperature(evidence);
      expect(Math.abs(Math.log(found / temperature))).toBeLessThan(0.06);
      const [at, twice] = [reliabilityOf(evidence, found), reliabilityOf(evidence, 2 * found)];
      expect(at.ece).toBeLessThan(0.015);
      expect(twice.ece).toBeGreaterThan(2 * at.ece);
      expect(twice.loss).toBeGreaterThan(at.loss);
    }),
    { numRuns: 12 },
  );
});

test('the error is the mean distance of confidence and accuracy, by pixels', () => {
  // Two classes; at a probability of 0.9 three of four are right, at 0.6 one of two.
  const logit = (probability: number) => Math.log(probability / (1 - probability));
  const sure = [0.9, 0.9, 0.9, 0.9, 0.6, 0.6];
  const evidence = { logits: Float32Array.from(sure.flatMap((p) => [logit(p), 0])), labels: Uint8Array.of(0, 0, 0, 1, 0, 1), classes: 2 };
  const { ece, bins, loss } = reliabilityOf(evidence, 1);
  expect(ece).toBeCloseTo((4 * 0.15 + 2 * 0.1) / 6, 5);
  expect(bins.filter(({ pixels }) => pixels > 0).map(({ pixels, accuracy }) => [pixels, accuracy])).toEqual([
    [2, 0.5],
    [4, 0.75],
  ]);
  expect(loss).toBeCloseTo(-(3 * Math.log(0.9) + Math.log(0.1) + Math.log(0.6) + Math.log(0.4)) / 6, 5);
});

test('nothing to look at changes nothing', () => {
  const none = { logits: new Float32Array(0), labels: new Uint8Array(0), classes };
  expect(fitTemperature(none)).toBe(1);
  expect(reliabilityOf(none, 1)).toMatchObject({ ece: 0, loss: 0 });
});

test('a network that is always right is never too sure: the temperature ends at its bound', () => {
  const right = { logits: Float32Array.of(2, 0, 0, 2), labels: Uint8Array.of(0, 1), classes: 2 };
  expect(fitTemperature(right)).toBeCloseTo(0.1, 2);
});
