import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, goTo, test } from './fixtures.ts';

test('start from a weight file: what fits, the setting that makes more fit, and the run that knows it', async ({ app, userData }) => {
  test.setTimeout(180_000);
  await goTo(app, 'Train');
  await app.getByRole('radio', { name: 'Tiny' }).click();
  await app.getByLabel('Epochs', { exact: true }).fill('1');
  await app.getByRole('button', { name: 'Start training' }).click();
  await expect(app.getByRole('status', { name: 'Run state' })).toHaveText('Finished', { timeout: 120_000 });
  const runs = path.join(userData, 'sample/.encnet/runs');
  const folder = path.join(runs, readdirSync(runs).sort().at(-1)!);
  writeFileSync(path.join(folder, 'notes.pth'), 'no weights');

  const weights = app.getByLabel('Start from weights');
  await weights.selectOption('a weight file …');
  const dialog = app.getByRole('dialog', { name: 'Start from a weight file' });
  await expect(dialog).toBeVisible();
  await dialog.getByLabel('Path of a weight file').fill(path.join(folder, 'best.ckpt'));
  await dialog.getByRole('button', { name: 'Look' }).click();
  const fits = dialog.getByRole('region', { name: 'How far it fits' });
  await expect(fits).toContainText(/(\d+) of \1 tensors/, { timeout: 60_000 });
  await expect(fits.locator('details')).toHaveCount(0);
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await expect(weights.locator('option:checked')).toHaveText('random weights');

  // Another network: what does not fit, and with which settings more would.
  await app.getByRole('radio', { name: 'Light', exact: true }).click();
  await weights.selectOption('a weight file …');
  await dialog.getByLabel('Path of a weight file').fill(path.join(folder, 'best.ckpt'));
  await dialog.getByRole('button', { name: 'Look' }).click();
  await expect(fits).toContainText('With Network width 8', { timeout: 60_000 });
  await expect(fits.getByText(/Of another shape: start at random: \d+/)).toBeVisible();
  await fits.getByRole('button', { name: 'Set it in the recipe' }).click();
  await expect(fits).toContainText(/Backbone: (\d+) of \1/, { timeout: 60_000 });

  // A file that is none, by a click on it: said so, and nothing to start from.
  await dialog.getByLabel('Path of a weight file').fill(path.join(folder, 'notes.pth'));
  await dialog.getByRole('button', { name: 'Look' }).click();
  await expect(dialog.getByRole('alert')).toContainText('notes.pth is neither a zip nor a pickle', { timeout: 60_000 });
  await expect(dialog.getByRole('button', { name: 'Start from it' })).toBeDisabled();

  await dialog.getByLabel('Path of a weight file').fill(path.join(folder, 'best.ckpt'));
  await dialog.getByRole('button', { name: 'Look' }).click();
  await dialog.getByRole('button', { name: 'Start from it' }).click({ timeout: 60_000 });
  await expect(weights.locator('option:checked')).toHaveText('best.ckpt');
  await app.getByRole('radio', { name: 'Tiny' }).click();
  await app.getByLabel('Epochs', { exact: true }).fill('1');
  await app.getByRole('button', { name: 'Start training' }).click();
  await expect(app.getByRole('status', { name: 'Run state' })).toHaveText('Training', { timeout: 60_000 });
  await expect(app.getByRole('status', { name: 'Run state' })).toHaveText('Finished', { timeout: 120_000 });
  await expect(app.getByLabel('Log', { exact: true })).toContainText(/(\d+) of \1 tensors taken from .*best\.ckpt/);
});
