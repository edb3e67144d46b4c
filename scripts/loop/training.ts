// Trainings of the measured loops, by the services as a window has them.
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { RunDetail, RunSummary } from '../../src/shared/contract/runs.ts';
import type { TrainingStatus } from '../../src/shared/contract/training.ts';
import { fineTuned } from '../../src/shared/training/fine-tune.ts';
import type { RunConfig } from '../../src/shared/training/run-config.ts';
import { benchServices, callsOf, type Call } from '../bench/services.ts';

/** Opens a data set with services of its own, which end with the work. */
export async function inServices<T>(folder: string, work: (call: Call) => Promise<T>): Promise<T> {
  const userData = mkdtempSync(path.join(os.tmpdir(), 'encnet-loop-user-'));
  const workbench = benchServices(userData);
  try {
    await workbench.datasets.open(folder);
    return await work(callsOf(workbench));
  } finally {
    await workbench.shutDown();
    rmSync(userData, { recursive: true, force: true });
  }
}

export const addStarter = (call: Call): Promise<RunSummary> => call<RunSummary>('runs.addStarter');

const detailOf = (call: Call, runId: string): Promise<RunDetail> => call<RunDetail>('runs.get', { runId });

export interface Trained {
  run: string;
  /** Validation mIoU after each epoch. */
  miou: (number | null)[];
  best: number | null;
  minutes: number;
}

/** Trains and waits for the end. @throws where the run fails */
export async function train(call: Call, config: RunConfig, name: string, startFrom: string | null): Promise<Trained> {
  const begun = performance.now();
  const { id } = await call<RunSummary>('training.start', { config, name, startFrom });
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    const status = await call<TrainingStatus | null>('training.status');
    if (status?.run.id === id && !status.active) break;
  }
  const { summary, epochs } = await detailOf(call, id);
  if (summary.status !== 'finished') throw new Error(summary.reason ?? summary.status);
  const minutes = Number(((performance.now() - begun) / 60_000).toFixed(1));
  return { run: id, miou: epochs.map(({ miou }) => miou), best: summary.bestMiou, minutes };
}

/** Trains on from a run as "Train on from here" does. */
export async function trainFrom(call: Call, { id, name }: RunSummary, epochs: number): Promise<Trained> {
  const { config } = await detailOf(call, id);
  return train(call, { ...fineTuned(config), epochs }, `${name}, trained on`, id);
}
