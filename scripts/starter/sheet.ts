// node scripts/starter/sheet.ts CAMVID: docs/images/starter-sample.png and starter-val.png, what the starter model predicts. Of CamVid,
// which is for research and is not ours to give away, neither photos nor labels are shown: the prediction, and where it is wrong.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright';
import sharp from 'sharp';
import { builtInClassSet } from '../../src/main/services/class-sets/class-set.ts';
import { encodeIds, readStoredMask } from '../../src/files/mask-png.ts';
import { chromiumArguments, findChromium } from '../../test/helpers/chromium.ts';
import { root } from '../../test/helpers/workbench.ts';
import { cli, modelName } from './cli.ts';

if (!process.argv[2]) throw new Error('Usage: node scripts/starter/sheet.ts CAMVID');
const camvid = path.resolve(process.argv[2]);
const sample = path.join(root, 'resources/sample');
const model = path.join(root, 'resources/models', modelName);
const { classes } = builtInClassSet('camvid-11');
/** Of each class, and black for what is none. */
const palette = [...classes.map(({ color }) => color), [0, 0, 0] as [number, number, number]];
const work = mkdtempSync(path.join(os.tmpdir(), 'starter-sheet-'));

interface Masks {
  name: string;
  photo: string;
  width: number;
  height: number;
  label: Uint8Array;
  predicted: Uint8Array;
}

/** The predictions of images of a folder, with the labels beside it in SegNet's layout. */
function predictions(folder: string, split: string, take: (names: string[]) => string[]): Masks[] {
  const names = take(readdirSync(path.join(folder, split)).sort());
  const photos = names.map((name) => path.join(folder, split, name));
  const out = path.join(work, path.basename(folder), split);
  cli('predict', '--checkpoint', model, '--images', ...photos, '--out', out, '--ids', 'dense');
  return names.map((name, i) => {
    const png = `${path.parse(name).name}.png`;
    const { width, height, values: label } = readStoredMask(path.join(folder, `${split}annot`, png));
    return { name: path.parse(name).name, photo: photos[i], width, height, label, predicted: readStoredMask(path.join(out, png)).values };
  });
}

/** An address of a picture that shows `ids` in the colours of their classes, and black where they are of none or `hidden`. */
function drawn({ width, height }: Masks, ids: Uint8Array, hidden: (at: number) => boolean = () => false): string {
  const shown = ids.map((id, at) => (id < classes.length && !hidden(at) ? id : classes.length));
  const png = encodeIds({ width, height, ids: shown }, palette);
  return `data:image/png;base64,${Buffer.from(png).toString('base64')}`;
}

const figure = (title: string, pictures: string[]): string =>
  `<figure>${pictures.map((source) => `<img src="${source}">`).join('')}<figcaption>${title}</figcaption></figure>`;

function fromSample(masks: Masks): string {
  const photo = `data:image/jpeg;base64,${readFileSync(masks.photo, 'base64')}`;
  return figure(masks.name, [photo, drawn(masks, masks.label), drawn(masks, masks.predicted)]);
}

function fromCamVid(masks: Masks): string {
  const { label, predicted } = masks;
  const labelled = label.reduce((sum, id) => sum + Number(id < classes.length), 0);
  const right = label.reduce((sum, id, at) => sum + Number(id < classes.length && id === predicted[at]), 0);
  const wrong = drawn(masks, predicted, (at) => label[at] >= classes.length || label[at] === predicted[at]);
  return figure(`${masks.name}: ${((100 * right) / labelled).toFixed(1)} % right`, [drawn(masks, predicted), wrong]);
}

async function shoot(file: string, heading: string, columns: number, figures: string[]): Promise<void> {
  const legend = classes.map(({ name, color }) => `<li><i style="background: rgb(${color.join()})"></i>${name}</li>`).join('');
  const page = path.join(work, 'sheet.html');
  writeFileSync(
    page,
    `<!doctype html><meta charset="utf-8"><style>
    body { font: 15px/1.3 sans-serif; color: #222; background: #fff; margin: 20px; width: 1400px }
    ul { display: flex; gap: 18px; padding: 0; list-style: none } i { display: inline-block; width: 14px; height: 14px; margin-right: 6px }
    main { display: grid; grid-template-columns: repeat(var(--columns), 1fr); gap: 14px 24px }
    figure { margin: 0 } figcaption { margin-top: 2px }
    img { width: calc(100% / var(--across)); vertical-align: top; border-right: 2px solid #fff; box-sizing: border-box }
    </style><h3>${heading}</h3><ul>${legend}</ul><main>${figures.join('')}</main>`,
  );
  const browser = await chromium.launch({ executablePath: await findChromium(), args: chromiumArguments });
  try {
    const sheet = await browser.newPage({ viewport: { width: 1440, height: 600 } });
    await sheet.goto(`file://${page}`);
    await sheet.addStyleTag({ content: `body { --columns: ${columns}; --across: ${figures[0].split('<img').length - 1} }` });
    const picture = await sharp(await sheet.screenshot({ fullPage: true }))
      .png({ palette: true, colours: 128 })
      .toBuffer();
    writeFileSync(path.join(root, 'docs/images', file), picture);
  } finally {
    await browser.close();
  }
}

try {
  const drawnScenes = predictions(sample, 'val', (names) => names).map(fromSample);
  await shoot(
    'starter-sample.png',
    'Drawn scenes, of another kind than anything the starter model has learnt: photo, label, prediction',
    2,
    drawnScenes,
  );
  const fifth = (names: string[]): string[] => names.filter((_, at) => at % 5 === 0 && at < 100);
  const streets = predictions(camvid, 'val', fifth).map(fromCamVid);
  await shoot(
    'starter-val.png',
    'Every fifth of the first hundred images of CamVid’s val: the prediction, and what of it is wrong',
    3,
    streets,
  );
} finally {
  rmSync(work, { recursive: true });
}
