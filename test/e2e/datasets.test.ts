import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import { unzipSync, zipSync } from 'fflate';
import sharp from 'sharp';
import { zipEntries } from '../helpers/zip-entries.ts';
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
  await expect(dialog.locator('img')).toHaveCount(4);
  await expect(dialog.getByRole('list', { name: 'Classes' })).toContainText('ground');
  // The first click counts, also right after typing.
  await dialog.getByLabel(/Names, one a line/).fill('sky\nground ');
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
  await expect(page.getByText('3 of 3 images')).toBeVisible();
  await expect(page.getByText(/The images of .* have changed; new: train\/3\./)).toBeVisible();
  await choose('Refresh');
  await expect(page.getByText('The folder was read again: 3 images.')).toBeVisible();

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
  const masks = () => page.locator('.thumb img.mask').evaluateAll((images) => images.map((image) => (image as HTMLImageElement).src));
  const before = await masks();
  await page.getByRole('textbox', { name: 'Name of ground' }).fill('street');
  await page.getByLabel('Colour of street').fill('#ff00ff');
  // A key that leads elsewhere leads nowhere from a dialog.
  await page.getByRole('button', { name: 'Add a class' }).press('r');
  await page.getByRole('button', { name: 'Add a class' }).click();
  await expect(page.getByRole('textbox', { name: 'Name of Class 3' })).toBeFocused();
  await page.getByRole('button', { name: 'Leave Class 3 out' }).click();
  await page.keyboard.press('Control+3');
  await page.getByRole('button', { name: 'Use these classes' }).click();
  await expect.poll(async () => (await masks()).filter((source) => before.includes(source))).toEqual([]);
  await expect(page.getByRole('complementary', { name: 'Image facts' }).getByText('street', { exact: true }).first()).toBeVisible();

  await choose('Export');
  const exporting = page.getByRole('dialog', { name: 'Export the data set' });
  await exporting.getByRole('button', { name: 'Export', exact: true }).click();
  await expect(exporting.getByText(/2 images in .*my street-camvid\.zip/)).toBeVisible();
  expect(Object.keys(unzipSync(readFileSync(`${folder}-camvid.zip`)))).toContain('label_colors.txt');
  await workbench.stop();
});

test('a folder of photos alone is labelled at once, with a class set that is chosen', async ({ page, userData }) => {
  const folder = path.join(userData, 'holiday');
  mkdirSync(folder);
  for (const name of ['a.jpg', 'b.jpg'])
    await sharp({ create: { width: 40, height: 30, channels: 3, background: '#336699' } }).toFile(path.join(folder, name));
  const workbench = await startWorkbench({ userData });
  await page.goto(workbench.url);
  await page.getByRole('button', { name: 'Sample street' }).click();
  await page.getByLabel('Folder', { exact: true }).fill(folder);
  await page.getByRole('button', { name: 'Open folder' }).click();
  await page.getByRole('button', { name: 'Say what is in it' }).click();
  const dialog = page.getByRole('dialog', { name: 'Import a folder' });
  await dialog.getByLabel('Classes', { exact: true }).selectOption('set:camvid-11');
  await expect(dialog.getByRole('status')).toContainText('2 images');
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0].html.slice(0, 120)}`)).toEqual([]);
  await dialog.getByRole('button', { name: 'Open', exact: true }).click();
  await expect(page.getByText('2 of 2 images')).toBeVisible();
  await goTo(page, 'Annotate');
  await expect(page.getByRole('application', { name: 'Canvas' })).toBeVisible();
  await page.getByRole('application', { name: 'Canvas' }).click();
  await expect.poll(() => existsSync(path.join(folder, 'masks/a.png'))).toBe(true);
  await workbench.stop();
});

test('void among the classes is asked about where nothing else is wrong, and one click makes it none', async ({ page, userData }) => {
  const folder = path.join(userData, 'named');
  await publishedSets.find(({ name }) => name === 'pairs-with-splits')!.draw(folder);
  writeFileSync(path.join(folder, 'classes.json'), '["road","unlabelled"]');
  const workbench = await startWorkbench({ userData, data: folder });
  await page.goto(workbench.url);
  await page.getByRole('button', { name: 'Problems 1' }).click();
  await expect(page.getByText('unlabelled is one of the classes, and would be trained as one.')).toBeVisible();
  await page.getByRole('button', { name: 'Take unlabelled as not labelled' }).click();
  await expect(page.getByText('Take unlabelled as not labelled: done. No file was changed.')).toBeVisible();
  await expect(page.getByRole('combobox', { name: 'Class' }).getByRole('option')).toHaveText(['Any class', 'Has road']);
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

test('what happens in the folder is seen: a photo exchanged under its mask, one of another size while its mask is open', async ({
  page,
  userData,
}) => {
  const folder = path.join(userData, 'living');
  await publishedSets.find(({ name }) => name === 'segnet-camvid')!.draw(folder);
  const workbench = await startWorkbench({ userData, data: folder });
  await page.goto(workbench.url);
  const [first, second] = ['0001TP_006690', '0001TP_006720'].map((name) => path.join(folder, 'train', `${name}.png`));
  const photo = (width: number, height: number) =>
    sharp({ create: { width, height, channels: 3, background: '#804020' } })
      .png()
      .toBuffer();
  // All are read: nothing is known of a photo before.
  await expect(page.getByText('5 of 5 images', { exact: true })).toBeVisible();
  writeFileSync(first, await photo(40, 30));
  await page.getByRole('button', { name: /^Problems/ }).click();
  const problems = page.getByRole('region', { name: 'Problems' });
  await expect(problems.getByText('Photo is another one than its mask was made for')).toBeVisible();
  await problems.getByRole('button', { name: 'Mask fits' }).click();
  await expect(page.getByText('Photo is another one than its mask was made for')).toHaveCount(0);

  await page.getByRole('option', { name: /0001TP_006720/ }).dblclick();
  const canvas = page.getByRole('application', { name: 'Canvas' });
  await expect(canvas).toBeVisible();
  // An image that comes disturbs no hand: the canvas stays.
  await canvas.evaluate((element) => element.setAttribute('data-before', ''));
  writeFileSync(path.join(folder, 'train/new.png'), await photo(40, 30));
  await expect(page.getByText(/new: train\/new\./)).toBeVisible();
  await expect(page.getByRole('navigation', { name: 'Neighbours' }).getByRole('button', { name: 'new' })).toBeVisible();
  await expect(canvas).toHaveAttribute('data-before', '');
  rmSync(path.join(folder, 'trainannot/0001TP_006720.png'));
  writeFileSync(second, await photo(80, 60));
  await expect(page.getByText('The photo of train/0001TP_006720 has another size and is shown as it is now.')).toBeVisible();
  await canvas.hover();
  await expect(page.getByRole('contentinfo')).toContainText('80 x 60');
  await workbench.stop();
});

test('what is in no class is labelled in one image, and a class gets another key', async ({ page, userData }) => {
  const folder = path.join(userData, 'many');
  await publishedSets.find(({ name }) => name === 'segnet-camvid')!.draw(folder);
  const { writtenPng } = await import('../../scripts/sample/png-writing.ts');
  const samples = Array.from({ length: 1200 }, (_, index) => (index < 600 ? 20 : 1));
  const file = path.join(folder, 'trainannot/0001TP_006690.png');
  writeFileSync(file, writtenPng({ width: 40, height: 30, depth: 8, colourType: 0, samples }));
  const workbench = await startWorkbench({ userData, data: folder });
  await page.goto(workbench.url);
  await page.getByRole('option', { name: /0001TP_006690/ }).dblclick();
  const classes = page.getByRole('complementary', { name: 'Classes' });
  await classes.getByRole('combobox', { name: 'Label value 20 in this image as' }).selectOption('Road');
  await expect(classes.getByText('Not in the class set')).toHaveCount(0);
  await expect
    .poll(async () => [...(await sharp(file).extractChannel(0).raw().toBuffer())].join(''))
    .toBe('3'.repeat(600) + '1'.repeat(600));

  await classes.getByRole('button', { name: 'Key of Car: 9' }).click();
  await page.keyboard.press('1');
  await expect(classes.getByRole('button', { name: 'Key of Sky: 9' })).toBeVisible();
  await page.keyboard.press('9');
  await page.keyboard.press('1');
  await expect(classes.getByRole('radio', { name: 'Car' })).toBeChecked();

  // Two classes become one in the files, and are taken back with one click.
  const painted = readFileSync(file);
  await goTo(page, 'Library');
  await page.getByRole('button', { name: 'Data set', exact: true }).click();
  await page.getByRole('menuitem', { name: 'Classes' }).click();
  const dialog = page.getByRole('dialog', { name: 'Classes' });
  await dialog.getByRole('combobox', { name: 'Merge Road into' }).selectOption('Sky');
  await dialog.getByRole('checkbox', { name: /Write what is merged into the masks/ }).check();
  await dialog.getByRole('button', { name: 'Use these classes' }).click();
  await expect(page.getByText(/The classes are changed\. \d+ masks were rewritten/)).toBeVisible();
  expect([...(await sharp(file).extractChannel(0).raw().toBuffer())].join('')).toBe('0'.repeat(600) + '1'.repeat(600));
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect.poll(() => readFileSync(file).equals(painted)).toBe(true);
  await expect(page.getByRole('complementary', { name: 'Image facts' }).getByText('Road', { exact: true }).first()).toBeVisible();
  await workbench.stop();
});

test('with more classes than keys, one is found by typing', async ({ page, userData }) => {
  const folder = path.join(userData, 'all-classes');
  await publishedSets.find(({ name }) => name === 'reference')!.draw(folder);
  const workbench = await startWorkbench({ userData, data: folder });
  await page.goto(workbench.url);
  await goTo(page, 'Annotate');
  await expect(page.getByRole('application', { name: 'Canvas' })).toBeVisible();
  await page.keyboard.press('/');
  await page.keyboard.type('trafficl');
  const classes = page.getByRole('complementary', { name: 'Classes' });
  // What is not labelled can always be chosen.
  await expect(classes.getByRole('radio')).toHaveCount(2);
  await page.keyboard.press('Enter');
  await expect(classes.getByRole('radio', { name: 'TrafficLight' })).toBeChecked();
  await expect(classes.getByRole('radio')).toHaveCount(33);
  await page.keyboard.press('b');
  await expect(classes.getByRole('searchbox')).toHaveValue('');
  await workbench.stop();
});

test('a zip that is dropped on the window opens, and what cannot be says why', async ({ page, userData }) => {
  const folder = path.join(userData, 'drawn');
  await publishedSets.find(({ name }) => name === 'cambridge-camvid')!.draw(folder);
  const zip = Buffer.from(zipSync(await zipEntries(folder))).toString('base64');
  const workbench = await startWorkbench({ userData });
  await page.goto(workbench.url);
  await expect(page.getByRole('navigation', { name: 'Places' })).toBeVisible();
  const drop = async (name: string, content: string) => {
    const data = await page.evaluateHandle(
      ([fileName, text]) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))], fileName));
        return transfer;
      },
      [name, content],
    );
    const main = page.getByRole('main');
    await main.dispatchEvent('dragover', { dataTransfer: data });
    await expect(page.getByText('Drop the zip of a data set to open it')).toBeVisible();
    await main.dispatchEvent('drop', { dataTransfer: data });
  };
  await drop('CamVid.zip', zip);
  await expect(page.getByRole('button', { name: 'CamVid', exact: true })).toBeVisible();
  await expect(page.getByText('5 of 5 images')).toBeVisible();
  await drop('street.png', 'AAAA');
  await expect(page.getByText('street.png is no zip: drop a zip of a data set')).toBeVisible();
  await drop('broken.zip', 'AAAA');
  await expect(page.getByText(/broken\.zip is no zip that can be read/)).toBeVisible();
  await expect(page.getByRole('button', { name: 'CamVid', exact: true })).toBeVisible();

  // Photos whose classes nothing tells: the folder they were unpacked into is said, whether the zip was dropped or its path was typed.
  const photos = path.join(userData, 'photos');
  mkdirSync(photos);
  for (const name of ['a.jpg', 'b.jpg'])
    await sharp({ create: { width: 40, height: 30, channels: 3, background: '#336699' } }).toFile(path.join(photos, name));
  const unsaid = zipSync(await zipEntries(photos));
  await drop('holiday.zip', Buffer.from(unsaid).toString('base64'));
  const importing = page.getByRole('dialog', { name: 'Import a folder' });
  await expect(importing.getByRole('status')).toContainText('2 images');
  await page.keyboard.press('Escape');
  await expect(importing).toBeHidden();
  writeFileSync(`${photos}-typed.zip`, unsaid);
  await page.getByRole('button', { name: 'CamVid', exact: true }).click();
  await page.getByLabel('Folder', { exact: true }).fill(`${photos}-typed.zip`);
  await page.getByRole('button', { name: 'Open folder' }).click();
  await page.getByRole('button', { name: 'Say what is in it' }).click();
  await expect(importing.getByRole('status')).toContainText('2 images');
  await importing.getByLabel('Classes', { exact: true }).selectOption('set:camvid-11');
  await importing.getByRole('button', { name: 'Open', exact: true }).click();
  await expect(page.getByText('2 of 2 images')).toBeVisible();
  await expect(page.getByRole('button', { name: 'photos-typed', exact: true })).toBeVisible();
  await workbench.stop();
});
