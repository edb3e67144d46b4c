// The assistant through the window: a model proposes, a person takes, and what is painted is learned from.
import { readFileSync, writeFileSync } from 'node:fs';
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, goTo, test } from './fixtures.ts';
import { encodeMask } from '../../src/files/mask-png.ts';
import { builtInClassSet } from '../../src/main/services/class-sets/class-set.ts';
import { maskFile, idsOf } from './sample.ts';

const saved = (page: Page) => expect(page.getByRole('status', { name: 'Save state' })).toContainText(/^Saved/);
const undo = (page: Page) => page.getByRole('button', { name: 'Undo', exact: true });
const takeAll = (page: Page) => page.getByRole('button', { name: 'Take all' });

async function openEditor(page: Page) {
  await goTo(page, 'Annotate');
  const canvas = page.getByRole('application', { name: 'Canvas' });
  await expect(canvas).toBeVisible();
  const box = (await canvas.boundingBox())!;
  return (x: number, y: number): [number, number] => [box.x + x * box.width, box.y + y * box.height];
}

async function propose(page: Page): Promise<void> {
  await page.keyboard.press('t');
  await expect(takeAll(page)).toBeEnabled({ timeout: 60_000 });
}

test('a proposal changes nothing until it is taken: a region by a click, all of it by a key, each one step back', async ({
  app,
  userData,
}) => {
  // Nothing is labelled, so that whatever is proposed is another label.
  const nothing = idsOf(userData).fill(255);
  writeFileSync(maskFile(userData), encodeMask({ width: 240, height: 180, ids: nothing }, builtInClassSet('camvid-11').format));
  const before = readFileSync(maskFile(userData));
  const at = await openEditor(app);
  await propose(app);
  await expect(undo(app)).toBeDisabled();
  await app.mouse.click(...at(0.85, 0.4));
  await saved(app);
  const taken = idsOf(userData);
  expect(readFileSync(maskFile(userData)).equals(before)).toBe(false);
  await app.keyboard.press('Control+Enter');
  await expect.poll(() => Buffer.from(idsOf(userData)).equals(Buffer.from(taken))).toBe(false);
  await undo(app).click();
  await expect.poll(() => Buffer.from(idsOf(userData)).equals(Buffer.from(taken))).toBe(true);
  await undo(app).click();
  await expect.poll(() => readFileSync(maskFile(userData)).equals(before)).toBe(true);
});

test('the keyboard alone labels by the proposal: Tab, Enter, and a class by its digit', async ({ app, userData }) => {
  await openEditor(app);
  await propose(app);
  await app.getByRole('application', { name: 'Canvas' }).focus();
  const before = idsOf(userData);
  await app.keyboard.press('Tab');
  await app.keyboard.press('Enter');
  await app.keyboard.press('0');
  await app.keyboard.press('Shift+Enter');
  const changed = () => [...idsOf(userData)].filter((id, pixel) => id !== before[pixel]);
  await expect.poll(changed).toContain(9);
  expect(changed().length).toBeGreaterThan(24);
  const { violations } = await new AxeBuilder({ page: app }).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`)).toEqual([]);
});

test('live, a stroke is followed by what is learned from it where nothing is labelled; both are one step back', async ({
  app,
  userData,
}) => {
  const at = await openEditor(app);
  // Nothing is labelled to begin with.
  await app.keyboard.press('e');
  await app.keyboard.press('r');
  await app.keyboard.press('`');
  await app.mouse.move(...at(0.02, 0.02));
  await app.mouse.down();
  await app.mouse.move(...at(0.98, 0.98), { steps: 4 });
  await app.mouse.up();
  await saved(app);
  expect([...idsOf(userData)].every((id) => id === 255)).toBe(true);
  const live = app.getByRole('button', { name: 'Live' });
  await live.click();
  await expect(live).toHaveAttribute('aria-busy', 'false', { timeout: 60_000 });
  await app.keyboard.press('b');
  await app.keyboard.press('4');
  await app.mouse.move(...at(0.4, 0.85));
  await app.mouse.down();
  await app.mouse.move(...at(0.5, 0.85), { steps: 4 });
  await app.mouse.up();
  await expect(undo(app)).toHaveAttribute('title', /Undo/);
  await expect.poll(() => [...idsOf(userData)].filter((id) => id !== 255).length, { timeout: 20_000 }).toBeGreaterThan(40_000);
  await saved(app);
  await undo(app).click();
  await expect.poll(() => [...idsOf(userData)].filter((id) => id !== 255).length).toBe(0);
  await app.getByRole('button', { name: 'Redo', exact: true }).click();
  await expect.poll(() => [...idsOf(userData)].filter((id) => id !== 255).length).toBeGreaterThan(40_000);
});
