// Painting and looking on images from CamVid's size to that of a panorama, in Chromium, with what the assistant and the photo's tools add.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { CDPSession, Page } from 'playwright';
import sharp from 'sharp';
import { builtInClassSet } from '../../src/main/services/class-sets/class-set.ts';
import { root } from '../../test/helpers/workbench.ts';
import { inWorkbench } from './in-workbench.ts';
import { longestFunctions } from './page-profile.ts';
import { summaryOf } from './summary.ts';

export interface CanvasArguments {
  photo: string;
  sizes: string;
  build: string;
  moves: number;
  /** Whether the functions are told that took longest. */
  profile?: boolean;
}

/** What the page's thread takes for the events of a deed. */
export interface CanvasFigures {
  size: string;
  deed: string;
  /** Milliseconds an event: its handler, and the draw that it asked for. */
  p50: number;
  p95: number;
  /** The longest task of the page's thread until a second after the deed. */
  longest: number;
}

/** How a pointer moves over the canvas; null for no button. */
interface Way {
  button: number | null;
  at: 'ring' | 'line';
  moves: number;
}

/** Moves the pointer over the canvas and times each event with its draw; the canvases are read, so that nothing of it is put off. */
const follow = (page: Page, way: Way): Promise<number[]> =>
  page.getByRole('application', { name: 'Canvas' }).evaluate(async (host, { button, at, moves }) => {
    const box = host.getBoundingClientRect();
    const layers = [...host.querySelectorAll('canvas')];
    const fire = (kind: string, x: number, y: number) => {
      const place = { clientX: box.left + x * box.width, clientY: box.top + y * box.height };
      const buttons = button === null ? 0 : button === 1 ? 4 : 1;
      host.dispatchEvent(new PointerEvent(kind, { ...place, pointerId: 1, button: button ?? -1, buttons, bubbles: true }));
    };
    host.setPointerCapture = () => undefined;
    const place = (i: number): [number, number] =>
      at === 'ring'
        ? [0.5 + 0.3 * Math.cos(i / 9), 0.5 + 0.3 * Math.sin((i / 9) * 1.3)]
        : [0.3 + (0.4 * i) / moves, 0.4 + (0.2 * i) / moves];
    const timed = async (kind: string, i: number) => {
      const frameBegun = new Promise<number>((resolve) => requestAnimationFrame(() => resolve(performance.now())));
      const begin = performance.now();
      fire(kind, ...place(i));
      const handled = performance.now() - begin;
      const drawn = await new Promise<number>((resolve) =>
        requestAnimationFrame(() => {
          for (const layer of layers) layer.getContext('2d')!.getImageData(layer.width / 2, layer.height / 2, 1, 1);
          resolve(performance.now());
        }),
      );
      return handled + drawn - (await frameBegun);
    };
    const times: number[] = [];
    if (button !== null) times.push(await timed('pointerdown', 0));
    for (let i = 0; i < moves; i++) times.push(await timed('pointermove', i));
    if (button !== null) times.push(await timed('pointerup', moves));
    return times;
  }, way);

/** Paints a stroke over the middle, and undoes it. @returns milliseconds of the key's handler and its draw, in the frame that shows it */
const undoOnce = async (page: Page): Promise<number> => {
  await follow(page, { button: 0, at: 'line', moves: 20 });
  return page.getByRole('application', { name: 'Canvas' }).evaluate(async (host) => {
    const layer = host.querySelectorAll('canvas')[1];
    const pixel = () => [...layer.getContext('2d')!.getImageData(layer.width / 2, layer.height / 2, 1, 1).data].join();
    const before = pixel();
    const frameBegun = new Promise<number>((resolve) => requestAnimationFrame(() => resolve(performance.now())));
    const begin = performance.now();
    document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'z', code: 'KeyZ', ctrlKey: true, bubbles: true }));
    const handled = performance.now() - begin;
    const after = await new Promise<string>((resolve) => requestAnimationFrame(() => resolve(pixel())));
    if (after === before) throw new Error('undo is not shown by the next frame');
    return handled + performance.now() - (await frameBegun);
  });
};

/** Keeps the durations of the page's long tasks, in milliseconds. */
function keepLongTasks(): void {
  const tasks: number[] = [];
  Object.assign(globalThis, { longTasks: tasks });
  const observer = new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration)));
  observer.observe({ type: 'longtask' });
}

/** The longest task since this was asked last; 0 where none took 50 ms. */
const longestTask = (page: Page): Promise<number> =>
  page.evaluate(() => {
    const { longTasks } = globalThis as unknown as { longTasks: number[] };
    return Math.max(0, ...longTasks.splice(0));
  });

async function layOut(folder: string, photo: string, [width, height]: readonly number[]): Promise<void> {
  const { classes, format } = builtInClassSet('camvid-11');
  mkdirSync(path.join(folder, 'images'), { recursive: true });
  const named = classes.map(({ name, color, value }) => ({ name, color, value }));
  writeFileSync(path.join(folder, 'classes.json'), JSON.stringify({ name: 'Large', voidValue: format.voidValue, classes: named }));
  await sharp(photo)
    .resize(width, height, { fit: 'fill' })
    .jpeg({ quality: 90 })
    .toFile(path.join(folder, 'images', 'large.jpg'));
}

class Measurement {
  private readonly page: Page;
  private readonly size: string;
  private readonly cdp: CDPSession | null;

  constructor(page: Page, size: string, cdp: CDPSession | null) {
    [this.page, this.size, this.cdp] = [page, size, cdp];
  }

  async measure(deed: string, work: () => Promise<number[]>): Promise<void> {
    await this.cdp?.send('Profiler.start');
    const times = await work();
    await this.page.waitForTimeout(1000);
    const figure: CanvasFigures = { size: this.size, deed, ...summaryOf(times), longest: Math.round(await longestTask(this.page)) };
    console.log(JSON.stringify(figure));
    if (this.cdp) console.log(`  ${await longestFunctions(this.cdp)}`);
  }

  deed(deed: string, way: Way): Promise<void> {
    return this.measure(deed, () => follow(this.page, way));
  }

  /** From a deed until the page shows what it waits for. */
  wait(deed: string, work: () => Promise<void>): Promise<void> {
    return this.measure(deed, async () => {
      const begin = performance.now();
      await work();
      return [performance.now() - begin];
    });
  }
}

async function measureSize(measurement: Measurement, page: Page, moves: number): Promise<void> {
  const deeds = { paint: { button: 0, at: 'ring', moves }, pan: { button: 1, at: 'line', moves: 30 } } as const;
  await measurement.wait('open', async () => {
    await page.getByRole('navigation', { name: 'Places' }).getByRole('button', { name: 'Annotate', exact: true }).click();
    await page.getByRole('application', { name: 'Canvas' }).waitFor({ timeout: 120_000 });
  });
  await page.waitForTimeout(3000);
  await page.keyboard.press('b');
  await page.keyboard.press('1');
  await page.getByLabel('Brush size').fill(String(Math.round((200 * Math.log(120)) / Math.log(400)) / 200));
  await measurement.deed('first strokes', { ...deeds.paint, moves: 20 });
  await measurement.deed('brush of 120 px, fitted', deeds.paint);
  await measurement.deed('pan, fitted', deeds.pan);
  await page.keyboard.press('Shift+z');
  await page.waitForTimeout(500);
  await measurement.deed('brush of 120 px, 100 %', deeds.paint);
  await measurement.deed('pan, 100 %', deeds.pan);
  await page.keyboard.press('Control+0');
  // Another class than that of what lies below.
  await page.keyboard.press('2');
  await measurement.measure('undo', async () => {
    const times: number[] = [];
    for (let i = 0; i < 20; i++) times.push(await undoOnce(page));
    return times;
  });
  await measurement.wait('proposal', async () => {
    await page.keyboard.press('t');
    await page.locator('button:enabled', { hasText: 'Take all' }).waitFor({ timeout: 60_000 });
  });
  await measurement.deed('over the proposal', { ...deeds.paint, button: null });
  await page.keyboard.press('b');
  await page.keyboard.press('3');
  await measurement.deed('brush of 120 px with the proposal', deeds.paint);
  await page.keyboard.press('Shift+z');
  await measurement.deed('brush of 120 px with the proposal, 100 %', deeds.paint);
  await page.keyboard.press('Control+0');
  await page.keyboard.press('t');
  await measurement.wait('take all', async () => {
    await page.keyboard.press('Control+Enter');
    await page
      .getByRole('status', { name: 'Save state' })
      .filter({ hasText: /^Saved/ })
      .waitFor({ timeout: 60_000 });
  });
  await page.keyboard.press('s');
  await page.waitForTimeout(5000);
  await measurement.deed('over superpixels', { ...deeds.paint, button: null });
  await measurement.deed('superpixels', deeds.paint);
  await page.keyboard.press('w');
  await measurement.deed('wand', { button: 0, at: 'line', moves: 30 });
  await page.keyboard.press('b');
  await page.keyboard.press('g');
  await measurement.deed('guided brush of 120 px', deeds.paint);
  await page.keyboard.press('g');
  await page.keyboard.press('f');
  await measurement.deed('fill', { button: 0, at: 'line', moves: 1 });
}

/** Measures a built workbench in Chromium on one photo at several sizes, and prints each figure as it comes. */
export async function measureCanvas({ photo, sizes, build, moves, profile }: CanvasArguments): Promise<void> {
  for (const size of sizes.split(',')) {
    const work = mkdtempSync(path.join(os.tmpdir(), 'encnet-bench-'));
    try {
      const folder = path.join(work, 'large');
      await layOut(folder, photo, size.split('x').map(Number));
      await inWorkbench({ userData: path.join(work, 'user'), data: folder, build: path.resolve(root, build) }, async (page) => {
        await page.evaluate(keepLongTasks);
        const cdp = profile ? await page.context().newCDPSession(page) : null;
        await cdp?.send('Profiler.enable');
        await measureSize(new Measurement(page, size, cdp), page, moves);
      });
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  }
}
