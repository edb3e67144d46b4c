import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { readMask } from '../../src/files/mask-png.ts';
import { builtInClassSet } from '../../src/main/services/class-sets/class-set.ts';
import { startWorkbench } from '../helpers/workbench.ts';
import { expect, goTo, test } from './fixtures.ts';

const image = 'street-001';
const maskFile = (userData: string) => path.join(userData, `sample/trainannot/${image}.png`);
const idsOf = (userData: string) => readMask(maskFile(userData), builtInClassSet('camvid-11').format).ids;

async function openEditor(page: Page): Promise<{ x: number; y: number; width: number; height: number }> {
  await goTo(page, 'Annotate');
  const canvas = page.getByRole('application', { name: 'Canvas' });
  await expect(canvas).toBeVisible();
  await page.getByRole('radio', { name: 'Bicyclist' }).click();
  return (await canvas.boundingBox())!;
}

async function stroke(page: Page, box: { x: number; y: number; width: number; height: number }, from = 0.4, to = 0.6): Promise<void> {
  await page.mouse.move(box.x + box.width * from, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * to, box.y + box.height / 2, { steps: 12 });
  await page.mouse.up();
}

test('paints, saves by itself, and undo restores the file to the byte', async ({ app, userData }) => {
  const before = readFileSync(maskFile(userData));
  const idsBefore = idsOf(userData);
  const box = await openEditor(app);
  await stroke(app, box);
  const state = app.getByRole('status', { name: 'Save state' });
  await expect(state).toContainText(/Saved \d/);
  const painted = idsOf(userData);
  const changed = painted.filter((id, index) => id !== idsBefore[index]);
  expect(changed.length).toBeGreaterThan(300);
  expect(new Set(changed)).toEqual(new Set([10]));

  await app.getByRole('button', { name: 'Undo', exact: true }).click();
  await expect.poll(() => readFileSync(maskFile(userData)).equals(before)).toBe(true);
  await app.getByRole('button', { name: 'Redo', exact: true }).click();
  await expect.poll(() => Buffer.from(idsOf(userData)).equals(Buffer.from(painted))).toBe(true);
});

test('a painted mask is the same after a reload and a restart', async ({ page, userData }) => {
  const first = await startWorkbench({ userData });
  await page.goto(first.url);
  const box = await openEditor(page);
  await stroke(page, box);
  await expect(page.getByRole('status', { name: 'Save state' })).toContainText(/Saved \d/);
  const saved = readFileSync(maskFile(userData));
  await page.reload();
  await expect(page.getByRole('application', { name: 'Canvas' })).toBeVisible();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await expect(page.getByTestId('status-text')).toContainText('Bicyclist');
  expect(readFileSync(maskFile(userData)).equals(saved)).toBe(true);
  await first.stop();
  const again = await startWorkbench({ userData });
  await page.goto(again.url);
  await expect(page.getByRole('application', { name: 'Canvas' })).toBeVisible();
  expect(readFileSync(maskFile(userData)).equals(saved)).toBe(true);
  await again.stop();
});

test('brings back a stroke that was not saved when the workbench was killed', async ({ page, userData }) => {
  const first = await startWorkbench({ userData });
  await page.goto(first.url);
  const box = await openEditor(page);
  const before = readFileSync(maskFile(userData));
  await stroke(page, box);
  // The journal has the stroke at once; the file follows after the autosave's delay.
  await expect(page.getByRole('button', { name: 'Undo', exact: true })).toBeEnabled();
  await page.waitForTimeout(150);
  await first.stop('SIGKILL');
  expect(readFileSync(maskFile(userData)).equals(before)).toBe(true);

  const second = await startWorkbench({ userData });
  await page.goto(second.url);
  await expect(page.getByText('1 change that had not been saved came back.')).toBeVisible();
  await expect.poll(() => idsOf(userData).includes(10)).toBe(true);
  await second.stop();
});

test('polygon, fill, eraser, keys and Escape', async ({ app, userData }) => {
  const box = await openEditor(app);
  const at = (x: number, y: number) => [box.x + box.width * x, box.y + box.height * y] as const;
  await app.keyboard.press('p');
  await expect(app.getByRole('button', { name: 'Polygon', exact: true })).toHaveAttribute('aria-pressed', 'true');
  for (const [x, y] of [
    [0.4, 0.4],
    [0.6, 0.4],
    [0.6, 0.6],
  ])
    await app.mouse.click(...at(x, y));
  await app.keyboard.press('Escape');
  await expect(app.getByRole('button', { name: 'Undo', exact: true })).toBeDisabled();
  for (const [x, y] of [
    [0.4, 0.4],
    [0.6, 0.4],
    [0.6, 0.6],
    [0.4, 0.6],
  ])
    await app.mouse.click(...at(x, y));
  await app.keyboard.press('Enter');
  await app.mouse.move(...at(0.5, 0.5));
  await expect(app.getByTestId('status-text')).toContainText('Bicyclist');
  await app.keyboard.press('f');
  await app.keyboard.press('1');
  await app.mouse.click(...at(0.5, 0.5));
  await expect(app.getByTestId('status-text')).toContainText('Sky');
  await app.keyboard.press('e');
  await app.mouse.click(...at(0.5, 0.5));
  await expect(app.getByTestId('status-text')).toContainText('Not labelled');
  await app.keyboard.press('Control+z');
  await expect(app.getByTestId('status-text')).toContainText('Sky');
  await expect.poll(() => idsOf(userData).filter((id) => id === 0).length).toBeGreaterThan(0);
});

test('painting shows a hidden mask again', async ({ app }) => {
  const box = await openEditor(app);
  await app.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await app.keyboard.press('h');
  await expect(app.getByRole('button', { name: 'Hide mask' })).toHaveAttribute('aria-pressed', 'true');
  await stroke(app, box);
  await expect(app.getByRole('button', { name: 'Hide mask' })).toHaveAttribute('aria-pressed', 'false');
});

test('zooms at the cursor, pans with Space, and keeps the mask as it is', async ({ app, userData }) => {
  const before = readFileSync(maskFile(userData));
  const box = await openEditor(app);
  const spot = [box.x + box.width * 0.3, box.y + box.height * 0.6] as const;
  await app.mouse.move(...spot);
  const status = app.getByTestId('status-text');
  const place = (text: string | null) =>
    /x (\d+) y (\d+)/
      .exec(text ?? '')
      ?.slice(1)
      .map(Number) ?? [];
  const first = place(await status.textContent());
  const zoom = await status.textContent();
  await app.mouse.wheel(0, -400);
  await expect(status).not.toHaveText(zoom ?? '');
  await app.mouse.move(spot[0] + 1, spot[1]);
  const second = place(await status.textContent());
  expect(Math.abs(second[0] - first[0]) + Math.abs(second[1] - first[1])).toBeLessThanOrEqual(2);
  await app.keyboard.down(' ');
  await app.mouse.down();
  await app.mouse.move(spot[0] + 120, spot[1] + 40, { steps: 4 });
  await app.mouse.up();
  await app.keyboard.up(' ');
  const third = place(await status.textContent());
  expect(Math.abs(third[0] - second[0])).toBeLessThanOrEqual(2);
  await app.getByRole('button', { name: 'Hide mask' }).click();
  await app.getByRole('button', { name: 'Next image' }).click();
  await app.getByRole('button', { name: 'Previous image' }).click();
  expect(readFileSync(maskFile(userData)).equals(before)).toBe(true);
});
