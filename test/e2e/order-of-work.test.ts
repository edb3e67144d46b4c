// The order of work: what is done, what needs a look, what comes next; keys follow what the Library shows.
import type { Page } from '@playwright/test';
import { expect, goTo, test } from './fixtures.ts';

/** Keys are the canvas's from when it is there. */
async function annotate(page: Page): Promise<void> {
  await goTo(page, 'Annotate');
  await expect(page.getByRole('application', { name: 'Canvas' })).toBeVisible();
}

test('an image is done by a key, counted, filtered for, and taken back; D goes where the Library goes', async ({ app }) => {
  await annotate(app);
  const options = app.getByRole('toolbar', { name: 'Tool options' });
  const strip = app.getByRole('navigation', { name: 'Neighbours' });
  await expect(options).toContainText('street-001');
  await expect(strip).toContainText(/0 of \d+ done/);
  await app.keyboard.press('m');
  await expect(strip).toContainText(/1 of \d+ done/);
  for (const name of ['street-002', 'street-003']) {
    await app.keyboard.press('d');
    await expect(options).toContainText(name);
    await expect(app.getByRole('application', { name: 'Canvas' })).toBeVisible();
  }
  await app.keyboard.press('m');
  await expect(strip).toContainText(/2 of \d+ done/);
  await app.keyboard.press('a');
  await expect(app.getByRole('application', { name: 'Canvas' })).toBeVisible();
  await app.keyboard.press('Shift+M');
  await expect(strip).toContainText('1 need a look');

  // The Library shows those that are done, and D steps through them alone.
  await goTo(app, 'Library');
  const work = app.getByRole('combobox', { name: 'Work' });
  await expect(work).toContainText('Done (2)');
  await work.selectOption('done');
  await expect(app.getByRole('option', { name: /street-002/ })).toBeHidden();
  await app.getByRole('option', { name: /street-001/ }).click();
  await annotate(app);
  await app.keyboard.press('d');
  await expect(options).toContainText('street-003');
  await expect(strip).toContainText('2 of 2 done');

  // Taken back, by key and by its message.
  await app.keyboard.press('m');
  await expect(strip).toContainText('1 of 2 done');
  await app.getByText('street-003 has no mark any more').locator('xpath=..').getByRole('button', { name: 'Undo' }).click();
  await expect(strip).toContainText('2 of 2 done');
});

test('keys that are pressed faster than images open are not lost', async ({ app }) => {
  await annotate(app);
  const options = app.getByRole('toolbar', { name: 'Tool options' });
  await expect(options).toContainText('street-001');
  for (let i = 0; i < 3; i++) await app.keyboard.press('d');
  await app.keyboard.press('a');
  // Of the tools and classes too: the brush is in hand, with the second class.
  await app.keyboard.press('p');
  await app.keyboard.press('b');
  await app.keyboard.press('2');
  await expect(options).toContainText('street-003');
  await expect(app.getByRole('application', { name: 'Canvas' })).toBeVisible();
  await expect(app.getByRole('button', { name: 'Brush', exact: true })).toHaveAttribute('aria-pressed', 'true');
  await expect(app.getByRole('radiogroup', { name: 'Class' }).getByRole('radio').nth(1)).toBeChecked();
});

test('the next image without a label, and the next that needs a look, are a key away', async ({ app }) => {
  await annotate(app);
  const options = app.getByRole('toolbar', { name: 'Tool options' });
  await expect(options).toContainText('street-001');
  await app.keyboard.press('Shift+L');
  await expect(app.getByText('There is no other image that needs a look here.')).toBeVisible();
  for (const name of ['street-002', 'street-003']) {
    await app.keyboard.press('d');
    await expect(options).toContainText(name);
    await expect(app.getByRole('application', { name: 'Canvas' })).toBeVisible();
  }
  await app.keyboard.press('Shift+M');
  for (const name of ['street-002', 'street-001']) {
    await app.keyboard.press('a');
    await expect(options).toContainText(name);
    await expect(app.getByRole('application', { name: 'Canvas' })).toBeVisible();
  }
  await app.keyboard.press('Shift+L');
  await expect(options).toContainText('street-003');
});

test('the time that is worked on an image is told beside it', async ({ app }) => {
  await annotate(app);
  const canvas = (await app.getByRole('application', { name: 'Canvas' }).boundingBox())!;
  for (let i = 0; i < 20; i++) {
    await app.mouse.move(canvas.x + 100 + i * 10, canvas.y + 100);
    await app.waitForTimeout(100);
  }
  await goTo(app, 'Library');
  await expect(app.getByRole('complementary', { name: 'Image facts' })).toContainText(/\d s of work/);
  await app.getByRole('combobox', { name: 'State' }).selectOption('look');
  await expect(app.getByRole('combobox', { name: 'Work' })).toContainText('Needs a look (1)');
});

test('a model looks at the images, and a key goes to the one that it is least sure of', async ({ app }) => {
  test.setTimeout(120_000);
  await goTo(app, 'Library');
  await app.getByRole('tab', { name: /val/i }).click();
  await app.getByRole('option', { name: /street-037/ }).click();
  await annotate(app);
  const strip = app.getByRole('navigation', { name: 'Neighbours' });
  await app.keyboard.press('Shift+U');
  await expect(strip.getByText(/The model looks at images: \d+ of \d+/)).toBeVisible();
  const found = app.getByText(/street-\d+ would teach the model most now: it expects to be wrong in \d+ % of it/);
  await expect(found).toBeVisible({ timeout: 60_000 });
  const name = /street-\d+/.exec(await found.innerText())![0];
  await app.getByRole('button', { name: 'Go there' }).click();
  await expect(app.getByRole('toolbar', { name: 'Tool options' })).toContainText(name);
  await expect(strip.getByRole('status')).toBeHidden();
  await app.keyboard.press('Shift+U');
  await expect(app.getByRole('toolbar', { name: 'Tool options' })).not.toContainText(name);
});
