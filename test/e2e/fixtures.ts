import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, test as base, type Locator, type Page } from '@playwright/test';
import { startWorkbench, type RunningWorkbench } from '../helpers/workbench.ts';

interface Fixtures {
  userData: string;
  workbench: RunningWorkbench;
  /** A page with the workbench open; a console error or an uncaught exception fails the test. */
  app: Page;
  /** Console errors that a test brings about itself; null for none. */
  expected: RegExp | null;
}

export const test = base.extend<Fixtures>({
  expected: [null, { option: true }],
  userData: async ({}, use) => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'encnet-e2e-'));
    await use(folder);
    rmSync(folder, { recursive: true, force: true });
  },
  workbench: async ({ userData }, use) => {
    const workbench = await startWorkbench({ userData });
    await use(workbench);
    await workbench.stop();
  },
  app: async ({ page, workbench, expected }, use) => {
    const errors: string[] = [];
    page.on('console', (message) => message.type() === 'error' && !expected?.test(message.text()) && errors.push(message.text()));
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(workbench.url);
    await expect(page.getByRole('navigation', { name: 'Places' })).toBeVisible();
    await use(page);
    expect(errors).toEqual([]);
  },
});
export { expect };

/** Goes to a place by its rail button. */
export async function goTo(page: Page, place: 'Library' | 'Annotate' | 'Train' | 'Runs' | 'Review'): Promise<void> {
  await page.getByRole('navigation', { name: 'Places' }).getByRole('button', { name: place, exact: true }).click();
}

/** Starts preset tiny from the button. */
export async function startTiny(page: Page, epochs: number): Promise<void> {
  await goTo(page, 'Train');
  await page.getByRole('radio', { name: 'Tiny' }).click();
  await page.getByLabel('Epochs', { exact: true }).fill(String(epochs));
  await page.getByRole('button', { name: 'Start training' }).click();
  await expect(page.getByRole('status', { name: 'Run state' })).toHaveText('Training', { timeout: 60_000 });
}

/** Clicks in the middle of a patch that is drawn as wrong in a view of errors. */
export async function clickError(app: Page, view: Locator): Promise<void> {
  const found = await view.evaluate((figure) => {
    const canvases = [...figure.querySelectorAll('canvas')];
    const isRed = (data: Uint8ClampedArray, at: number) => data[at] > 180 && data[at + 1] < 110 && data[at + 2] < 120 && data[at + 3] > 0;
    for (const canvas of canvases) {
      const { width, height } = canvas;
      const { data } = canvas.getContext('2d')!.getImageData(0, 0, width, height);
      const isAllRed = (x: number, y: number) =>
        Array.from({ length: 81 }, (_, i) => isRed(data, 4 * ((y + Math.floor(i / 9) - 4) * width + x + (i % 9) - 4))).every(Boolean);
      const box = canvas.getBoundingClientRect();
      for (let y = 8; y < height - 8; y += 2)
        for (let x = 8; x < width - 8; x += 2)
          if (isAllRed(x, y)) return { x: box.left + (x * box.width) / width, y: box.top + (y * box.height) / height };
    }
    return null;
  });
  if (!found) throw new Error('no error is drawn');
  await app.mouse.click(found.x, found.y);
}
