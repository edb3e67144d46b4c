// Offsets of classes: they never cost mean IoU on what they are fitted to, and find what a search over all of them finds.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Evidence } from '#shared/metrics/calibration';
import { fitClassOffsets } from '#shared/metrics/class-offsets';
import { Confusion } from '#shared/metrics/confusion';
import { Random } from '#shared/random';

/** Labels of which later classes are rarer, and logits that lean towards them. */
function evidenceOf(classes: number, pixels: number, seed: number, lean = 1.2): Evidence {
  const random = Random.named('offsets', seed);
  const labels = Uint8Array.from({ length: pixels }, () => Math.floor(classes * random.next() ** 3));
  const logits = new Float32Array(pixels * classes);
  labels.forEach((label, pixel) => {
    for (let id = 0; id < classes; id++) logits[pixel * classes + id] = random.normal() - 0.5 * id + (id === label ? lean : 0);
  });
  return { logits, labels, classes };
}

function miouOf({ logits, labels, classes }: Evidence, offsets: readonly number[]): number {
  const ids = labels.map((_, pixel) => {
    const values = offsets.map((offset, id) => logits[pixel * classes + id] + offset);
    return values.indexOf(Math.max(...values));
  });
  const confusion = new Confusion(classes);
  confusion.add(labels, ids);
  return confusion.meanIou()!;
}

test('never cost anything, lie within their bounds, and are the same twice', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 6 }), fc.integer({ min: 200, max: 1500 }), fc.nat(10_000), (classes, pixels, seed) => {
      const evidence = evidenceOf(classes, pixels, seed);
      fc.pre(new Set(evidence.labels).size === classes);
      const offsets = fitClassOffsets(evidence);
      expect(offsets).toHaveLength(classes);
      expect(offsets.every((offset) => Math.abs(offset) <= 2)).toBe(true);
      expect(miouOf(evidence, offsets)).toBeGreaterThanOrEqual(miouOf(evidence, new Array<number>(classes).fill(0)) - 1e-9);
      expect(fitClassOffsets(evidence)).toEqual(offsets);
    }),
    { numRuns: 40 },
  );
});

test('of two classes are as good as any', () => {
  const evidence = evidenceOf(2, 4000, 3);
  const every = Array.from({ length: 81 }, (_, i) => miouOf(evidence, [i * 0.1 - 4, 0]));
  expect(miouOf(evidence, fitClassOffsets(evidence))).toBeGreaterThanOrEqual(Math.max(...every) - 1e-3);
});

test('help a rare class that is hardly ever the likeliest, also where they are judged on other pixels', () => {
  const [fitted, judged] = [evidenceOf(5, 20_000, 1), evidenceOf(5, 20_000, 2)];
  const offsets = fitClassOffsets(fitted);
  expect(offsets[4]).toBeGreaterThan(offsets[0]);
  expect(miouOf(judged, offsets)).toBeGreaterThan(miouOf(judged, [0, 0, 0, 0, 0]) + 0.02);
});

test('are 0 for a class that no label holds, and everywhere without labels', () => {
  const evidence = evidenceOf(3, 500, 5);
  evidence.labels.forEach((label, pixel) => (evidence.labels[pixel] = Math.min(label, 1)));
  expect(fitClassOffsets(evidence)[2]).toBe(0);
  expect(fitClassOffsets({ logits: new Float32Array(0), labels: new Uint8Array(0), classes: 3 })).toEqual([0, 0, 0]);
});
