import { z } from 'zod';
import type { RunStatus } from '#shared/contract/runs';
import { isId } from '../datasets/work-folder.ts';
import { boundedText, listedText, soundNumber } from '../parsed-row.ts';

const text = z.string();

/** A run as the history holds it. The history came with the data set: what is not of this form is shown as damaged. */
export const runRowSchema = z.object({
  id: text.refine(isId),
  name: text,
  preset: text,
  status: z.enum(['running', 'paused', 'finished', 'stopped', 'failed', 'interrupted'] satisfies RunStatus[]),
  reason: text.nullable(),
  config: text,
  classes: text,
  code_version: text,
  dataset_fingerprint: text,
  seed: z.number(),
  device: text.nullable(),
  precision: text.nullable(),
  epochs: z.number(),
  epochs_done: z.number(),
  duration_seconds: z.number(),
  created_at: text,
  updated_at: text,
  deleted_at: text.nullable(),
  tags: text,
  note: text,
  sweep: text.nullable(),
  spark: text,
  work_seconds: z.number().nonnegative().nullable(),
  validation: text.nullable(),
});

export type RunRow = z.infer<typeof runRowSchema>;

/** A run with the latest and best values that listing shows. */
export interface ListedRow extends RunRow {
  best_miou: number | null;
  best_epoch: number | null;
  last_miou: number | null;
  last_loss: number | null;
}

const isText = (column: string): boolean => !['seed', 'epochs', 'epochs_done', 'duration_seconds', 'work_seconds'].includes(column);

/** The columns of a run, texts as far as one can be read. */
export const runColumns = Object.keys(runRowSchema.shape)
  .map((column) => (isText(column) ? boundedText(`run.${column}`, listedText) : soundNumber(`run.${column}`)))
  .join(', ');
