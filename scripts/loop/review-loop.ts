// npm run review-loop [-- --data DIR --spoilt 90 --faults 3 --fix 30 --epochs 2 --seed 5 --sure 0.8]: spoils labels of train in known
// places, lets the starter model rank the images, fixes patches of those that come first as a careful person would, trains on, and tells
// what it was good for: spoilt pixels found in the first minutes, by the ranking and by chance, and mIoU on val before and after.
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { encodeMask, readMask } from '../../src/files/mask-png.ts';
import { builtInClassSet } from '../../src/main/services/class-sets/class-set.ts';
import type { ReviewMasks, ReviewResult } from '../../src/shared/contract/review.ts';
import { forEachSelected } from '../../src/renderer/editor/region.ts';
import { Random } from '../../src/shared/random.ts';
import { diffPatch } from '../../test/helpers/diff-patch.ts';
import { predictSplit, type Call } from '../bench/services.ts';
import { lookAt, type Looked } from './careful-person.ts';
import { faults, spoil, type Confusable, type Spoilt } from './spoil.ts';
import { addStarter, inServices, trainFrom } from './training.ts';

const { values: given } = parseArgs({
  options: {
    data: { type: 'string', default: '../shared/camvid' },
    spoilt: { type: 'string', default: '90' },
    faults: { type: 'string', default: '3' },
    fix: { type: 'string', default: '30' },
    epochs: { type: 'string', default: '2' },
    seed: { type: 'string', default: '5' },
    smallest: { type: 'string', default: '40' },
    sure: { type: 'string', default: '0' },
  },
});
const seed = Number(given.seed);
const pace = { image: 4, patch: 2 };
const asked = { smallest: Number(given.smallest), sureFrom: Number(given.sure) };
const { classes, format } = builtInClassSet('camvid-11');
const idOf = (name: string): number => classes.find((each) => each.name === name)!.id;
const swaps = { Building: 'Tree', Tree: 'Building', Car: 'Building', Pavement: 'Road', Pedestrian: 'Bicyclist', Fence: 'Building' };
const confusable: Confusable = {
  poles: new Set([idOf('Pole'), idOf('SignSymbol')]),
  takenFor: new Map(Object.entries(swaps).map(([of, as]) => [idOf(of), idOf(as)])),
};

/** Copies the images and masks of train and val, and nothing that a workbench has kept beside them. */
function copySplits(from: string, to: string): void {
  for (const each of ['train', 'trainannot', 'val', 'valannot']) cpSync(path.join(from, each), path.join(to, each), { recursive: true });
}

/** What is known of the images of train. */
interface Known {
  truth: Map<string, Uint8Array>;
  spoilt: Map<string, Spoilt>;
}

/** The data set with some labels spoilt, beside one with the true ones. */
function layOut(folder: string): Known {
  copySplits(given.data, folder);
  const names = readdirSync(path.join(folder, 'trainannot')).sort();
  const random = Random.named('spoil', seed);
  const chosen = new Set(random.shuffled(names).slice(0, Number(given.spoilt)));
  const known: Known = { truth: new Map(), spoilt: new Map() };
  for (const name of names) {
    const [id, file] = [`train/${path.parse(name).name}`, path.join(folder, 'trainannot', name)];
    const mask = readMask(file, format);
    known.truth.set(id, mask.ids);
    if (!chosen.has(name)) continue;
    const spoilt = spoil(mask, Number(given.faults), confusable, random);
    known.spoilt.set(id, spoilt);
    rmSync(file);
    writeFileSync(file, encodeMask({ ...mask, ids: spoilt.ids }, format));
  }
  return known;
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** Spoilt pixels of each fault that a person sets right in an image, all of them, and right ones that are set wrong. */
function effectOf(id: string, { region }: Looked, masks: ReviewMasks, { truth, spoilt }: Known) {
  const found = faults.map(() => 0);
  let damaged = 0;
  if (!region) return { found, damaged };
  forEachSelected(region, (x, y, i) => {
    const pixel = y * masks.width + x;
    const real = truth.get(id)![pixel];
    const fault = spoilt.get(id)?.faultOf[pixel] ?? 0;
    if (fault > 0 && region.ids[i] === real) found[fault - 1]++;
    if (masks.label![pixel] === real && region.ids[i] !== real) damaged++;
  });
  return { found, damaged };
}

/** Goes through images in an order, and tells what was found by then. */
async function walk(call: Call, predictionId: string, order: readonly string[], known: Known) {
  const steps: { id: string; seconds: number; looked: Looked; found: number[]; damaged: number; masks: ReviewMasks }[] = [];
  for (const id of order) {
    const masks = await call<ReviewMasks>('review.masks', { predictionId, imageId: id });
    const looked = lookAt(masks, known.truth.get(id)!, asked, pace);
    steps.push({ id, seconds: looked.seconds, looked, masks, ...effectOf(id, looked, masks, known) });
  }
  return steps;
}

type Walk = Awaited<ReturnType<typeof walk>>;
const minutes = [5, 10, 15, 20, 30, 45, 60];

function summaryOf(steps: Walk, total: number, known: Known) {
  let seconds = 0;
  const curve = steps.map((step) => ({ seconds: (seconds += step.seconds), found: sum(step.found) }));
  const foundBy = (minute: number) => sum(curve.filter((each) => each.seconds <= 60 * minute).map(({ found }) => found)) / total;
  return {
    images: steps.length,
    spoiltImages: steps.filter(({ id }) => known.spoilt.has(id)).length,
    minutes: Number((seconds / 60).toFixed(1)),
    patches: sum(steps.map(({ looked }) => looked.patches)),
    taken: sum(steps.map(({ looked }) => looked.taken)),
    foundShare: Number((sum(curve.map(({ found }) => found)) / total).toFixed(3)),
    foundByMinute: Object.fromEntries(
      minutes.filter((each) => each * 60 <= seconds + 300).map((each) => [each, Number(foundBy(each).toFixed(3))]),
    ),
    setWrong: sum(steps.map(({ damaged }) => damaged)),
  };
}

/** Takes what the person has taken, as Review does: one stroke an image. */
async function fix(call: Call, steps: Walk): Promise<void> {
  for (const { id, looked, masks } of steps) {
    const { region } = looked;
    if (!region) continue;
    const after = masks.label!.slice();
    forEachSelected(region, (x, y, i) => (after[y * masks.width + x] = region.ids[i]));
    const whole = { left: 0, top: 0, width: masks.width, height: masks.height };
    const patch = diffPatch(masks.label!, after, masks, whole);
    if (!patch) continue;
    await call('edits.open', { imageId: id, window: 'loop' });
    await call('edits.stroke', { imageId: id, stroke: `loop-${id}`.slice(0, 80), label: 'Prediction', patch });
    await call('edits.save', { imageId: id });
  }
}

const work = mkdtempSync(path.join(os.tmpdir(), 'encnet-loop-'));
try {
  const folder = (name: string) => path.join(work, name);
  const known = layOut(folder('spoilt'));
  copySplits(folder('spoilt'), folder('fixed'));
  const perFault = faults.map((_, n) =>
    sum([...known.spoilt.values()].map(({ faultOf }) => faultOf.filter((each) => each === n + 1).length)),
  );
  const total = sum(perFault);
  const spoiltPixels = Object.fromEntries(faults.map((fault, n) => [fault, perFault[n]]));
  console.log(JSON.stringify({ seed, images: known.truth.size, spoiltImages: known.spoilt.size, spoiltPixels }));
  await inServices(folder('fixed'), async (call) => {
    const starter = await addStarter(call);
    const predictionId = await predictSplit(call, starter.id, 'train');
    const { images } = await call<ReviewResult>('review.result', { predictionId });
    const by = (score: (image: (typeof images)[number]) => number) => images.toSorted((a, b) => score(b) - score(a)).map(({ id }) => id);
    const orders = {
      suspicion: by(({ suspicious }) => suspicious ?? 0),
      loss: by(({ loss }) => loss ?? 0),
      wrong: by(({ wrongPixels }) => wrongPixels),
      chance: Random.named('chance', seed).shuffled(images.map(({ id }) => id)),
    };
    let ranked: Walk = [];
    for (const [order, ids] of Object.entries(orders)) {
      const steps = await walk(call, predictionId, ids.slice(0, Number(given.fix)), known);
      const byFault = faults.map((fault, n): [string, number] => [
        fault,
        Number((sum(steps.map(({ found }) => found[n])) / perFault[n]).toFixed(3)),
      ]);
      console.log(JSON.stringify({ order, ...summaryOf(steps, total, known), byFault: Object.fromEntries(byFault) as object }));
      if (order === 'suspicion') ranked = steps;
    }
    await fix(call, ranked);
  });
  copySplits(given.data, folder('true'));
  for (const name of Number(given.epochs) > 0 ? ['spoilt', 'fixed', 'true'] : []) {
    const trained = await inServices(folder(name), async (call) => trainFrom(call, await addStarter(call), Number(given.epochs)));
    console.log(JSON.stringify({ labels: name, ...trained }));
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
