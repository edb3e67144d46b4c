// Masks under edit against a model of them: whatever comes in which order, the mask is what was painted, and no other mask changes.
import { existsSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readStoredMask } from '#files/mask-png';
import { encodeStoredMask } from '#files/mask-writing';
import { journalName } from '#services/edits/journals';
import type { EditState } from '#shared/contract/edits';

import { makeDataset, temporaryFolder } from '../helpers/dataset.ts';
import { box } from '../helpers/box-patch.ts';
import { openMask, stroke } from '../helpers/edits.ts';
import { createBench, type TestBench } from '../helpers/services.ts';

const size = { width: 32, height: 24 };
const images = 8;
const imageId = 'train/train-0';

type Deed =
  | { kind: 'paint'; left: number; top: number; width: number; height: number; id: number; waits: boolean }
  | { kind: 'undo' | 'redo' | 'save' | 'restart' | 'others' | 'loseJournal' | 'free' }
  | { kind: 'foreign'; id: number }
  | { kind: 'putBack'; age: number };

const deeds: fc.Arbitrary<Deed[]> = fc.array(
  fc.oneof(
    {
      weight: 12,
      arbitrary: fc.record({
        kind: fc.constant('paint' as const),
        left: fc.integer({ min: 0, max: 24 }),
        top: fc.integer({ min: 0, max: 16 }),
        width: fc.integer({ min: 1, max: 8 }),
        height: fc.integer({ min: 1, max: 8 }),
        id: fc.integer({ min: 0, max: 10 }),
        waits: fc.boolean(),
      }),
    },
    {
      weight: 8,
      arbitrary: fc.constantFrom<Deed>({ kind: 'undo' }, { kind: 'redo' }, { kind: 'save' }),
    },
    {
      weight: 4,
      arbitrary: fc.constantFrom<Deed>({ kind: 'restart' }, { kind: 'others' }, { kind: 'loseJournal' }, { kind: 'free' }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('foreign' as const), id: fc.integer({ min: 0, max: 10 }) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('putBack' as const), age: fc.integer({ min: 0, max: 3 }) }) },
  ),
  { minLength: 4, maxLength: 24 },
);

/** What can be taken back and done again of the mask file with this content. */
interface Past {
  content: Buffer;
  done: Uint8Array[];
  undone: Uint8Array[];
}

/** The mask as it should be: its pixels, and what can be taken back and done again. */
class Model {
  values: Uint8Array;
  private done: Uint8Array[] = [];
  private undone: Uint8Array[] = [];
  /** Looking at a mask writes nothing: until the first stroke on another program's mask, the journal is that of the file before. */
  private past: Past | null = null;

  constructor(values: Uint8Array) {
    this.values = values.slice();
  }

  paint({ left, top, width, height, id }: { left: number; top: number; width: number; height: number; id: number }): void {
    this.done.push(this.values.slice());
    this.undone = [];
    this.past = null;
    for (let y = top; y < top + height; y++) this.values.fill(id, y * size.width + left, y * size.width + left + width);
  }

  undo(): boolean {
    const before = this.done.pop();
    if (!before) return false;
    this.undone.push(this.values);
    this.values = before;
    return true;
  }

  redo(): boolean {
    const after = this.undone.pop();
    if (!after) return false;
    this.done.push(this.values);
    this.values = after;
    return true;
  }

  /** Another program wrote it: undo begins anew, unless it has put back the file that the journal is of. */
  foreign(values: Uint8Array, { before, now, journal }: { before: Buffer; now: Buffer; journal: boolean }): void {
    this.values = values.slice();
    this.past ??= { content: before, done: journal ? this.done : [], undone: journal ? this.undone : [] };
    const isBack = this.past.content.equals(now);
    this.done = isBack ? this.past.done : [];
    this.undone = isBack ? this.past.undone : [];
    if (isBack) this.past = null;
  }

  loseJournal(): void {
    this.past = null;
  }
}

/** A workbench that does what is asked, and the model beside it. */
class Driver {
  readonly folder: string;
  private readonly userData = temporaryFolder();
  private readonly file: string;
  private bench: TestBench;
  private readonly model: Model;
  private readonly others: Map<string, Buffer>;
  /** Files of this mask that were there, oldest first. */
  private readonly versions: Buffer[] = [];

  constructor(folder: string) {
    this.folder = folder;
    this.file = path.join(folder, 'trainannot/train-0.png');
    this.bench = createBench({ userData: this.userData });
    this.model = new Model(readStoredMask(this.file).values);
    const names = readdirSync(path.dirname(this.file)).filter((name) => name !== 'train-0.png');
    this.others = new Map(names.map((name) => [name, readFileSync(path.join(path.dirname(this.file), name))]));
  }

  async open(): Promise<void> {
    await this.bench.call('datasets.open', { path: this.folder });
  }

  private async save(): Promise<void> {
    expect(await this.bench.call<EditState>('edits.save', { imageId })).toMatchObject({ state: 'saved', problem: null });
    const content = readFileSync(this.file);
    if (!this.versions.at(-1)?.equals(content)) this.versions.push(content);
  }

  /** What another program does, after everything is saved: it is seen when the image is opened next. */
  private async foreign(content: Buffer): Promise<void> {
    await this.save();
    const before = readFileSync(this.file);
    const journal = existsSync(path.join(this.folder, '.encnet/journal', journalName(imageId)));
    if (content.equals(before)) return;
    writeFileSync(this.file, content);
    // Two writes within one tick of the clock and of one length look the same.
    const later = new Date(Date.now() + 2000);
    utimesSync(this.file, later, later);
    this.model.foreign(readStoredMask(this.file).values, { before, now: content, journal });
    await openMask(this.bench, imageId);
  }

  async do(deed: Deed): Promise<void> {
    const { bench, model } = this;
    switch (deed.kind) {
      case 'paint': {
        const patch = box(deed.left, deed.top, deed.width, deed.height, deed.id);
        const kept = stroke(bench, imageId, patch);
        model.paint(deed);
        if (deed.waits) await kept;
        return;
      }
      case 'undo':
        expect(await bench.call('edits.undo', { imageId })).toBe(model.undo() ? 'Brush' : null);
        return;
      case 'redo':
        expect(await bench.call('edits.redo', { imageId })).toBe(model.redo() ? 'Brush' : null);
        return;
      case 'save':
        return this.save();
      case 'restart':
        await bench.workbench.shutDown();
        this.bench = createBench({ userData: this.userData });
        return this.open();
      case 'others':
        // More than stay open: this one is put away.
        for (let n = 1; n < images; n++) await openMask(bench, `train/train-${n}`);
        return;
      case 'loseJournal': {
        const journals = path.join(this.folder, '.encnet/journal');
        // Everything is in memory or in the file: with the workbench open nothing of it is needed.
        await openMask(bench, imageId);
        model.loseJournal();
        if (existsSync(journals)) for (const name of readdirSync(journals)) rmSync(path.join(journals, name));
        return;
      }
      case 'free': {
        const yesterday = new Date(Date.now() - 86_400_000);
        const store = path.join(this.folder, '.encnet/revisions');
        const kept = existsSync(store) ? readdirSync(store, { recursive: true, encoding: 'utf8' }) : [];
        for (const name of kept) if (name.endsWith('.png')) utimesSync(path.join(store, name), yesterday, yesterday);
        await bench.call('edits.freeMasks');
        return;
      }
      case 'foreign':
        return this.foreign(Buffer.from(encodeStoredMask({ ...size, values: model.values.map(() => deed.id) })));
      case 'putBack': {
        const earlier = this.versions.at(-1 - deed.age);
        return earlier && this.foreign(earlier);
      }
    }
  }

  async check(): Promise<void> {
    const opened = await openMask(this.bench, imageId);
    const shown = this.model.values.map((value) => (value < 11 ? value : 255));
    expect(Buffer.from(opened.ids).equals(shown)).toBe(true);
    await this.save();
    expect(Buffer.from(readStoredMask(this.file).values).equals(this.model.values)).toBe(true);
    for (const [name, content] of this.others) {
      expect(readFileSync(path.join(path.dirname(this.file), name)).equals(content), name).toBe(true);
    }
    const left = readdirSync(this.folder, { recursive: true, encoding: 'utf8' });
    expect(left.filter((name) => /\.(tmp|aside)$/.test(name))).toEqual([]);
    await this.bench.workbench.shutDown();
  }
}

test('a mask that is put back as it was can be undone again; one that was painted on meanwhile cannot', async () => {
  const paint: Deed = { kind: 'paint', left: 0, top: 0, width: 4, height: 4, id: 3, waits: true };
  const away: Deed = { kind: 'foreign', id: 0 };
  const back: Deed = { kind: 'putBack', age: 0 };
  for (const between of [[], [paint]]) {
    const driver = new Driver(await makeDataset({ train: images, val: 1, ...size }));
    await driver.open();
    for (const deed of [paint, { kind: 'save' } as const, away, ...between, back, { kind: 'undo' } as const]) await driver.do(deed);
    await driver.check();
  }
});

test('a mask is what was painted on it, whatever happens between the strokes', { timeout: 240_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(deeds, async (list) => {
      const driver = new Driver(await makeDataset({ train: images, val: 1, ...size }));
      await driver.open();
      for (const deed of list) await driver.do(deed);
      await driver.check();
    }),
    { numRuns: 30 },
  );
});
