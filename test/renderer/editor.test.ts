import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MaskDocument } from '../../src/renderer/editor/document.ts';
import { floodRegion } from '../../src/renderer/editor/flood.ts';
import { History } from '../../src/renderer/editor/history.ts';
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
const point = fc.record({ x: fc.double({ min: -5, max: 25, noNaN: true }), y: fc.double({ min: -5, max: 21, noNaN: true }) });

describe('document', () => {
  const stroke = fc.record({
    points: fc.array(point, { minLength: 1, maxLength: 5 }),
    id: fc.constantFrom(0, 1, 2, 255),
    radius: fc.double({ min: 0.5, max: 5, noNaN: true }),
  });

  test('any strokes undone lead back to the start, redone to the end, pixel by pixel', () => {
    fc.assert(
      fc.property(fc.array(stroke, { maxLength: 8 }), (strokes) => {
        const document = blank();
        for (const { points, id, radius } of strokes) {
          document.beginStroke('s');
          points.forEach((p, index) => document.paint(capsule(points[Math.max(0, index - 1)], p, radius, size), id));
          document.endStroke();
        }
        const end = document.ids.slice();
        while (document.undo());
        expect(document.ids.every((id) => id === 0)).toBe(true);
        while (document.redo());
        expect(document.ids).toEqual(end);
      }),
    );
  });

  test('a stroke is one step, one that changes nothing is none, and a new one clears redo', () => {
    const document = blank();
    document.beginStroke('a');
    document.paint(capsule({ x: 3, y: 3 }, { x: 9, y: 3 }, 1, size), 1);
    document.paint(capsule({ x: 9, y: 3 }, { x: 9, y: 9 }, 1, size), 1);
    document.endStroke();
    document.paint(capsule({ x: 3, y: 3 }, { x: 3, y: 3 }, 1, size), 1);
    document.undo();
    expect(document.history.canUndo).toBe(false);
    expect(document.history.canRedo).toBe(true);
    document.paint(capsule({ x: 5, y: 5 }, { x: 5, y: 5 }, 1, size), 2);
    expect(document.history.canRedo).toBe(false);
  });

  test('a rolled back stroke leaves nothing, locked classes stay, and every commit is told', () => {
    const document = blank();
    const commits: number[] = [];
    document.onCommit(({ values }) => commits.push(values.length));
    document.beginStroke('a');
    document.paint(capsule({ x: 5, y: 5 }, { x: 5, y: 5 }, 3, size), 1);
    expect(document.cancelStroke()).toBe(true);
    expect(document.ids.every((id) => id === 0)).toBe(true);
    document.setLocked(0, true);
    document.paint(capsule({ x: 5, y: 5 }, { x: 5, y: 5 }, 3, size), 1);
    expect(document.ids.every((id) => id === 0)).toBe(true);
    document.setLocked(0, false);
    document.paint(capsule({ x: 5.5, y: 5.5 }, { x: 5.5, y: 5.5 }, 0.5, size), 1);
    document.undo();
    expect(commits).toEqual([1, 1]);
  });

  test('only what a change touches is repainted', () => {
    const document = blank();
    const boxes: unknown[] = [];
    document.onChange(({ left, top, width, height }) => boxes.push([left, top, width, height]));
    document.paint(capsule({ x: 5.5, y: 5.5 }, { x: 7.5, y: 5.5 }, 0.5, size), 1);
    expect(boxes).toEqual([[5, 5, 3, 1]]);
  });
});

describe('history', () => {
  const step = (bytes: number) => ({ label: '', before: patch(bytes), after: patch(bytes) });
  const patch = (bytes: number) => ({ left: 0, top: 0, width: 1, height: 1, changed: new Uint8Array(0), values: new Uint8Array(bytes) });

  test('is bounded by bytes and keeps the newest step', () => {
    const history = new History(100);
    for (let i = 0; i < 5; i++) history.push(step(20));
    let undone = 0;
    while (history.undo()) undone++;
    expect(undone).toBe(2);
    history.push(step(500));
    expect(history.canUndo).toBe(true);
  });

  test('undo and another stroke while a save goes on do not look saved', () => {
    const history = new History();
    history.push(step(1));
    history.push(step(1));
    const mark = history.mark();
    history.undo();
    history.push(step(1));
    history.markSaved(mark);
    expect(history.dirty).toBe(true);
  });

  test('knows the saved state as a position, also when it can no longer be reached', () => {
    const history = new History();
    expect(history.dirty).toBe(false);
    history.push(step(1));
    history.markSaved();
    history.undo();
    expect(history.dirty).toBe(true);
    history.redo();
    expect(history.dirty).toBe(false);
    history.undo();
    history.push(step(1));
    expect(history.dirty).toBe(true);
    history.undo();
    history.redo();
    expect(history.dirty).toBe(true);
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
    document.undo();
    expect(document.ids.includes(255)).toBe(false);
    document.undo();
    expect(document.ids.includes(3)).toBe(false);
  });

  test('moving without a press paints nothing', () => {
    const document = blank();
    createTool('brush').pointerMove(contextOf(document), { x: 5, y: 5 });
    expect(document.history.canUndo).toBe(false);
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
  });
});
