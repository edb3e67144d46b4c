import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import sharp from 'sharp';
import { writeAtomic } from '../../src/files/atomic-write.ts';
import { encodeStoredMask } from '../../src/files/mask-writing.ts';
import type { Workbench } from '../../src/main/create-services.ts';
import { startBrowserHost, type BrowserHost } from '../../src/main/server/browser-host.ts';
import { benchServices, root } from './services.ts';

/** What a window's deed took, and how long main's event loop stood still at the most meanwhile. */
export interface Phase {
  phase: string;
  ms: number;
  loopMaxMs: number;
}

export interface EditorArguments {
  width: number;
  height: number;
}

/** A host within this process, and a window in a thread of its own, so that only main's work counts as main's. */
class Bench {
  private readonly workbench: Workbench;
  private readonly host: BrowserHost;
  private readonly client: Worker;
  private readonly delay: ReturnType<typeof monitorEventLoopDelay>;

  private constructor(workbench: Workbench, host: BrowserHost) {
    this.workbench = workbench;
    this.host = host;
    this.client = new Worker(new URL('./editor-client.ts', import.meta.url), { workerData: host.newAddress() });
    this.delay = monitorEventLoopDelay({ resolution: 1 });
  }

  static async open(userData: string, folder: string): Promise<Bench> {
    const workbench = benchServices(userData);
    await workbench.datasets.open(folder);
    await workbench.datasets.require().surveyed();
    const bench = new Bench(workbench, await startBrowserHost(workbench, { port: 0, rendererFolder: root }));
    await bench.ask({ kind: 'ready' });
    return bench;
  }

  private ask(task: object): Promise<number> {
    return new Promise((resolve, reject) => {
      this.client.once('message', (answer: { ms?: number; error?: string }) =>
        answer.error ? reject(new Error(answer.error)) : resolve(answer.ms ?? 0),
      );
      this.client.postMessage(task);
    });
  }

  /** Does one deed and measures it. */
  async phase(phase: string, task: object): Promise<Phase> {
    this.delay.reset();
    this.delay.enable();
    const ms = await this.ask(task);
    await pause(20);
    this.delay.disable();
    return { phase, ms: Math.round(ms), loopMaxMs: Math.round(this.delay.max / 1e5) / 10 };
  }

  async close(): Promise<void> {
    await this.client.terminate();
    await this.host.close();
    await this.workbench.shutDown();
  }
}

async function bigDataset(folder: string, { width, height }: EditorArguments): Promise<void> {
  for (const [split, name] of [
    ['train', 'big'],
    ['val', 'small'],
  ] as const) {
    for (const at of [split, `${split}annot`]) mkdirSync(path.join(folder, at), { recursive: true });
    const size = split === 'train' ? { width, height } : { width: 64, height: 48 };
    await sharp({ create: { ...size, channels: 3, background: '#777777' } })
      .png({ compressionLevel: 1 })
      .toFile(path.join(folder, split, `${name}.png`));
    const values = new Uint8Array(size.width * size.height);
    // Stripes of classes, as in a street: sky, buildings, road.
    for (let y = 0; y < size.height; y++) {
      values.fill([0, 1, 3, 4][Math.floor((4 * y) / size.height)], y * size.width, (y + 1) * size.width);
    }
    writeAtomic(path.join(folder, `${split}annot`, `${name}.png`), encodeStoredMask({ ...size, values }));
  }
}

/** Paints, saves and undoes a very large mask, with a restart between, and measures main's event loop. */
export async function measureLargeMask(options: EditorArguments): Promise<Phase[]> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'encnet-bench-'));
  const userData = mkdtempSync(path.join(os.tmpdir(), 'encnet-bench-user-'));
  const imageId = 'train/big';
  try {
    await bigDataset(folder, options);
    const phases: Phase[] = [];
    let bench = await Bench.open(userData, folder);
    phases.push(await bench.phase('open', { kind: 'open', imageId }));
    const { width, height } = options;
    phases.push(
      await bench.phase('a stroke of 200 px', { kind: 'stroke', imageId, left: 500, top: 500, width: 200, height: 200, value: 8 }),
    );
    phases.push(await bench.phase('save', { kind: 'save', imageId }));
    phases.push(await bench.phase('fill the whole mask', { kind: 'stroke', imageId, left: 0, top: 0, width, height, value: 5 }));
    phases.push(await bench.phase('save the whole mask', { kind: 'save', imageId }));
    await bench.close();
    bench = await Bench.open(userData, folder);
    phases.push(await bench.phase('open after a restart', { kind: 'open', imageId }));
    phases.push(await bench.phase('undo the fill', { kind: 'undo', imageId }));
    phases.push(await bench.phase('save after undo', { kind: 'save', imageId }));
    await bench.close();
    return phases;
  } finally {
    for (const at of [folder, userData]) rmSync(at, { recursive: true, force: true });
  }
}
