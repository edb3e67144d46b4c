import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { unzipSync } from 'fflate';
import sharp from 'sharp';
import { publishedSets } from '../../scripts/sample/published-sets.ts';
import { startWorkbench } from '../helpers/workbench.ts';
import { expect, goTo, test } from './fixtures.ts';

test('a folder that nothing tells the classes of is imported, split, refreshed, painted and exported', async ({ page, userData }) => {
  const folder = path.join(userData, 'my street');
  await publishedSets.find(({ name }) => name === 'pairs-with-splits')!.draw(folder);
  rmSync(path.join(folder, 'classes.json'));
  rmSync(path.join(folder, 'images/validation'), { recursive: true });
  rmSync(path.join(folder, 'masks/validation'), { recursive: true });
  const workbench = await startWorkbench({ userData });
  await page.goto(workbench.url);
  await page.getByRole('button', { name: 'Sample street' }).click();
  await page.getByLabel('Folder', { exact: true }).fill(folder);
  await page.getByRole('button', { name: 'Open folder' }).click();
  await expect(page.getByRole('alert')).toContainText('its classes are not known');
  await page.getByRole('button', { name: 'Say what is in it' }).click();
  const dialog = page.getByRole('dialog', { name: 'Import a folder' });
  await expect(dialog.getByRole('status')).toContainText('2 images, 2 with a mask');
  await expect(dialog.getByRole('button', { name: 'Open', exact: true })).toBeDisabled();
  await dialog.getByLabel('Classes', { exact: true }).selectOption('own');
  await dialog.getByLabel(/Names, one a line/).fill('sky\nground');
  await dialog.getByLabel(/Names, one a line/).blur();
  await expect(dialog.locator('img')).toHaveCount(4);
  await dialog.getByRole('button', { name: 'Open', exact: true }).click();
  await expect(page.getByText('2 of 2 images')).toBeVisible();
  expect(JSON.parse(readFileSync(path.join(folder, 'encnet.json'), 'utf8'))).toMatchObject({ version: 1, masks: 'value' });

  // A file that comes later.
  await sharp({ create: { width: 40, height: 30, channels: 3, background: '#336699' } })
    .png()
    .toFile(path.join(folder, 'images/train/3.png'));
  const choose = async (item: string) => {
    await page.getByRole('button', { name: 'Data set', exact: true }).click();
    await page.getByRole('menuitem', { name: item }).click();
  };
  await choose('Refresh');
  await expect(page.getByText('3 of 3 images')).toBeVisible();
  await expect(page.getByText('3 images, 1 new')).toBeVisible();

  // No validation: training offers a split.
  await goTo(page, 'Train');
  await page.getByRole('button', { name: 'Make a split for validation' }).click();
  await page.getByRole('spinbutton', { name: 'For validation' }).fill('34');
  await page.getByRole('button', { name: 'Make the split' }).click();
  await expect(page.getByText('No file was moved')).toBeVisible();
  await goTo(page, 'Library');
  await expect(page.getByRole('tab', { name: /^val/ })).toContainText('1');
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(page.getByRole('tab', { name: /^val/ })).toHaveCount(0);

  await choose('Classes');
  await page.getByRole('textbox', { name: 'Name of ground' }).fill('street');
  await page.getByRole('button', { name: 'Use these classes' }).click();
  await expect(page.getByRole('complementary', { name: 'Image facts' }).getByText('street', { exact: true }).first()).toBeVisible();

  await choose('Export');
  const exporting = page.getByRole('dialog', { name: 'Export the data set' });
  await exporting.getByRole('button', { name: 'Export', exact: true }).click();
  await expect(exporting.getByText(/2 images in .*my street-camvid\.zip/)).toBeVisible();
  expect(Object.keys(unzipSync(readFileSync(`${folder}-camvid.zip`)))).toContain('label_colors.txt');
  await workbench.stop();
});

test('255 in every mask is one notice and one click, and a mask that lies on its side is turned', async ({ page, userData }) => {
  const folder = path.join(userData, 'case');
  await publishedSets.find(({ name }) => name === 'segnet-camvid')!.draw(folder);
  const { writtenPng } = await import('../../scripts/sample/png-writing.ts');
  const samples = Array.from({ length: 1200 }, (_, index) => (index % 9 === 0 ? 255 : index % 5));
  for (const split of ['train', 'val', 'test'])
    for (const name of ['0001TP_006690', '0001TP_006720', '0001TP_006750', '0001TP_007959', '0001TP_007965']) {
      const file = path.join(folder, `${split}annot/${name}.png`);
      const size = name.endsWith('6720') ? { width: 30, height: 40 } : { width: 40, height: 30 };
      if (existsSync(file)) writeFileSync(file, writtenPng({ ...size, depth: 8, colourType: 0, samples }));
    }
  const workbench = await startWorkbench({ userData, data: folder });
  await page.goto(workbench.url);
  await page.getByRole('button', { name: /^Problems/ }).click();
  await expect(page.getByText('All 5 masks use 255')).toBeVisible();
  await page.getByRole('button', { name: 'Take 255 as not labelled' }).click();
  await expect(page.getByText('All 5 masks use 255')).toHaveCount(0);
  await page.getByRole('button', { name: 'Turn right' }).click();
  await expect(page.getByText('Nothing is wrong with any image.')).toBeVisible();
  await workbench.stop();
});
