// Several windows, several workbenches, and connections that break: what a person sees, and that no label is lost or mixed up.
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { readStoredMask } from '../../src/files/mask-png.ts';
import { Random } from '../../src/shared/random.ts';
import { startWorkbench } from '../helpers/workbench.ts';
import { expect, goTo, test } from './fixtures.ts';
import { maskFile, idsOf } from './sample.ts';

type Box = { x: number; y: number; width: number; height: number };

async function openEditor(page: Page): Promise<Box> {
  await goTo(page, 'Annotate');
  const canvas = page.getByRole('application', { name: 'Canvas' });
  await expect(canvas).toBeVisible();
  return (await canvas.boundingBox())!;
}

async function drag(page: Page, box: Box, from: [number, number], to: [number, number]): Promise<void> {
  await page.mouse.move(box.x + box.width * from[0], box.y + box.height * from[1]);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * to[0], box.y + box.height * to[1], { steps: 4 });
  await page.mouse.up();
}

const saved = (page: Page) => expect(page.getByRole('status', { name: 'Save state' })).toContainText(/^Saved/);

/** What a window shows, hashed: read from the mask's canvas, which is of the mask's own size. */
const shown = (page: Page) =>
  page.evaluate(async () => {
    const masks = [...document.querySelectorAll('canvas')];
    const pixels = masks[1].getContext('2d')!.getImageData(0, 0, masks[1].width, masks[1].height).data;
    const digest = await crypto.subtle.digest('SHA-256', pixels);
    return [...new Uint8Array(digest)].join();
  });

test('two windows on one image, 200 random strokes: both show the same, and so does the file', async ({ context, userData, workbench }) => {
  test.setTimeout(240_000);
  const first = await context.newPage();
  const second = await context.newPage();
  await first.goto(workbench.url);
  await second.goto(workbench.url.replace(/\?t=.*/, ''));
  const boxes = [await openEditor(first), await openEditor(second)];
  const random = Random.named('two windows', 1);
  const names = ['Sky', 'Road', 'Car', 'Tree', 'Bicyclist'];
  for (let n = 0; n < 200; n++) {
    const at = random.integer(2);
    const page = [first, second][at];
    if (n % 7 === 0) await page.getByRole('radio', { name: names[random.integer(names.length)], exact: true }).click();
    if (n % 31 === 30) await page.keyboard.press('Control+z');
    const point = (): [number, number] => [0.25 + 0.5 * random.next(), 0.25 + 0.5 * random.next()];
    await drag(page, boxes[at], point(), point());
  }
  for (const page of [first, second]) {
    await page.mouse.move(5, 5);
    await saved(page);
  }
  await expect.poll(async () => (await shown(first)) === (await shown(second))).toBe(true);
  const file = idsOf(userData);
  // What both show is what is in the file: a window that reads it anew shows it too.
  const before = await shown(first);
  await first.reload();
  await expect(first.getByRole('application', { name: 'Canvas' })).toBeVisible();
  await expect.poll(() => shown(first)).toBe(before);
  expect(new Set(file).size).toBeGreaterThan(3);
  await expect(first.getByRole('alert')).toHaveCount(0);
  await expect(second.getByRole('alert')).toHaveCount(0);
});

test('undo goes on after another image, another place and a reload', async ({ app, userData }) => {
  const before = readFileSync(maskFile(userData));
  const box = await openEditor(app);
  await app.getByRole('radio', { name: 'Bicyclist' }).click();
  await drag(app, box, [0.4, 0.5], [0.6, 0.5]);
  await saved(app);
  await app.keyboard.press('d');
  await expect(app.getByRole('toolbar', { name: 'Tool options' })).toContainText('street-002');
  await goTo(app, 'Library');
  await openEditor(app);
  await app.keyboard.press('a');
  await expect(app.getByRole('toolbar', { name: 'Tool options' })).toContainText('street-001');
  // Where one is, is remembered a moment later.
  await app.waitForTimeout(600);
  await app.reload();
  await openEditor(app);
  await expect(app.getByRole('button', { name: 'Undo', exact: true })).toBeEnabled();
  await app.getByRole('button', { name: 'Undo', exact: true }).click();
  await expect.poll(() => readFileSync(maskFile(userData)).equals(before)).toBe(true);
});

test('while the workbench does not answer nothing can be painted; a stroke that was under way is kept and sent again', async ({
  page,
  context,
  workbench,
  userData,
}) => {
  await page.goto(workbench.url);
  const box = await openEditor(page);
  await page.getByRole('radio', { name: 'Bicyclist' }).click();
  const untouched = idsOf(userData);
  await page.mouse.move(box.x + box.width * 0.4, box.y + box.height * 0.5);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, box.y + box.height * 0.5, { steps: 5 });
  // The workbench stands still in the middle of the stroke, as it does when a machine sleeps.
  workbench.process.kill('SIGSTOP');
  await page.mouse.up();
  await expect(page.getByRole('alert').filter({ hasText: 'The workbench does not answer' })).toBeVisible({ timeout: 30_000 });
  await drag(page, box, [0.4, 0.3], [0.6, 0.3]);
  await expect(page.getByTestId('status-text')).toContainText('nothing can be painted until it does');
  workbench.process.kill('SIGCONT');
  await expect(page.getByRole('alert').filter({ hasText: 'The workbench does not answer' })).toHaveCount(0, { timeout: 30_000 });
  await saved(page);
  await expect.poll(() => idsOf(userData).filter((id, index) => id !== untouched[index]).length).toBeGreaterThan(200);
  const changed = [...idsOf(userData).entries()].filter(([index, id]) => id !== untouched[index]).map(([index]) => index);
  // The stroke of the middle alone: the one while it did not answer was refused.
  const { width } = readStoredMask(maskFile(userData));
  const rows = changed.map((index) => Math.floor(index / width));
  expect(Math.max(...rows) - Math.min(...rows)).toBeLessThan(24);
  await context.close();
});

test('another data set opened in one window moves no other; one click goes on, another opens the first again', async ({
  context,
  workbench,
}) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'encnet-other-'));
  cpSync(path.join(path.dirname(workbench.process.spawnargs[1]), '../../resources/sample'), folder, { recursive: true });
  const first = await context.newPage();
  const second = await context.newPage();
  await first.goto(workbench.url);
  await second.goto(workbench.url.replace(/\?t=.*/, ''));
  const box = await openEditor(second);
  await first.getByRole('button', { name: 'Sample street' }).click();
  await first.getByLabel('Folder', { exact: true }).fill(folder);
  await first.keyboard.press('Enter');
  await expect(first.locator('header .dataset')).toContainText(path.basename(folder));
  await expect(second.getByRole('alert')).toContainText(`Another window has opened ${path.basename(folder)}`);
  await drag(second, box, [0.4, 0.5], [0.6, 0.5]);
  await expect(second.getByTestId('status-text')).toContainText('Another data set was opened in another window');
  await second.getByRole('button', { name: 'Open Sample street again' }).click();
  await expect(second.getByRole('alert')).toHaveCount(0);
  await expect(first.getByRole('alert')).toContainText('Another window has opened');
  await first.getByRole('button', { name: /^Go on with/ }).click();
  await expect(first.getByRole('alert')).toHaveCount(0);
  rmSync(folder, { recursive: true, force: true });
});

test('a second workbench on a folder reads only, says who has it, and takes over when a person says so', async ({
  page,
  context,
  userData,
}) => {
  test.setTimeout(120_000);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'encnet-two-'));
  const other = mkdtempSync(path.join(os.tmpdir(), 'encnet-user-'));
  const root = path.resolve(path.dirname(new URL(import.meta.url).pathname), '../..');
  cpSync(path.join(root, 'resources/sample'), folder, { recursive: true });
  const one = await startWorkbench({ userData, data: folder });
  const two = await startWorkbench({ userData: other, data: folder });
  const second = await context.newPage();
  await page.goto(one.url);
  await second.goto(two.url);
  await expect(
    second.getByText(/Read only here: this data set is open in the workbench in the browser on .* \(process \d+\), since/),
  ).toBeVisible();
  const box = await openEditor(second);
  await drag(second, box, [0.4, 0.5], [0.6, 0.5]);
  await expect(second.getByTestId('status-text')).toContainText('read only here');
  await second.getByRole('button', { name: 'Take over' }).click();
  await expect(second.getByText('Read only here:')).toHaveCount(0, { timeout: 20_000 });
  await expect(page.getByText('Read only here:')).toBeVisible({ timeout: 20_000 });
  await expect(page.getByText(/was taken over by the workbench in the browser/)).toBeVisible();
  await two.stop('SIGKILL');
  // Killed, it leaves the folder to whoever takes it next.
  await page.getByRole('button', { name: 'Take over' }).click();
  await expect(page.getByText('Read only here:')).toHaveCount(0, { timeout: 20_000 });
  await one.stop();
  for (const at of [folder, other]) rmSync(at, { recursive: true, force: true });
});

test('the log is shown in Help, and closing says what it waits for', async ({ page, workbench }) => {
  await page.goto(workbench.url);
  await page.getByRole('button', { name: 'Help' }).click();
  await page.getByRole('button', { name: 'Show log' }).click();
  const log = page.getByRole('dialog', { name: 'Workbench log' });
  await expect(log).toContainText('workbench.log');
  await expect(log).toContainText('the workbench begins');
});
