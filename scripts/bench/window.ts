import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Page } from 'playwright';
import { chromiumArguments, findChromium } from '../../test/helpers/chromium.ts';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

export interface WindowArguments {
  data: string;
  build: string;
  switches: number;
  training?: boolean;
}

/** What a person waits for, in milliseconds at the middle and at the 95th percentile. */
export interface WindowFigures {
  build: string;
  training: boolean;
  imageSwitch: { p50: number; p95: number };
  pointerToPixel: { p50: number; p95: number };
}

const at = (sorted: readonly number[], share: number): number =>
  Math.round(10 * sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]) / 10;
const summary = (times: readonly number[]) => {
  const sorted = [...times].sort((a, b) => a - b);
  return { p50: at(sorted, 0.5), p95: at(sorted, 0.95) };
};

/** Starts a built host. @returns its address and how to end it */
function startHost(build: string, userData: string, data: string): Promise<{ url: string; end: () => void }> {
  const child = spawn(process.execPath, [path.join(build, 'out/main/serve.js'), '--data', data], {
    env: { ...process.env, ENCNET_USER_DATA: userData },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const match = /READY (\S+)/.exec(text);
      if (match) resolve({ url: match[1], end: () => child.kill('SIGKILL') });
    });
    child.on('exit', (code) => reject(new Error(`The host ended with ${code}`)));
  });
}

/** From the key to the frame after the next image's canvas is there. */
const switchOnce = (page: Page, key: string) =>
  page.evaluate(
    (pressed) =>
      new Promise<number>((resolve) => {
        const canvas = () => document.querySelector('[role=application]');
        const before = canvas();
        const begin = performance.now();
        const look = () => {
          const now = canvas();
          if (now && now !== before) requestAnimationFrame(() => resolve(performance.now() - begin));
          else setTimeout(look, 1);
        };
        document.body.dispatchEvent(new KeyboardEvent('keydown', { key: pressed, bubbles: true }));
        look();
      }),
    key,
  );

/** Handler and draw of the moves of one stroke. */
const strokeOnce = (page: Page) =>
  page.evaluate(async () => {
    const host = document.querySelector<HTMLElement>('[role=application]')!;
    const box = host.getBoundingClientRect();
    const layer = host.querySelectorAll('canvas')[1];
    const fire = (kind: string, x: number, y: number) =>
      host.dispatchEvent(
        new PointerEvent(kind, { clientX: box.left + x, clientY: box.top + y, pointerId: 1, button: 0, buttons: 1, bubbles: true }),
      );
    host.setPointerCapture = () => undefined;
    const measured: number[] = [];
    fire('pointerdown', box.width * 0.3, box.height * 0.5);
    for (let i = 0; i < 60; i++) {
      const begin = performance.now();
      fire('pointermove', box.width * (0.5 + 0.3 * Math.cos(i / 9)), box.height * (0.5 + 0.3 * Math.sin(i / 7)));
      const handled = performance.now() - begin;
      const drawing = await new Promise<number>((resolve) =>
        requestAnimationFrame((frame) => {
          layer.getContext('2d')!.getImageData(layer.width / 2, layer.height / 2, 1, 1);
          resolve(performance.now() - frame);
        }),
      );
      measured.push(handled + drawing);
    }
    fire('pointerup', box.width * 0.5, box.height * 0.5);
    return measured;
  });

async function startTraining(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Train', exact: true }).click();
  await page.getByRole('button', { name: 'Start training' }).click();
  await page.getByRole('status', { name: 'Run state' }).filter({ hasText: 'Training' }).waitFor({ timeout: 300_000 });
}

/** Measures a built workbench in Chromium on a copy of a data set: changing the image, and painting. */
export async function measureWindow({ data, build, switches, training = false }: WindowArguments): Promise<WindowFigures> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'encnet-bench-'));
  const userData = mkdtempSync(path.join(os.tmpdir(), 'encnet-bench-user-'));
  cpSync(data, folder, { recursive: true });
  const host = await startHost(path.resolve(root, build), userData, folder);
  const browser = await chromium.launch({ executablePath: await findChromium(), args: chromiumArguments });
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, locale: 'en-US' });
    await page.goto(host.url);
    if (training) await startTraining(page);
    await page.getByRole('navigation', { name: 'Places' }).getByRole('button', { name: 'Annotate', exact: true }).click();
    await page.getByRole('application', { name: 'Canvas' }).waitFor();
    await page.waitForTimeout(training ? 500 : 5000);
    const times: number[] = [];
    const strokes: number[] = [];
    for (let n = 0; n < switches; n++) {
      times.push(await switchOnce(page, 'd'));
      // As a person does: some strokes before the next image, so that there is something to save.
      if (n % 5 === 0) strokes.push(...(await strokeOnce(page)));
      await page.waitForTimeout(120);
    }
    return { build, training, imageSwitch: summary(times), pointerToPixel: summary(strokes) };
  } finally {
    await browser.close();
    host.end();
    for (const each of [folder, userData]) rmSync(each, { recursive: true, force: true });
  }
}
