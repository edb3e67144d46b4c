import path from 'node:path';
import { openDatabase } from '#services/database';
import { WorkFolder } from '#services/datasets/work-folder';
import { RunStore } from '#services/runs/run-store';
import type { EpochMetrics } from '#shared/training/messages';
import { findPreset } from '#shared/training/presets';
import { temporaryFolder } from './dataset.ts';

export const epochMetrics = (epoch: number, miou: number, loss = 1 / epoch): EpochMetrics => ({
  epoch,
  loss,
  trainAccuracy: 0.5,
  validationAccuracy: 0.5,
  validationLoss: 0.7,
  miou,
  perClassIou: [miou, null],
  learningRate: 0.1,
  timeSeconds: epoch,
  epochSeconds: 1,
});

/** An empty history in a folder of its own. */
export function newStore() {
  const folder = temporaryFolder();
  const db = openDatabase(path.join(folder, 'history.db'));
  const store = new RunStore(db, new WorkFolder(folder));
  const create = (id: string) =>
    store.create({ id, name: id, config: findPreset('tiny').config, classes: [], codeVersion: '1', datasetFingerprint: 'f', samples: [] });
  return { db, store, create, folder };
}
