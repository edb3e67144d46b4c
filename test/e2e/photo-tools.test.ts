// Tools that go by the photo, through the window: superpixels, wand, scissors, cut-out and the guided brush, with OpenCV as it is built.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, goTo, test } from './fixtures.ts';
import { maskFile, idsOf, changedIn } from './sample.ts';

const undo = (page: Page) => page.getByRole('button', { name: 'Undo', exact: true });
const bicyclist = 10;

/** Opens the editor with Bicyclist in hand. @returns places on the canvas by shares of it */
async function openEditor(page: Page): Promise<(x: number, y: number) => [number, number]> {
  await goTo(page, 'Annotate');
  const canvas = page.getByRole('application', { name: 'Canvas' });
  await expect(canvas).toBeVisible();
  await page.getByRole('radio', { name: 'Bicyclist' }).click();
  const box = (await canvas.boundingBox())!;
  return (x, y) => [box.x + box.width * x, box.y + box.height * y];
}

/** The photo has been looked at. */
async function seen(page: Page): Promise<void> {
  await page.waitForTimeout(100);
  await expect(page.getByRole('toolbar', { name: 'Tool options' })).toHaveAttribute('aria-busy', 'false', { timeout: 20_000 });
}

/** What a deed changes becomes Bicyclist alone, and one step back undoes it to the byte. */
async function paintsOnce(page: Page, userData: string, deed: () => Promise<void>): Promise<number> {
  const before = readFileSync(maskFile(userData));
  const idsBefore = idsOf(userData);
  await deed();
  await expect.poll(() => changedIn(idsBefore, idsOf(userData)).length, { timeout: 20_000 }).toBeGreaterThan(20);
  const changed = changedIn(idsBefore, idsOf(userData));
  expect(changed.every((id) => id === bicyclist)).toBe(true);
  await undo(page).click();
  await expect.poll(() => readFileSync(maskFile(userData)).equals(before)).toBe(true);
  return changed.length;
}

async function drag(page: Page, from: [number, number], to: [number, number]): Promise<void> {
  await page.mouse.move(...from);
  await page.mouse.down();
  await page.mouse.move(...to, { steps: 5 });
  await page.mouse.up();
}

test('superpixels, the wand, scissors and a cut-out paint what they show, each one step back', async ({ app, userData }) => {
  const at = await openEditor(app);
  await app.keyboard.press('s');
  await seen(app);
  const strip = await paintsOnce(app, userData, () => drag(app, at(0.4, 0.6), at(0.6, 0.6)));
  await app.getByRole('slider', { name: 'Superpixel size' }).fill('40');
  await app.waitForTimeout(600);
  const wide = await paintsOnce(app, userData, () => drag(app, at(0.4, 0.6), at(0.6, 0.6)));
  expect(wide).toBeGreaterThan(strip);

  await app.keyboard.press('w');
  const close = await paintsOnce(app, userData, () => drag(app, at(0.5, 0.15), at(0.5, 0.15)));
  const far = await paintsOnce(app, userData, () => drag(app, at(0.5, 0.15), at(0.75, 0.15)));
  expect(far).toBeGreaterThanOrEqual(close);
  await expect(app.getByRole('slider', { name: 'Tolerance' })).not.toHaveValue('12');

  await app.keyboard.press('i');
  await paintsOnce(app, userData, async () => {
    for (const place of [at(0.35, 0.5), at(0.6, 0.5), at(0.6, 0.75), at(0.35, 0.75)]) await app.mouse.click(...place);
    await app.keyboard.press('Enter');
  });

  await app.keyboard.press('c');
  const inside = await paintsOnce(app, userData, () => drag(app, at(0.3, 0.3), at(0.7, 0.8)));
  expect(inside).toBeLessThan(idsOf(userData).length / 2);
});

test('a guided brush keeps to one side of an edge; Ctrl turns the guide off', async ({ app, userData }) => {
  const at = await openEditor(app);
  const guide = app.getByRole('button', { name: 'Guided' });
  await app.keyboard.press('g');
  await expect(guide).toHaveAttribute('aria-pressed', 'true');
  await app.getByRole('slider', { name: 'Brush size' }).fill('0.75');
  await seen(app);
  const kept = await paintsOnce(app, userData, () => drag(app, at(0.4, 0.48), at(0.6, 0.48)));
  await app.keyboard.down('Control');
  const all = await paintsOnce(app, userData, () => drag(app, at(0.4, 0.48), at(0.6, 0.48)));
  await app.keyboard.up('Control');
  expect(kept).toBeLessThan(all);
});

test('the keyboard alone labels by superpixels and classes', async ({ app, userData }) => {
  await openEditor(app);
  await app.keyboard.press('s');
  await seen(app);
  await app.getByRole('application', { name: 'Canvas' }).focus();
  const before = idsOf(userData);
  await app.keyboard.press('Tab');
  await app.keyboard.press('ArrowRight');
  await app.keyboard.press('ArrowDown');
  await app.keyboard.press('Enter');
  await expect(undo(app)).toBeEnabled();
  await app.keyboard.press('ArrowDown');
  await app.keyboard.press('1');
  await app.keyboard.press('Enter');
  await expect.poll(() => changedIn(before, idsOf(userData)).includes(bicyclist)).toBe(true);
  const { violations } = await new AxeBuilder({ page: app }).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`)).toEqual([]);
});

test('a cut-out that is not found before the next image is told, and paints on none', async ({ app, userData }) => {
  const at = await openEditor(app);
  await app.keyboard.press('c');
  await seen(app);
  const files = ['001', '002'].map((name) => path.join(userData, `sample/trainannot/street-${name}.png`));
  const before = files.map((file) => readFileSync(file));
  await drag(app, at(0.2, 0.2), at(0.8, 0.8));
  await app.keyboard.press('d');
  await expect(app.getByText('left before what was asked for had been found')).toBeVisible();
  await app.waitForTimeout(1500);
  expect(files.map((file, i) => readFileSync(file).equals(before[i]))).toEqual([true, true]);
  await expect(undo(app)).toBeDisabled();
});

test('the mask of the image before is proposed, moved along, and taken as one step', async ({ app, userData }) => {
  await openEditor(app);
  await app.keyboard.press('d');
  await expect(app.getByRole('toolbar', { name: 'Tool options' })).toContainText('street-002');
  const file = path.join(userData, 'sample/trainannot/street-002.png');
  const before = readFileSync(file);
  await app.keyboard.press('n');
  await expect(app.getByRole('combobox', { name: 'What proposes' })).toHaveValue('previous');
  await expect(app.getByRole('status', { name: 'Proposal' })).toContainText(/moved along|as it is there/, { timeout: 20_000 });
  await app.getByRole('button', { name: 'Take all' }).click();
  await expect.poll(() => readFileSync(file).equals(before)).toBe(false);
  await undo(app).click();
  await expect.poll(() => readFileSync(file).equals(before)).toBe(true);

  // At the first image there is none before; any other can be chosen.
  await app.keyboard.press('a');
  await expect(app.getByText('There is no previous image here')).toBeVisible();
  await app.getByRole('combobox', { name: 'What proposes' }).selectOption('other');
  await app.getByRole('combobox', { name: 'Search' }).fill('street-003');
  await app.keyboard.press('Enter');
  await expect(app.getByRole('combobox', { name: 'What proposes' })).toHaveValue('chosen');
  await expect(app.getByRole('button', { name: 'Take all' })).toBeEnabled({ timeout: 20_000 });
});

test('a mask is cleaned up: what would change is counted and shown, Enter does it, one step takes it back', async ({ app, userData }) => {
  const at = await openEditor(app);
  await app.keyboard.press('1');
  await app.keyboard.press('k');
  const told = app.getByRole('status', { name: 'What would change' });
  const kind = app.getByRole('combobox', { name: 'Clean up' });
  await kind.selectOption('Grow');
  await expect(told).toContainText('px would change');
  const grown = Number(((await told.textContent()) ?? '').replace(/\D/g, ''));
  const before = readFileSync(maskFile(userData));
  const idsBefore = idsOf(userData);
  // A click on the image looks at all of it, and keys are the canvas's again.
  await app.mouse.click(...at(0.5, 0.5));
  await app.keyboard.press('Enter');
  await expect.poll(() => changedIn(idsBefore, idsOf(userData)).length).toBe(grown);
  expect(changedIn(idsBefore, idsOf(userData)).every((id) => id === 0)).toBe(true);
  await undo(app).click();
  await expect.poll(() => readFileSync(maskFile(userData)).equals(before)).toBe(true);
  // A part alone, by another kind, with the button.
  await kind.selectOption('Shrink');
  await drag(app, at(0.1, 0.1), at(0.5, 0.9));
  await expect(told).toContainText('px would change');
  const shrunk = Number(((await told.textContent()) ?? '').replace(/\D/g, ''));
  expect(shrunk).toBeLessThan(grown);
  await app.getByRole('button', { name: 'Apply' }).click();
  await expect.poll(() => changedIn(idsBefore, idsOf(userData)).length).toBe(shrunk);
  for (const each of ['Fill holes', 'Remove specks', 'Smooth', 'Replace', 'Join']) await kind.selectOption(each);
  const { violations } = await new AxeBuilder({ page: app }).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`)).toEqual([]);
});
