// What of a patch is drawn: all that changed, and of a long stroke aslant little more.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { changedBoxes } from '../../src/renderer/editor/changed-boxes.ts';
import { capsule } from '../../src/renderer/editor/stamp.ts';
import { diffPatch } from '../helpers/diff-patch.ts';

const size = { width: 1200, height: 900 };
const whole = { left: 0, top: 0, ...size };
const empty = new Uint8Array(size.width * size.height);
const place = fc.record({ x: fc.integer({ min: 0, max: size.width }), y: fc.integer({ min: 0, max: size.height }) });

function painted(from: { x: number; y: number }, to: { x: number; y: number }, diameter: number): Uint8Array {
  const ids = new Uint8Array(empty.length);
  const stroke = capsule(from, to, diameter, size);
  if (!stroke) return ids;
  const { box, selected } = stroke;
  for (let y = 0, i = 0; y < box.height; y++)
    for (let x = 0; x < box.width; x++, i++) if (selected[i]) ids[(box.top + y) * size.width + box.left + x] = 1;
  return ids;
}

test('every changed pixel lies in one of the boxes, and the boxes lie in that of the patch', () => {
  fc.assert(
    fc.property(place, place, fc.integer({ min: 1, max: 90 }), (from, to, diameter) => {
      const ids = painted(from, to, diameter);
      const patch = diffPatch(empty, ids, size, whole);
      if (!patch) return;
      const drawn = new Uint8Array(empty.length);
      for (const { left, top, width, height } of changedBoxes(patch)) {
        expect([left >= 0, top >= 0, left + width <= size.width, top + height <= size.height]).toEqual([true, true, true, true]);
        for (let y = top; y < top + height; y++) drawn.fill(1, y * size.width + left, y * size.width + left + width);
      }
      expect(ids.every((id, i) => id === 0 || drawn[i] === 1)).toBe(true);
    }),
    { numRuns: 40 },
  );
});

test('of a stroke from corner to corner a small share is drawn, and a small patch is drawn at once', () => {
  const ids = painted({ x: 0, y: 0 }, { x: size.width, y: size.height }, 40);
  const drawn = changedBoxes(diffPatch(empty, ids, size, whole)!).reduce((sum, { width, height }) => sum + width * height, 0);
  expect(drawn / (size.width * size.height)).toBeLessThan(0.2);
  const small = { left: 10, top: 20, width: 30, height: 30 };
  expect(changedBoxes({ ...small, changed: new Uint8Array(113).fill(255) })).toEqual([small]);
});
