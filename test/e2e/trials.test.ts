import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../helpers/workbench.ts';
import { expect, goTo, test } from './fixtures.ts';

test('images that are not of the data set are predicted, by path and dropped, shown, and kept if one wants', async ({ app, userData }) => {
  test.setTimeout(180_000);
  const folder = path.join(userData, 'others');
  mkdirSync(folder);
  const photo = path.join(root, 'resources/sample/train/street-001.jpg');
  cpSync(photo, path.join(folder, 'from-afar.jpg'));
  writeFileSync(path.join(folder, 'broken.jpg'), 'no image');
  await goTo(app, 'Review');
  await app.getByRole('button', { name: /starter/i }).click();
  await app.getByRole('button', { name: 'Try other images' }).click();
  const dialog = app.getByRole('dialog', { name: 'Try other images' });
  await expect(dialog.getByText('No image yet.')).toBeVisible();
  await dialog.getByLabel('Path of an image or a folder').fill(folder);
  await dialog.getByRole('button', { name: 'Predict', exact: true }).click();
  await expect(dialog.getByRole('img', { name: 'Prediction of from-afar.jpg' })).toBeVisible({ timeout: 60_000 });
  await expect(dialog.getByRole('list').getByRole('alert')).toContainText('broken.jpg');
  await dialog.getByRole('button', { name: 'Close' }).click();
  await expect(dialog).toBeHidden();

  // Dropped on the window: the same.
  const bytes = [...readFileSync(photo)];
  await app.evaluate((content) => {
    const data = new DataTransfer();
    data.items.add(new File([Uint8Array.from(content)], 'dropped.jpg', { type: 'image/jpeg' }));
    window.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
  }, bytes);
  await expect(dialog).toBeVisible();
  await expect(dialog.getByRole('img', { name: 'Prediction of dropped.jpg' })).toBeVisible({ timeout: 60_000 });
  const drawn = (image: HTMLImageElement) => image.naturalWidth > 0;
  expect(await dialog.getByRole('img', { name: 'Prediction of dropped.jpg' }).evaluate(drawn)).toBe(true);

  await dialog.getByRole('checkbox', { name: 'dropped.jpg' }).check();
  await dialog.getByLabel('Split that they are kept in').selectOption('val');
  await dialog.getByRole('button', { name: 'Keep 1 in' }).click();
  await expect(dialog.getByRole('img', { name: 'Prediction of dropped.jpg' })).toBeHidden();
  await dialog.getByRole('checkbox', { name: 'broken.jpg' }).check();
  await dialog.getByRole('button', { name: 'Remove' }).click();
  await expect(dialog.getByRole('list').getByRole('alert')).toBeHidden();
  await dialog.getByRole('button', { name: 'Close' }).click();
  await goTo(app, 'Library');
  await app.getByRole('tab', { name: /val/ }).click();
  await expect(app.getByRole('option', { name: /dropped/ })).toBeVisible({ timeout: 20_000 });
});
