import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fit, panToHidden, toImage, toScreen, zoomAt } from '../../src/renderer/editor/viewport.ts';

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

  test('a pointer at the edge moves the picture towards what is hidden, until it is seen with its margin, and never away from it', () => {
    const [image, screen] = [
      { width: 480, height: 360 },
      { width: 960, height: 700 },
    ];
    for (const x of [-50, 50])
      for (const y of [-50, 50]) expect(panToHidden(fit(image, screen), { x, y }, image, screen)).toEqual({ x: 0, y: 0 });
    const near = { scale: 4, x: -30, y: -30 };
    expect(panToHidden(near, { x: 100, y: 10 }, image, screen)).toEqual({ x: 54, y: 10 });
    expect(panToHidden(near, { x: -5000, y: -5 }, image, screen)).toEqual({ x: 960 - 24 + 30 - 1920, y: -5 });
  });

  test('fit shows the whole image in the middle', () => {
    const fitted = fit({ width: 100, height: 50 }, { width: 300, height: 300 }, 0);
    expect(fitted).toEqual({ scale: 3, x: 0, y: 75 });
    // A panorama too.
    const wide = fit({ width: 20_000, height: 2000 }, { width: 1000, height: 700 }, 0);
    expect(wide).toEqual({ scale: 0.05, x: 0, y: 300 });
  });
});
