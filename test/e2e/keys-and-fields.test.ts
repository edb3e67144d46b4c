// Whoever uses keys reaches everything, and a key or a field does no more than it says.
import { expect, goTo, startTiny, test } from './fixtures.ts';

test('Enter in a field of the recipe sets its value and starts no training', async ({ app }) => {
  await goTo(app, 'Train');
  await app.getByRole('radio', { name: 'Tiny' }).click();
  const epochs = app.getByLabel('Epochs', { exact: true });
  await epochs.fill('37');
  await app.keyboard.press('Enter');
  await expect(epochs).toBeFocused();
  await app.getByLabel('Name', { exact: true }).fill('a name');
  await app.keyboard.press('Enter');
  await expect(app.getByText('No run yet.')).toBeVisible();
  await expect(epochs).toHaveValue('37');
  await expect(app.getByRole('button', { name: 'Start training' })).toBeEnabled();
});

test('a sweep over a choice is ticked, and leaves the queue as a whole, to come back with one click', async ({ app }) => {
  test.setTimeout(120_000);
  await startTiny(app, 500);
  await app.getByRole('button', { name: /^Sweep/ }).click();
  const dialog = app.getByRole('dialog', { name: 'Sweep over settings' });
  await dialog.getByLabel('Setting', { exact: true }).selectOption({ label: 'Class weights' });
  const values = dialog.getByRole('group', { name: 'Values' });
  for (const box of (await values.getByRole('checkbox').all()).slice(0, 3)) await box.check();
  await dialog.getByRole('button', { name: /queue/i }).click();
  const queue = app.getByRole('region', { name: 'Queue' });
  await expect(queue).toContainText('3 waiting');
  await queue.getByRole('button', { name: /^Remove the 3 of/ }).click();
  await expect(queue).toBeHidden();
  await app.getByRole('button', { name: 'Undo' }).click();
  await expect(queue).toContainText('3 waiting');
  // Whoever pauses by a key is still at the button, which goes on.
  const pause = app.getByRole('button', { name: 'Pause', exact: true });
  await pause.focus();
  await app.keyboard.press('Enter');
  await expect(app.getByRole('status', { name: 'Run state' })).toHaveText('Paused', { timeout: 30_000 });
  await expect(app.getByRole('button', { name: 'Resume', exact: true })).toBeFocused();
  // A curve is read, and looked at closer, by keys.
  const chart = app.getByRole('group', { name: /^Loss: arrows go/ });
  await chart.focus();
  await app.keyboard.press('ArrowLeft');
  await app.keyboard.press('+');
  const back = app.getByRole('button', { name: 'Show all of it' });
  await expect(back).toBeVisible();
  await app.keyboard.press('Escape');
  await expect(back).toBeHidden();
});

test('in Review the arrows change images after a click on a switch, and how one looks stays from image to image', async ({ app }) => {
  test.setTimeout(120_000);
  await goTo(app, 'Review');
  await app.getByRole('button', { name: /starter/i }).click();
  await app.getByRole('button', { name: 'Predict val' }).click();
  await expect(app.getByTestId('split-miou')).toBeVisible({ timeout: 90_000 });
  const current = app.getByRole('navigation', { name: 'Ranked images' }).locator('[aria-current=true]');
  const first = await current.textContent();
  await app.getByLabel('Outlines of the other').click();
  await app.keyboard.press('ArrowDown');
  await expect(current).not.toHaveText(first!);
  await app.getByRole('button', { name: 'Road', exact: true }).click();
  await app.getByLabel('Only Road').check();
  const second = await current.textContent();
  await app.keyboard.press('ArrowDown');
  await expect(current).not.toHaveText(second!);
  await expect(app.getByLabel('Only Road')).toBeChecked();
  // One look closer, and back, by keys.
  const pane = app.getByRole('figure', { name: 'Prediction' }).locator('canvas').first();
  const before = await pane.evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL().length);
  await app.keyboard.press('Control+=');
  await app.keyboard.press('Control+=');
  await expect.poll(() => pane.evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL().length)).not.toBe(before);
  await app.keyboard.press('Control+0');
  await expect.poll(() => pane.evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL().length)).toBe(before);
  // The mistakes of the matrix are one stop, and arrows go among them.
  const matrix = app.getByRole('table', { name: /^Confusion matrix/ });
  await expect(matrix.locator('button[tabindex="0"]')).toHaveCount(1);
  await matrix.locator('button[tabindex="0"]').focus();
  const from = await app.evaluate(() => document.activeElement?.getAttribute('aria-label'));
  for (const key of ['ArrowRight', 'ArrowDown', 'ArrowLeft', 'ArrowUp']) await app.keyboard.press(key);
  await expect(matrix.locator('button:focus')).toHaveCount(1);
  await app.keyboard.press('ArrowDown');
  expect(await app.evaluate(() => document.activeElement?.getAttribute('aria-label'))).not.toBe(from);
  await expect(matrix.locator('button[tabindex="0"]')).toHaveCount(1);
  // All of it, by whole names.
  await app.getByRole('button', { name: 'Larger' }).click();
  const all = app.getByRole('dialog', { name: 'Confusion matrix of all classes' });
  await expect(all.getByRole('rowheader', { name: 'Pedestrian', exact: true })).toBeVisible();
  await app.keyboard.press('Escape');
  await expect(all).toBeHidden();
});

test('several runs are deleted together, and a run that is renamed keeps the focus by it', async ({ app }) => {
  test.setTimeout(180_000);
  for (let run = 0; run < 2; run++) {
    await startTiny(app, 1);
    await expect(app.getByRole('status', { name: 'Run state' })).toHaveText('Finished', { timeout: 60_000 });
  }
  await goTo(app, 'Runs');
  const boxes = app.getByRole('checkbox', { name: /^Compare/ });
  await app.getByRole('button', { name: 'Rename the run' }).click();
  await app.getByLabel('Name of the run').fill('a better name');
  await app.keyboard.press('Enter');
  await expect(app.getByRole('heading', { name: 'a better name' })).toBeVisible();
  await expect(app.getByRole('button', { name: 'Rename the run' })).toBeFocused();
  // What was begun of one run is not shown of another.
  await app.getByRole('button', { name: 'Rename the run' }).click();
  await app.getByRole('row').nth(2).click();
  await expect(app.getByLabel('Name of the run')).toBeHidden();
  // One row of the table is in the way of Tab.
  expect(
    await app
      .locator('tbody tr')
      .filter({ has: app.locator('button[tabindex="0"]') })
      .count(),
  ).toBe(1);
  for (const box of await boxes.all()) await box.check();
  await app.getByRole('button', { name: 'Delete 2 runs' }).click();
  await expect(boxes).toHaveCount(0);
  await app.getByRole('button', { name: 'Undo' }).last().click();
  await expect(boxes).toHaveCount(2);
});
