// What a labeller sees: contours, one class alone, the photo's tones, the map, an earlier mask while a key is held. No label changes.
import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import AxeBuilder from '@axe-core/playwright';
import { expect, goTo, test } from './fixtures.ts';
import { maskFile } from './sample.ts';

/** Opens the editor. @returns how many pixels of the mask's layer are drawn, and in how many colours */
async function openEditor(page: Page): Promise<() => Promise<{ drawn: number; colours: number }>> {
  await goTo(page, 'Annotate');
  const canvas = page.getByRole('application', { name: 'Canvas' });
  await expect(canvas).toBeVisible();
  return () =>
    canvas.evaluate((host) => {
      const layer = host.querySelectorAll('canvas')[1];
      const { data } = layer.getContext('2d')!.getImageData(0, 0, layer.width, layer.height);
      const colours = new Set<number>();
      let drawn = 0;
      for (let i = 0; i < data.length; i += 4) {
        if (data[i + 3] === 0) continue;
        drawn++;
        colours.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]);
      }
      return { drawn, colours: colours.size };
    });
}

test('contours, one class alone and other colours change what is seen, and no label', async ({ app, userData }) => {
  const look = await openEditor(app);
  await expect.poll(async () => (await look()).colours).toBeGreaterThan(4);
  const before = readFileSync(maskFile(userData));
  const filled = await look();
  await app.keyboard.press('Shift+H');
  await expect.poll(async () => (await look()).drawn).toBeLessThan(filled.drawn / 2);
  await app.keyboard.press('Shift+H');
  await expect.poll(async () => (await look()).drawn).toBe(filled.drawn);
  await app.keyboard.press('4');
  await app.keyboard.press('z');
  await expect.poll(async () => (await look()).colours).toBe(1);
  await app.keyboard.press('z');
  await app.getByText('More of the view').click();
  const swatch = app.getByRole('radio', { name: 'Sky' }).locator('.swatch, [class*=swatch]').first();
  const colour = () => swatch.evaluate((element) => getComputedStyle(element).backgroundColor);
  const own = await colour();
  await app.getByRole('checkbox', { name: 'Colours for colour-blind eyes' }).check();
  await expect.poll(colour).not.toBe(own);
  await app.getByLabel('Shares of the data set').check();
  await app.getByRole('slider', { name: 'Gamma' }).fill('2');
  const filter = () => app.getByRole('application', { name: 'Canvas' }).evaluate((host) => host.querySelector('canvas')!.style.filter);
  await expect.poll(filter).toContain('url("#photo-gamma")');
  const { violations } = await new AxeBuilder({ page: app }).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`)).toEqual([]);
  await app.getByRole('button', { name: 'The photo as it is' }).click();
  await expect.poll(filter).toBe('');
  expect(readFileSync(maskFile(userData)).equals(before)).toBe(true);
  // Everywhere else as well, and the switch is in the settings, too.
  await goTo(app, 'Library');
  const mask = app.locator('img.mask').first();
  await expect(mask).toHaveAttribute('src', /colours=safe/);
  const ofFirst = () => app.getByRole('complementary', { name: 'Image facts' }).locator('.swatch').first();
  const safe = await ofFirst().evaluate((element) => getComputedStyle(element).backgroundColor);
  await app.getByRole('button', { name: 'Settings' }).click();
  await app.getByRole('dialog', { name: 'Settings' }).getByLabel('Colours for colour-blind eyes').uncheck();
  await expect(mask).not.toHaveAttribute('src', /colours=safe/);
  await expect(ofFirst()).not.toHaveCSS('background-color', safe);
});

test('a map is there when not all is seen, and a press on it goes there', async ({ app }) => {
  await openEditor(app);
  const map = app.getByTestId('minimap');
  await expect(map).toBeHidden();
  for (let i = 0; i < 6; i++) await app.keyboard.press('Control+=');
  await expect(map).toBeVisible();
  const frame = map.locator('span');
  const before = (await frame.boundingBox())!;
  const box = (await map.boundingBox())!;
  await app.mouse.click(box.x + 6, box.y + 6);
  await expect.poll(async () => (await frame.boundingBox())!.x).toBeLessThan(before.x);
  await app.keyboard.press('Control+0');
  await expect(map).toBeHidden();
});

test('an earlier mask is shown while it is held, by key and from the history, and nothing can be painted then', async ({
  app,
  userData,
}) => {
  const look = await openEditor(app);
  const canvas = (await app.getByRole('application', { name: 'Canvas' }).boundingBox())!;
  const middle: [number, number] = [canvas.x + canvas.width / 2, canvas.y + canvas.height / 2];
  await expect.poll(async () => (await look()).colours).toBeGreaterThan(4);
  await app.keyboard.press('r');
  await app.keyboard.press('`');
  await app.mouse.move(canvas.x + canvas.width * 0.1, canvas.y + canvas.height * 0.1);
  await app.mouse.down();
  await app.mouse.move(canvas.x + canvas.width * 0.9, canvas.y + canvas.height * 0.9, { steps: 4 });
  await app.mouse.up();
  await expect(app.getByRole('status', { name: 'Save state' })).toContainText(/Saved \d/);
  const erased = await look();
  const file = readFileSync(maskFile(userData));
  await app.keyboard.down('y');
  await expect(app.getByText('As it was')).toBeVisible();
  await expect.poll(async () => (await look()).drawn).toBeGreaterThan(erased.drawn);
  await app.mouse.click(...middle);
  await app.keyboard.up('y');
  await expect(app.getByText('As it was')).toBeHidden();
  await expect.poll(async () => (await look()).drawn).toBe(erased.drawn);
  await app.getByText('History of the mask').click();
  await expect(app.getByText('Rectangle', { exact: true })).toBeVisible();
  const hold = app.getByRole('button', { name: /Hold to see/ });
  await hold.hover();
  await app.mouse.down();
  await expect(app.getByText('As it was')).toBeVisible();
  await app.mouse.up();
  await expect(app.getByText('As it was')).toBeHidden();
  expect(readFileSync(maskFile(userData)).equals(file)).toBe(true);
});
