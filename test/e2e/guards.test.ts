// What keeps a hand from doing what was not meant: keys that belong to something else, what is open with a tool, a photo that is not there.
import type { Page } from '@playwright/test';
import { expect, goTo, test } from './fixtures.ts';
import { changedIn, idsOf } from './sample.ts';

const undo = (page: Page) => page.getByRole('button', { name: 'Undo', exact: true });
const tool = (page: Page, name: string) => page.getByRole('toolbar', { name: 'Tools' }).getByRole('button', { name, exact: true });

/** Opens the editor with Bicyclist in hand. @returns clicks on the canvas, by shares of it */
async function openEditor(page: Page): Promise<(x: number, y: number) => Promise<void>> {
  await goTo(page, 'Annotate');
  const canvas = page.getByRole('application', { name: 'Canvas' });
  await expect(canvas).toBeVisible();
  await page.getByRole('radio', { name: 'Bicyclist' }).click();
  const box = (await canvas.boundingBox())!;
  return (x, y) => page.mouse.click(box.x + box.width * x, box.y + box.height * y);
}

/** A key as a keyboard of another language gives it. */
async function pressForeign(page: Page, key: string, code: string, modifiers = 0): Promise<void> {
  const cdp = await page.context().newCDPSession(page);
  for (const type of ['rawKeyDown', 'keyUp'] as const) await cdp.send('Input.dispatchKeyEvent', { type, key, code, modifiers });
  await cdp.detach();
}

test('the Undo button takes back a corner of what is open, and a finished step after that', async ({ app, userData }) => {
  const click = await openEditor(app);
  const before = idsOf(userData);
  await app.keyboard.press('b');
  await click(0.3, 0.3);
  await expect.poll(() => changedIn(before, idsOf(userData)).length).toBeGreaterThan(0);
  const painted = idsOf(userData);
  await app.keyboard.press('p');
  for (const x of [0.5, 0.6]) await click(x, 0.5);
  await undo(app).click();
  await undo(app).click();
  await app.waitForTimeout(1000);
  expect(idsOf(userData)).toEqual(painted);
  await undo(app).click();
  await expect.poll(() => idsOf(userData)).toEqual(before);
  await expect(undo(app)).toBeDisabled();
  await click(0.5, 0.5);
  await undo(app).click();
  await expect(undo(app)).toBeDisabled();
});

test('what moves the picture, and Alt, are no part of a double-click that closes an outline', async ({ app, userData }) => {
  const click = await openEditor(app);
  const before = idsOf(userData);
  await app.keyboard.press('p');
  const corners = [
    [0.4, 0.4],
    [0.6, 0.4],
    [0.6, 0.6],
  ] as const;
  for (const [x, y] of corners) await click(x, y);
  const box = (await app.getByRole('application', { name: 'Canvas' }).boundingBox())!;
  const again = () => app.mouse.dblclick(box.x + box.width * 0.6, box.y + box.height * 0.6);
  await app.keyboard.down(' ');
  await again();
  await app.keyboard.up(' ');
  await app.keyboard.down('Alt');
  await again();
  await app.keyboard.up('Alt');
  await app.waitForTimeout(1000);
  expect(idsOf(userData)).toEqual(before);
  await app.keyboard.press('Enter');
  await expect.poll(() => changedIn(before, idsOf(userData)).length).toBeGreaterThan(100);
});

test('keys do nothing behind a dialog, wherever the focus is', async ({ app }) => {
  await openEditor(app);
  await app.keyboard.press('?');
  const dialog = app.getByRole('dialog');
  await dialog.getByText('Smaller brush').click();
  await app.evaluate(() => (document.activeElement as HTMLElement).blur());
  for (const key of ['d', 'e', 'm']) await app.keyboard.press(key);
  await app.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await expect(app.getByRole('toolbar', { name: 'Tool options' })).toContainText('street-001');
  await expect(tool(app, 'Brush')).toHaveAttribute('aria-pressed', 'true');
});

test('a list that was chosen from by the pointer gives the keys back', async ({ app }) => {
  await openEditor(app);
  const where = app.getByRole('combobox', { name: 'Paint over' });
  await where.dispatchEvent('pointerdown');
  await where.focus();
  await where.selectOption('unlabelled');
  await app.keyboard.press('o');
  await expect(tool(app, 'Outline by dragging')).toHaveAttribute('aria-pressed', 'true');
  await expect(where).toHaveValue('unlabelled');
  // Left without a choice: once the hand is at the canvas.
  await where.dispatchEvent('pointerdown');
  await where.focus();
  const box = (await app.getByRole('application', { name: 'Canvas' }).boundingBox())!;
  await app.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await app.keyboard.press('l');
  await expect(tool(app, 'Line of a width')).toHaveAttribute('aria-pressed', 'true');
});

test('keys are given, and places gone to, by where they lie on a keyboard of another language', async ({ app }) => {
  await openEditor(app);
  await app.getByRole('button', { name: /^Key of Pole/ }).click();
  await pressForeign(app, 'é', 'Digit2');
  await expect(app.getByRole('button', { name: 'Key of Pole: 2' })).toBeVisible();
  await pressForeign(app, '&', 'Digit1', 2);
  await expect(app.getByRole('main', { name: 'library' })).toBeVisible();
});

test.describe('a photo that is not there', () => {
  test.use({ expected: /status of 500/ });

  test('is painted on by nobody: what the host says of it is told, and it is tried again', async ({ app, userData }) => {
    const before = idsOf(userData, 'street-002');
    const click = await openEditor(app);
    await app.route('**/image/**', (route) => route.fulfill({ status: 500, body: 'street-002.png: the share has gone' }));
    await app.keyboard.press('d');
    const alert = app.getByRole('alert').filter({ hasText: 'cannot be shown' });
    await expect(alert).toContainText('the share has gone');
    await click(0.3, 0.3);
    await expect(undo(app)).toBeDisabled();
    await alert.getByRole('button', { name: 'Try again' }).click();
    await expect(alert).toBeVisible();
    await app.unroute('**/image/**');
    await alert.getByRole('button', { name: 'Try again' }).click();
    await expect(alert).toBeHidden();
    expect(idsOf(userData, 'street-002')).toEqual(before);
    await click(0.3, 0.3);
    await expect(undo(app)).toBeEnabled();
  });
});
