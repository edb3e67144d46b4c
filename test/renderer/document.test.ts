import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { applyPatch, forEachChanged, type MaskPatch } from '#shared/mask/patch';
import { voidId } from '#shared/mask/void-id';
import { MaskDocument, type Stroke } from '../../src/renderer/editor/document.ts';
import { capsule } from '../../src/renderer/editor/stamp.ts';

const size = { width: 20, height: 16 };
const blank = () => new MaskDocument(new Uint8Array(size.width * size.height), size);
const counted = (ids: Uint8Array) => Array.from({ length: 256 }, (_, id) => ids.filter((other) => other === id).length);
const point = fc.record({ x: fc.double({ min: -5, max: 25, noNaN: true }), y: fc.double({ min: -5, max: 21, noNaN: true }) });

describe('document', () => {
  test('a stroke is told once when it ends, and one that changes nothing is not', () => {
    const document = blank();
    const strokes: Stroke[] = [];
    document.onCommit((stroke) => strokes.push(stroke));
    document.beginStroke('Brush');
    document.paint(capsule({ x: 3, y: 3 }, { x: 9, y: 3 }, 1, size), { id: 1 });
    document.paint(capsule({ x: 9, y: 3 }, { x: 9, y: 9 }, 1, size), { id: 1 });
    expect(strokes).toEqual([]);
    document.endStroke();
    document.paint(capsule({ x: 3, y: 3 }, { x: 3, y: 3 }, 1, size), { id: 1 });
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
    document.paint(capsule({ x: 5, y: 5 }, { x: 5, y: 5 }, 3, size), { id: 1 });
    expect(document.cancelStroke()).toBe(true);
    expect(document.ids.every((id) => id === 0)).toBe(true);
    document.setLocked(new Set([0]));
    document.paint(capsule({ x: 5, y: 5 }, { x: 5, y: 5 }, 3, size), { id: 1 });
    expect(document.ids.every((id) => id === 0)).toBe(true);
    document.setLocked(new Set());
    document.paint(capsule({ x: 5.5, y: 5.5 }, { x: 5.5, y: 5.5 }, 0.5, size), { id: 1 });
    expect(commits).toEqual([1]);
  });

  test('what a stroke goes over that has its class already is said, whether the stroke changes anything or not', () => {
    const document = blank();
    const said: { pixels: number[]; alone: boolean }[] = [];
    document.onAffirm((patch, alone) => {
      const pixels: number[] = [];
      forEachChanged(patch, size.width, (index, position) => {
        expect(patch.values[position]).toBe(document.ids[index]);
        pixels.push(index);
      });
      said.push({ pixels, alone });
    });
    const row = (left: number, width: number, id: number) =>
      document.paint({ box: { left, top: 2, width, height: 1 }, selected: new Uint8Array(width).fill(1) }, { id });
    const at = (left: number, width: number) => Array.from({ length: width }, (_, i) => 2 * size.width + left + i);
    row(4, 3, 1);
    row(4, 3, 1);
    row(2, 8, 1);
    // What one stroke paints and goes over again is a change; what is cleared, and what an ink leaves to others, says nothing.
    document.beginStroke('Brush');
    row(12, 4, 2);
    row(13, 4, 2);
    document.endStroke();
    row(0, 2, voidId);
    row(0, 2, voidId);
    document.paint({ box: { left: 4, top: 2, width: 2, height: 1 }, selected: new Uint8Array([1, 1]) }, { id: 1, only: 3 });
    document.beginStroke('Brush');
    row(4, 3, 1);
    document.cancelStroke();
    expect(said).toEqual([
      { pixels: at(4, 3), alone: true },
      { pixels: at(4, 3), alone: false },
    ]);
  });

  test('only what a change touches is repainted', () => {
    const document = blank();
    const boxes: unknown[] = [];
    document.onChange(({ left, top, width, height }) => boxes.push([left, top, width, height]));
    document.paint(capsule({ x: 5.5, y: 5.5 }, { x: 7.5, y: 5.5 }, 0.5, size), { id: 1 });
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
            document.paint(capsule(each.at, each.to, 2, size), { id: each.id });
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
    window.document.paint(capsule({ x: 5, y: 5 }, { x: 5, y: 5 }, 2, size), { id: 3 });
    const fromMain = new Uint8Array(size.width * size.height).fill(7);
    window.document.beginStroke('open');
    window.document.paint(capsule({ x: 15, y: 5 }, { x: 15, y: 5 }, 2, size), { id: 1 });
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
    document.paint(capsule({ x: 3, y: 3 }, { x: 9, y: 3 }, 2, size), { id: 7 });
    document.beginStroke('a');
    document.paint(capsule({ x: 9, y: 3 }, { x: 9, y: 9 }, 2, size), { id: 2 });
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

describe('where tools may write', () => {
  const at = (x: number, y: number) => capsule({ x, y }, { x, y }, 2, size);

  test('only where nothing is labelled, only over chosen classes, and never over locked ones', () => {
    const document = blank();
    document.paint(at(5, 5), { id: voidId });
    const unlabelled = document.pixels[voidId];
    document.setWhere({ on: 'unlabelled' });
    document.paint(capsule({ x: 0, y: 5 }, { x: 19, y: 5 }, 9, size), { id: 3 });
    expect([document.pixels[3], document.pixels[voidId]]).toEqual([unlabelled, 0]);
    document.setWhere({ on: 'classes', ids: [3] });
    document.paint(capsule({ x: 0, y: 5 }, { x: 19, y: 5 }, 9, size), { id: 4 });
    expect([document.pixels[4], document.pixels[3]]).toEqual([unlabelled, 0]);
    document.setWhere({ on: 'all' });
    document.setLocked(new Set([4]));
    document.paint(capsule({ x: 0, y: 5 }, { x: 19, y: 5 }, 9, size), { id: 5 });
    expect(document.pixels[4]).toBe(unlabelled);
  });

  test('what subtracts takes one class away and leaves the others', () => {
    const document = blank();
    document.paint(at(5, 5), { id: 7 });
    document.paint(capsule({ x: 0, y: 5 }, { x: 19, y: 5 }, 9, size), { id: voidId, only: 7 });
    expect([document.pixels[7], document.pixels[voidId] > 5, document.pixels[1]]).toEqual([0, true, 0]);
    expect(document.pixels[0]).toBe(size.width * size.height - document.pixels[voidId]);
  });

  test('a stroke that changes nothing tells what it was kept from, one that changes something does not', () => {
    const document = blank();
    const told: number[][] = [];
    document.onSpared((ids) => told.push(ids));
    document.setLocked(new Set([0]));
    document.paint(at(5, 5), { id: 3 });
    expect(told).toEqual([[0]]);
    document.setLocked(new Set());
    document.paint(at(5, 5), { id: 3 });
    document.setLocked(new Set([0]));
    document.paint(capsule({ x: 5, y: 5 }, { x: 15, y: 5 }, 2, size), { id: 4 });
    expect(told).toHaveLength(1);
  });

  test('pixels outside the class set are labelled wherever tools may write, but for what is locked', () => {
    const document = new MaskDocument(Uint8Array.of(254, 1, 254, 2), { width: 4, height: 1 }, new Map([[254, 'value 20']]));
    document.setWhere({ on: 'unlabelled' });
    document.relabel(254, 1);
    expect([...document.ids]).toEqual([1, 1, 1, 2]);
    document.setLocked(new Set([2]));
    document.relabel(2, 1);
    expect([...document.ids]).toEqual([1, 1, 1, 2]);
  });
});

describe('a stroke on a mask of many tiles', () => {
  const large = { width: 150, height: 140 };
  const anywhere = fc.record({ x: fc.integer({ min: -10, max: 160 }), y: fc.integer({ min: -10, max: 150 }) });

  test('hands on what it changed, and leaves nothing when it is rolled back', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(anywhere, anywhere, fc.constantFrom(1, 2, 255)), { maxLength: 8 }),
        fc.boolean(),
        (parts, cancelled) => {
          const before = Uint8Array.from({ length: large.width * large.height }, (_, i) => i % 5);
          const document = new MaskDocument(before.slice(), large);
          const patches: MaskPatch[] = [];
          document.onCommit(({ patch }) => patches.push(patch));
          document.beginStroke('a');
          for (const [a, b, id] of parts) document.paint(capsule(a, b, 7, large), { id });
          if (cancelled) document.cancelStroke();
          else document.endStroke();
          const replayed = before.slice();
          for (const patch of patches) applyPatch(replayed, large, patch);
          expect(document.ids).toEqual(cancelled ? before : replayed);
          expect([...document.pixels]).toEqual(counted(document.ids));
        },
      ),
      { numRuns: 60 },
    );
  });
});
