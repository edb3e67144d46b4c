// npm run queue-loop [-- --data DIR --seeds 1,2,3 --steps 300 --width 32]: labels 5, 10 and 20 % of train, those that the queue of
// most useful images comes to next or as many by chance, trains a small network from nothing on each, and tells the mIoU on val.
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { usefulOrder, type Usefulness } from '../../src/shared/assist/usefulness.ts';
import type { ReviewResult } from '../../src/shared/contract/review.ts';
import { Random } from '../../src/shared/random.ts';
import { learntSizeOf, sideAsLearnt } from '../../src/shared/training/input-size.ts';
import { findPreset, withSettings } from '../../src/shared/training/presets.ts';
import type { RunConfig } from '../../src/shared/training/run-config.ts';
import { predictSplit, type Call } from '../bench/services.ts';
import { inServices, train } from './training.ts';

const { values: given } = parseArgs({
  options: {
    data: { type: 'string', default: '../shared/camvid' },
    seeds: { type: 'string', default: '1,2,3' },
    steps: { type: 'string', default: '300' },
    width: { type: 'string', default: '32' },
    size: { type: 'string', default: '192x256' },
    shares: { type: 'string', default: '5,10,20' },
  },
});
const images = readdirSync(path.join(given.data, 'train')).sort();
const val = readdirSync(path.join(given.data, 'val')).sort();
const counts = given.shares.split(',').map((share) => Math.round((Number(share) / 100) * images.length));
/** A run validates on every so many images of val; it is scored on all of them afterwards. */
const validatedEvery = 12;

/** The data set of which some images of train are labelled; all of val is its test split. */
function layOut(folder: string, labelled: ReadonlySet<string>): void {
  const copy = (from: string, to: string, names: Iterable<string>) => {
    mkdirSync(path.join(folder, to), { recursive: true });
    for (const name of names) copyFileSync(path.join(given.data, from, name), path.join(folder, to, name));
  };
  copy('train', 'train', images);
  copy('trainannot', 'trainannot', labelled);
  for (const kind of ['', 'annot']) {
    copy(`val${kind}`, `test${kind}`, val);
    copy(
      `val${kind}`,
      `val${kind}`,
      val.filter((_, n) => n % validatedEvery === 0),
    );
  }
}

/** So few steps never overfit: most of what holds a network back from it only slows them. Nor is fitting offsets worth its time. */
const short = {
  'model.contextDropout': 0,
  'model.dropPath': 0,
  'data.mix': 'none',
  'data.rotation': 0,
  'data.blur': 0,
  decision: 'likeliest',
  // As when it was first run, so that its steps are the same.
  batchSize: 8,
  'optimizer.learningRate': 0.002,
};

function configOf(labelled: number, seed: number): RunConfig {
  const { config } = findPreset('light');
  const size = given.size.split('x').map(Number);
  const { stride } = learntSizeOf(config);
  const evaluationSize = size.map((side) => sideAsLearnt(side * 1.18, side, stride));
  const epochs = Math.max(1, Math.round(Number(given.steps) / Math.max(1, Math.floor(labelled / short.batchSize))));
  const settings = {
    ...short,
    'model.width': Number(given.width),
    'data.size': size,
    evaluationSize,
    epochs,
    seed,
    checkpointEvery: 1000,
    emaDecay: 0.98,
  };
  return withSettings(config, settings);
}

const idOf = (name: string): string => `train/${path.parse(name).name}`;

/** Names the images that the queue comes to next. */
async function queued(call: Call, run: string, labelled: ReadonlySet<string>, count: number): Promise<string[]> {
  const known = new Map<string, Usefulness>();
  for (const name of images) known.set(name, await call<Usefulness>('assist.doubt', { imageId: idOf(name), runId: run }));
  const seen = [...labelled].map((name) => known.get(name)!);
  const open = images.filter((name) => !labelled.has(name)).map((name) => ({ name, ...known.get(name)! }));
  return usefulOrder(open, count, seen)
    .slice(0, count)
    .map(({ name }) => name);
}

/** Trains on what is labelled. @param more how many more are to be chosen by the queue then @returns mIoU on val, and these */
async function stage(labelled: ReadonlySet<string>, seed: number, more: number) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'encnet-queue-'));
  try {
    layOut(folder, labelled);
    return await inServices(folder, async (call) => {
      const { run, minutes } = await train(call, configOf(labelled.size, seed), 'queue', null);
      const predictionId = await predictSplit(call, run, 'test');
      const { miou } = await call<ReviewResult>('review.result', { predictionId });
      return { miou, minutes, next: more > 0 ? await queued(call, run, labelled, more) : [] };
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

for (const seed of given.seeds.split(',').map(Number)) {
  const order = Random.named('chance', seed).shuffled(images);
  for (const arm of ['queue', 'chance'] as const) {
    let labelled = new Set(order.slice(0, counts[0]));
    for (const [n, count] of counts.entries()) {
      // Both begin with the same images.
      if (n === 0 && arm === 'chance') continue;
      if (arm === 'chance') labelled = new Set(order.slice(0, count));
      const more = arm === 'queue' && n + 1 < counts.length ? counts[n + 1] - count : 0;
      const { miou, minutes, next } = await stage(labelled, seed, more);
      console.log(JSON.stringify({ seed, arm: n === 0 ? 'both' : arm, labelled: count, miou, minutes }));
      labelled = new Set([...labelled, ...next]);
    }
  }
}
