// Where label and prediction differ, patch by patch, against a plain model.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Disagreement } from '../../src/renderer/editor/disagreement.ts';

const size = { width: 12, height: 9 };
const ids = fc.uint8Array({ minLength: 108, maxLength: 108, max: 4 }).map((values) => values.map((id) => (id === 4 ? 255 : id)));

test('patches are exactly the pixels that differ, void and kept ones left out, each of one pair', () => {
  fc.assert(
    fc.property(
      ids,
      ids,
      fc.option(fc.record({ label: fc.nat(3), predicted: fc.nat(3) })),
      fc.uint8Array({ minLength: 108, maxLength: 108, max: 1 }),
      (label, prediction, pair, kept) => {
        const disagreement = new Disagreement(label, prediction, size, { pair, kept });
        for (let i = 0; i < label.length; i++) {
          const at = { x: i % size.width, y: Math.floor(i / size.width) };
          const [own, other] = [label[i], prediction[i]];
          const differs = own !== other && own !== 255 && other !== 255 && !kept[i];
          const wanted = differs && (!pair || (pair.label === own && pair.predicted === other));
          const patch = disagreement.at(at);
          expect(patch === null ? null : [patch.label, patch.predicted]).toEqual(wanted ? [own, other] : null);
          if (!patch) continue;
          const { box, selected } = disagreement.region(patch);
          expect(selected[(at.y - box.top) * box.width + at.x - box.left]).toBe(1);
          expect(selected.reduce((sum, value) => sum + value, 0)).toBe(patch.pixels);
        }
        for (const { pixels } of disagreement.patches) expect(pixels).toBeGreaterThanOrEqual(8);
      },
    ),
    { numRuns: 60 },
  );
  expect(new Disagreement(new Uint8Array(108), new Uint8Array(108), size).at({ x: -1, y: 3 })).toBeNull();
});

test('what is wrong as a whole comes before a long edge of as many pixels', () => {
  const label = new Uint8Array(400);
  const prediction = new Uint8Array(400);
  // An edge of 20 pixels, and a block of 4 x 4.
  prediction.fill(1, 0, 20);
  for (let y = 10; y < 14; y++) prediction.fill(2, y * 20 + 5, y * 20 + 9);
  const { patches } = new Disagreement(label, prediction, { width: 20, height: 20 });
  expect(patches.map(({ predicted, pixels }) => [predicted, pixels])).toEqual([
    [2, 16],
    [1, 20],
  ]);
});
