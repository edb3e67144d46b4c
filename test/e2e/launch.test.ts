import { expect, goTo, test } from './fixtures.ts';

test('opens the built-in sample on the first start', async ({ app }) => {
  await expect(app.getByRole('button', { name: 'Sample street' })).toBeVisible();
  await expect(app.getByRole('tab', { name: 'train 36' })).toBeVisible();
  await expect(app.getByRole('option', { name: 'street-001, train' })).toBeVisible();
  await expect(app.getByLabel('First steps')).toContainText('The loop in four steps');
  await app.screenshot({ path: '/tmp/w/s-library.png' });
});

test('reaches every place from the rail and by key', async ({ app }) => {
  for (const place of ['Annotate', 'Train', 'Runs', 'Review', 'Library'] as const) {
    await goTo(app, place);
    await expect(app.getByRole('main', { name: place.toLowerCase() })).toBeVisible();
    await app.waitForTimeout(500);
    await app.screenshot({ path: `/tmp/w/s-${place}.png` });
  }
  await app.keyboard.press('Control+2');
  await expect(app.getByRole('application', { name: 'Canvas' })).toBeVisible();
});
