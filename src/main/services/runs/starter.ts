import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { hashOfFile } from '#files/file-hash';
import { AppError } from '#shared/errors';
import type { ClassInfo } from '#shared/classes/class-info';
import type { EpochMetrics } from '#shared/training/messages';
import { checkConfig } from '#shared/training/presets';
import type { RunConfig } from '#shared/training/run-config';
import { findResources } from '../resources.ts';

const descriptionSchema = z.object({
  title: z.string(),
  file: z.string(),
  sha256: z.string(),
  protocol: z.string(),
  miou: z.number(),
  codeVersion: z.string(),
  datasetFingerprint: z.string(),
  classes: z.array(z.string()),
  config: z.unknown(),
  epochs: z.array(z.unknown()),
});

/** The model that comes with the workbench: what a newcomer predicts with before training anything. */
export interface Starter {
  title: string;
  /** The names of its classes. */
  classes: string[];
  /** Its weights, safetensors in half precision. */
  file: string;
  sha256: string;
  /** How its mIoU was measured. */
  protocol: string;
  miou: number;
  codeVersion: string;
  datasetFingerprint: string;
  config: RunConfig;
  epochs: EpochMetrics[];
  /** The epoch whose weights it has: that with the largest mIoU. */
  bestEpoch: number;
}

/**
 * The starter model, if it predicts these classes; null if there is none.
 * @throws AppError 'corrupt-file' naming the file if its description is broken
 */
export function findStarter(classes: readonly ClassInfo[]): Starter | null {
  const starter = anyStarter();
  return starter && starter.classes.join() === classes.map(({ name }) => name).join() ? starter : null;
}

/** The starter model, whatever its classes are: what it sees helps with others too. @throws as `findStarter` */
export function anyStarter(): Starter | null {
  const folder = path.join(findResources(), 'models');
  const description = path.join(folder, 'starter.json');
  if (!existsSync(description)) return null;
  const data = readDescription(description);
  // It was trained before every epoch's loss on validation images was measured.
  const epochs = (data.epochs as EpochMetrics[]).map((epoch) => ({ ...epoch, validationLoss: epoch.validationLoss ?? null }));
  const best = epochs.reduce<EpochMetrics | null>((best, epoch) => (best && (best.miou ?? 0) >= (epoch.miou ?? 0) ? best : epoch), null);
  return { ...data, file: path.join(folder, data.file), config: checkConfig(data.config), epochs, bestEpoch: best?.epoch ?? 0 };
}

function readDescription(file: string): z.infer<typeof descriptionSchema> {
  try {
    return descriptionSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    throw new AppError('corrupt-file', `${file} does not describe a model`, { file });
  }
}

/**
 * Copies the starter's weights into a run's folder, where they are found as its best.
 * @throws AppError 'corrupt-file' if they are not the file they should be
 */
export function installStarter({ file, sha256 }: Starter, target: string): string {
  if (hashOfFile(file) !== sha256)
    throw new AppError('corrupt-file', `${file} does not have the sha256 that its description names`, { file });
  mkdirSync(path.dirname(target), { recursive: true });
  copyFileSync(file, target);
  return target;
}
