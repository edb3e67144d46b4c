import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fit, toImage, toScreen, zoomAt } from '../../src/renderer/editor/viewport.ts';

const point = fc.record({ x: fc.double({ min: -5, max: 25, noNaN: true }), y: fc.double({ min: -5, max: 21, noNaN: true }) });

describe('viewport', () => {
  const view = fc.record({
    scale: fc.double({ min: 0.2, max: 20, noNaN: true }),
    x: fc.double({ min: -500, max: 500, noNaN: true }),
    y: fc.double({ min: -500, max: 500, noNaN: true }),
  });

  test('zooming keeps the image point under the cursor, and screen to image is the inverse', () => {
    fc.assert(
      fc.property(view, point, fc.double({ min: 0.5, max: 2, noNaN: true }), (before, at, factor) => {
        const after = zoomAt(before, at, factor);
        expect(toImage(after, at).x).toBeCloseTo(toImage(before, at).x, 6);
        expect(toScreen(before, toImage(before, at)).y).toBeCloseTo(at.y, 6);
      }),
    );
  });

  test('fit shows the whole image in the middle', () => {
    const fitted = fit({ width: 100, height: 50 }, { width: 300, height: 300 }, 0);
    expect(fitted).toEqual({ scale: 3, x: 0, y: 75 });
    // A panorama too.
    const wide = fit({ width: 20_000, height: 2000 }, { width: 1000, height: 700 }, 0);
    expect(wide).toEqual({ scale: 0.05, x: 0, y: 300 });
  });
});
