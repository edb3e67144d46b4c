// What is refused while something else goes on: it says why where it was asked for, and what was edited stays.
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { root, startWorkbench } from '../helpers/workbench.ts';
import { expect, goTo, startTiny, test } from './fixtures.ts';

async function openDialog(page: Page, item: string) {
  await page.getByRole('button', { name: 'Data set', exact: true }).click();
  await page.getByRole('menuitem', { name: item }).click();
  return page.getByRole('dialog', { name: item });
}

test('classes and splits that a run is in the way of are kept in their dialogs; the run begins anew on the data of then', async ({
  app,
  userData,
  workbench,
}) => {
  test.setTimeout(240_000);
  await startTiny(app, 40);
  await goTo(app, 'Library');
  const classes = await openDialog(app, 'Classes');
  await classes.getByLabel('Name of Car').fill('Motor car');
  await classes.getByRole('button', { name: 'Use these classes' }).click();
  await expect(classes.getByRole('alert')).toContainText('stop it or wait for its end');
  await expect(classes.getByLabel('Name of Motor car')).toHaveValue('Motor car');
  await expect(classes.getByRole('button', { name: 'Use these classes' })).toBeEnabled();
  await classes.getByRole('button', { name: 'Cancel' }).click();

  const split = await openDialog(app, 'Make a split');
  await split.getByLabel('For validation').fill('35');
  await split.getByRole('button', { name: 'Make the split' }).click();
  await expect(split.getByRole('alert')).toContainText('stop it or wait for its end');
  await expect(split.getByLabel('For validation')).toHaveValue('35');
  await split.getByRole('button', { name: 'Cancel' }).click();

  await goTo(app, 'Train');
  const log = app.getByLabel('Log', { exact: true });
  await expect(log).toContainText('epoch 1 --- loss', { timeout: 60_000 });
  await app.getByRole('button', { name: 'Stop', exact: true }).click();
  await expect(app.getByRole('status', { name: 'Run state' })).toHaveText('Stopped', { timeout: 30_000 });
  await goTo(app, 'Library');
  await openDialog(app, 'Make a split');
  await expect(split.getByRole('alert')).toBeHidden();
  await split.getByLabel('For validation').fill('35');
  await split.getByRole('button', { name: 'Make the split' }).click();
  await expect(split).toBeHidden();

  await openDialog(app, 'Classes');
  await expect(classes.getByRole('alert')).toBeHidden();
  await classes.getByLabel('Name of Car').fill('Motor car');
  await classes.getByRole('button', { name: 'Use these classes' }).click();
  await expect(classes).toBeHidden();

  // Other classes: the run cannot go on, and in this very place its settings are taken over for one that can.
  await goTo(app, 'Train');
  await app.getByLabel('Epochs', { exact: true }).fill('7');
  await app.getByRole('button', { name: 'Resume', exact: true }).click();
  await app.getByRole('button', { name: "Run again on today's data" }).click();
  await expect(app.getByLabel('Epochs', { exact: true })).toHaveValue('40');
  await expect(app.getByRole('combobox', { name: 'Start from weights' }).locator('option:checked')).not.toHaveText('random weights');

  // Another data set, opened in another window, has other runs.
  await goTo(app, 'Runs');
  await expect(app.getByRole('table', { name: 'Origin' })).toBeVisible();
  const folder = path.join(userData, 'other');
  cpSync(path.join(root, 'resources/sample'), folder, { recursive: true });
  const second = await app.context().newPage();
  await second.goto(workbench.url.replace(/\?t=.*/, ''));
  await second.getByRole('button', { name: 'Sample street' }).click();
  await second.getByLabel('Folder', { exact: true }).fill(folder);
  await second.keyboard.press('Enter');
  await expect(second.locator('header .dataset')).toContainText('other');
  await app.getByRole('button', { name: /^Go on with/ }).click();
  await expect(app.getByRole('table', { name: 'Origin' })).toBeHidden();
  await expect(app.getByText('No runs yet.')).toBeVisible();
  await second.close();
});

test('images to try whose prediction was stopped say so, and are predicted then', async ({ app, userData }) => {
  test.setTimeout(180_000);
  const folder = path.join(userData, 'others');
  mkdirSync(folder);
  for (let n = 0; n < 60; n++) cpSync(path.join(root, 'resources/sample/train/street-001.jpg'), path.join(folder, `photo-${n}.jpg`));
  writeFileSync(path.join(folder, 'broken.jpg'), 'no image');
  await goTo(app, 'Review');
  await app.getByRole('button', { name: /starter/i }).click();
  await app.getByRole('button', { name: 'Try other images' }).click();
  const dialog = app.getByRole('dialog', { name: 'Try other images' });
  await dialog.getByLabel('Path of an image or a folder').fill(folder);
  await dialog.getByRole('button', { name: 'Predict', exact: true }).click();
  await expect(dialog.getByText(/^Predicting( …|:)/)).toBeVisible();
  await dialog.getByRole('button', { name: 'Stop' }).click();
  await expect(dialog.getByText(/\d+ images are not predicted yet/)).toBeVisible({ timeout: 30_000 });
  await dialog.getByRole('button', { name: 'Predict them', exact: true }).click();
  await expect(dialog.getByText('not predicted yet')).toHaveCount(0, { timeout: 120_000 });
  await expect(dialog.getByRole('img', { name: /^Prediction of/ })).toHaveCount(60, { timeout: 60_000 });
});

test('a picture that cannot be read has a sign in its place until it can', async ({ page, userData }) => {
  const folder = path.join(userData, 'streets');
  cpSync(path.join(root, 'resources/sample'), folder, { recursive: true });
  const photo = path.join(folder, 'train/street-002.jpg');
  writeFileSync(photo, 'no image');
  const workbench = await startWorkbench({ userData, data: folder });
  await page.goto(workbench.url);
  const signs = page.locator('img.unreadable');
  await expect(page.getByRole('option', { name: 'street-002, train' }).locator('img.unreadable')).toHaveCount(1);
  await expect(signs).toHaveCount(1);
  await expect(signs).toHaveCSS('content', /^url\(/);
  cpSync(path.join(folder, 'train/street-001.jpg'), photo);
  await expect(signs).toHaveCount(0);
  await workbench.stop();
});
