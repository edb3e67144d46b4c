// How well tools that go by the photo meet true labels, and how long they take: by the worker's own functions, in Node.
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { Random } from '#shared/random';
import { voidId } from '#shared/mask/void-id';
import { proposalOf } from '../../src/renderer/assist/proposal.ts';
import { traitsOf } from '../../src/renderer/assist/traits.ts';
import { guided, type GuideOptions } from '../../src/renderer/editor/guide.ts';
import { forEachSelected, type Region } from '../../src/renderer/editor/region.ts';
import { capsule } from '../../src/renderer/editor/stamp.ts';
import type { PhotoMap } from '../../src/renderer/editor/vision.ts';
import { followed, movedMask } from '../../src/renderer/vision/follow.ts';
import type { OpenCv, Owned, Pixels } from '../../src/renderer/vision/opencv.ts';
import { photoMapOf } from '../../src/renderer/vision/photo-map.ts';
import { superpixelsOf } from '../../src/renderer/vision/slic.ts';
import { strictOpenCvHere } from '../../test/helpers/opencv.ts';
import { StarterEyes } from './seen.ts';

const classes = 11;
const spacings = [8, 12, 16, 24];
const diameters = [12, 24, 40];
const strokesAnImage = 300;

/** Means, by what they are of. */
class Means {
  private readonly sums = new Map<string, [number, number]>();

  /** @param weight what `value` is a share of, where it is one */
  add(name: string, value: number, weight = 1): void {
    const [sum, count] = this.sums.get(name) ?? [0, 0];
    this.sums.set(name, [sum + value, count + weight]);
  }

  rounded(): Record<string, number> {
    return Object.fromEntries([...this.sums].map(([name, [sum, count]]) => [name, Math.round((10_000 * sum) / count) / 10_000]));
  }
}

async function pictureAt(file: string): Promise<Pixels> {
  const { data, info } = await sharp(file).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  return { data: new Uint8ClampedArray(data), width: info.width, height: info.height };
}

async function labelsAt(file: string): Promise<Uint8Array> {
  const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true });
  return Uint8Array.from({ length: info.width * info.height }, (_, i) => {
    const id = data[i * info.channels];
    return id < classes ? id : voidId;
  });
}

/** The most that whole superpixels can get right. */
function measureSuperpixels(photo: PhotoMap, ids: Uint8Array, means: Means): void {
  for (const spacing of spacings) {
    const begin = performance.now();
    const { labels, boxes } = superpixelsOf(photo, spacing);
    means.add(`superpixels ${spacing} px: ms`, performance.now() - begin);
    const counts = new Int32Array((boxes.length / 4) * classes);
    ids.forEach((id, at) => id !== voidId && counts[labels[at] * classes + id]++);
    let right = 0;
    for (let k = 0; k < counts.length; k += classes) right += Math.max(...counts.subarray(k, k + classes));
    means.add(`superpixels ${spacing} px: right at most`, right, ids.filter((id) => id !== voidId).length);
  }
}

type Guides = Readonly<Record<string, Pick<GuideOptions, 'proposedAt' | 'traits'>>>;

/** What a stroke can go by besides colours, by its name. */
async function guidesOf(file: string, { width, height }: PhotoMap, eyes: StarterEyes): Promise<Guides> {
  const { logits, features } = await eyes.look(file);
  const { ids } = proposalOf(logits, width, height);
  const traits = traitsOf(features);
  const proposedAt = (x: number, y: number) => ids[y * width + x];
  return {
    colours: { proposedAt: null, traits: null },
    'and the proposal': { proposedAt, traits: null },
    'and features': { proposedAt: null, traits },
    'and both': { proposedAt, traits },
  };
}

/** Strokes of 8 px whose middle stays in one class and whose brush covers others too. */
function measureGuide(photo: PhotoMap, ids: Uint8Array, { random, guides }: { random: Random; guides: Guides }, means: Means): void {
  const image = { width: photo.width, height: photo.height };
  const idAt = (x: number, y: number) => ids[Math.floor(y) * image.width + Math.floor(x)];
  for (let n = 0; n < strokesAnImage; n++) {
    const diameter = diameters[n % diameters.length];
    const from = { x: 20.5 + random.integer(image.width - 40), y: 20.5 + random.integer(image.height - 40) };
    const angle = random.between(0, 2 * Math.PI);
    const to = { x: from.x + 8 * Math.cos(angle), y: from.y + 8 * Math.sin(angle) };
    const id = idAt(from.x, from.y);
    const covered = capsule(from, to, diameter / 2, image)!;
    const plain = meet(covered, id, ids, image.width);
    if (id === voidId || idAt(to.x, to.y) !== id || plain.wrong < (plain.right + plain.wrong) / 10) continue;
    means.add(`guide ${diameter} px: right of what a plain brush paints`, plain.right, plain.right + plain.wrong);
    for (const [name, goesBy] of Object.entries(guides)) {
      const begin = performance.now();
      const kept = guided(covered, from, to, { photo, image, ...goesBy });
      means.add(`guide ${diameter} px, ${name}: ms a move`, performance.now() - begin);
      const told = meet(kept, id, ids, image.width);
      means.add(`guide ${diameter} px, ${name}: right of what is painted`, told.right, told.right + told.wrong);
      means.add(`guide ${diameter} px, ${name}: painted of what is right`, told.right, plain.right);
    }
  }
}

function meet(region: Region, id: number, ids: Uint8Array, width: number): { right: number; wrong: number } {
  const met = { right: 0, wrong: 0 };
  forEachSelected(region, (x, y) => {
    const label = ids[y * width + x];
    if (label !== voidId) met[label === id ? 'right' : 'wrong']++;
  });
  return met;
}

/** How much of an image's labels the mask before it has, as it is and moved along. */
async function measureFollowing(folder: string, [before, here]: readonly [string, string], cv: OpenCv, means: Means): Promise<void> {
  const [now, then] = await Promise.all([here, before].map((name) => pictureAt(path.join(folder, name))));
  const [ids, others] = await Promise.all([here, before].map((name) => labelsAt(path.join(`${folder}annot`, name))));
  const kept: Owned[] = [];
  try {
    const begin = performance.now();
    const found = followed(cv, (thing) => (kept.push(thing), thing), now, then);
    means.add('the mask before: ms', performance.now() - begin);
    const size = { width: now.width, height: now.height };
    const moved = movedMask(others, size, found, size).ids;
    const labelled = ids.filter((id) => id !== voidId).length;
    const agree = (mask: Uint8Array) => ids.filter((id, at) => id !== voidId && mask[at] === id).length;
    means.add('the mask before: right as it is', agree(others), labelled);
    means.add('the mask before: right moved along', agree(moved), labelled);
  } finally {
    for (const thing of kept) thing.delete();
  }
}

export interface PhotoToolArguments {
  /** A data set in CamVid's folders. */
  data: string;
  split: string;
  /** Every so many images. */
  every: number;
}

export async function measurePhotoTools({ data, split, every }: PhotoToolArguments): Promise<Record<string, number>> {
  const folder = path.join(data, split);
  const names = readdirSync(folder)
    .filter((name) => existsSync(path.join(`${folder}annot`, name)))
    .sort();
  const cv = await strictOpenCvHere<OpenCv>();
  const random = Random.named('photo tools', 1);
  const means = new Means();
  const eyes = new StarterEyes();
  try {
    for (let i = 1; i < names.length; i += every) {
      const photo = photoMapOf(await pictureAt(path.join(folder, names[i])));
      const ids = await labelsAt(path.join(`${folder}annot`, names[i]));
      measureSuperpixels(photo, ids, means);
      measureGuide(photo, ids, { random, guides: await guidesOf(path.join(folder, names[i]), photo, eyes) }, means);
      // Names that begin alike are of one drive.
      if (names[i].slice(0, 6) === names[i - 1].slice(0, 6)) await measureFollowing(folder, [names[i - 1], names[i]], cv, means);
    }
  } finally {
    await eyes.close();
  }
  return means.rounded();
}
