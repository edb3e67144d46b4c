import type { ClassInfo } from '#shared/classes/class-info';
import { AppError, messageOf } from '#shared/errors';
import { checkConfig } from '#shared/training/presets';
import type { EpochMetrics } from '#shared/training/messages';
import type { RunConfig } from '#shared/training/run-config';
import { readHeader } from './safetensors-header.ts';

/** What a checkpoint tells without its tensors. */
export interface CheckpointHeader {
  config: RunConfig;
  classes: ClassInfo[];
  /** The epochs it has seen; empty in a file that only predicts. */
  history: EpochMetrics[];
}

/** Reads a checkpoint's settings without its tensors. @throws AppError 'not-found' or 'corrupt-file' naming the file */
export function readCheckpointHeader(file: string): CheckpointHeader {
  const { metadata } = readHeader(file);
  try {
    const state = JSON.parse(metadata.state ?? '{}') as { history?: EpochMetrics[] };
    return {
      config: checkConfig(JSON.parse(metadata.config ?? 'null')),
      classes: JSON.parse(metadata.classes ?? '[]') as ClassInfo[],
      history: state.history ?? [],
    };
  } catch (error) {
    throw error instanceof AppError ? error : new AppError('corrupt-file', `${file} is not a checkpoint: ${messageOf(error)}`, { file });
  }
}
