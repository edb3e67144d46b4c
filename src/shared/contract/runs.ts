import { z } from 'zod';
import type { EpochMetrics } from '../training/messages.ts';
import type { RunConfig } from '../training/run-config.ts';
import { event, method } from './define.ts';
import type { StepPoint } from './training.ts';

export type RunStatus = 'running' | 'paused' | 'finished' | 'stopped' | 'failed' | 'interrupted';

export interface RunSummary {
  id: string;
  name: string;
  preset: string;
  status: RunStatus;
  /** Why it failed or was interrupted; null otherwise. */
  reason: string | null;
  device: string | null;
  epochs: number;
  epochsDone: number;
  bestMiou: number | null;
  bestEpoch: number | null;
  lastLoss: number | null;
  durationSeconds: number;
  createdAt: string;
  updatedAt: string;
  deleted: boolean;
  /** Whether its last checkpoint is there, so that it can go on. */
  resumable: boolean;
  hasCheckpoint: boolean;
  /** mIoU of each epoch, for the sparkline. */
  spark: number[];
}

export interface RunDetail {
  summary: RunSummary;
  config: RunConfig;
  seed: number;
  codeVersion: string;
  datasetFingerprint: string;
  folder: string;
  epochs: EpochMetrics[];
  /** Every step's loss and accuracy. */
  steps: StepPoint[];
  checkpoints: { role: string; file: string; epoch: number; sha256: string }[];
  /** Masks changed since the run read them. */
  masksChanged: number;
}

const one = z.strictObject({ runId: z.string().min(1).max(200) });

export const runs = {
  methods: {
    list: method(z.strictObject({ withDeleted: z.boolean() })).returns<RunSummary[]>(),
    get: method(one).returns<RunDetail>(),
    rename: method(z.strictObject({ runId: z.string(), name: z.string().min(1).max(120) })).returns<RunSummary>(),
    delete: method(one).returns<void>(),
    restore: method(one).returns<void>(),
  },
  events: {
    changed: event<RunSummary>(),
  },
};
