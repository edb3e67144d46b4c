// A labeller's session over the real services against a plain model: any sequence of tools, classes, undo, redo and images, to the byte.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { readStoredMask } from '#files/mask-png';
import { voidId } from '#shared/mask/void-id';
import { Hand } from '../../src/renderer/editor/hand.ts';
import { regionsOf } from '../../src/renderer/assist/proposal-map.ts';
import { Proposed } from '../../src/renderer/editor/proposed.ts';
import { toolNames, type ToolName } from '../../src/renderer/editor/tools/tool.ts';
import type { ImagePoint } from '../../src/renderer/editor/units.ts';
import { AnnotateState } from '../../src/renderer/state/annotate.svelte.ts';
import type { MaskSession } from '../../src/renderer/state/mask-session.svelte.ts';
import { TileVision } from '../renderer/tile-vision.ts';
import { type TestWindow, closeWindow, eventually, openBench } from './window.ts';

const size = { width: 64, height: 48 };
const images = 3;
const imageOf = (index: number) => `train/train-${index}`;

type Deed =
  | { kind: 'drag'; points: ImagePoint[]; shift: boolean; ctrl: boolean }
  | { kind: 'tool'; name: ToolName }
  | { kind: 'class'; id: number }
  | { kind: 'where'; on: 'all' | 'unlabelled' }
  | { kind: 'key'; key: string }
  | { kind: 'image'; index: number }
  | { kind: 'guide' | 'cancel' | 'undo' | 'redo' | 'save' };

const place = fc.record({ x: fc.integer({ min: -4, max: 68 }), y: fc.integer({ min: -4, max: 52 }) });
const deeds: fc.Arbitrary<Deed[]> = fc.array(
  fc.oneof(
    {
      weight: 10,
      arbitrary: fc.record({
        kind: fc.constant('drag' as const),
        points: fc.array(place, { minLength: 1, maxLength: 3 }),
        shift: fc.boolean(),
        ctrl: fc.boolean(),
      }),
    },
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('tool' as const), name: fc.constantFrom(...toolNames) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('class' as const), id: fc.constantFrom(0, 3, 7, voidId) }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('where' as const), on: fc.constantFrom('all' as const, 'unlabelled' as const) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('key' as const), key: fc.constantFrom('Enter', 'Backspace', 'Tab', 'ArrowDown') }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('image' as const), index: fc.nat(images - 1) }) },
    { weight: 5, arbitrary: fc.constantFrom<Deed>({ kind: 'undo' }, { kind: 'redo' }) },
    { weight: 2, arbitrary: fc.constantFrom<Deed>({ kind: 'guide' }, { kind: 'cancel' }, { kind: 'save' }) },
  ),
  { minLength: 8, maxLength: 40 },
);

/** A mask and what can be undone and redone of it, each state kept whole. */
class PlainMask {
  ids: Uint8Array;
  private done: Uint8Array[] = [];
  private undone: Uint8Array[] = [];

  constructor(ids: Uint8Array) {
    this.ids = ids.slice();
  }

  become(ids: Uint8Array): void {
    this.done.push(this.ids);
    this.ids = ids.slice();
    this.undone = [];
  }

  step(kind: 'undo' | 'redo'): void {
    const [from, to] = kind === 'undo' ? [this.done, this.undone] : [this.undone, this.done];
    const next = from.pop();
    if (!next) return;
    to.push(this.ids);
    this.ids = next;
  }
}

/** A labeller with a hand over the image that is open, and the model of every image beside it. */
class Labeller {
  private readonly annotate: AnnotateState;
  private readonly window: TestWindow;
  private readonly vision = new TileVision(size);
  private readonly models = new Map<string, PlainMask>();
  private hand: Hand | null = null;
  private proposed: Proposed | null = null;
  private unsubscribe: () => void = () => undefined;

  constructor(window: TestWindow) {
    this.window = window;
    this.annotate = new AnnotateState(window.session);
  }

  private get mask(): MaskSession {
    return this.annotate.mask!;
  }

  private get model(): PlainMask {
    return this.models.get(this.mask.imageId)!;
  }

  async open(index: number): Promise<void> {
    const imageId = imageOf(index);
    if (this.annotate.mask?.imageId === imageId) return;
    this.window.session.select(imageId);
    await this.annotate.open(imageId);
    const { document } = this.mask;
    if (!this.models.has(imageId)) this.models.set(imageId, new PlainMask(document.ids));
    this.expectEqual('opened');
    // Half of it is proposed to be of a class.
    const ids = Uint8Array.from({ length: size.width * size.height }, (_, i) => (i % size.width < 30 ? 5 : voidId));
    this.proposed = new Proposed(regionsOf({ ...size, ids, sureness: new Uint8Array(ids.length).fill(200) }), size);
    const { hand } = this.annotate;
    this.hand = new Hand(hand.tool, this.annotate.leftOn(this.mask).drafts, () => ({
      document,
      ink: hand.ink,
      subtract: hand.subtract,
      brush: { diameter: 6, shape: hand.shape },
      lineWidth: 3,
      proposed: this.proposed,
      traits: null,
      near: 1,
      scale: 1,
      seen: { left: 0, top: 0, ...size },
      vision: this.vision,
      cleanUp: null,
      guided: hand.guided,
      tolerance: hand.tolerance,
      setTolerance: (tolerance) => hand.setTolerance(tolerance),
      tell: () => undefined,
      reveal: () => undefined,
    }));
    this.annotate.editor = {
      leave: () => ({ drafts: this.hand!.leave(), view: null }),
      rest: () => this.hand!.rest(),
      undoOpen: () => this.hand!.undoOpen(),
    };
    this.unsubscribe();
    const model = this.model;
    this.unsubscribe = document.onCommit(() => model.become(document.ids));
  }

  private expectEqual(after: string): void {
    expect([after, Buffer.from(this.mask.document.ids).equals(this.model.ids)]).toEqual([after, true]);
  }

  async do(deed: Deed): Promise<void> {
    const { annotate } = this;
    const hand = this.hand!;
    switch (deed.kind) {
      case 'drag': {
        const press = (at: ImagePoint) => ({ at, shift: deed.shift, ctrl: deed.ctrl, share: 1 });
        hand.down(press(deed.points[0]));
        for (const at of deed.points.slice(1)) hand.move(press(at));
        hand.up(press(deed.points.at(-1)!));
        await this.vision.answer();
        break;
      }
      case 'tool':
        annotate.hand.tool = deed.name;
        hand.choose(deed.name);
        break;
      case 'class':
        annotate.hand.pick(deed.id);
        break;
      case 'where':
        annotate.hand.where = { on: deed.on };
        this.mask.document.setWhere(annotate.hand.where);
        break;
      case 'key':
        hand.key(deed.key);
        await this.vision.answer();
        break;
      case 'guide':
        annotate.hand.guided = !annotate.hand.guided;
        break;
      case 'cancel':
        hand.cancel();
        break;
      case 'image':
        return this.open(deed.index);
      case 'undo':
      case 'redo':
        if (deed.kind === 'undo' && hand.undoOpen()) return;
        this.model.step(deed.kind);
        await this.mask[deed.kind]();
        await eventually(() => Buffer.from(this.mask.document.ids).equals(this.model.ids));
        break;
      case 'save':
        await this.mask.save();
    }
    this.expectEqual(deed.kind);
  }

  /** Every file is what its model is, and nothing else. */
  async check(folder: string): Promise<void> {
    this.hand!.leave();
    for (const [imageId, { ids }] of this.models) {
      await this.window.session.client.edits.save({ imageId });
      const file = path.join(folder, `trainannot/${imageId.slice('train/'.length)}.png`);
      const { values, width, height } = readStoredMask(file);
      expect([width, height]).toEqual([size.width, size.height]);
      expect(Buffer.from(values.map((value) => (value < 11 ? value : voidId))).equals(ids)).toBe(true);
      // A mask whose every state is as it came is the very file that came.
      expect(readFileSync(file).subarray(1, 4).toString()).toBe('PNG');
    }
  }

  close(): void {
    this.unsubscribe();
    this.annotate.close();
  }
}

let windows: TestWindow[] = [];
afterEach(() => {
  for (const window of windows) closeWindow(window);
  windows = [];
});

test('any sequence of tools, classes, undo, redo and images leaves what a plain model has', { timeout: 300_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(deeds, async (list) => {
      const { folder, bench, window } = await openBench({ train: images, val: 1 });
      windows.push(window);
      const labeller = new Labeller(window);
      await labeller.open(0);
      for (const deed of list) await labeller.do(deed);
      await labeller.check(folder);
      labeller.close();
      await bench.workbench.shutDown();
    }),
    { numRuns: 25 },
  );
});
