import { AppError, messageOf } from '#shared/errors';
import type { Sample } from '#shared/data/sample';
import { voidId } from '#shared/mask/void-id';
import type { TrainingSet } from '../data/batches.ts';
import type { SamplePool } from '../data/sample-pool.ts';
import type { Control } from './control.ts';

/** What reading a split once finds: `samples` are those whose image and label can be read. */
export interface LabelStatistics extends TrainingSet {
  samples: Sample[];
  /** Of each, what was read: `DecodedSample.revisions`. */
  revisions: string[];
  holders: Sample[][];
  /** One sentence for each sample that cannot be read. */
  excluded: string[];
  /** Labelled pixels of each class. */
  pixels: Float64Array;
  /** Pixels of the images in which each class occurs. */
  imagePixels: Float64Array;
}

/** Samples read at a time: enough to keep the workers busy. */
const together = 8;

/**
 * Reads every sample once: counts its classes, fills the cache, and sets aside what cannot be read.
 * @param control a stop ends the reading early, with what has been read
 * @param breathe lets messages in after each sample, and waits while the run is paused
 */
export async function gatherStatistics(
  pool: SamplePool,
  samples: readonly Sample[],
  numClasses: number,
  control: Control,
  breathe: () => Promise<void> = () => control.breathe(),
): Promise<LabelStatistics> {
  const statistics: LabelStatistics = {
    samples: [],
    revisions: [],
    holders: Array.from({ length: numClasses }, () => []),
    excluded: [],
    pixels: new Float64Array(numClasses),
    imagePixels: new Float64Array(numClasses),
  };
  for (let first = 0; first < samples.length && !control.stopRequested; first += together) {
    const chosen = samples.slice(first, first + together);
    const results = await Promise.allSettled(chosen.map((sample) => pool.get(sample)));
    for (const [index, result] of results.entries()) {
      if (result.status === 'rejected') statistics.excluded.push(`${chosen[index].id}: ${messageOf(result.reason)}`);
      else if (!result.value.labels) statistics.excluded.push(`${chosen[index].id} has no label`);
      else {
        statistics.revisions.push(result.value.revisions);
        count(chosen[index], result.value.labels, statistics);
      }
      await breathe();
    }
  }
  return statistics;
}

function count(sample: Sample, labels: Uint8Array, { samples, holders, pixels, imagePixels }: LabelStatistics): void {
  const counts = new Float64Array(256);
  for (const label of labels) counts[label]++;
  samples.push(sample);
  for (let id = 0; id < pixels.length && id < voidId; id++) {
    pixels[id] += counts[id];
    if (counts[id] === 0) continue;
    imagePixels[id] += labels.length;
    holders[id].push(sample);
  }
}

/** Whether any pixel of them is labelled. */
export const hasAnyLabel = ({ pixels }: LabelStatistics): boolean => pixels.some((count) => count > 0);

/** There must be a pixel to learn from. @throws AppError 'invalid-argument' */
export function assertAnyLabel(train: LabelStatistics): void {
  if (hasAnyLabel(train)) return;
  throw new AppError(
    'invalid-argument',
    `No pixel of the ${train.samples.length} training images is labelled: all of them are void. Label some, or choose other images.`,
  );
}
