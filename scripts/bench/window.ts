import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Page } from 'playwright';
import { strokeTimes } from '../../test/e2e/stroke-times.ts';
import { root } from '../../test/helpers/workbench.ts';
import { inWorkbench } from './in-workbench.ts';
import { longestFunctions } from './page-profile.ts';
import { summaryOf } from './summary.ts';

export interface WindowArguments {
  data: string;
  build: string;
  switches: number;
  training?: boolean;
  /** The key of the tool in hand: one that proposes, or looks at the photo. */
  tool: string;
  /** Milliseconds that an image is looked at. */
  pause: number;
  /** Whether the functions are told that took longest. */
  profile?: boolean;
}

/** What a person waits for, in milliseconds at the middle and at the 95th percentile. */
export interface WindowFigures {
  build: string;
  training: boolean;
  tool: string;
  imageSwitch: { p50: number; p95: number };
  pointerToPixel: { p50: number; p95: number };
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

async function startTraining(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Train', exact: true }).click();
  await page.getByRole('button', { name: 'Start training' }).click();
  await page.getByRole('status', { name: 'Run state' }).filter({ hasText: 'Training' }).waitFor({ timeout: 300_000 });
}

/** Measures a built workbench in Chromium on a copy of a data set: changing the image, and painting. */
export async function measureWindow({
  data,
  build,
  switches,
  tool,
  pause,
  training = false,
  profile,
}: WindowArguments): Promise<WindowFigures> {
  const work = mkdtempSync(path.join(os.tmpdir(), 'encnet-bench-'));
  const folder = path.join(work, 'data');
  try {
    cpSync(data, folder, { recursive: true });
    return await inWorkbench({ userData: path.join(work, 'user'), data: folder, build: path.resolve(root, build) }, async (page) => {
      if (training) await startTraining(page);
      await page.getByRole('navigation', { name: 'Places' }).getByRole('button', { name: 'Annotate', exact: true }).click();
      await page.getByRole('application', { name: 'Canvas' }).waitFor();
      await page.waitForTimeout(training ? 500 : 5000);
      await page.keyboard.press(tool);
      if (tool !== 'b') await page.waitForTimeout(10_000);
      const cdp = profile ? await page.context().newCDPSession(page) : null;
      await cdp?.send('Profiler.enable');
      await cdp?.send('Profiler.start');
      const times: number[] = [];
      const strokes: number[] = [];
      for (let n = 0; n < switches; n++) {
        times.push(await switchOnce(page, 'd'));
        // As a person does: some strokes before the next image, so that there is something to save.
        if (n % 5 === 0) strokes.push(...(await strokeTimes(page, 60)));
        await page.waitForTimeout(pause);
      }
      if (cdp) console.log(await longestFunctions(cdp));
      return { build, training, tool, imageSwitch: summaryOf(times), pointerToPixel: summaryOf(strokes) };
    });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
