import type { TrainerJob } from './messages.ts';
import type { RunConfig } from './run-config.ts';

/** What to change so that a run fits memory: half the batch with the same update, or smaller images where the batch is one already. */
export function memoryAdvice({
  batchSize,
  accumulate,
  data: {
    size: [height, width],
  },
}: RunConfig): string {
  const half = Math.floor(batchSize / 2);
  return half > 0
    ? `try a batch of ${half} with ${accumulate * Math.ceil(batchSize / half)} accumulated batches, ` +
        `or images smaller than ${width} x ${height}`
    : `try images smaller than ${width} x ${height}`;
}

/** What to change so that a job fits memory. */
export const memoryAdviceFor = (job: TrainerJob): string =>
  job.kind === 'train' || job.kind === 'find-rate' ? memoryAdvice(job.config) : 'try smaller images or fewer scales';
