// npm run screenshots [-- --data DIR] [--without-training]: the README's pictures and a set for looking at, from the real application.
// Without --data: CamVid-like scenes of 480 x 360, drawn, which the starter model is trained on with for a few epochs.
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
      // One is there to be labelled.
      if (split === 'test' && i === 0) rmSync(mask);
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

/** A place on the canvas, by shares of its box. */
type Place = readonly [x: number, y: number];

async function toCanvas(each: Page): Promise<(place: Place) => [number, number]> {
  const { x, y, width, height } = (await each.getByRole('application', { name: 'Canvas' }).boundingBox())!;
  return ([right, down]) => [x + right * width, y + down * height];
}

async function press(each: Page, way: readonly Place[]): Promise<void> {
  const at = await toCanvas(each);
  await each.mouse.move(...at(way[0]));
  await each.mouse.down();
  for (const place of way.slice(1)) await each.mouse.move(...at(place), { steps: 8 });
}

const bow = Array.from({ length: 9 }, (_, i): Place => [
  0.5 - 0.14 * Math.cos((i * Math.PI) / 8),
  0.55 - 0.2 * Math.sin((i * Math.PI) / 8),
]);
/** Each tool with its key, and a press that is still under way. */
const toolShots: Record<string, { key: string; way: readonly Place[]; clicks?: boolean }> = {
  brush: { key: 'b', way: bow },
  eraser: { key: 'e', way: bow },
  outline: { key: 'o', way: bow },
  polygon: { key: 'p', way: bow.filter((_, i) => i % 2 === 0), clicks: true },
  scissors: { key: 'i', way: bow.filter((_, i) => i % 3 === 0), clicks: true },
  superpixels: { key: 's', way: bow },
  wand: { key: 'w', way: [bow[3], [bow[3][0] + 0.03, bow[3][1]]] },
  'cut-out': { key: 'c', way: [bow[0], [0.7, 0.7]] },
  rectangle: { key: 'r', way: [bow[0], [0.7, 0.7]] },
  ellipse: { key: 'Shift+R', way: [bow[0], [0.7, 0.7]] },
  line: { key: 'l', way: [bow[0], [0.7, 0.3]] },
  fill: { key: 'f', way: [bow[4]], clicks: true },
};

/** Every tool with a press under way, which Escape takes back. */
async function shootTools(): Promise<void> {
  for (const [name, { key, way, clicks }] of Object.entries(toolShots))
    await shoot(`tool-${name}`, {
      prepare: async (each) => {
        await each.keyboard.press(key);
        await each.waitForTimeout(key === 's' ? 2500 : 300);
        if (!clicks) return press(each, way);
        const at = await toCanvas(each);
        for (const place of way) {
          await each.mouse.click(...at(place));
          await each.waitForTimeout(400);
        }
      },
      leave: async (each) => {
        await each.keyboard.press('Escape');
        await each.mouse.up();
        await each.keyboard.press('Escape');
        if (name === 'fill') await each.keyboard.press('Control+z');
      },
      forReadme: false,
    });
  await shoot('tool-clean', { prepare: (each) => each.keyboard.press('k'), forReadme: false });
  await page.keyboard.press('b');
  for (const [name, keys] of Object.entries({ contours: 'Shift+H', solo: 'z', compare: 'y' }))
    await shoot(`view-${name}`, {
      prepare: (each) => (name === 'compare' ? each.keyboard.down(keys) : each.keyboard.press(keys)),
      leave: (each) => (name === 'compare' ? each.keyboard.up(keys) : each.keyboard.press(keys)),
      forReadme: false,
    });
}
await shootTools();

/** A run, and what is looked at once there is one. */
async function shootRun(): Promise<void> {
  await go('Runs');
  await page.getByRole('button', { name: 'Use the starter model' }).click();
  await page.getByRole('row').filter({ hasText: 'Starter model (CamVid)' }).first().waitFor();
  await go('Train');
  await page.getByRole('radio', { name: 'Light', exact: true }).click();
  await page.getByLabel('Start from weights').selectOption({ label: 'Starter model (CamVid)' });
  await page.getByRole('button', { name: 'Use fine-tuning settings' }).click();
  await page.getByLabel('Epochs', { exact: true }).fill(given > 0 ? '3' : '16');
  await page.getByLabel('Name').fill('my street');
  await page.getByRole('button', { name: 'Start training' }).click();
  await page.getByText(given > 0 ? /epoch 2 ---/ : /epoch 10 ---/).waitFor({ timeout: 1_800_000 });
  await shoot('training');
  await page.getByRole('status', { name: 'Run state' }).filter({ hasText: 'Finished' }).waitFor({ timeout: 1_800_000 });

  await go('Runs');
  await shoot('runs');
  await go('Review');
  await shootReview();
}

/** The predictions of a split, also in the colours for colour-blind eyes. */
async function shootReview(): Promise<void> {
  await page.getByRole('button', { name: 'Predict val' }).click();
  await page.getByTestId('split-miou').waitFor({ timeout: 300_000 });
  await shoot('review');
  await useSafeColours();
  await shoot('review-safe', { forReadme: false });
  await useSafeColours();
}

async function useSafeColours(): Promise<void> {
  await go('Annotate');
  const more = page.getByText('More of the view');
  const box = page.getByLabel('Colours for colour-blind eyes');
  if (!(await box.isVisible())) await more.click();
  await box.click();
  await go('Review');
  await page.getByRole('figure', { name: 'Prediction' }).waitFor();
}

/** An image without a label in four steps: what the starter proposes, all of it taken, a stroke that is learned from, some more. */
async function shootLabelling(): Promise<void> {
  await go('Library');
  await page.getByRole('combobox', { name: 'Mask' }).selectOption({ label: 'No mask' });
  await page
    .getByRole('option', { name: /, test(,|$)/ })
    .first()
    .click();
  await go('Annotate');
  await page.getByRole('application', { name: 'Canvas' }).waitFor();
  const frames: Buffer[] = [];
  const settled = () => page.locator('[aria-busy=true]').first().waitFor({ state: 'detached' });
  const at = await toCanvas(page);
  const keep = async (pointer: Place) => {
    await settled();
    await page.mouse.move(...at(pointer));
    await page.waitForTimeout(700);
    const clip = (await page.getByRole('application', { name: 'Canvas' }).boundingBox())!;
    frames.push(
      await sharp(await page.screenshot({ clip }))
        .resize(598, 440, { fit: 'cover' })
        .toBuffer(),
    );
  };
  const stroke = async (name: string, way: readonly Place[]) => {
    await page.getByRole('radio', { name }).click();
    await press(page, way);
    await page.mouse.up();
    await settled();
  };
  await page.keyboard.press('t');
  await page.locator('button:enabled', { hasText: 'Take all' }).waitFor({ timeout: 60_000 });
  await keep([0.5, 0.85]);
  await page.keyboard.press('Control+Enter');
  await page.keyboard.press('b');
  await page.getByRole('button', { name: 'Live' }).click();
  await keep([0.5, 0.1]);
  // Where the starter is wrong in this drawing.
  const strokes: [string, Place[]][] = [
    [
      'Pavement',
      [
        [0.167, 0.886],
        [0.254, 0.795],
        [0.342, 0.682],
        [0.4, 0.6],
      ],
    ],
    [
      'Car',
      [
        [0.625, 0.585],
        [0.655, 0.585],
      ],
    ],
    [
      'Car',
      [
        [0.675, 0.61],
        [0.7, 0.6],
      ],
    ],
    [
      'Car',
      [
        [0.617, 0.512],
        [0.633, 0.512],
      ],
    ],
    [
      'Bicyclist',
      [
        [0.73, 0.614],
        [0.734, 0.705],
      ],
    ],
  ];
  await stroke(...strokes[0]);
  await keep(strokes[0][1].at(-1)!);
  for (const each of strokes.slice(1)) await stroke(...each);
  await keep([0.5, 0.1]);
  const strip = sharp({ create: { width: 1200, height: 884, channels: 3, background: '#888888' } });
  const places = frames.map((input, i) => ({ input, left: (i % 2) * 602, top: Math.floor(i / 2) * 444 }));
  await sharp(await strip.composite(places).png().toBuffer())
    .png({ palette: true, quality: 80 })
    .toFile(path.join(docs, 'labelling.png'));
  await page.getByRole('button', { name: 'Live' }).click();
}
if (trains && given < 0) await shootLabelling();
if (trains) await shootRun();
else {
  await go('Review');
  await page.getByRole('button', { name: /starter/ }).click();
  await shootReview();
}

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
