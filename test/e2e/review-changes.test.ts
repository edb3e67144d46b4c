import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from '@playwright/test';
import sharp from 'sharp';
import { readMask, readStoredMask } from '../../src/files/mask-png.ts';
import { encodeStoredMask } from '../../src/files/mask-writing.ts';
import { builtInClassSet } from '../../src/main/services/class-sets/class-set.ts';
import { root, startWorkbench } from '../helpers/workbench.ts';
import { expect, goTo, test } from './fixtures.ts';

/** The sample as a folder of its own, whose class list is its own too. */
function ownFolder(userData: string): string {
  const folder = path.join(userData, 'street');
  for (const each of ['train', 'trainannot', 'val', 'valannot'])
    cpSync(path.join(root, 'resources/sample', each), path.join(folder, each), { recursive: true });
  const { classes, format } = builtInClassSet('camvid-11');
  const listed = classes.map(({ name, color, value }) => ({ name, color, value }));
  writeFileSync(path.join(folder, 'classes.json'), JSON.stringify({ name: 'Own', voidValue: format.voidValue, classes: listed }));
  return folder;
}

async function predictWithStarter(page: Page): Promise<void> {
  await goTo(page, 'Review');
  await page.getByRole('button', { name: /starter/i }).click();
  await page.getByRole('button', { name: 'Predict val' }).click();
}

test('a label gone, a photo of another size, a run deleted: each is told, and the rest of a prediction stays usable', async ({
  page,
  userData,
}) => {
  test.setTimeout(180_000);
  const folder = ownFolder(userData);
  const workbench = await startWorkbench({ userData, data: folder });
  try {
    await page.goto(workbench.url);
    await predictWithStarter(page);
    await expect(page.getByTestId('split-miou')).toBeVisible({ timeout: 90_000 });
    const ranked = page.getByRole('navigation', { name: 'Ranked images' });
    const name = (at: number) =>
      ranked
        .getByRole('button', { name: /street/ })
        .nth(at)
        .textContent();
    const fileOf = async (at: number) => /\S*street\S*\d+/.exec((await name(at))!)![0].replace(/0\.\d{3}$|–$/, '');
    const [first, second] = [await fileOf(0), await fileOf(1)];

    rmSync(path.join(folder, 'valannot', `${first}.png`));
    await expect(page.getByText('An image or its label has changed since')).toBeVisible({ timeout: 30_000 });
    await ranked.getByRole('button', { name: new RegExp(first) }).click();
    await expect(page.getByText('Label (none yet)')).toBeVisible();
    await expect(page.getByText('No label to compare with.')).toBeVisible();

    // A photo of another size has no masks to be compared; its neighbours have.
    const photo = path.join(folder, 'val', `${second}.jpg`);
    const smaller = await sharp(readFileSync(photo)).resize(100, 80).jpeg().toBuffer();
    writeFileSync(photo, smaller);
    await ranked.getByRole('button', { name: new RegExp(second) }).click();
    await expect(page.getByText(/must be|another size|100 x 80/).first()).toBeVisible({ timeout: 30_000 });
    await ranked
      .getByRole('button', { name: /street/ })
      .nth(2)
      .click();
    await expect(page.getByRole('figure', { name: 'Prediction' })).toBeVisible();

    await goTo(page, 'Runs');
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await goTo(page, 'Review');
    await expect(page.getByText('No run has a checkpoint yet')).toBeVisible();
    await goTo(page, 'Runs');
    await page.getByRole('button', { name: 'Undo' }).click();
    await goTo(page, 'Review');
    await expect(page.getByTestId('split-miou')).toBeVisible();
  } finally {
    await workbench.stop();
  }
});

test('classes in another order are the same classes: names, numbers, and what is written of them', async ({ page, userData }) => {
  test.setTimeout(180_000);
  const folder = ownFolder(userData);
  let workbench = await startWorkbench({ userData, data: folder });
  try {
    await page.goto(workbench.url);
    await predictWithStarter(page);
    const miou = page.getByTestId('split-miou');
    await expect(miou).toBeVisible({ timeout: 90_000 });
    const scores = page.getByRole('complementary', { name: 'Scores' });
    const before = await miou.textContent();
    const sky = await scores.getByRole('button', { name: /^Sky/ }).first().textContent();
    await workbench.stop();

    const file = path.join(folder, 'classes.json');
    const set = JSON.parse(readFileSync(file, 'utf8')) as {
      voidValue: number;
      classes: { name: string; color: number[]; value: number }[];
    };
    const [a, b, ...rest] = set.classes;
    writeFileSync(file, JSON.stringify({ ...set, classes: [b, a, ...rest] }));
    workbench = await startWorkbench({ userData, data: folder });
    await page.goto(workbench.url);
    await goTo(page, 'Review');
    await expect(miou).toHaveText(before!, { timeout: 30_000 });
    expect(await scores.getByRole('button', { name: /^Sky/ }).first().textContent()).toBe(sky);

    const id = await page.getByRole('toolbar', { name: 'Patch' }).locator('..').getByRole('strong').first().textContent();
    await page.getByRole('button', { name: 'Accept prediction' }).click();
    await expect(page.getByText('The prediction is the label of')).toBeVisible();
    await goTo(page, 'Library');
    const mask = path.join(folder, `${id!.replace('val/', 'valannot/')}.png`);
    const { format } = builtInClassSet('camvid-11');
    // The sky is at the top and the road at the bottom, as the values of the list say, whatever their order.
    await expect
      .poll(() => {
        const { ids, width, height } = readMask(mask, format);
        const top = ids.subarray(0, width * 10);
        const bottom = ids.subarray(width * (height - 10));
        const share = (part: Uint8Array, of: number) => part.filter((each) => each === of).length / part.length;
        return [share(top, 0) + share(top, 5) + share(top, 1) > 0.5, share(bottom, 3) + share(bottom, 4) > 0.5];
      })
      .toEqual([true, true]);
    expect(new Set(readStoredMask(mask).values).size).toBeGreaterThan(2);
  } finally {
    await workbench.stop();
  }
});

test('two runs are held against each other: what got better and worse, the other run’s mask, and training on from here', async ({
  app,
}) => {
  test.setTimeout(240_000);
  await predictWithStarter(app);
  await expect(app.getByTestId('split-miou')).toBeVisible({ timeout: 90_000 });
  await goTo(app, 'Train');
  await app.getByRole('radio', { name: 'Tiny' }).click();
  await app.getByLabel('Name').fill('tiny one');
  await app.getByLabel('Epochs', { exact: true }).fill('1');
  await app.getByRole('button', { name: 'Start training' }).click();
  // The starter is shown as finished until the run has begun.
  await expect(app.getByRole('heading', { level: 2, name: 'tiny one' })).toBeVisible({ timeout: 60_000 });
  await expect(app.getByRole('status', { name: 'Run state' })).toHaveText('Finished', { timeout: 120_000 });
  await app.getByRole('button', { name: 'Review predictions' }).click();
  await app.getByRole('button', { name: 'Predict val' }).click();
  await expect(app.getByTestId('split-miou')).toBeVisible({ timeout: 90_000 });
  const miou = Number(await app.getByTestId('split-miou').textContent());

  await app.getByRole('combobox', { name: 'Another run' }).selectOption({ index: 1 });
  const order = app.getByRole('combobox', { name: 'Order of the images' });
  await order.selectOption('Most worsened first');
  const ranked = app.getByRole('navigation', { name: 'Ranked images' });
  await expect(ranked.getByText(/^−0\.\d{3}$/).first()).toBeVisible();
  await app.getByRole('combobox', { name: 'Last view' }).selectOption('Other run');
  await expect(app.getByRole('figure', { name: 'Other run' })).toBeVisible();
  await app.getByRole('tab', { name: 'Change' }).click();
  const change = app.getByRole('table', { name: 'Change of each class' });
  await expect(change.getByRole('row')).not.toHaveCount(1);
  // A few steps from nothing are worse than the starter, by what the two headlines say.
  const [, before, now] = /(0\.\d{3}) → (0\.\d{3})/.exec((await app.getByText(/0\.\d{3} → 0\.\d{3}/).textContent())!)!;
  expect(Number(now)).toBe(miou);
  expect(Number(before)).toBeGreaterThan(miou);

  await app.getByRole('button', { name: 'Train on from here' }).click();
  await expect(app.getByRole('combobox', { name: 'Start from weights' }).locator('option:checked')).toHaveText('tiny one');
});

test('all patches that are surely wrong are looked at before they are taken, and keys of one patch do nothing meanwhile', async ({
  page,
  userData,
}) => {
  test.setTimeout(180_000);
  const folder = ownFolder(userData);
  const masks = readdirSync(path.join(folder, 'valannot')).map((name) => path.join(folder, 'valannot', name));
  for (const file of masks.slice(1)) for (const at of [file, file.replace('valannot', 'val').replace(/png$/, 'jpg')]) rmSync(at);
  const [mask] = masks;
  const [road, pavement] = [3, 4];
  // The road as pavement: nothing is surer than that this is wrong.
  const { width, height, values } = readStoredMask(mask);
  writeFileSync(mask, encodeStoredMask({ width, height, values: values.map((value) => (value === road ? pavement : value)) }));
  const before = readFileSync(mask);
  const isAsBefore = () => readFileSync(mask).equals(before);
  const workbench = await startWorkbench({ userData, data: folder });
  try {
    await page.goto(workbench.url);
    await predictWithStarter(page);
    const sure = page.getByRole('button', { name: /^Sure: \d/ });
    await sure.click({ timeout: 90_000 });
    const shown = page.getByRole('figure', { name: 'What would be taken' });
    await expect(shown).toBeVisible();
    await expect(page.getByRole('toolbar', { name: 'Patch' })).toContainText(/1 patch of\s+\d+ px, predicted with 95 % or more/);
    for (const key of ['n', 'b', 'v', 'k']) await page.keyboard.press(key);
    await expect(shown).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(shown).toBeHidden();
    await expect(page.getByRole('status', { name: 'Chosen patch' })).toBeHidden();
    expect(isAsBefore()).toBe(true);

    await sure.click();
    await page.keyboard.press('p');
    await expect.poll(isAsBefore).toBe(false);
    expect(readStoredMask(mask).values.filter((value) => value === road).length).toBeGreaterThan(100);
    await page.keyboard.press('Control+z');
    await expect.poll(isAsBefore).toBe(true);
    await expect(sure).toBeVisible();
  } finally {
    await workbench.stop();
  }
});
