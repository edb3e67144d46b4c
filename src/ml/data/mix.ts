import type { Random } from '#shared/random';
import type { DataConfig } from '#shared/training/run-config';
import { voidId } from '#shared/mask/void-id';
import type { Batch } from './batch.ts';

/** Classes of fewer pixels of an image than this share of them are objects in it. */
const objectShare = 0.03;
/** Sides of a pasted box over the image's. */
const boxSides = [0.3, 0.7] as const;

/** Which pixels of an image go into another one. */
type Choice = (labels: Uint8Array, size: readonly [number, number], random: Random) => (pixel: number) => boolean;

/** The classes that an image holds, with their pixels. */
function countsOf(labels: Uint8Array): [id: number, pixels: number][] {
  const counts = new Uint32Array(256);
  for (const id of labels) counts[id]++;
  return [...counts.entries()].filter(([id, count]) => count > 0 && id !== voidId);
}

const ofClasses = (labels: Uint8Array, ids: readonly number[]): ((pixel: number) => boolean) => {
  const chosen = new Uint8Array(256);
  for (const id of ids) chosen[id] = 1;
  return (pixel) => chosen[labels[pixel]] === 1;
};

const choices: Record<Exclude<DataConfig['mix'], 'none'>, Choice> = {
  boxes(_, [height, width], random) {
    const [h, w] = [height, width].map((side) => Math.round(side * (boxSides[0] + (boxSides[1] - boxSides[0]) * random.next())));
    const [top, left] = [random.integer(height - h + 1), random.integer(width - w + 1)];
    return (pixel) => {
      const x = (pixel % width) - left;
      const y = Math.floor(pixel / width) - top;
      return y >= 0 && y < h && x >= 0 && x < w;
    };
  },
  classes(labels, _, random) {
    const ids = random.shuffled(countsOf(labels).map(([id]) => id));
    return ofClasses(labels, ids.slice(0, Math.ceil(ids.length / 2)));
  },
  objects(labels) {
    const few = objectShare * labels.length;
    const counts = countsOf(labels);
    return ofClasses(
      labels,
      counts.filter(([, pixels]) => pixels < few).map(([id]) => id),
    );
  },
};

/**
 * Pastes pixels of another image of the batch, with their labels, where they are there: a network then learns what a thing looks like
 * without the street that it stood in. Nothing is mixed in a batch of one.
 * Sources: `boxes` is CutMix (Yun et al. 2019), `classes` ClassMix (Olsson et al. 2021), `objects` copy-paste (Ghiasi et al. 2021) of what
 * is small, without its own scale.
 * @param share of the images that get something of another one
 */
export function mixBatch(batch: Batch, kind: DataConfig['mix'], share: number, random: Random): void {
  const { count, size } = batch;
  if (kind === 'none' || count < 2) return;
  const pixels = size[0] * size[1];
  const given = { images: batch.images.slice(), labels: batch.labels.slice() };
  for (let to = 0; to < count; to++) {
    if (random.next() >= share) continue;
    const from = (to + 1 + random.integer(count - 1)) % count;
    const goes = choices[kind](given.labels.subarray(from * pixels, (from + 1) * pixels), size, random);
    for (let pixel = 0; pixel < pixels; pixel++) {
      if (!goes(pixel)) continue;
      const source = from * pixels + pixel;
      const target = to * pixels + pixel;
      batch.labels[target] = given.labels[source];
      for (let channel = 0; channel < 3; channel++) batch.images[3 * target + channel] = given.images[3 * source + channel];
    }
  }
}
