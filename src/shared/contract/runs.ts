import { z } from 'zod';
import type { ClassInfo } from '../classes/class-info.ts';
import type { Protocol } from '../metrics/protocol.ts';
import type { EpochMetrics, StepPoint, StripImage } from '../training/messages.ts';
import type { RunConfig } from '../training/run-config.ts';
import type { RunOrigin } from '../training/run-origin.ts';
import { event, method } from './define.ts';
import { runId } from './ids.ts';

export type RunStatus = 'running' | 'paused' | 'finished' | 'stopped' | 'failed' | 'interrupted';

export interface RunSummary {
  id: string;
  name: string;
  preset: string;
  status: RunStatus;
  /** Why it failed or was interrupted; null otherwise. */
  reason: string | null;
  /** What is wrong with its row in the history; null if nothing is. */
  broken: string | null;
  device: string | null;
  /** What its convolutions are reckoned in; null in runs of before there was a choice. */
  precision: string | null;
  epochs: number;
  epochsDone: number;
  bestMiou: number | null;
  bestEpoch: number | null;
  /** Of the epoch that was validated last. */
  lastMiou: number | null;
  lastLoss: number | null;
  durationSeconds: number;
  createdAt: string;
  updatedAt: string;
  deleted: boolean;
  /** Whether its last checkpoint is there, so that it can go on. */
  resumable: boolean;
  hasCheckpoint: boolean;
  /** How its scores are measured, in a line: two runs compare where it and `validation` are alike. Null where it cannot be read. */
  measured: string | null;
  /** A mark of its classes and of the images and labels that score it; null in runs of before this was kept, and of the starter model. */
  validation: string | null;
  /** Rate at which its network learns from nothing, by its recipe: not the tenth of it that loaded weights learn on by. */
  fullRate: number | null;
  /** mIoU by epoch, thinned to what a sparkline shows. */
  spark: number[];
  tags: string[];
  note: string;
  /** The sweep it belongs to; null for a run of its own. */
  sweep: string | null;
}

export interface RunDetail {
  summary: RunSummary;
  config: RunConfig;
  /** The classes that it is trained on: its scores are of these. */
  classes: ClassInfo[];
  seed: number;
  codeVersion: string;
  datasetFingerprint: string;
  /** Where it comes from; null for a run of before this was kept, and for the model that comes with the workbench. */
  origin: RunOrigin | null;
  /** Why its origin cannot be read; null where it can, or was never kept. */
  originProblem: string | null;
  folder: string;
  epochs: EpochMetrics[];
  /** Every step's loss and accuracy. */
  steps: StepPoint[];
  checkpoints: { role: string; file: string; epoch: number; sha256: string }[];
  /** How its validation scores are measured. */
  protocol: Protocol;
  /** In words, where its scores were measured on another data set than this one: those of the model that comes with the workbench. */
  ownProtocol: string | null;
  masks: MasksSince;
  /** Seconds that people had worked on the data set's images when it began; null in runs of before this was kept. */
  workSeconds: number | null;
  /** Bytes of the run's folder. */
  diskBytes: number;
  /** Validation images whose predictions are kept, and the epoch they are of. */
  strip: { epoch: number; images: StripImage[] } | null;
}

/** The masks that a run read, held against those of today. */
export interface MasksSince {
  /** How many it read; 0 where that was not recorded. */
  read: number;
  /** Images whose mask is another one now, or none. */
  changed: string[];
  /** Images that are not in the data set any more. */
  gone: string[];
  /** Images that were not looked at yet since the data set was opened: what is said of them is from before. */
  unsure: number;
}

/** What the histories of a data set take on the disk. */
export interface DiskUse {
  /** Bytes of each run's folder, by id; deleted ones too. */
  runs: Record<string, number>;
  totalBytes: number;
  deletedBytes: number;
}

const one = z.strictObject({ runId });

export const runs = {
  methods: {
    list: method(z.strictObject({ withDeleted: z.boolean() })).returns<RunSummary[]>(),
    get: method(
      one.extend({
        /** Only steps after this one are sent; a long run has many. */
        stepsAfter: z.int().min(0).optional(),
      }),
    ).returns<RunDetail>(),
    rename: method(z.strictObject({ runId, name: z.string().min(1).max(120) })).returns<RunSummary>(),
    annotate: method(
      z.strictObject({
        runId,
        tags: z.array(z.string().trim().min(1).max(40)).max(20).optional(),
        note: z.string().max(10_000).optional(),
      }),
    ).returns<RunSummary>(),
    /** The confusion matrix of an epoch, rows labels; null where none was recorded. */
    confusion: method(z.strictObject({ runId, epoch: z.int().positive() })).returns<number[][] | null>(),
    diskUse: method(z.undefined()).returns<DiskUse>(),
    /** Removes deleted runs for good, now. */
    purgeDeleted: method(z.undefined()).returns<DiskUse>(),
    /** Adds the model that comes with the workbench as a finished run. */
    addStarter: method(z.undefined()).returns<RunSummary>(),
    /** Whether there is a starter model that predicts this data set's classes. */
    starter: method(z.undefined()).returns<{ title: string; miou: number; protocol: string } | null>(),
    delete: method(one).returns<void>(),
    restore: method(one).returns<void>(),
  },
  events: {
    changed: event<RunSummary>(),
  },
};
