// The training engine from the window: recipe files, every setting, the estimate, the finder, sweeps and the queue, history.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { expect, goTo, test } from './fixtures.ts';

async function chooseTiny(page: Page, epochs: number): Promise<void> {
  await goTo(page, 'Train');
  await page.getByRole('radio', { name: 'Tiny' }).click();
  await page.getByLabel('Epochs', { exact: true }).fill(String(epochs));
}
const openGroup = (page: Page, title: string) => page.locator('summary').filter({ hasText: title }).click();

test('a recipe is edited, its changes are counted and reset, and it goes out and comes back as a file', async ({ app, userData }) => {
  await chooseTiny(app, 3);
  await expect(app.getByText(/About .* of memory\./)).toBeVisible();
  await openGroup(app, 'Learning');
  await app.getByLabel('Learning rate', { exact: true }).fill('0.01');
  await app.getByLabel('Schedule').selectOption('poly');
  await expect(app.getByLabel('Power')).toBeVisible();
  await expect(app.getByLabel('Power')).toHaveValue('0.9');
  await openGroup(app, 'Images');
  await app.getByLabel('Random scale').fill('0.5, 0.9');
  await app.getByLabel('Random scale').blur();
  await expect(app.locator('summary').filter({ hasText: 'Learning' })).toContainText('2 changed');
  await expect(app.locator('summary').filter({ hasText: 'Images' })).toContainText('1 changed');

  const [download] = await Promise.all([app.waitForEvent('download'), app.getByRole('button', { name: 'Export', exact: true }).click()]);
  const recipe = JSON.parse(readFileSync(await download.path(), 'utf8')) as {
    optimizer: { learningRate: number };
    schedule: unknown;
    data: { randomScale: number[] };
  };
  expect(recipe).toMatchObject({
    optimizer: { learningRate: 0.01 },
    schedule: { kind: 'poly', power: 0.9 },
    data: { randomScale: [0.5, 0.9] },
  });

  await app.getByRole('button', { name: 'Reset Learning rate' }).click();
  await expect(app.getByLabel('Learning rate', { exact: true })).toHaveValue('0.002');
  const file = path.join(userData, 'recipe.json');
  writeFileSync(file, JSON.stringify({ ...recipe, batchSize: 5 }));
  await app.getByLabel('Recipe file to import').setInputFiles(file);
  await expect(app.getByLabel('Batch size', { exact: true })).toHaveValue('5');
  await expect(app.getByLabel('Learning rate', { exact: true })).toHaveValue('0.01');
  writeFileSync(file, JSON.stringify({ ...recipe, batchSize: 0 }));
  await app.getByLabel('Recipe file to import').setInputFiles(file);
  await expect(app.getByText('Setting batchSize')).toBeVisible();
  await expect(app.getByLabel('Batch size', { exact: true })).toHaveValue('5');
});

test('the finder draws its curve and its rate can be used', async ({ app }) => {
  test.setTimeout(300_000);
  await chooseTiny(app, 3);
  await app.getByRole('searchbox', { name: 'Find a setting' }).fill('precision');
  await app.getByRole('combobox', { name: 'Precision' }).selectOption('auto');
  await app.getByRole('searchbox', { name: 'Find a setting' }).fill('');
  const finder = app.getByRole('group', { name: 'Learning-rate finder' });
  await finder.getByRole('button', { name: 'Find a learning rate' }).click();
  await expect(finder.getByText(/step \d+ of 80/)).toBeVisible({ timeout: 60_000 });
  await expect(finder.getByText(/Steepest fall at/)).toBeVisible({ timeout: 120_000 });
  const rate = (await finder.getByText(/Steepest fall at/).textContent())!.replace('Steepest fall at ', '');
  await finder.getByRole('button', { name: 'Use it' }).click();
  await expect(app.getByLabel('Learning rate', { exact: true })).toHaveValue(rate);
  // What it reckons in was tried, and why is told here as of a run.
  await expect(finder.getByText(/^Reckoned in (float32|bfloat16) \(tried here: a convolution takes/)).toBeVisible();
  await app.getByRole('button', { name: 'Start training' }).click();
  await expect(app.getByText(/^Reckons in (float32|bfloat16): tried here: a convolution takes/)).toBeVisible({ timeout: 60_000 });
});

test('runs wait in line, a sweep joins them, one is taken out and put back, and they run one after the other', async ({ app }) => {
  test.setTimeout(300_000);
  await chooseTiny(app, 300);
  await app.getByLabel('Name').fill('long');
  await app.getByRole('button', { name: 'Start training' }).click();
  await expect(app.getByRole('status', { name: 'Run state' })).toHaveText('Training', { timeout: 60_000 });
  await app.getByLabel('Epochs', { exact: true }).fill('1');
  await app.getByLabel('Name').fill('waits');
  await app.getByRole('button', { name: 'Add to the queue' }).click();
  const queue = app.getByRole('region', { name: 'Queue' });
  await expect(queue.getByRole('listitem')).toHaveCount(1);

  await app.getByRole('button', { name: 'Sweep', exact: true }).click();
  const dialog = app.getByRole('dialog');
  await dialog.getByLabel('Kind').selectOption('seeds');
  await expect(dialog.getByText('3 runs')).toBeVisible();
  await expect(dialog.getByLabel('Values')).toBeHidden();
  await dialog.getByLabel('Kind').selectOption('grid');
  // What is wrong is told where a person is: what lies behind a dialog can be neither pressed nor heard.
  await dialog.getByLabel('Values').fill('fast');
  await expect(dialog.getByRole('alert')).toContainText('"fast" is no value of it: a number from');
  await expect(dialog.getByRole('button', { name: 'Add to the queue' })).toBeDisabled();
  await dialog.getByLabel('Values').fill('0.001, 0.003');
  await expect(dialog.getByText('2 runs')).toBeVisible();
  await dialog.getByRole('button', { name: 'Add to the queue' }).click();
  await expect(queue.getByRole('listitem')).toHaveCount(3);

  await queue.getByRole('button', { name: 'Remove sweep: learningRate 0.001 from the queue' }).click();
  await expect(queue.getByRole('listitem')).toHaveCount(2);
  await app.getByRole('button', { name: 'Undo' }).click();
  await expect(queue.getByRole('listitem')).toHaveCount(3);
  await queue.getByRole('button', { name: 'Run sweep: learningRate 0.003 next' }).click();
  await expect(queue.getByRole('listitem').first()).toContainText('0.003');

  await app.getByRole('button', { name: 'Stop', exact: true }).click();
  await expect(queue.getByText('held')).toBeVisible({ timeout: 30_000 });
  await queue.getByRole('button', { name: 'Start the queue' }).click();
  await expect(queue).toBeHidden({ timeout: 120_000 });
  await goTo(app, 'Runs');
  for (const name of ['sweep: learningRate 0.001', 'sweep: learningRate 0.003', 'waits'])
    await expect(app.getByRole('region', { name: 'Runs', exact: true }).getByRole('row').filter({ hasText: name })).toContainText(
      'finished',
      { timeout: 60_000 },
    );
  // The runs of the sweep side by side, by the setting that they differ in; and the table in the order of a column.
  await app.getByRole('combobox', { name: 'Runs of a sweep' }).selectOption('sweep');
  const scores = app.getByRole('table', { name: 'Best mIoU by setting' });
  await expect(scores.getByRole('row')).toHaveCount(3);
  await expect(scores.getByRole('row').nth(1)).toContainText(/^0\.001 *1 *0\.\d{3}/);
  await app.getByRole('button', { name: 'Name', exact: true }).click();
  const table = app.getByRole('region', { name: 'Runs', exact: true });
  await expect(table.getByRole('columnheader', { name: /^Name/ })).toHaveAttribute('aria-sort', 'ascending');
  await expect(table.getByRole('row').nth(1)).toContainText('long');
  await expect(table.getByRole('row').last()).toContainText('waits');
});

test('what is seen of a run: images and confusion by epoch; then tags, run again, delete and restore', async ({ app }) => {
  test.setTimeout(240_000);
  await chooseTiny(app, 2);
  await app.getByRole('button', { name: 'Start training' }).click();
  await expect(app.getByRole('status', { name: 'Run state' })).toHaveText('Finished', { timeout: 120_000 });
  const strip = app.getByRole('region', { name: 'Validation images' });
  await expect(strip.getByText('epoch 2')).toBeVisible();
  await expect(strip.getByRole('img', { name: /Prediction of val/ })).toHaveCount(6);
  expect(
    await strip
      .getByRole('img', { name: /Prediction of val/ })
      .first()
      .evaluate((image: HTMLImageElement) => image.naturalWidth),
  ).toBeGreaterThan(0);
  await expect(strip.getByRole('img', { name: /Label of val/ })).toHaveCount(6);
  // One more is watched: from the next run or epoch on, also over a reload.
  await strip.getByRole('button', { name: 'Watch an image' }).click();
  const finder = app.getByRole('dialog', { name: 'Watch an image' });
  const name = (await finder.getByRole('option').first().locator('span').first().textContent())!;
  await finder.getByRole('combobox', { name: 'Search' }).fill(name);
  await app.keyboard.press('Enter');
  await expect(strip.getByText(`In the next run: ${name}`)).toBeVisible();
  await app.waitForTimeout(700);
  await app.reload();
  await goTo(app, 'Train');
  await expect(strip.getByText(`In the next run: ${name}`)).toBeVisible();
  // A list that is closed chooses nothing by an arrow: it opens.
  const from = app.getByRole('combobox', { name: 'Start from weights' });
  const chosen = await from.inputValue();
  await from.focus();
  await app.keyboard.press('ArrowDown');
  await expect(from).toHaveValue(chosen);
  expect(await from.evaluate((list) => list.matches(':open'))).toBe(true);
  await app.keyboard.press('Escape');
  // What a finished run took is still told.
  await expect(app.getByText(/\d images\/s/)).toBeVisible();
  await app.getByRole('button', { name: 'Start training' }).click();
  await expect(strip.getByText(`In the next run: ${name}`)).toBeHidden({ timeout: 120_000 });
  await expect(strip.getByRole('button', { name: `Watch val/${name}` })).toHaveAttribute('aria-pressed', 'true');
  await expect(app.getByRole('status', { name: 'Run state' })).toHaveText('Finished', { timeout: 120_000 });
  await app.getByRole('button', { name: `Watch val/${name}` }).click();
  await expect(app.getByRole('region', { name: 'Confusion of an epoch' }).getByText(/epoch \d/)).toBeVisible();
  await app.getByLabel('Epoch of the confusion matrix').fill('1');
  await expect(app.getByRole('region', { name: 'Confusion of an epoch' }).getByText('epoch 1')).toBeVisible();

  await goTo(app, 'Runs');
  await app.getByLabel('Tags').fill('first, good');
  await app.getByLabel('Tags').blur();
  await expect(app.getByRole('row').filter({ hasText: 'good' })).toHaveCount(1);
  await app.getByLabel('Tag', { exact: true }).selectOption('good');
  await expect(app.getByText(/on the disk/).first()).toBeVisible();
  await app.getByText('Export all', { exact: true }).click();
  const [download] = await Promise.all([app.waitForEvent('download'), app.getByRole('link', { name: 'Export all runs as .json' }).click()]);
  expect((JSON.parse(readFileSync(await download.path(), 'utf8')) as { summary: { tags: string[] } }[])[0].summary.tags).toEqual([
    'first',
    'good',
  ]);

  await app.getByRole('button', { name: 'Run again' }).click();
  await expect(app.getByLabel('Epochs', { exact: true })).toHaveValue('2');
  await expect(app.getByLabel('Name')).toHaveValue(/again$/);
  await goTo(app, 'Runs');
  await app.getByRole('button', { name: 'Delete' }).click();
  await app.getByLabel('Deleted').check();
  await app.getByRole('region', { name: 'Run details' }).getByRole('button', { name: 'Restore' }).click();
  await app.getByLabel('Deleted').uncheck();
  await expect(app.getByRole('row').filter({ hasText: 'good' })).toHaveCount(1);
});

test('the desktop tells when a run has ended, if it was allowed to and one looks elsewhere', async ({ app }) => {
  test.setTimeout(180_000);
  await app.context().grantPermissions(['notifications']);
  await app.evaluate(() => {
    const told: string[] = [];
    Object.assign(window, {
      told,
      Notification: class {
        static permission = 'granted';
        static requestPermission(): Promise<string> {
          return Promise.resolve('granted');
        }
        constructor(title: string, options: { body: string }) {
          told.push(`${title}: ${options.body}`);
        }
      },
    });
    document.hasFocus = () => false;
  });
  await chooseTiny(app, 1);
  await app.getByLabel('Name').fill('told of');
  await app.getByRole('button', { name: 'Start training' }).click();
  await expect
    .poll(() => app.evaluate(() => (window as unknown as { told: string[] }).told), { timeout: 90_000 })
    .toEqual([expect.stringMatching(/^Training has finished: told of, best mIoU 0\.\d{3}$/)]);
});

test('a newcomer predicts with the starter model before training anything, and can start from it', async ({ app }) => {
  test.setTimeout(240_000);
  await goTo(app, 'Review');
  await app.getByRole('button', { name: 'Use the starter model' }).click();
  await app.getByRole('button', { name: 'Predict val' }).click();
  await expect(app.getByTestId('split-miou')).toHaveText(/0\.\d{3}/, { timeout: 120_000 });
  await goTo(app, 'Runs');
  await expect(app.getByRole('row').filter({ hasText: 'Starter model (CamVid)' }).first()).toContainText('finished');
  await expect(app.getByLabel('Note')).toHaveValue(/CamVid val, 101 images, 11 classes, void left out/);
  await goTo(app, 'Train');
  await app.getByLabel('Start from weights').selectOption({ label: 'Starter model (CamVid)' });
  await app.getByRole('radio', { name: 'Tiny' }).click();
  await expect(app.getByLabel('Start from weights')).toHaveValue('starter');
});
