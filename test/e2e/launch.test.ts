import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { root, startWorkbench } from '../helpers/workbench.ts';
import { expect, goTo, test } from './fixtures.ts';

test('opens the built-in sample on the first start', async ({ app }) => {
  await expect(app.getByRole('button', { name: 'Sample street' })).toBeVisible();
  await expect(app.getByRole('tab', { name: 'train 36' })).toBeVisible();
  await expect(app.getByRole('option', { name: 'street-001, train' })).toBeVisible();
  await expect(app.getByRole('complementary', { name: 'First steps' })).toContainText('The loop in four steps');
});

test('reaches every place from the rail and by key', async ({ app }) => {
  for (const place of ['Annotate', 'Train', 'Runs', 'Review', 'Library'] as const) {
    await goTo(app, place);
    await expect(app.getByRole('main', { name: place.toLowerCase() })).toBeVisible();
  }
  await app.keyboard.press('Control+2');
  await expect(app.getByRole('application', { name: 'Canvas' })).toBeVisible();
});

test('filters the library by split, class and mask', async ({ app }) => {
  await app.getByRole('tab', { name: 'val 8' }).click();
  await expect(app.getByTestId('status-text')).toHaveText('8 of 52 images');
  await app.getByRole('combobox', { name: 'Class' }).selectOption({ label: 'Has Bicyclist' });
  await expect(app.getByTestId('status-text')).not.toHaveText('8 of 52 images');
  await app.getByRole('combobox', { name: 'Mask' }).selectOption({ label: 'No mask' });
  await expect(app.getByText('No image passes the filter.')).toBeVisible();
  await app.getByRole('button', { name: 'Clear the filter' }).click();
  await expect(app.getByTestId('status-text')).toHaveText('52 of 52 images');
});

test('the library is gone through by keys: Enter opens the image that is chosen, also after a click and far below', async ({ app }) => {
  const list = app.getByRole('listbox', { name: 'Images' });
  await app.getByRole('option', { name: 'street-001, train' }).click();
  await expect(list).toBeFocused();
  for (let row = 0; row < 5; row++) await app.keyboard.press('ArrowDown');
  await app.keyboard.press('ArrowRight');
  const chosen = list.getByRole('option', { selected: true });
  await expect(chosen).toBeInViewport();
  const name = (await chosen.getAttribute('aria-label'))!.split(',')[0];
  expect(name).not.toBe('street-001');
  expect(await list.getAttribute('aria-activedescendant')).toBe(await chosen.getAttribute('id'));
  await app.keyboard.press('Enter');
  await expect(app.getByRole('toolbar', { name: 'Tool options' })).toContainText(name);
});

test('the path that is typed for an export stays, and says whether it is a zip', async ({ app, userData }) => {
  await app.getByRole('button', { name: 'Data set', exact: true }).click();
  await app.getByRole('menuitem', { name: /^Export/ }).click();
  const dialog = app.getByRole('dialog', { name: 'Export the data set' });
  const to = dialog.getByLabel('To', { exact: true });
  await expect(to).toHaveValue(/-camvid\.zip$/);
  await dialog.getByLabel('Form').selectOption('voc');
  await expect(to).toHaveValue(/-voc\.zip$/);
  await to.fill(path.join(userData, 'mine'));
  await dialog.getByLabel('Form').selectOption('coco');
  await expect(to).toHaveValue(path.join(userData, 'mine'));
  const zip = dialog.getByLabel('as a zip');
  await expect(zip).not.toBeChecked();
  await zip.check();
  await expect(to).toHaveValue(path.join(userData, 'mine.zip'));
  await to.fill('');
  await zip.focus();
  await expect(to).toHaveValue(/-coco\.zip$/);
});

test('Ctrl+K finds an image and opens it', async ({ app }) => {
  await app.keyboard.press('Control+k');
  await app.getByRole('combobox', { name: 'Search' }).fill('street-050');
  await app.keyboard.press('Enter');
  await expect(app.getByRole('toolbar', { name: 'Tool options' })).toContainText('street-050');
});

test('Ctrl+K finds what can be done while annotating, tools and classes with it, and nothing of it elsewhere', async ({ app }) => {
  await app.getByRole('navigation', { name: 'Places' }).getByRole('button', { name: 'Annotate', exact: true }).click();
  await app.getByRole('application', { name: 'Canvas' }).waitFor();
  const choose = async (text: string) => {
    await app.keyboard.press('Control+k');
    await app.getByRole('combobox', { name: 'Search' }).fill(text);
    await app.keyboard.press('Enter');
  };
  await choose('cut out');
  await expect(app.getByRole('button', { name: /^Cut out/ })).toHaveAttribute('aria-pressed', 'true');
  await choose('paint tree');
  await expect(app.getByRole('radio', { name: /Tree/ })).toBeChecked();
  await choose('screen pixel');
  await expect(app.getByTestId('status-text')).toContainText('zoom 100 %');
  await app.getByRole('navigation', { name: 'Places' }).getByRole('button', { name: 'Library', exact: true }).click();
  await app.keyboard.press('Control+k');
  await app.getByRole('combobox', { name: 'Search' }).fill('cut out');
  await expect(app.getByText('Nothing has these words.')).toBeVisible();
});

test('settings switch the theme, and it is remembered', async ({ app }) => {
  await app.getByRole('button', { name: 'Settings' }).click();
  await app.getByRole('radio', { name: 'Light' }).check();
  await app.getByRole('button', { name: 'Close' }).click();
  await app.reload();
  await expect(app.locator('html')).toHaveAttribute('data-theme', 'light');
});

test('says what is wrong with a folder that is no data set, and keeps the open one', async ({ app, userData }) => {
  await app.getByRole('button', { name: 'Sample street' }).click();
  const folder = path.join(userData, 'letters');
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'to-a-friend.txt'), 'nothing to see');
  await app.getByLabel('Folder', { exact: true }).fill(folder);
  await app.getByRole('button', { name: 'Open folder' }).click();
  await expect(app.getByRole('alert')).toContainText(`${folder} is not a data set as it is: nothing in it has a known layout`);
  await expect(app.getByRole('button', { name: 'Say what is in it' })).toBeVisible();
  await app.getByRole('button', { name: 'Cancel' }).click();
  await expect(app.getByRole('button', { name: 'Sample street' })).toBeVisible();
});

test('an address opens once: the secret is neither in the address bar nor in a cookie, and goes to no other port', async ({
  app,
  workbench,
  browser,
}) => {
  const { origin } = new URL(workbench.url);
  expect(app.url()).toBe(`${origin}/`);
  expect(await app.context().cookies()).toEqual([]);
  await app.reload();
  await expect(app.getByRole('navigation', { name: 'Places' })).toBeVisible();
  // A second page of the same browser has what the first was given; another browser needs an address of its own.
  const second = await app.context().newPage();
  await second.goto(`${origin}/`);
  await expect(second.getByRole('navigation', { name: 'Places' })).toBeVisible();
  await second.close();
  const other = await browser.newContext();
  const page = await other.newPage();
  await page.goto(workbench.url);
  await expect(page.getByText('This address was used before, and is good once.')).toBeVisible();
  await page.goto(`${origin}/`);
  await expect(page.getByText('Open the address that the workbench printed when it started.')).toBeVisible();
  await other.close();
});

test('another server of this machine sees no secret of the workbench, and can show none of its pictures', async ({ app, workbench }) => {
  const { origin } = new URL(workbench.url);
  const src = await app.locator('img').first().getAttribute('src');
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(JSON.stringify(request.headers));
    response.setHeader('content-type', 'text/html').end(`<img src="${origin}${src}">`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const page = await app.context().newPage();
  await page.goto(`http://127.0.0.1:${(server.address() as { port: number }).port}/`);
  const image = page.locator('img');
  await expect.poll(() => image.evaluate((element: HTMLImageElement) => element.complete && element.naturalWidth)).toBe(0);
  const secrets = JSON.parse((await app.evaluate(() => localStorage.getItem('encnet-secrets')))!) as Record<string, string>;
  for (const secret of Object.values(secrets)) expect(seen.join()).not.toContain(secret);
  await page.close();
  server.close();
});

test('refuses a request without a key, and a foreign host', async ({ workbench, request }) => {
  const { origin } = new URL(workbench.url);
  expect((await request.get(`${origin}/asset/x/image/y`)).status()).toBe(403);
  expect((await request.get(`${origin}/asset/x/image/y?key=wrong`)).status()).toBe(403);
  expect((await request.get(`${origin}/`, { headers: { host: 'example.com' } })).status()).toBe(421);
});

test('opens where the system has no language: LANG=C makes the browser say en-US@posix', async ({ page, workbench }) => {
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  await page.addInitScript(() => Object.defineProperty(navigator, 'language', { value: 'en-US@posix', configurable: true }));
  await page.goto(workbench.url);
  await expect(page.getByRole('navigation', { name: 'Places' })).toBeVisible();
  await goTo(page, 'Train');
  await expect(page.getByRole('button', { name: 'Start training' })).toBeVisible();
  expect(errors).toEqual([]);
});

test('a workbench that has no data set says so in every place, and opens one from there', async ({ page, userData }) => {
  // Neither the sample nor a data set of before can be opened.
  writeFileSync(path.join(userData, 'sample'), '');
  const folder = path.join(userData, 'streets');
  cpSync(path.join(root, 'resources/sample'), folder, { recursive: true });
  const workbench = await startWorkbench({ userData });
  await page.goto(workbench.url);
  for (const place of ['Annotate', 'Train', 'Runs', 'Review', 'Library'] as const) {
    await goTo(page, place);
    await expect(page.getByText('No data set is open.')).toBeVisible();
  }
  await page.getByRole('button', { name: 'Open a data set …' }).click();
  const dialog = page.getByRole('dialog', { name: 'Open a data set' });
  await dialog.getByRole('textbox', { name: 'Folder' }).fill(folder);
  await dialog.getByRole('button', { name: 'Open folder' }).click();
  await expect(page.getByRole('tab', { name: 'train 36' })).toBeVisible();
  expect(workbench.stderr()).toContain('The sample could not be opened either');
  await workbench.stop();
});
