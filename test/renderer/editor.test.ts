import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { applyPatch, type MaskPatch } from '#shared/mask/patch';
import { MaskDocument, type Stroke } from '../../src/renderer/editor/document.ts';
import { floodRegion } from '../../src/renderer/editor/flood.ts';
import { polygonRegion } from '../../src/renderer/editor/polygon-region.ts';
import type { Region } from '../../src/renderer/editor/region.ts';
import { capsule } from '../../src/renderer/editor/stamp.ts';
import { createTool } from '../../src/renderer/editor/tools/index.ts';
import type { ToolContext, ToolName } from '../../src/renderer/editor/tools/tool.ts';
import { fit, toImage, toScreen, zoomAt } from '../../src/renderer/editor/viewport.ts';

const size = { width: 20, height: 16 };
const blank = () => new MaskDocument(new Uint8Array(size.width * size.height), size);
const count = (region: Region | null) => region?.selected.reduce((sum, value) => sum + value, 0) ?? 0;
const contextOf = (document: MaskDocument, classId = 3): ToolContext => ({ document, classId, radius: 2, snap: 1 });
const counted = (ids: Uint8Array) => Array.from({ length: 256 }, (_, id) => ids.filter((other) => other === id).length);
const point = fc.record({ x: fc.double({ min: -5, max: 25, noNaN: true }), y: fc.double({ min: -5, max: 21, noNaN: true }) });

describe('document', () => {
  test('a stroke is told once when it ends, and one that changes nothing is not', () => {
    const document = blank();
    const strokes: Stroke[] = [];
    document.onCommit((stroke) => strokes.push(stroke));
    document.beginStroke('Brush');
    document.paint(capsule({ x: 3, y: 3 }, { x: 9, y: 3 }, 1, size), 1);
    document.paint(capsule({ x: 9, y: 3 }, { x: 9, y: 9 }, 1, size), 1);
    expect(strokes).toEqual([]);
    document.endStroke();
    document.paint(capsule({ x: 3, y: 3 }, { x: 3, y: 3 }, 1, size), 1);
    expect(strokes.map(({ label }) => label)).toEqual(['Brush']);
    const again = blank();
    applyPatch(again.ids, size, strokes[0].patch);
    expect(again.ids).toEqual(document.ids);
  });

  test('a rolled back stroke leaves nothing, locked classes stay, and every commit is told', () => {
    const document = blank();
    const commits: number[] = [];
    document.onCommit(({ patch }) => commits.push(patch.values.length));
    document.beginStroke('a');
    document.paint(capsule({ x: 5, y: 5 }, { x: 5, y: 5 }, 3, size), 1);
    expect(document.cancelStroke()).toBe(true);
    expect(document.ids.every((id) => id === 0)).toBe(true);
    document.setLocked(0, true);
    document.paint(capsule({ x: 5, y: 5 }, { x: 5, y: 5 }, 3, size), 1);
    expect(document.ids.every((id) => id === 0)).toBe(true);
    document.setLocked(0, false);
    document.paint(capsule({ x: 5.5, y: 5.5 }, { x: 5.5, y: 5.5 }, 0.5, size), 1);
    expect(commits).toEqual([1]);
  });

  test('only what a change touches is repainted', () => {
    const document = blank();
    const boxes: unknown[] = [];
    document.onChange(({ left, top, width, height }) => boxes.push([left, top, width, height]));
    document.paint(capsule({ x: 5.5, y: 5.5 }, { x: 7.5, y: 5.5 }, 0.5, size), 1);
    expect(boxes).toEqual([[5, 5, 3, 1]]);
  });
});

/** One window: what it shows, what it has sent, and what main has not done yet. */
class Window {
  readonly document: MaskDocument;
  readonly sent: { id: string; patch: MaskPatch }[] = [];
  pending: { id: string; patch: MaskPatch }[] = [];
  private count = 0;

  constructor(name: string) {
    this.document = blank();
    this.document.onCommit(({ patch }) => {
      const stroke = { id: `${name}:${++this.count}`, patch };
      this.pending.push(stroke);
      this.sent.push(stroke);
    });
  }

  hear({ id, patch }: { id: string; patch: MaskPatch }): void {
    const own = this.pending.findIndex((stroke) => stroke.id === id);
    if (own >= 0) this.pending.splice(own, 1);
    else
      this.document.applyRemote(
        patch,
        this.pending.map((stroke) => stroke.patch),
      );
  }
}

describe('two windows on one mask', () => {
  const deed = fc.oneof(
    fc.record({
      kind: fc.constant('paint' as const),
      window: fc.constantFrom(0, 1),
      at: point,
      to: point,
      id: fc.constantFrom(1, 2, 3, 255),
    }),
    fc.record({
      kind: fc.constant('begin' as const),
      window: fc.constantFrom(0, 1),
      at: point,
      to: point,
      id: fc.constantFrom(1, 2, 3, 255),
    }),
    fc.record({ kind: fc.constant('end' as const), window: fc.constantFrom(0, 1), cancel: fc.boolean() }),
    fc.record({ kind: fc.constant('main' as const), window: fc.constantFrom(0, 1) }),
    fc.record({ kind: fc.constant('hear' as const), window: fc.constantFrom(0, 1) }),
  );

  test('show the same bytes as main in the end, however strokes, answers and rolled back strokes cross', () => {
    fc.assert(
      fc.property(fc.array(deed, { maxLength: 60 }), (deeds) => {
        const windows = [new Window('a'), new Window('b')];
        const main = new Uint8Array(size.width * size.height);
        const told: { id: string; patch: MaskPatch }[] = [];
        const heard = [0, 0];
        const atMain = [0, 0];
        const doInMain = (index: number) => {
          const stroke = windows[index].sent[atMain[index]];
          if (!stroke) return false;
          atMain[index]++;
          applyPatch(main, size, stroke.patch);
          return Boolean(told.push(stroke));
        };
        const hear = (index: number) => {
          if (heard[index] >= told.length) return false;
          windows[index].hear(told[heard[index]++]);
          return true;
        };
        for (const each of deeds) {
          const { document } = windows[each.window];
          if (each.kind === 'main') doInMain(each.window);
          else if (each.kind === 'hear') hear(each.window);
          else if (each.kind === 'end') {
            if (each.cancel) document.cancelStroke();
            else document.endStroke();
          } else {
            if (each.kind === 'begin' && !document.strokeOpen) document.beginStroke('s');
            document.paint(capsule(each.at, each.to, 2, size), each.id);
          }
        }
        for (const window of windows) window.document.endStroke();
        for (const index of [0, 1]) while (doInMain(index));
        for (const index of [0, 1]) while (hear(index));
        expect(windows[0].pending.length + windows[1].pending.length).toBe(0);
        expect([...windows[0].document.ids]).toEqual([...main]);
        expect([...windows[1].document.ids]).toEqual([...main]);
        for (const { document } of windows) expect([...document.pixels]).toEqual(counted(document.ids));
      }),
      { numRuns: 300 },
    );
  });

  test('a mask that is read anew keeps the strokes that main does not have yet on top', () => {
    const window = new Window('a');
    window.document.paint(capsule({ x: 5, y: 5 }, { x: 5, y: 5 }, 2, size), 3);
    const fromMain = new Uint8Array(size.width * size.height).fill(7);
    window.document.beginStroke('open');
    window.document.paint(capsule({ x: 15, y: 5 }, { x: 15, y: 5 }, 2, size), 1);
    window.document.reset(
      fromMain,
      window.pending.map(({ patch }) => patch),
    );
    expect(window.document.strokeOpen).toBe(false);
    expect(window.document.ids[5 * size.width + 5]).toBe(3);
    expect(window.document.ids[5 * size.width + 15]).toBe(7);
  });

  test('pixels are counted through strokes, rolled back strokes and a mask that is read anew', () => {
    const document = blank();
    document.paint(capsule({ x: 3, y: 3 }, { x: 9, y: 3 }, 2, size), 7);
    document.beginStroke('a');
    document.paint(capsule({ x: 9, y: 3 }, { x: 9, y: 9 }, 2, size), 2);
    expect([...document.pixels]).toEqual(counted(document.ids));
    document.cancelStroke();
    expect([...document.pixels]).toEqual(counted(document.ids));
    document.reset(new Uint8Array(size.width * size.height).fill(4), []);
    expect(document.pixels[4]).toBe(size.width * size.height);
  });

  test('a patch of another mask is refused', () => {
    const patch = { left: 19, top: 0, width: 5, height: 1, changed: Uint8Array.of(31), values: new Uint8Array(5) };
    expect(() => blank().applyRemote(patch, [])).toThrow('patch must lie in the mask of 20 x 16');
  });
});

describe('regions', () => {
  test('the brush is what its definition says, clipped to the mask', () => {
    fc.assert(
      fc.property(point, point, fc.double({ min: 0.6, max: 6, noNaN: true }), (a, b, radius) => {
        const region = capsule(a, b, radius, size);
        for (let y = 0; y < size.height; y++) {
          for (let x = 0; x < size.width; x++) {
            const [dx, dy] = [b.x - a.x, b.y - a.y];
            const t =
              dx === 0 && dy === 0 ? 0 : Math.min(1, Math.max(0, ((x + 0.5 - a.x) * dx + (y + 0.5 - a.y) * dy) / (dx * dx + dy * dy)));
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
      { numRuns: 60 },
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
});

describe('tools', () => {
  const drive = (name: ToolName, document: MaskDocument, points: [number, number][], classId = 3) => {
    const tool = createTool(name);
    const context = contextOf(document, classId);
    const [first, ...rest] = points.map(([x, y]) => ({ x, y }));
    tool.pointerDown(context, first);
    for (const p of rest) tool.pointerMove(context, p);
    tool.pointerUp(context, rest.at(-1) ?? first);
    return tool;
  };

  test('brush and eraser paint one stroke', () => {
    const document = blank();
    drive('brush', document, [
      [4, 8],
      [10, 8],
      [15, 8],
    ]);
    expect(document.ids.filter((id) => id === 3).length).toBeGreaterThan(40);
    drive('eraser', document, [[10, 8]]);
    expect(document.ids[8 * size.width + 10]).toBe(255);
  });

  test('moving without a press paints nothing', () => {
    const document = blank();
    createTool('brush').pointerMove(contextOf(document), { x: 5, y: 5 });
    expect(document.ids.every((id) => id === 0)).toBe(true);
    expect(document.strokeOpen).toBe(false);
  });

  test('a polygon closes at its start, by Enter, or is dropped by Escape', () => {
    const corners = [
      { x: 2, y: 2 },
      { x: 12, y: 2 },
      { x: 12, y: 10 },
    ];
    for (const close of ['start', 'Enter', 'Escape']) {
      const document = blank();
      const tool = createTool('polygon');
      for (const corner of corners) tool.pointerDown(contextOf(document), corner);
      expect(tool.preview?.points).toHaveLength(3);
      if (close === 'start') tool.pointerDown(contextOf(document), { x: 2.4, y: 2.2 });
      else if (close === 'Enter') tool.key(contextOf(document), 'Enter');
      else tool.cancel(contextOf(document));
      expect(tool.preview).toBeNull();
      expect(document.ids.includes(3)).toBe(close !== 'Escape');
    }
  });
});

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
