import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { inflateRawSync } from 'node:zlib';
import { isTemporary } from '../../src/files/atomic-write.ts';
import { readMask } from '../../src/files/mask-png.ts';
import { builtInClassSet } from '../../src/main/services/class-sets/class-set.ts';
import { Random } from '../../src/shared/random.ts';
import { startWorkbench, type RunningWorkbench } from '../../test/helpers/workbench.ts';
import { writeScene } from '../sample/write-scene.ts';
import { HostClient } from './host-client.ts';
import { mountSmallDisk, type SmallDisk } from './small-disk.ts';

export interface EditorReport {
  kills: number;
  /** Strokes, undos and redos that the host had answered. */
  acknowledged: number;
  /** Masks that were not what the answered deeds had made of them. */
  lost: number;
  corruptFiles: number;
  /** Temporary files that were still there after the next start. */
  leftovers: number;
  /** Times the disk was full meanwhile. */
  fullDisks: number;
  /** Journals that were set aside. */
  setAside: number;
}

const size = { width: 96, height: 72 };
const images = 5;

/** What an image's mask must be: the states that answered deeds have led to, and what a deed under way may make of it. */
class Model {
  state: Uint8Array;
  private readonly done: Uint8Array[] = [];
  private undone: Uint8Array[] = [];
  /** The state that a deed without an answer leads to. */
  underWay: (() => void) | null = null;

  constructor(state: Uint8Array) {
    this.state = state;
  }

  stroke(left: number, top: number, side: number, id: number): void {
    const next = this.state.slice();
    for (let y = top; y < top + side; y++) next.fill(id, y * size.width + left, y * size.width + left + side);
    if (next.every((value, index) => value === this.state[index])) return;
    this.done.push(this.state);
    this.undone = [];
    this.state = next;
  }

  undo(): void {
    const before = this.done.pop();
    if (!before) return;
    this.undone.push(this.state);
    this.state = before;
  }

  redo(): void {
    const after = this.undone.pop();
    if (!after) return;
    this.done.push(this.state);
    this.state = after;
  }
}

const differ = (a: Uint8Array, b: Uint8Array): boolean => a.some((value, index) => value !== b[index]);

async function makeDataset(folder: string): Promise<void> {
  for (const [split, count] of [
    ['train', images - 1],
    ['val', 1],
  ] as const) {
    for (let n = 0; n < count; n++) {
      const [image, mask] = [split, `${split}annot`].map((name) => path.join(folder, name, `${n}.png`));
      await writeScene({ image, mask }, { seed: 900 + n, ...size });
    }
  }
}

/** One life of a host: deeds on random images until it is killed. */
class Session {
  private readonly client: HostClient;
  private readonly models: Map<string, Model>;
  private readonly random: Random;
  private readonly report: EditorReport;
  private strokes = 0;

  constructor(client: HostClient, models: Map<string, Model>, random: Random, report: EditorReport) {
    this.client = client;
    this.models = models;
    this.random = random;
    this.report = report;
  }

  /** Does deeds until the host has gone. Each is answered before the next on its image begins. */
  async work(life: number): Promise<void> {
    const ids = [...this.models.keys()];
    await Promise.all(
      [0, 1].map((lane) =>
        this.lane(
          ids.filter((_, index) => index % 2 === lane),
          `${life}-${lane}`,
        ),
      ),
    );
  }

  private async lane(ids: string[], name: string): Promise<void> {
    try {
      for (;;) {
        const imageId = ids[this.random.integer(ids.length)];
        await this.client.call('edits.open', { imageId, window: name });
        for (let n = this.random.integer(6); n >= 0; n--) await this.deed(imageId, this.models.get(imageId)!, name);
      }
    } catch (error) {
      if ((error as { code?: string }).code !== 'disconnected') throw error;
    }
  }

  private async deed(imageId: string, model: Model, name: string): Promise<void> {
    const which = this.random.next();
    if (which < 0.1) return void (await this.client.call('edits.save', { imageId }));
    const [method, make, input] = which < 0.25 ? this.back(model) : this.stroke(model, name);
    model.underWay = make;
    await this.client.call(method, { imageId, ...input });
    model.underWay = null;
    make();
    this.report.acknowledged++;
  }

  private back(model: Model): [string, () => void, object] {
    return this.random.next() < 0.6 ? ['edits.undo', () => model.undo(), {}] : ['edits.redo', () => model.redo(), {}];
  }

  private stroke(model: Model, name: string): [string, () => void, object] {
    const side = 1 + this.random.integer(20);
    const [left, top] = [this.random.integer(size.width - side), this.random.integer(size.height - side)];
    const id = this.random.integer(11);
    // As a window does: only pixels that change are sent.
    const changed = new Uint8Array(Math.ceil((side * side) / 8));
    let count = 0;
    for (let bit = 0; bit < side * side; bit++) {
      const index = (top + Math.floor(bit / side)) * size.width + left + (bit % side);
      if (model.state[index] === id) continue;
      changed[bit >> 3] |= 1 << (bit & 7);
      count++;
    }
    if (count === 0) return ['edits.redo', () => model.redo(), {}];
    const patch = { left, top, width: side, height: side, changed, values: new Uint8Array(count).fill(id) };
    return ['edits.stroke', () => model.stroke(left, top, side, id), { stroke: `${name}:${++this.strokes}`, label: 'Brush', patch }];
  }
}

/** Holds what came through a kill against what was answered before it. */
async function verify(client: HostClient, folder: string, models: Map<string, Model>, report: EditorReport): Promise<void> {
  for (const [imageId, model] of models) {
    const opened = await client.call<{ ids: Uint8Array; notes: string[] }>('edits.open', { imageId, window: 'verify' });
    const ids = Uint8Array.from(inflateRawSync(opened.ids));
    if (opened.notes.some((note) => note.includes('could not be put back'))) report.setAside++;
    if (differ(ids, model.state)) {
      // The deed under way may have been done, or not: its answer was not on the way.
      model.underWay?.();
      if (differ(ids, model.state)) {
        report.lost++;
        console.error(`\n${imageId} is not what the answered strokes have made of it`);
        process.exitCode = 1;
      }
    }
    model.underWay = null;
    const [split, name] = imageId.split('/');
    const { format } = builtInClassSet('camvid-11');
    try {
      const state = await client.call<{ state: string }>('edits.save', { imageId });
      const file = readMask(path.join(folder, `${split}annot`, `${name}.png`), format);
      if (state.state === 'saved' && differ(file.ids, ids)) report.lost++;
    } catch {
      report.corruptFiles++;
    }
  }
  for (const at of ['trainannot', 'valannot', '.encnet/journal', '.encnet/revisions']) {
    const names = existsSync(path.join(folder, at)) ? readdirSync(path.join(folder, at), { recursive: true, encoding: 'utf8' }) : [];
    report.leftovers += names.filter((name) => isTemporary(path.basename(name))).length;
  }
}

/**
 * Kills a browser host with SIGKILL at random moments while strokes, undo, image changes and saves go on, starts it again and holds
 * every mask against what had been answered.
 * @param told called after each kill
 */
export async function editorSoak(
  options: { kills: number; seed: number; fullDisk: boolean },
  told: (report: EditorReport) => void,
): Promise<EditorReport> {
  const { kills, seed, fullDisk } = options;
  const report: EditorReport = { kills: 0, acknowledged: 0, lost: 0, corruptFiles: 0, leftovers: 0, fullDisks: 0, setAside: 0 };
  const disk = fullDisk ? mountSmallDisk(120) : null;
  if (fullDisk && !disk) throw new Error('No small file system can be mounted here: the soak with a full disk needs it');
  const folder = disk ? path.join(disk.folder, 'data') : mkdtempSync(path.join(os.tmpdir(), 'encnet-soak-'));
  const userData = mkdtempSync(path.join(os.tmpdir(), 'encnet-soak-user-'));
  const random = Random.named('editor soak', seed);
  try {
    await makeDataset(folder);
    const models = new Map<string, Model>();
    for (let life = 0; life <= kills; life++) {
      disk?.empty();
      const host: RunningWorkbench = await startWorkbench({ userData, data: folder });
      const client = await HostClient.open(host.url);
      if (life === 0) await begin(client, models);
      else await verify(client, folder, models, report);
      if (life === kills) {
        client.close();
        await host.stop();
        break;
      }
      const working = new Session(client, models, random, report).work(life);
      await lastFor(random.between(30, 700), disk && random.next() < 0.5 ? disk : null, random, report);
      await host.stop('SIGKILL');
      await working;
      client.close();
      report.kills++;
      told(report);
    }
  } finally {
    disk?.unmount();
    for (const at of [userData, ...(disk ? [] : [folder])]) rmSync(at, { recursive: true, force: true });
  }
  return report;
}

async function begin(client: HostClient, models: Map<string, Model>): Promise<void> {
  for (const { id } of await client.call<{ id: string }[]>('datasets.images')) {
    const opened = await client.call<{ ids: Uint8Array }>('edits.open', { imageId: id, window: 'begin' });
    models.set(id, new Model(Uint8Array.from(inflateRawSync(opened.ids))));
  }
}

/** Waits, and fills and empties the disk on the way. */
async function lastFor(ms: number, disk: SmallDisk | null, random: Random, report: EditorReport): Promise<void> {
  await pause(ms / 2);
  if (disk) {
    disk.fill();
    report.fullDisks++;
    await pause(200 + 400 * random.next());
    // Sometimes the host is killed while the disk is still full.
    if (random.next() < 0.6) {
      disk.empty();
      await pause(1200);
    }
  }
  await pause(ms / 2);
}
