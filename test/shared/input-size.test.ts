import fc from 'fast-check';
import { expect, test } from 'vitest';
import { protocolOf } from '#services/review/protocol';
import { learntSizeOf, sideAsLearnt } from '#shared/training/input-size';
import { findPreset, presets } from '#shared/training/presets';

/** Whether each map on the way down has an odd length: a convolution of stride 2 gives half of it, rounded up. */
function oddOnTheWay(side: number, stride: number): boolean[] {
  const odd: boolean[] = [];
  for (let length = side, by = 1; by < stride; by *= 2, length = Math.ceil(length / 2)) odd.push(length % 2 === 1);
  return odd;
}

const cases = fc.record({
  wanted: fc.integer({ min: 1, max: 2000 }),
  learnt: fc.integer({ min: 1, max: 2000 }),
  stride: fc.constantFrom(4, 8, 16, 32, 64),
});

test('a side is halved to odd and even lengths as the one learnt at, is nearest to what was wanted, and has at least 8 pixels', () => {
  fc.assert(
    fc.property(cases, ({ wanted, learnt, stride }) => {
      const side = sideAsLearnt(wanted, learnt, stride);
      expect(oddOnTheWay(side, stride)).toEqual(oddOnTheWay(learnt, stride));
      expect(side).toBeGreaterThanOrEqual(8);
      if (wanted >= stride + 8) expect(Math.abs(side - wanted)).toBeLessThanOrEqual(stride / 2);
    }),
  );
});

test('what light learns at, and the sides of its looks', () => {
  const { size, stride } = learntSizeOf(findPreset('light').config);
  expect([size, stride]).toEqual([[264, 352], 16]);
  expect(
    [0.75, 0.85, 1, 1.25, 1.5].map((scale) => [0, 1].map((axis) => sideAsLearnt([312, 416][axis] * scale, size[axis], stride))),
  ).toEqual([
    [232, 320],
    [264, 352],
    [312, 416],
    [392, 528],
    [472, 624],
  ]);
});

test.each(presets.map(({ config }) => [config.preset, config] as const))('%s is evaluated at sides as it learns at', (_, config) => {
  const { size, stride } = learntSizeOf(config);
  const { evaluationSize } = config;
  if (evaluationSize) expect(evaluationSize.map((side, axis) => sideAsLearnt(side, size[axis], stride))).toEqual(evaluationSize);
});

test('a protocol says how sides of other scales are chosen: scores of before it did are not held to be of the same looks', () => {
  const { config } = findPreset('light');
  const resolutionOf = (changes: object) => protocolOf(config, 'val', 11, { ...config.evaluation, ...changes }).resolution;
  expect(resolutionOf({ scales: [1], flip: true })).toBe("input 416 x 312, scored at the labels' own resolution");
  expect(resolutionOf({ scales: [0.75, 1] })).toBe(
    "input 416 x 312, at other scales by sides as in training, scored at the labels' own resolution",
  );
  // A window keeps its size, and one that the image cuts short its scale.
  expect(resolutionOf({ scales: [0.75], sliding: true })).not.toContain('sides');
});
