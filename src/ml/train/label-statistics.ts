import { messageOf } from '#shared/errors';
import type { Sample } from '#shared/training/messages';
import { voidId } from '#shared/mask/void-id';
import type { SampleStore } from '../data/sample-store.ts';

export interface LabelStatistics {
  /** Samples whose image and label can be read. */
  usable: Sample[];
  /** One sentence for each sample that cannot. */
  excluded: string[];
  /** Labelled pixels of each class. */
  pixels: Float64Array;
  /** Pixels of the images in which each class occurs. */
  imagePixels: Float64Array;
}

/** Reads every sample once: counts its classes, fills the cache, and sets aside what cannot be read. */
export async function surveySamples(store: SampleStore, samples: readonly Sample[], numClasses: number, progress: (done: number) => Promise<void>): Promise<LabelStatistics> {
  const statistics: LabelStatistics = { usable: [], excluded: [], pixels: new Float64Array(numClasses), imagePixels: new Float64Array(numClasses) };
  let done = 0;
  for (const sample of samples) {
    try {
      const { labels } = await store.get(sample);
      if (!labels) throw new Error(`${sample.id} has no label`);
      countLabels(labels, statistics);
      statistics.usable.push(sample);
    } catch (error) {
      statistics.excluded.push(messageOf(error));
    }
    await progress(++done);
  }
  return statistics;
}

function countLabels(labels: Uint8Array, { pixels, imagePixels }: LabelStatistics): void {
  const counts = new Float64Array(256);
  for (const label of labels) counts[label]++;
  for (let id = 0; id < pixels.length && id < voidId; id++) {
    pixels[id] += counts[id];
    if (counts[id] > 0) imagePixels[id] += labels.length;
  }
}
