// npm run screenshots [-- --data DIR] [--without-training]: the README's pictures and a set for looking at, from the real application.
// Without --data: CamVid-like scenes of 480 x 360, drawn, trained on for a few epochs.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { chromium, type Page } from 'playwright';
import sharp from 'sharp';
import { chromiumArguments, findChromium } from '../test/helpers/chromium.ts';
import { root, startWorkbench } from '../test/helpers/workbench.ts';
import { writtenPng } from './sample/png-writing.ts';
import { writeScene } from './sample/write-scene.ts';

const work = mkdtempSync(path.join(os.tmpdir(), 'encnet-pictures-'));
const all = path.join(root, 'test-results/screenshots');
const docs = path.join(root, 'docs/images');
for (const folder of [all, docs]) mkdirSync(folder, { recursive: true });

/** Draws a data set of CamVid's size and layout. */
async function drawDataset(folder: string): Promise<void> {
  const size = { width: 480, height: 360 };
  let seed = 2000;
  for (const [split, count] of [
    ['train', 24],
    ['val', 10],
    ['test', 6],
  ] as const) {
    for (let i = 0; i < count; i++) {
      const name = `0016E5_${String(i * 30 + 390).padStart(5, '0')}.png`;
      const [image, mask] = [split, `${split}annot`].map((labels) => path.join(folder, labels, name));
      await writeScene({ image, mask }, { seed: ++seed, ...size });
    }
  }
}

const given = process.argv.indexOf('--data');
const trains = !process.argv.includes('--without-training');
const data = path.join(work, 'street');
if (given > 0) cpSync(process.argv[given + 1], data, { recursive: true, filter: (file) => !file.includes('.encnet') });
else await drawDataset(data);

const workbench = await startWorkbench({ userData: path.join(work, 'user'), data });
const browser = await chromium.launch({ executablePath: await findChromium(), args: chromiumArguments });
const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, locale: 'en-US' });
await page.goto(workbench.url);

const go = (place: string) => page.getByRole('navigation', { name: 'Places' }).getByRole('button', { name: place, exact: true }).click();

interface Shot {
  /** Done before each picture. */
  prepare?: (page: Page) => Promise<void>;
  /** And after it. */
  leave?: (page: Page) => Promise<void>;
  /** Whether the first is the README's too. */
  forReadme?: boolean;
}

/** One picture at both sizes in both themes. */
async function shoot(name: string, { prepare, leave, forReadme = true }: Shot = {}): Promise<void> {
  for (const theme of ['dark', 'light'] as const) {
    if (theme === 'light') await page.getByRole('button', { name: 'Theme' }).click();
    for (const [width, height] of [
      [1440, 900],
      [1024, 768],
    ] as const) {
      await page.setViewportSize({ width, height });
      await prepare?.(page);
      await page.waitForTimeout(700);
      const file = path.join(all, `${name}-${theme}-${width}.png`);
      await page.screenshot({ path: file });
      await leave?.(page);
      if (trains && forReadme && theme === 'dark' && width === 1440)
        await sharp(file)
          .resize(1200)
          .png({ palette: true, quality: 85 })
          .toFile(path.join(docs, `${name}.png`));
    }
  }
  await page.getByRole('button', { name: 'Theme' }).click();
  await page.setViewportSize({ width: 1440, height: 900 });
}

await page.getByText(/^\d+ of \d+ images$/).waitFor({ timeout: 120_000 });
await shoot('library');
for (const item of ['How it is read', 'Classes', 'Make a split', 'Export']) {
  await shoot(`dialog-${item.toLowerCase().replaceAll(' ', '-')}`, {
    prepare: async (each) => {
      await each.getByRole('button', { name: 'Data set', exact: true }).click();
      await each.getByRole('menuitem', { name: item }).click();
      await each.getByRole('dialog').waitFor();
    },
    leave: (each) => each.keyboard.press('Escape'),
    forReadme: false,
  });
}

await go('Annotate');
await page.getByRole('radio', { name: 'Bicyclist' }).click();
const canvas = (await page.getByRole('application', { name: 'Canvas' }).boundingBox())!;
await page.mouse.move(canvas.x + canvas.width * 0.42, canvas.y + canvas.height * 0.6);
await page.mouse.down();
await page.mouse.move(canvas.x + canvas.width * 0.55, canvas.y + canvas.height * 0.66, { steps: 10 });
await page.mouse.up();
await shoot('editor', {
  prepare: async (each) => {
    const box = (await each.getByRole('application', { name: 'Canvas' }).boundingBox())!;
    await each.mouse.move(box.x + box.width * 0.6, box.y + box.height * 0.5);
  },
});
await page.getByRole('button', { name: 'Undo', exact: true }).click();
await page.keyboard.press('t');
await page.locator('button:enabled', { hasText: 'Take all' }).waitFor({ timeout: 60_000 });
await shoot('proposal', {
  prepare: async (each) => {
    const box = (await each.getByRole('application', { name: 'Canvas' }).boundingBox())!;
    await each.mouse.move(box.x + box.width * 0.7, box.y + box.height * 0.35);
  },
  forReadme: false,
});

/** A run, and what is looked at once there is one. */
async function shootRun(): Promise<void> {
  await go('Train');
  await page.getByRole('radio', { name: 'Light' }).click();
  await page.getByLabel('Epochs', { exact: true }).fill(given > 0 ? '3' : '8');
  await page.getByLabel('Name').fill('first light');
  await page.getByRole('button', { name: 'Start training' }).click();
  await page.getByText(given > 0 ? /epoch 2 ---/ : /epoch 4 ---/).waitFor({ timeout: 900_000 });
  await shoot('training');
  await page.getByRole('status', { name: 'Run state' }).filter({ hasText: 'Finished' }).waitFor({ timeout: 1_800_000 });

  await go('Runs');
  await shoot('runs');

  await go('Review');
  await page.getByRole('button', { name: 'Predict val' }).click();
  await page.getByTestId('split-miou').waitFor({ timeout: 300_000 });
  await shoot('review');
}
if (trains) await shootRun();

// What can be wrong with masks, each kind in some.
const labels = readdirSync(path.join(data, 'trainannot')).map((name) => path.join(data, 'trainannot', name));
for (const file of labels.slice(0, 3)) {
  const { width, height } = await sharp(file).metadata();
  const samples = Array.from({ length: width * height }, (_, i) => (i < 900 ? 255 : 3));
  writeFileSync(file, writtenPng({ width, height, depth: 8, colourType: 0, samples }));
}
for (const file of labels.slice(3, 5))
  writeFileSync(file, writtenPng({ width: 30, height: 40, depth: 8, colourType: 0, samples: Array.from({ length: 1200 }, () => 1) }));
writeFileSync(labels[5], 'no picture');
await go('Library');
await page
  .getByRole('button', { name: /problems/i })
  .first()
  .click();
await page.getByText('value 255').first().waitFor({ timeout: 60_000 });
await shoot('problems', { forReadme: false });
await go('Train');
await shoot('left-out', { forReadme: false });

await browser.close();
await workbench.stop();
rmSync(work, { recursive: true, force: true });
console.log(`Pictures in ${all}, the README's in ${docs}`);
