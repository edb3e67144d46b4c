// npm run replay [-- --data DIR --images 8 --seed 5 --modes a,b,c --actions 150]: labels images from empty through the window, in a
// real Chromium with real pointer events, led by the true label, and tells how much of it is right after how many actions.
// The annotator is perfect, and always goes for the largest wrong region: people are slower to find it.
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Page } from 'playwright';
import { readMask } from '../../src/files/mask-png.ts';
import { builtInClassSet } from '../../src/main/services/class-sets/class-set.ts';
import { largestBrush } from '../../src/renderer/editor/brush-sizes.ts';
import { fit } from '../../src/renderer/editor/viewport.ts';
import { Random } from '../../src/shared/random.ts';
import { inWorkbench } from '../bench/in-workbench.ts';
import { summaryOf } from '../bench/summary.ts';
import { gainOf, largestWrong, lengthOf, outlineOf, piecesOf, strokeIn, type Mask } from './annotator.ts';

const { values: given } = parseArgs({
  options: {
    data: { type: 'string', default: '../shared/camvid' },
    images: { type: 'string', default: '8' },
    seed: { type: 'string', default: '5' },
    modes: { type: 'string', default: 'a,b,c' },
    actions: { type: 'string', default: '150' },
  },
});
const checkpoints = [0, 10, 20, 40, 60, 100, 150].filter((at) => at <= Number(given.actions));
const { classes, format } = builtInClassSet('camvid-11');
const classKeys = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '0', '-'];
const diameters = [3, 7, 15, 31];
/** Shares right at which what it took is told. */
const aims = [85, 90, 95, 97, 98, 99];
/** An outline that is drawn in the two seconds of an action. */
const longestOutline = 260;

type Mode = 'a' | 'b' | 'c';
const words: Record<Mode, string> = {
  a: 'polygon, brush and fill',
  b: "the starter's proposal, live, outlines",
  c: 'live and outlines from empty, classes unknown to the starter',
};

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** What a run through one image gave. */
interface Outcome {
  /** Share right at each checkpoint. */
  right: number[];
  /** Confusion of truth and mask at each checkpoint. */
  confusion: number[][];
  /** Presses of the pointer and of keys until each of the aims was reached; null for never. */
  inputs: (number | null)[];
  /** Milliseconds of each action, from its first event until the window had settled, and of these since its last event. */
  waits: number[];
  settles: number[];
}

const names = Random.named('replay', Number(given.seed))
  .shuffled(readdirSync(path.join(given.data, 'val')).sort())
  .slice(0, Number(given.images));

/** In mode c the same classes under other names: the starter knows none of them. */
function layOut(folder: string, mode: Mode): void {
  mkdirSync(path.join(folder, 'images'), { recursive: true });
  for (const name of names) copyFileSync(path.join(given.data, 'val', name), path.join(folder, 'images', name));
  const named = classes.map(({ name, color, value }) => ({ name: mode === 'c' ? `my ${name}` : name, color, value }));
  writeFileSync(path.join(folder, 'classes.json'), JSON.stringify({ name: 'Replay', voidValue: format.voidValue, classes: named }));
}

class Hand {
  /** Presses of the pointer and of keys. */
  inputs = 0;
  private tool = '';
  private classId = -1;
  private diameter = 0;
  readonly page: Page;
  private readonly box: Box;
  private readonly size: Mask;

  constructor(page: Page, box: Box, size: Mask) {
    [this.page, this.box, this.size] = [page, box, size];
  }

  /** Screen place of an image place while the image is fitted. */
  private at({ x, y }: { x: number; y: number }): [number, number] {
    const view = fit(this.size, this.box);
    return [this.box.x + view.x + x * view.scale, this.box.y + view.y + y * view.scale];
  }

  async take(tool: string, classId: number, diameter = this.diameter): Promise<void> {
    if (tool !== this.tool) await this.key(tool);
    if (classId !== this.classId) await this.key(classKeys[classId]);
    if (diameter !== this.diameter && ++this.inputs) await this.page.getByLabel('Brush size').fill(String(shareOf(diameter)));
    [this.tool, this.classId, this.diameter] = [tool, classId, diameter];
  }

  async key(key: string): Promise<void> {
    this.inputs++;
    await this.page.keyboard.press(key);
  }

  async drag(points: readonly { x: number; y: number }[]): Promise<void> {
    this.inputs++;
    await this.page.mouse.move(...this.at(points[0]));
    await this.page.mouse.down();
    for (const point of points.slice(1)) await this.page.mouse.move(...this.at(point));
    await this.page.mouse.up();
  }

  async click(points: readonly { x: number; y: number }[]): Promise<void> {
    for (const point of points) {
      this.inputs++;
      await this.page.mouse.click(...this.at(point));
    }
  }
}

const shareOf = (diameter: number) => Math.round((200 * Math.log(diameter)) / Math.log(largestBrush)) / 200;

async function labelImage(page: Page, folder: string, name: string, mode: Mode): Promise<Outcome> {
  const truthFile = path.join(given.data, 'valannot', name);
  const { ids, width, height } = readMask(truthFile, format);
  const truth: Mask = { ids, width, height };
  const maskFile = path.join(folder, 'masks', name);
  await page.getByRole('button', { name: path.parse(name).name, exact: true }).click();
  await page.getByRole('toolbar', { name: 'Tool options' }).getByText(path.parse(name).name).waitFor();
  const canvas = page.getByRole('application', { name: 'Canvas' });
  await canvas.waitFor();
  const hand = new Hand(page, (await canvas.boundingBox())!, truth);
  await page.keyboard.press('Control+0');
  const live = page.getByRole('button', { name: 'Live' });
  const settled = () => page.locator('[aria-busy=true]').first().waitFor({ state: 'detached' });
  const outcome: Outcome = { right: [], confusion: [], inputs: aims.map(() => null), waits: [], settles: [] };
  const skipped = new Set<number>();
  let mask: Uint8Array = new Uint8Array(width * height).fill(255);
  const read = async () => {
    await page.keyboard.press('Control+s');
    await page
      .getByRole('status', { name: 'Save state' })
      .filter({ hasText: /^Saved/ })
      .waitFor();
    if (existsSync(maskFile)) mask = readMask(maskFile, format).ids;
  };
  if (mode !== 'a') {
    await page.keyboard.press('t');
    if ((await live.getAttribute('aria-pressed')) !== 'true') await live.click();
    await page.locator('button:enabled', { hasText: 'Take all' }).waitFor();
    await settled();
  }
  for (let action = 0; action <= Number(given.actions); action++) {
    if (checkpoints.includes(action)) tally(outcome, truth, mask);
    const share = shareRight(truth, mask);
    outcome.inputs = outcome.inputs.map((inputs, i) => inputs ?? (share >= aims[i] ? hand.inputs : null));
    const since = performance.now();
    if (action === 0 && mode === 'b') await hand.key('Control+Enter');
    else {
      const region = largestWrong(truth, mask, classes.length, skipped);
      if (!region) break;
      const before = mask;
      await correct(hand, truth, mask, region, mode);
      const done = performance.now();
      await settled();
      outcome.settles.push(performance.now() - done);
      outcome.waits.push(performance.now() - since);
      await read();
      if (region.pixels.every((pixel) => before[pixel] === mask[pixel])) skipped.add(Math.min(...region.pixels));
      continue;
    }
    await settled();
    await read();
  }
  while (outcome.right.length < checkpoints.length) tally(outcome, truth, mask);
  return outcome;
}

/** One action on the largest wrong region. */
async function correct(hand: Hand, truth: Mask, mask: Uint8Array, region: { id: number; pixels: number[] }, mode: Mode): Promise<void> {
  const outline = outlineOf(region, truth, mode === 'a' ? 1.2 : 0.8);
  const gain = gainOf(outline, region.id, truth, mask, classes.length);
  const drawn = outline.length > 2 && gain > region.pixels.length / 2;
  if (!drawn || (mode !== 'a' && lengthOf([...outline, outline[0]]) > longestOutline)) {
    const { points, diameter } = strokeIn(region, truth, diameters);
    await hand.take('b', region.id, diameter);
    return hand.drag(points);
  }
  await hand.take(mode === 'a' ? 'p' : 'o', region.id);
  if (mode !== 'a') return hand.drag([...outline, outline[0]]);
  // With the polygon, whichever is less: a press a corner, or pieces that are drawn in two seconds each.
  const pieces = piecesOf(outlineOf(region, truth, 0.8), longestOutline);
  if (pieces.length < outline.length) for (const piece of pieces) await hand.drag(piece);
  else await hand.click(outline);
  await hand.key('Enter');
}

function shareRight({ ids }: Mask, mask: Uint8Array): number {
  let [right, labelled] = [0, 0];
  ids.forEach((id, pixel) => {
    if (id >= classes.length) return;
    labelled++;
    if (mask[pixel] === id) right++;
  });
  return (100 * right) / labelled;
}

function tally(outcome: Outcome, truth: Mask, mask: Uint8Array): void {
  const confusion = new Array<number>(classes.length * (classes.length + 1)).fill(0);
  truth.ids.forEach((id, pixel) => {
    if (id < classes.length) confusion[id * (classes.length + 1) + Math.min(mask[pixel], classes.length)]++;
  });
  outcome.right.push(shareRight(truth, mask));
  outcome.confusion.push(confusion);
}

/** Mean IoU over the classes that are there, of all images together. */
function miouOf(outcomes: readonly Outcome[], at: number): number {
  const width = classes.length + 1;
  const sum = outcomes.reduce(
    (total, { confusion }) => total.map((n, i) => n + confusion[at][i]),
    new Array<number>(classes.length * width).fill(0),
  );
  const ious = classes.flatMap(({ id }) => {
    const truly = sum.slice(id * width, (id + 1) * width).reduce((a, b) => a + b, 0);
    const said = classes.reduce((total, other) => total + sum[other.id * width + id], 0);
    return truly === 0 ? [] : [sum[id * width + id] / (truly + said - sum[id * width + id])];
  });
  return ious.reduce((a, b) => a + b, 0) / ious.length;
}

const mean = (numbers: readonly number[]) => numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
/** Presses on average until each of the aims; how many images never reached it. */
const inputsOf = (outcomes: readonly Outcome[]): string =>
  aims
    .map((_, i) => {
      const reached = outcomes.flatMap(({ inputs }) => inputs[i] ?? []);
      const never = outcomes.length - reached.length;
      return `${reached.length > 0 ? mean(reached).toFixed(0) : '-'}${never > 0 ? ` (${never} never)` : ''}`;
    })
    .join(', ');
async function replay(mode: Mode): Promise<void> {
  const work = mkdtempSync(path.join(os.tmpdir(), 'encnet-replay-'));
  const folder = path.join(work, 'street');
  try {
    layOut(folder, mode);
    await inWorkbench({ userData: path.join(work, 'user'), data: folder }, async (page) => {
      await page.getByRole('navigation', { name: 'Places' }).getByRole('button', { name: 'Annotate', exact: true }).click();
      const outcomes: Outcome[] = [];
      for (const name of names) {
        const outcome = await labelImage(page, folder, name, mode);
        outcomes.push(outcome);
        console.log(`${mode} ${name}  ${outcome.right.map((share) => share.toFixed(1)).join(' ')}  ${inputsOf([outcome])}`);
      }
      const times = (of: 'waits' | 'settles') => {
        const { p50, p95 } = summaryOf(outcomes.flatMap((outcome) => outcome[of]));
        return `p50 ${p50.toFixed(0)} ms, p95 ${p95.toFixed(0)} ms`;
      };
      console.log(`\n(${mode}) ${words[mode]}: ${names.length} images, seed ${given.seed}`);
      console.log(`| actions | ${checkpoints.join(' | ')} |`);
      console.log(`| right, % | ${checkpoints.map((_, i) => mean(outcomes.map(({ right }) => right[i])).toFixed(1)).join(' | ')} |`);
      console.log(`| mIoU | ${checkpoints.map((_, i) => miouOf(outcomes, i).toFixed(3)).join(' | ')} |`);
      console.log(`presses of pointer and keys until ${aims.join(', ')} %: ${inputsOf(outcomes)}`);
      console.log(`from an action's first event until the window had settled: ${times('waits')}; from its last: ${times('settles')}\n`);
    });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

for (const mode of given.modes.split(',') as Mode[]) await replay(mode);
