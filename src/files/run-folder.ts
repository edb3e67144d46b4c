import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { AppError, messageOf } from '#shared/errors';
import { holderText, Lease, leaseHolder, type LeaseHolder } from './lease.ts';
import { writeAtomic } from './atomic-write.ts';

const referenceSchema = z.object({ id: z.string().min(1).max(1024), revision: z.string().regex(/^[0-9a-f]{8,64}$/) });
const samplesSchema = z.object({ train: z.array(referenceSchema), validation: z.array(referenceSchema) });

/** Which mask of which image a run trains on. */
export type SampleReference = z.infer<typeof referenceSchema>;
/** The images and masks of a run: what a resume goes on with, whatever is edited meanwhile. */
export type RunSamples = z.infer<typeof samplesSchema>;

const samplesName = 'samples.json';
const leaseName = '.lease';
/** A trainer computes for long without a pause, so that its heart beats seldom. */
const staleMs = 180_000;

/** Keeps which masks a run trains on. */
export function writeRunSamples(folder: string, samples: RunSamples): void {
  writeAtomic(path.join(folder, samplesName), `${JSON.stringify(samples, null, 1)}\n`);
}

/** @returns null if the run was made before runs kept their samples @throws AppError 'corrupt-file' naming the file */
export function readRunSamples(folder: string): RunSamples | null {
  const file = path.join(folder, samplesName);
  if (!existsSync(file)) return null;
  try {
    return samplesSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    throw new AppError('corrupt-file', `${file} does not list a run's samples: ${messageOf(error)}`, { file });
  }
}

/** The process that writes a run's folder now; null if none does. */
export const runWriter = (folder: string): LeaseHolder | null => leaseHolder(path.join(folder, leaseName), staleMs);

/** Takes the right to write a run's folder. @throws AppError 'busy' naming who writes it */
export function takeRunFolder(folder: string, program: string): Lease {
  const taken = Lease.take(path.join(folder, leaseName), { program, staleMs });
  if (taken instanceof Lease) return taken;
  throw new AppError('busy', `A run is being written in ${folder} by ${holderText(taken)}: wait for its end, or choose another folder`, {
    file: folder,
  });
}
