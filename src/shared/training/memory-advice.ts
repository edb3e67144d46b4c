import type { TrainerJob } from './messages.ts';
import type { RunConfig } from './run-config.ts';

/** As many as a recipe may have. */
const mostAccumulated = 64;

/** What to change so that a run fits memory: a part of the batch with the same update, or smaller images. */
export function memoryAdvice({ batchSize, accumulate, data }: RunConfig): string {
  const [height, width] = data.size;
  const smaller = `images smaller than ${width} x ${height}`;
  // The same update: as many images in as many equal parts. Images are mixed within a batch, which takes two.
  const parts = [2, 3, 5, 7].find((count) => batchSize % count === 0) ?? batchSize;
  const batch = batchSize / parts;
  const fewest = data.mix === 'none' ? 1 : 2;
  return parts > 1 && batch >= fewest && accumulate * parts <= mostAccumulated
    ? `try a batch of ${batch} with ${accumulate * parts} accumulated batches, or ${smaller}`
    : `try ${smaller}`;
}

/** What to change so that a job fits memory. */
export const memoryAdviceFor = (job: TrainerJob): string =>
  job.kind === 'train' || job.kind === 'find-rate' ? memoryAdvice(job.config) : 'try smaller images or fewer scales';
