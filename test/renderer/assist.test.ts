// The assistant's own parts: what it learns from strokes on an image, what it proposes, and what it leaves alone.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { GridMap } from '#shared/assist/grid-map';
import { Random } from '#shared/random';
import { voidId } from '#shared/mask/void-id';
import { LiveModel, type Evidence, type Example } from '../../src/renderer/assist/live-model.ts';
import { distancesTo, resized, standardise } from '../../src/renderer/assist/maps.ts';
import { minimise } from '../../src/renderer/assist/minimise.ts';
import { Painted } from '../../src/renderer/assist/painted.ts';
import { proposedSize, regionsOf } from '../../src/renderer/assist/proposal-map.ts';
import { traitsOf } from '../../src/renderer/assist/traits.ts';
import { proposalOf } from '../../src/renderer/assist/proposal.ts';
import { Proposed } from '../../src/renderer/editor/proposed.ts';
import { diffPatch } from '../helpers/diff-patch.ts';

const small = { minLength: 1, maxLength: 12 };

describe('maps', () => {
  test('distances are those of a search through all cells', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), fc.array(fc.nat(80), small), (columns, rows, drawn) => {
        const cells = drawn.map((cell) => cell % (columns * rows));
        const found = distancesTo(cells, columns, rows);
        found.forEach((distance, cell) => {
          const away = cells.map((c) => Math.hypot((c % columns) - (cell % columns), Math.floor(c / columns) - Math.floor(cell / columns)));
          expect(distance).toBeCloseTo(Math.min(...away), 4);
        });
      }),
    );
    expect([...distancesTo([], 2, 2)].every((distance) => distance >= 4)).toBe(true);
  });

  test('another size keeps a plane a plane, and its own size the map', () => {
    const map = {
      width: 4,
      height: 3,
      channels: 2,
      values: Float32Array.from({ length: 24 }, (_, i) => (i % 2 === 0 ? Math.floor(i / 2) % 4 : 7)),
    };
    expect(resized(map, 4, 3)).toBe(map);
    const wide = resized(map, 8, 6);
    expect([wide.values[0], wide.values[1], wide.values[2 * 7]]).toEqual([0, 7, 3]);
    expect(wide.values[2 * 3]).toBeCloseTo(1.25, 5);
  });

  test('standardised channels have mean 0 and deviation 1, one that does not vary is 0', () => {
    const map = { width: 5, height: 1, channels: 2, values: Float32Array.from([1, 9, 2, 9, 3, 9, 4, 9, 5, 9]) };
    standardise(map);
    const first = [0, 2, 4, 6, 8].map((i) => map.values[i]);
    expect(first.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 5);
    expect(first.reduce((sum, value) => sum + value * value, 0) / 5).toBeCloseTo(1, 5);
    expect([1, 3, 5, 7, 9].map((i) => map.values[i])).toEqual([0, 0, 0, 0, 0]);
  });
});

test('minimise finds the bottom of bowls', () => {
  const number = fc.double({ min: -5, max: 5, noNaN: true });
  const bowl = fc.array(fc.record({ at: number, steep: fc.double({ min: 0.1, max: 20, noNaN: true }) }), small);
  fc.assert(
    fc.property(bowl, (axes) => {
      const at = new Float64Array(axes.length);
      const value = minimise(
        (place, gradient) =>
          axes.reduce((sum, { at: bottom, steep }, i) => {
            gradient[i] = steep * (place[i] - bottom);
            return sum + (steep / 2) * (place[i] - bottom) ** 2;
          }, 0),
        at,
        200,
      );
      expect(value).toBeLessThan(1e-4);
    }),
  );
});

const [width, height] = [80, 60];
const [columns, rows] = [20, 15];

/** Three stripes that features tell apart. The network takes the third for the second. @param knows whether it names classes at all */
function evidence(knows = true): Evidence {
  const stripeOf = (column: number) => Math.min(2, Math.floor((column * 3) / columns));
  const cells = Array.from({ length: columns * rows }, (_, cell) => stripeOf(cell % columns));
  const features = Float32Array.from(
    cells.flatMap((stripe, cell) => [0, 1, 2].map((k) => (k === stripe ? 1 : 0) + 0.05 * Math.sin(cell * (k + 1)))),
  );
  const logits = Float32Array.from(
    cells.flatMap(
      (stripe) =>
        [
          [6, 0],
          [0, 6],
          [0, 1.5],
        ][stripe],
    ),
  );
  return {
    width,
    height,
    classes: 4,
    classIds: knows ? [0, 1] : [-1, -1],
    logits: { width: columns, height: rows, channels: 2, values: logits },
    features: { width: columns, height: rows, channels: 3, values: features },
    photo: { width: 2, height: 2, data: new Uint8Array(16).fill(128) },
  };
}

const strokeAt = (id: number, x: number, y: number): Example => ({ id, pixels: [0, 1, 2, 3, 4].map((i) => (y + i) * width + x) });
const proposedBy = (model: LiveModel) => {
  const { ids } = proposalOf(model.scores(), width, height);
  return (x: number, y: number) => ids[y * width + x];
};

describe('traits', () => {
  /** Of 20 channels, all of which say in their own way on which of three grounds a cell lies; and a little noise. */
  const channels = 20;
  const random = Random.named('traits test', 1);
  const words = Array.from({ length: 3 }, () => Array.from({ length: channels }, () => random.between(-1, 1)));
  const cells = { width: 30, height: 20 };
  const groundOf = (cell: number) => Math.floor((cell % cells.width) / 10);
  const values = Float32Array.from(
    { length: cells.width * cells.height * channels },
    (_, i) => 5 + words[groundOf(Math.floor(i / channels))][i % channels] + random.between(-0.05, 0.05),
  );
  const apart = ({ channels, values }: GridMap, a: number, b: number) =>
    Array.from({ length: channels }, (_, k) => (values[a * channels + k] - values[b * channels + k]) ** 2).reduce(
      (sum, each) => sum + each,
    );

  test('of cells that a network sees alike are near, those of others about 1 away', () => {
    const traits = traitsOf({ ...cells, channels, values });
    expect([traits.width, traits.height, traits.channels]).toEqual([30, 20, 8]);
    expect(apart(traits, 0, 5 + 30 * 12)).toBeLessThan(0.02);
    expect(apart(traits, 0, 15)).toBeGreaterThan(0.5);
    expect(apart(traits, 15, 25)).toBeGreaterThan(0.5);
    const pairs = Array.from({ length: 3000 }, () => apart(traits, random.integer(600), random.integer(600)));
    expect(pairs.reduce((sum, each) => sum + each) / pairs.length).toBeCloseTo(1, 1);
  });

  test('are 0 where there is nothing to tell apart, and no more than the channels', () => {
    const flat = traitsOf({ width: 4, height: 3, channels: 2, values: new Float32Array(24).fill(7) });
    expect(flat.values.every((value) => value === 0)).toBe(true);
    const two = Float32Array.from({ length: 24 }, (_, i) => (i * i) % 7);
    expect(traitsOf({ width: 4, height: 3, channels: 2, values: two }).channels).toBe(2);
  });
});

describe('what is learned while one paints', () => {
  test('before any stroke it is the network’s word', () => {
    const at = proposedBy(new LiveModel(evidence()));
    expect([at(5, 30), at(40, 30), at(75, 30)]).toEqual([0, 1, 1]);
  });

  test('a stroke puts right what looks alike, and leaves alone where the network is sure of what looks otherwise', () => {
    const model = new LiveModel(evidence());
    model.fit([strokeAt(0, 70, 10)]);
    const at = proposedBy(model);
    expect([at(5, 30), at(40, 12), at(70, 12), at(74, 16), at(62, 6)]).toEqual([0, 1, 0, 0, 0]);
    // Taken back, it is as before.
    model.fit([]);
    expect(proposedBy(model)(70, 12)).toBe(1);
  });

  test('classes that the network has never seen are learned from strokes alone, and no other is proposed', () => {
    const model = new LiveModel(evidence(false));
    expect(model.knowsClasses).toBe(false);
    model.fit([strokeAt(3, 5, 10), strokeAt(0, 40, 20), strokeAt(2, 70, 40)]);
    expect(model.knowsClasses).toBe(true);
    const at = proposedBy(model);
    expect([at(10, 50), at(38, 50), at(72, 5)]).toEqual([3, 0, 2]);
    const { ids } = proposalOf(model.scores(), width, height);
    expect([...new Set(ids)].toSorted()).toEqual([0, 2, 3]);
  });
});

const grid = fc
  .integer({ min: 1, max: 8 })
  .chain((w) =>
    fc
      .integer({ min: 1, max: 8 })
      .chain((h) =>
        fc.record({ width: fc.constant(w), height: fc.constant(h), ids: fc.uint8Array({ minLength: w * h, maxLength: w * h, max: 2 }) }),
      ),
  );

describe('regions of a proposal', () => {
  test('are connected, of one class, and together all that is proposed', () => {
    fc.assert(
      fc.property(grid, ({ ids: drawn, ...size }) => {
        const ids = drawn.map((id) => (id === 2 ? voidId : id));
        const map = regionsOf({ ...size, ids, sureness: new Uint8Array(ids.length).fill(255) });
        expect(map.regions.reduce((sum, { cells }) => sum + cells, 0)).toBe(ids.filter((id) => id !== voidId).length);
        ids.forEach((id, cell) => {
          const region = map.regionOf[cell];
          expect(region < 0).toBe(id === voidId);
          if (region >= 0) expect(map.regions[region].id).toBe(id);
          const right = cell % size.width < size.width - 1 ? cell + 1 : cell;
          if (ids[right] === id) expect(map.regionOf[right]).toBe(region);
          if (cell + size.width < ids.length && ids[cell + size.width] === id) expect(map.regionOf[cell + size.width]).toBe(region);
        });
      }),
    );
  });

  test('what differs from a mask is what is proposed there, no more and no less, at the image’s size and at a coarser one', () => {
    fc.assert(
      fc.property(grid, fc.integer({ min: 1, max: 3 }), fc.nat(1000), ({ ids, ...size }, times, seed) => {
        const map = regionsOf({ ...size, ids, sureness: new Uint8Array(ids.length) });
        const image = { width: size.width * times, height: size.height * times };
        const mask = new Uint8Array(image.width * image.height).map((_, i) => (i * 7 + seed) % 3);
        const proposed = new Proposed(map, image);
        const changes = proposed.changes(mask);
        const after = mask.slice();
        if (changes)
          for (let i = 0; i < changes.selected.length; i++) {
            const [x, y] = [changes.box.left + (i % changes.box.width), changes.box.top + Math.floor(i / changes.box.width)];
            if (changes.selected[i]) after[y * image.width + x] = changes.ids[i];
          }
        if (times === 1) expect(after).toEqual(ids);
        expect(proposed.changes(after)).toBeNull();
        expect([...proposed.openCells(after)].every((open) => open === 0)).toBe(true);
      }),
    );
  });

  test('Live paints no pixel that was labelled before, also where a cell of its proposal has some of them', () => {
    fc.assert(
      fc.property(grid, fc.integer({ min: 1, max: 3 }), fc.nat(1000), ({ ids, ...size }, times, seed) => {
        const image = { width: size.width * times, height: size.height * times };
        const mask = new Uint8Array(image.width * image.height).map((_, i) => ((i * 7 + seed) % 3 === 0 ? 1 : voidId));
        const painted = new Painted(image, size);
        const proposed = new Proposed(regionsOf({ ...size, ids, sureness: new Uint8Array(ids.length) }), image, painted.fixed);
        const changes = proposed.changes(mask, (pixel, id) => painted.mayPaint(pixel, id));
        if (!changes) return;
        const { box, selected } = changes;
        const isOpen = [...selected].map((_, i) => {
          const pixel = (box.top + Math.floor(i / box.width)) * image.width + box.left + (i % box.width);
          return mask[pixel] === voidId && changes.ids[i] !== voidId;
        });
        expect([...selected].map((is) => is === 1)).toEqual(isOpen);
      }),
    );
  });

  test('a large image is proposed for at a size that a hand can wait for', () => {
    expect(proposedSize(480, 360)).toEqual({ width: 480, height: 360 });
    const { width: w, height: h } = proposedSize(11_000, 6000);
    expect([w * h <= 1.51e6, w / h]).toEqual([true, expect.closeTo(11 / 6, 2)]);
  });
});

describe('what was painted', () => {
  const size = { width: 12, height: 10 };
  function paint(ids: Uint8Array, box: { left: number; top: number; width: number; height: number }, id: number, image = size) {
    const before = new Uint8Array(box.width * box.height);
    for (let y = 0, i = 0; y < box.height; y++)
      for (let x = 0; x < box.width; x++, i++) {
        const pixel = (box.top + y) * image.width + box.left + x;
        before[i] = ids[pixel];
        ids[pixel] = id;
      }
    return diffPatch(before, ids, image, box)!;
  }

  test('is learned from and left alone until it is taken back', () => {
    const ids = new Uint8Array(120).fill(voidId);
    const painted = new Painted(size, size);
    painted.add(paint(ids, { left: 2, top: 2, width: 5, height: 5 }, 3));
    const [example] = painted.current(ids);
    expect([example.id, example.pixels.length, example.pixels.every((pixel) => ids[pixel] === 3)]).toEqual([3, 15, true]);
    expect(painted.fixed[2 * 12 + 2]).toBe(4);
    paint(ids, { left: 2, top: 2, width: 5, height: 5 }, voidId);
    expect(painted.current(ids)).toEqual([]);
    expect(painted.fixed.every((cell) => cell === 0)).toBe(true);
  });

  test('is free again when it is taken back, also where the proposal is coarser than the image', () => {
    const image = { width: 36, height: 30 };
    const ids = new Uint8Array(image.width * image.height).fill(voidId);
    const painted = new Painted(image, size);
    painted.add(paint(ids, { left: 4, top: 4, width: 8, height: 5 }, 3, image));
    painted.current(ids);
    expect(painted.fixed[1 * 12 + 1]).toBe(4);
    // A cell is the person's for as long as any pixel of it is.
    paint(ids, { left: 4, top: 4, width: 7, height: 5 }, voidId, image);
    painted.current(ids);
    expect([painted.fixed[1 * 12 + 1], painted.fixed[1 * 12 + 3]]).toEqual([0, 4]);
    paint(ids, { left: 11, top: 4, width: 1, height: 5 }, voidId, image);
    painted.current(ids);
    expect(painted.fixed.every((cell) => cell === 0)).toBe(true);
  });

  test("is the person's again when it comes back, however often it was looked at meanwhile", () => {
    const ids = new Uint8Array(120).fill(voidId);
    const painted = new Painted(size, size);
    painted.add(paint(ids, { left: 2, top: 2, width: 5, height: 5 }, 3));
    const before = ids.slice();
    ids.fill(voidId);
    for (let look = 0; look < 3; look++) expect([painted.current(ids), painted.fixed.includes(4)]).toEqual([[], false]);
    ids.set(before);
    expect([painted.current(ids)[0].pixels.length, painted.fixed[2 * 12 + 2]]).toEqual([15, 4]);
  });

  test("is the assistant's where that has painted the same after it was taken back", () => {
    const ids = new Uint8Array(120).fill(voidId);
    const painted = new Painted(size, size);
    painted.add(paint(ids, { left: 2, top: 2, width: 5, height: 5 }, 3));
    ids.fill(voidId);
    painted.current(ids);
    painted.addOwn(paint(ids, { left: 2, top: 2, width: 5, height: 5 }, 3));
    expect([painted.current(ids), painted.fixed.includes(4)]).toEqual([[], false]);
    // What came since the last look is a person's all the same.
    painted.add(paint(ids, { left: 0, top: 0, width: 1, height: 1 }, 7));
    painted.addOwn(paint(ids, { left: 8, top: 8, width: 1, height: 1 }, 3));
    expect(painted.current(ids).map(({ id }) => id)).toEqual([7]);
  });

  test('of hundreds of strokes that were taken back pushes none out that is there', () => {
    const ids = new Uint8Array(120).fill(voidId);
    const painted = new Painted(size, size);
    painted.add(paint(ids, { left: 0, top: 0, width: 2, height: 2 }, 3));
    for (let n = 0; n < 500; n++) {
      const before = ids.slice();
      painted.add(paint(ids, { left: 6, top: 6, width: 1, height: 1 }, 4));
      ids.set(before);
      painted.current(ids);
    }
    expect(painted.current(ids).map(({ id }) => id)).toEqual([3]);
  });

  test('teaches nothing where it was painted over', () => {
    const ids = new Uint8Array(120).fill(voidId);
    const painted = new Painted(size, size);
    painted.add(paint(ids, { left: 0, top: 0, width: 4, height: 4 }, 3));
    painted.add(paint(ids, { left: 0, top: 0, width: 2, height: 4 }, 5));
    for (const { id, pixels } of painted.current(ids)) expect(pixels.map((pixel) => ids[pixel])).toEqual(pixels.map(() => id));
  });

  test('keeps its class where a stroke only says it again, and is learned from where that is all it says', () => {
    const ids = new Uint8Array(120).fill(1);
    const painted = new Painted(size, size);
    painted.affirm(paint(ids, { left: 0, top: 0, width: 2, height: 1 }, 3), false);
    expect([painted.current(ids), painted.fixed[1], painted.fixed[2]]).toEqual([[], 4, 0]);
    painted.affirm(paint(ids, { left: 4, top: 0, width: 2, height: 1 }, 3), true);
    expect([painted.current(ids).map(({ id }) => id), painted.fixed[4]]).toEqual([[3], 4]);
  });

  test('as not labelled stays so where that is said, and is free where it was only cleared', () => {
    const ids = new Uint8Array(120).fill(1);
    const painted = new Painted(size, size);
    painted.add(paint(ids, { left: 0, top: 0, width: 2, height: 1 }, voidId), false);
    painted.add(paint(ids, { left: 4, top: 0, width: 2, height: 1 }, voidId), true);
    expect(painted.current(ids)).toEqual([]);
    expect([painted.fixed[0], painted.fixed[4]]).toEqual([0, voidId + 1]);
  });

  test('however large a stroke is, it is counted in a moment', () => {
    const large = { width: 3000, height: 2000 };
    const ids = new Uint8Array(large.width * large.height);
    const patch = diffPatch(new Uint8Array(ids.length).fill(voidId), ids, large, { left: 0, top: 0, ...large })!;
    const painted = new Painted(large, proposedSize(large.width, large.height));
    const since = performance.now();
    painted.add(patch);
    expect(performance.now() - since).toBeLessThan(2000);
    expect(new Set(painted.current(ids)[0].pixels).size).toBe(15);
  });

  test('by the assistant may be painted over by it, and what a person labelled may not', () => {
    const ids = new Uint8Array(120).fill(voidId);
    const painted = new Painted(size, size);
    const may = (pixel: number) => painted.mayPaint(pixel, ids[pixel]);
    ids[50] = 1;
    expect([may(0), may(50)]).toEqual([true, false]);
    painted.addOwn(paint(ids, { left: 0, top: 0, width: 3, height: 1 }, 2));
    expect(may(0)).toBe(true);
    painted.add(paint(ids, { left: 0, top: 0, width: 1, height: 1 }, 1));
    expect([may(0), may(1)]).toEqual([false, true]);
  });
});
