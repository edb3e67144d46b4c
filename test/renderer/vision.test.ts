// What tools are told of the photo: its colours, superpixels, what hangs together in colour, and what a guided stroke keeps to.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ColourFlood } from '../../src/renderer/editor/colour-flood.ts';
import { guided } from '../../src/renderer/editor/guide.ts';
import type { Region } from '../../src/renderer/editor/region.ts';
import { rectangle } from '../../src/renderer/editor/shapes.ts';
import { capsule } from '../../src/renderer/editor/stamp.ts';
import type { PhotoMap } from '../../src/renderer/editor/vision.ts';
import { labOf, photoMapOf, withoutNoise } from '../../src/renderer/vision/photo-map.ts';
import { superpixelsOf } from '../../src/renderer/vision/slic.ts';

type Colour = readonly [number, number, number];

/** A photo whose colour at a place is told. */
function photoOf(width: number, height: number, colourAt: (x: number, y: number) => Colour): PhotoMap {
  const data = new Uint8ClampedArray(width * height * 4);
  for (let i = 0; i < width * height; i++) data.set([...colourAt(i % width, Math.floor(i / width)), 255], i * 4);
  return photoMapOf({ data, width, height });
}

/** The cells of each label. */
function grouped(labels: Int32Array): Map<number, number[]> {
  const cells = new Map<number, number[]>();
  labels.forEach((label, at) => cells.set(label, [...(cells.get(label) ?? []), at]));
  return cells;
}

const pixelsIn = ({ box, selected }: Region): [number, number][] =>
  [...selected].flatMap((is, i) => (is ? [[box.left + (i % box.width), box.top + Math.floor(i / box.width)] as [number, number]] : []));

describe('colours', () => {
  test.each([
    ['white', [255, 255, 255], [100, 0, 0]],
    ['black', [0, 0, 0], [0, 0, 0]],
    ['red', [255, 0, 0], [53.24, 80.09, 67.2]],
    ['green', [0, 255, 0], [87.74, -86.18, 83.18]],
    ['blue', [0, 0, 255], [32.3, 79.19, -107.86]],
    ['grey', [119, 119, 119], [50.03, 0, 0]],
  ])('of %s are those of CIELAB under D65', (_, rgb, [l, a, b]) => {
    const lab = labOf(Uint8Array.from([...rgb, 255]), 1);
    expect(Math.abs(lab[0] / 2.55 - l)).toBeLessThan(1);
    expect(Math.abs(lab[1] - 128 - a)).toBeLessThan(1.5);
    expect(Math.abs(lab[2] - 128 - b)).toBeLessThan(1.5);
  });

  test('lose a single noisy pixel and keep an edge where it is', () => {
    const flat = new Uint8ClampedArray(9 * 5 * 3).map((_, i) => (Math.floor(i / 3) % 9 < 4 ? 50 : 200));
    const noisy = flat.slice();
    noisy.set([250, 250, 250], (2 * 9 + 2) * 3);
    expect([...withoutNoise(noisy, 9, 5)]).toEqual([...flat]);
  });
});

describe('superpixels', () => {
  const scene = fc.record({
    width: fc.integer({ min: 1, max: 40 }),
    height: fc.integer({ min: 1, max: 40 }),
    spacing: fc.integer({ min: 3, max: 30 }),
    seed: fc.integer({ min: 1, max: 1000 }),
  });

  test('cover the photo, each hangs together, and the boxes are exact', () => {
    fc.assert(
      fc.property(scene, ({ width, height, spacing, seed }) => {
        const photo = photoOf(width, height, (x, y) => [(x * seed) % 256, (y * 31 * seed) % 256, ((x + y) * 7) % 256]);
        const { labels, boxes } = superpixelsOf(photo, spacing);
        const cells = grouped(labels);
        expect([...cells.keys()].sort((a, b) => a - b)).toEqual([...Array(boxes.length / 4).keys()]);
        for (const [label, own] of cells) {
          expect(reachedFrom(own, width).size).toBe(own.length);
          const [xs, ys] = [own.map((at) => at % width), own.map((at) => Math.floor(at / width))];
          expect([...boxes.subarray(label * 4, label * 4 + 4)]).toEqual([
            Math.min(...xs),
            Math.min(...ys),
            Math.max(...xs),
            Math.max(...ys),
          ]);
        }
      }),
      { numRuns: 60 },
    );
  });

  function reachedFrom(cells: readonly number[], width: number): Set<number> {
    const own = new Set(cells);
    const reached = new Set([cells[0]]);
    for (const at of reached) {
      const besides = [at - width, at + width, ...(at % width > 0 ? [at - 1] : []), ...(at % width < width - 1 ? [at + 1] : [])];
      for (const beside of besides) if (own.has(beside)) reached.add(beside);
    }
    return reached;
  }

  test('follow edges: none lies on both sides of one', () => {
    const isLeft = (x: number, y: number) => x < 30 + 8 * Math.sin(y / 6);
    const photo = photoOf(64, 48, (x, y) => (isLeft(x, y) ? [200, 60, 40] : [40, 90, 200]));
    const { labels } = superpixelsOf(photo, 12);
    const across = [...grouped(labels).values()].map((own) => {
      const left = own.filter((at) => isLeft(at % 64, Math.floor(at / 64))).length;
      return Math.min(left, own.length - left);
    });
    expect(across.reduce((sum, count) => sum + count, 0)).toBeLessThan(30);
  });
});

describe('the wand', () => {
  /** What hangs together with a cell within a tolerance, found the long way. */
  function expected(photo: PhotoMap, seed: number, tolerance: number): Set<number> {
    const { width, height, lab } = photo;
    const mean = [0, 1, 2].map((c) => {
      const values: number[] = [];
      for (let y = -1; y <= 1; y++)
        for (let x = -1; x <= 1; x++) {
          const [u, v] = [(seed % width) + x, Math.floor(seed / width) + y];
          if (u >= 0 && v >= 0 && u < width && v < height) values.push(lab[(v * width + u) * 3 + c]);
        }
      return values.reduce((sum, value) => sum + value, 0) / values.length;
    });
    const far = (at: number) =>
      Math.round(Math.sqrt((lab[at * 3] - mean[0]) ** 2 / 4 + (lab[at * 3 + 1] - mean[1]) ** 2 + (lab[at * 3 + 2] - mean[2]) ** 2));
    const reached = new Set([seed]);
    for (const at of reached) {
      const x = at % width;
      const besides = [x > 0 ? at - 1 : -1, x < width - 1 ? at + 1 : -1, at - width, at + width];
      for (const beside of besides) if (beside >= 0 && beside < width * height && far(beside) <= tolerance) reached.add(beside);
    }
    return reached;
  }

  test('reaches what hangs together in colour, whatever the tolerance was before', () => {
    const noise = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 150, maxLength: 150 });
    fc.assert(
      fc.property(noise, fc.nat(149), fc.array(fc.nat(120), { minLength: 1, maxLength: 6 }), (values, seed, tolerances) => {
        const photo = photoOf(15, 10, (x, y) => {
          const value = values[y * 15 + x];
          return [value * 60, 120 - value * 20, value * 30];
        });
        const flood = new ColourFlood(photo, seed);
        for (const tolerance of tolerances) {
          const found = pixelsIn(flood.region(tolerance, photo)).map(([x, y]) => y * 15 + x);
          expect(new Set(found)).toEqual(expected(photo, seed, tolerance));
          const looked = flood.looked(tolerance, photo);
          const all = Array.from({ length: 150 }, (_, at) => at);
          expect(all.filter((at) => looked.has(at % 15, Math.floor(at / 15)))).toEqual(found);
          expect(looked.box).toEqual(flood.region(tolerance, photo).box);
        }
      }),
    );
  });

  test('grows in turns where a look may not take longer, and is whole when it is painted', () => {
    const photo = photoOf(300, 200, (x) => [x % 256, 128, 128]);
    const flood = new ColourFlood(photo, 0);
    const shown = () => {
      const looked = flood.looked(254, photo, 0);
      const { width, height } = looked.box;
      return { complete: looked.complete, cells: width * height };
    };
    let looks = 1;
    for (let now = shown(); !now.complete; looks++) {
      const next = shown();
      expect(next.cells).toBeGreaterThanOrEqual(now.cells);
      now = next;
    }
    expect(looks).toBeGreaterThan(5);
    const hurried = new ColourFlood(photo, 0);
    hurried.looked(254, photo, 0);
    expect(pixelsIn(hurried.region(254, photo))).toHaveLength(300 * 200);
  });

  test('of a photo that is looked at coarser takes whole cells of the image', () => {
    const photo = photoOf(10, 10, (x) => (x < 5 ? [255, 0, 0] : [0, 0, 255]));
    const pixels = pixelsIn(new ColourFlood(photo, 0).region(5, { width: 40, height: 20 }));
    expect(pixels).toHaveLength(20 * 20);
    expect(pixels.every(([x]) => x < 20)).toBe(true);
  });
});

describe('a guided stroke', () => {
  const image = { width: 60, height: 60 };
  const photo = photoOf(60, 60, (x) => (x < 30 ? [180, 170, 160] : [60, 90, 50]));
  const over = capsule({ x: 22, y: 20 }, { x: 22, y: 40 }, 14, image)!;

  test('keeps to the side of an edge on which its middle is, and leaves no holes there', () => {
    const kept = guided(over, { x: 22, y: 20 }, { x: 22, y: 40 }, { photo, image, proposedAt: null, traits: null });
    expect(new Set(pixelsIn(kept))).toEqual(new Set(pixelsIn(over).filter(([x]) => x < 30)));
    expect(pixelsIn(over).some(([x]) => x >= 30)).toBe(true);
  });

  test('takes nothing that the brush does not cover', () => {
    const place = fc.record({ x: fc.double({ min: -5, max: 65, noNaN: true }), y: fc.double({ min: -5, max: 65, noNaN: true }) });
    fc.assert(
      fc.property(place, place, fc.integer({ min: 1, max: 30 }), (from, to, radius) => {
        const covered = capsule(from, to, radius, image);
        if (!covered) return;
        const { box, selected } = guided(covered, from, to, { photo, image, proposedAt: null, traits: null });
        expect(box).toEqual(covered.box);
        expect(selected.every((is, i) => !is || covered.selected[i])).toBe(true);
      }),
    );
  });

  test('of a photo that is looked at coarser goes cell by cell, and takes no more than the brush covers', () => {
    const image = { width: 123, height: 121 };
    const [from, to] = [
      { x: 44, y: 40 },
      { x: 44, y: 80 },
    ];
    const covered = capsule(from, to, 28, image)!;
    const proposedAt = (x: number, y: number) => (y < 70 && x < 123 && y < 121 ? 3 : 4);
    const kept = pixelsIn(guided(covered, from, to, { photo, image, proposedAt: null, traits: null }));
    const isLeft = ([x]: readonly number[]) => Math.floor((x * 60) / 123) < 30;
    expect(new Set(kept.map(String))).toEqual(new Set(pixelsIn(covered).filter(isLeft).map(String)));
    const middle = { x: 44, y: 40 };
    const told = pixelsIn(guided(covered, middle, middle, { photo, image, proposedAt, traits: null }));
    expect(told.length).toBeGreaterThan(0);
    expect(told.every(isLeft)).toBe(true);
  });

  test('goes by what is proposed where colours tell little', () => {
    const grey = photoOf(60, 60, (x) => (x < 30 ? [120, 120, 120] : [131, 131, 131]));
    const at = { x: 25, y: 30 };
    const covered = rectangle({ x: 15, y: 25 }, { x: 45, y: 35 }, image)!;
    const alone = guided(covered, at, at, { photo: grey, image, proposedAt: null, traits: null });
    expect(pixelsIn(alone).some(([x]) => x >= 30)).toBe(true);
    const told = guided(covered, at, at, { photo: grey, image, proposedAt: (x) => (x < 30 ? 3 : 4), traits: null });
    expect(pixelsIn(told).every(([x]) => x < 30)).toBe(true);
    expect(pixelsIn(told)).toHaveLength(15 * 11);
  });

  test('goes by what a network sees alike where colours tell little, and further where it sees the same', () => {
    const grey = photoOf(60, 60, (x) => (x < 30 ? [120, 120, 120] : [131, 131, 131]));
    const at = { x: 25, y: 30 };
    const covered = rectangle({ x: 15, y: 25 }, { x: 45, y: 35 }, image)!;
    // A cell is 4 pixels, and between two of them what is seen goes over from one to the other.
    const traits = {
      width: 15,
      height: 15,
      channels: 2,
      values: Float32Array.from({ length: 450 }, (_, i) => (Math.floor(i / 2) % 15 < 8 ? 0 : 0.7)),
    };
    const told = pixelsIn(guided(covered, at, at, { photo: grey, image, proposedAt: null, traits }));
    expect(told.every(([x]) => x < 33)).toBe(true);
    expect(told.length).toBeGreaterThanOrEqual(15 * 11);
    // A wall of two greys that it sees as one thing: colours alone would stop at the second.
    const wall = photoOf(60, 60, (x) => [100 + Math.min(45, Math.max(0, 3 * (x - 20))), 110, 110]);
    const one = { ...traits, values: new Float32Array(450) };
    const alone = pixelsIn(guided(covered, at, at, { photo: wall, image, proposedAt: null, traits: null }));
    const seen = pixelsIn(guided(covered, at, at, { photo: wall, image, proposedAt: null, traits: one }));
    expect(alone.length).toBeLessThan(pixelsIn(covered).length);
    expect(seen.length).toBeGreaterThan(alone.length);
  });
});
