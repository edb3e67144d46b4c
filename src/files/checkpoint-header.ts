import type { ClassInfo } from '#shared/classes/class-info';
import type { EpochMetrics } from '#shared/training/messages';
import type { RunConfig } from '#shared/training/run-config';
import { classesIn, configIn, stateIn } from './checkpoint-metadata.ts';
import { readHeader } from './safetensors-header.ts';

/** What a checkpoint tells without its tensors. */
export interface CheckpointHeader {
  config: RunConfig;
  classes: ClassInfo[];
  /** The epochs it has seen; empty in a file that only predicts. */
  history: EpochMetrics[];
  /** Of its tensors, as it was written; null in a file that does not say. */
  sha256: string | null;
}

/** Reads a checkpoint's settings without its tensors. @throws AppError 'not-found' or 'corrupt-file' naming the file */
export function readCheckpointHeader(file: string): CheckpointHeader {
  // Those of a workbench were looked at before; others were named by a person.
  const { metadata } = readHeader(file, { follow: true });
  const history = metadata.state === undefined ? [] : stateIn(file, metadata).history;
  return { config: configIn(file, metadata), classes: classesIn(file, metadata), history, sha256: metadata.sha256 ?? null };
}
