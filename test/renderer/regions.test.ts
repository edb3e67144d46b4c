import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { brushSize, steppedSize } from '../../src/renderer/editor/brush-sizes.ts';
import { floodRegion } from '../../src/renderer/editor/flood.ts';
import { polygonRegion } from '../../src/renderer/editor/polygon-region.ts';
import type { Region } from '../../src/renderer/editor/region.ts';
import { ellipse, line, rectangle, squareAt, squareSweep } from '../../src/renderer/editor/shapes.ts';
import { capsule } from '../../src/renderer/editor/stamp.ts';

const size = { width: 20, height: 16 };
const count = (region: Region | null) => region?.selected.reduce((sum, value) => sum + value, 0) ?? 0;
const point = fc.record({ x: fc.double({ min: -5, max: 25, noNaN: true }), y: fc.double({ min: -5, max: 21, noNaN: true }) });

describe('regions', () => {
  test('the brush is what its definition says, clipped to the mask', () => {
    fc.assert(
      fc.property(point, point, fc.double({ min: 0.6, max: 6, noNaN: true }), (a, b, radius) => {
        const region = capsule(a, b, radius, size);
        for (let y = 0; y < size.height; y++) {
          for (let x = 0; x < size.width; x++) {
            const [dx, dy] = [b.x - a.x, b.y - a.y];
            // A way so short that its square is 0 is a point, wherever on it the middle lies.
            const length2 = dx * dx + dy * dy;
            const t = length2 === 0 ? 0 : Math.min(1, Math.max(0, ((x + 0.5 - a.x) * dx + (y + 0.5 - a.y) * dy) / length2));
            const distance = Math.hypot(x + 0.5 - a.x - t * dx, y + 0.5 - a.y - t * dy);
            if (Math.abs(distance - radius) < 1e-9) continue;
            const inBox =
              region &&
              x >= region.box.left &&
              y >= region.box.top &&
              x < region.box.left + region.box.width &&
              y < region.box.top + region.box.height;
            const selected = inBox ? region.selected[(y - region.box.top) * region.box.width + x - region.box.left] === 1 : false;
            expect(selected).toBe(distance < radius);
          }
        }
      }),
      { numRuns: 60, examples: [[{ x: 0, y: 4e-323 }, { x: 0, y: 4.4e-323 }, Math.SQRT1_2]] },
    );
  });

  test('the smallest brush paints single pixels without gaps', () => {
    expect(count(capsule({ x: 4.2, y: 4.9 }, { x: 4.2, y: 4.9 }, 0.5, size))).toBe(1);
    expect(count(capsule({ x: 1, y: 1 }, { x: 9, y: 5 }, 0.5, size))).toBe(9);
    expect(capsule({ x: -9, y: -9 }, { x: -7, y: -9 }, 0.5, size)).toBeNull();
  });

  test('a polygon holds the pixels whose centre is inside', () => {
    expect(
      count(
        polygonRegion(
          [
            { x: 2, y: 2 },
            { x: 6, y: 2 },
            { x: 6, y: 5 },
            { x: 2, y: 5 },
          ],
          size,
        ),
      ),
    ).toBe(12);
    expect(
      count(
        polygonRegion(
          [
            { x: -50, y: -50 },
            { x: 50, y: -50 },
            { x: 50, y: 50 },
            { x: -50, y: 50 },
          ],
          size,
        ),
      ),
    ).toBe(size.width * size.height);
    expect(
      polygonRegion(
        [
          { x: 0, y: 0 },
          { x: 5, y: 5 },
        ],
        size,
      ),
    ).toBeNull();
  });

  test('a fill takes the connected patch and stops at corners', () => {
    const ids = new Uint8Array(size.width * size.height);
    for (let y = 0; y < size.height; y++) ids[y * size.width + 10] = 1;
    expect(count(floodRegion(ids, size, { x: 3, y: 3 }))).toBe(10 * size.height);
    expect(count(floodRegion(ids, size, { x: 10.9, y: 3 }))).toBe(size.height);
    expect(floodRegion(ids, size, { x: 25, y: 3 })).toBeNull();
    const diagonal = Uint8Array.of(1, 0, 0, 1);
    expect(count(floodRegion(diagonal, { width: 2, height: 2 }, { x: 0, y: 0 }))).toBe(1);
  });

  test('a fill takes what can be reached step by step over pixels of one class', () => {
    const { width, height } = size;
    const mask = fc.uint8Array({ min: 0, max: 1, minLength: width * height, maxLength: width * height });
    fc.assert(
      fc.property(mask, fc.nat(width * height - 1), (ids, start) => {
        const reached = new Set([start]);
        for (const at of reached) {
          const x = at % width;
          const besides = [x > 0 ? at - 1 : -1, x < width - 1 ? at + 1 : -1, at - width, at + width];
          for (const beside of besides) if (ids[beside] === ids[start]) reached.add(beside);
        }
        const { box, selected } = floodRegion(ids, size, { x: start % width, y: Math.floor(start / width) })!;
        const found = [...selected.keys()].filter((i) => selected[i]);
        const places = found.map((i) => (box.top + Math.floor(i / box.width)) * width + box.left + (i % box.width));
        expect(new Set(places)).toEqual(reached);
      }),
    );
  });

  test('an outline that crosses itself is filled whole, whichever way it turns', () => {
    // A star of five points, drawn in one line: its middle is inside.
    const star = [0, 2, 4, 1, 3].map((i) => {
      const angle = (i * 2 * Math.PI) / 5;
      return { x: 10 + 7 * Math.sin(angle), y: 8 - 7 * Math.cos(angle) };
    });
    for (const points of [star, star.toReversed()]) {
      const region = polygonRegion(points, size)!;
      expect(region.selected[(8 - region.box.top) * region.box.width + 10 - region.box.left]).toBe(1);
    }
  });

  test('a rectangle has the pixels under both ends, an ellipse touches its sides', () => {
    expect(rectangle({ x: 3.9, y: 2.1 }, { x: 1.2, y: 5.5 }, size)).toEqual({
      box: { left: 1, top: 2, width: 3, height: 4 },
      selected: new Uint8Array(12).fill(1),
    });
    expect(rectangle({ x: -9, y: -9 }, { x: -5, y: -5 }, size)).toBeNull();
    const round = ellipse({ x: 2, y: 2 }, { x: 10.5, y: 6.5 }, size)!;
    expect([round.box, count(round)]).toEqual([{ left: 2, top: 2, width: 9, height: 5 }, 37]);
    const rows = Array.from({ length: 5 }, (_, y) => round.selected.slice(y * 9, y * 9 + 9));
    expect(rows[0]).toEqual(rows[4]);
    expect(rows[2]).toEqual(new Uint8Array(9).fill(1));
  });

  test('a line has straight ends and its width, one of 1 px no gaps', () => {
    expect(count(line({ x: 5, y: 2 }, { x: 5, y: 12 }, 4, size))).toBe(40);
    expect(count(line({ x: 2.5, y: 2.5 }, { x: 12.5, y: 9.5 }, 1, size))).toBe(11);
    expect(count(line({ x: 5.5, y: 5.5 }, { x: 5.5, y: 5.5 }, 1, size))).toBe(1);
  });

  test('a square brush covers the squares at both ends and all between', () => {
    fc.assert(
      fc.property(point, point, fc.integer({ min: 1, max: 6 }), (a, b, width) => {
        const region = squareSweep(a, b, width, size);
        const has = (x: number, y: number) => {
          if (!region) return false;
          const [column, row] = [x - region.box.left, y - region.box.top];
          return (
            column >= 0 &&
            row >= 0 &&
            column < region.box.width &&
            row < region.box.height &&
            region.selected[row * region.box.width + column] === 1
          );
        };
        for (const end of [a, b]) {
          const { left, top } = squareAt(end, width);
          for (let y = Math.max(0, top); y < Math.min(size.height, top + width); y++)
            for (let x = Math.max(0, left); x < Math.min(size.width, left + width); x++) expect(has(x, y)).toBe(true);
        }
      }),
    );
    expect(count(squareSweep({ x: 4, y: 4 }, { x: 10, y: 4 }, 2, size))).toBe(16);
  });

  test('sizes of brushes step evenly there and back, from 1 to 400', () => {
    const up = [1];
    while (up.at(-1)! < 400) up.push(steppedSize(up.at(-1)!, 1));
    const down = [400];
    while (down.at(-1)! > 1) down.push(steppedSize(down.at(-1)!, -1));
    expect(down.toReversed()).toEqual(up);
    expect([steppedSize(1, -1), steppedSize(400, 1), brushSize(0), brushSize(1e6), brushSize(Number.NaN)]).toEqual([1, 400, 1, 400, 1]);
    expect(up.every((size, i) => i === 0 || size - up[i - 1] <= Math.max(1, up[i - 1] * 0.26))).toBe(true);
  });
});
