import type { RunState } from '#files/checkpoint-metadata';
import { SamplePool } from '#ml/data/sample-pool';
import { Control } from '#ml/train/control';
import { fit } from '#ml/train/fit';
import type { MaskFormat } from '#shared/classes/class-info';
import type { TrainerEvent, TrainJob } from '#shared/training/messages';
import { findPreset } from '#shared/training/presets';
import type { RunConfig } from '#shared/training/run-config';
import { jobData } from './job-data.ts';
import { makeDataset, temporaryFolder } from './dataset.ts';

/** A configuration that trains in moments. */
export function smallConfig(changes: Partial<RunConfig> = {}): RunConfig {
  const { config } = findPreset('tiny');
  return { ...config, batchSize: 2, evaluationSize: [48, 64], data: { ...config.data, size: [32, 48] }, ...changes };
}

/** A run of one epoch on four images that starts from nothing, in a folder of its own. */
export async function smallJob(changes: Partial<RunConfig> = {}): Promise<TrainJob> {
  return {
    kind: 'train',
    config: smallConfig({ epochs: 1, ...changes }),
    ...jobData(await makeDataset({ train: 4, val: 2 })),
    outDir: temporaryFolder(),
    resumeFrom: null,
    initialWeights: null,
  };
}

export const poolEntry = new URL('../../src/ml/trainer/data-worker.ts', import.meta.url);

export function createPool(format: MaskFormat | null, options: { workers?: number; budgetBytes?: number } = {}): SamplePool {
  return new SamplePool(format, { entry: poolEntry, workers: options.workers ?? 1, budgetBytes: options.budgetBytes ?? 1e8 });
}

/** Trains in this process and collects what is said. @param steer called with each event; may use the control */
export async function runFit(
  job: TrainJob,
  steer: (event: TrainerEvent, control: Control) => void = () => undefined,
): Promise<TrainerEvent[]> {
  const pool = createPool(job.maskFormat, { workers: job.config.data.workers, budgetBytes: job.config.data.cacheMb * 1e6 });
  const control = new Control();
  const events: TrainerEvent[] = [];
  try {
    await fit(job, pool, control, (event) => {
      events.push(event);
      steer(event, control);
    });
  } finally {
    await pool.close();
  }
  return events;
}

export const ofType = <T extends TrainerEvent['type']>(events: readonly TrainerEvent[], type: T): Extract<TrainerEvent, { type: T }>[] =>
  events.filter((event): event is Extract<TrainerEvent, { type: T }> => event.type === type);

/** Where a run stands that has done two epochs and a step. */
export const runState = (optimizerUpdates: number): RunState => ({
  epoch: 2,
  step: 1,
  sums: { loss: 1, correct: 2, labelled: 3, steps: 1 },
  best: { miou: 0.5, epoch: 1 },
  elapsedSeconds: 9,
  optimizerUpdates,
  precision: 'float32',
  history: [],
  offsets: null,
  originDue: null,
  guard: { smoothed: 1.5, seen: 3 },
});
