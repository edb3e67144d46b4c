import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, test as base, type Page } from '@playwright/test';
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
