import { existsSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { Sample } from '#shared/data/sample';
import { runOriginSchema, type RunOrigin } from '#shared/training/run-origin';
import { AppError } from '#shared/errors';
import { holderText, Lease, leaseHolder, type LeaseHolder } from './lease.ts';
import { writeAtomic } from './atomic-write.ts';
import { readJsonFile } from './json-file.ts';
import { isThere } from './file-identity.ts';

const referenceSchema = z.object({ id: z.string().min(1).max(1024), revision: z.string().regex(/^[0-9a-f]{8,64}$/) });
const samplesOf = z.array(referenceSchema).max(1_000_000);
const samplesSchema = z.object({ train: samplesOf, validation: samplesOf });

/** Which mask of which image a run trains on. */
type SampleReference = z.infer<typeof referenceSchema>;
/** The images and masks of a run: what a resume goes on with, whatever is edited meanwhile. */
export type RunSamples = z.infer<typeof samplesSchema>;

export const originName = 'origin.json';
const samplesName = 'samples.json';
/** A hundred bytes a sample, for a million of them. */
const samplesLimit = 128e6;
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
  return isThere(file) ? readJsonFile(file, samplesSchema, "a run's samples", { limitBytes: samplesLimit }) : null;
}

/** Keeps where a run comes from. */
export function writeRunOrigin(folder: string, origin: RunOrigin): void {
  writeAtomic(path.join(folder, originName), `${JSON.stringify(origin, null, 2)}\n`);
}

/** @returns null if the run was made before runs told where they come from @throws AppError 'corrupt-file' naming the file */
export function readRunOrigin(folder: string): RunOrigin | null {
  const file = path.join(folder, originName);
  return isThere(file) ? readJsonFile(file, runOriginSchema, 'the origin of a run') : null;
}

/**
 * The images and masks that a run was started with, where they are now; null if it was made before runs kept them.
 * @param where finds an image by its id, and the kept mask of a revision
 * @throws AppError 'not-found' if a mask is gone, or what `where` throws
 */
export function locateRunSamples(
  folder: string,
  where: { imageFile: (id: string) => string; maskFile: (revision: string) => string },
): { train: Sample[]; validation: Sample[] } | null {
  const locate = ({ id, revision }: SampleReference): Sample => {
    const maskFile = where.maskFile(revision);
    if (!existsSync(maskFile)) {
      throw new AppError('not-found', `${maskFile} does not exist: the run was trained on this mask of ${id} and cannot go on without it`);
    }
    return { id, imageFile: where.imageFile(id), maskFile, revision };
  };
  const own = readRunSamples(folder);
  return own && { train: own.train.map(locate), validation: own.validation.map(locate) };
}

/** The process that writes a run's folder now; null if none does. */
export const runWriter = (folder: string): LeaseHolder | null => leaseHolder(path.join(folder, leaseName), staleMs);

/** What keeps another from writing a run's folder. */
export const alreadyWritten = (folder: string, writer: LeaseHolder): AppError =>
  new AppError('busy', `A run is being written in ${folder} by ${holderText(writer)}: wait for its end, or choose another folder`, {
    file: folder,
  });

/**
 * To be called before every write: a process may have been stopped for any time.
 * @throws AppError 'busy' naming who writes it now, 'not-found' where the folder has gone: another in its place would part the run in two
 */
export function assertStillOurs(folder: string, lease: Lease): void {
  if (!existsSync(folder)) {
    const way = 'Put it back, or open it where it is now; then Resume goes on from its last checkpoint';
    throw new AppError('not-found', `${folder} is gone: it was moved or renamed, or its disk is away. ${way}`, { file: folder });
  }
  if (lease.check()) return;
  const writer = runWriter(folder);
  if (writer) throw alreadyWritten(folder, writer);
  throw new AppError('busy', `${folder} was taken over by another while this run was held up: it is not written by this one any more`, {
    file: folder,
  });
}

/** Takes the right to write a run's folder. @throws AppError 'busy' naming who writes it */
export async function takeRunFolder(folder: string, program: string): Promise<Lease> {
  const taken = await Lease.take(path.join(folder, leaseName), { program, staleMs });
  if (taken instanceof Lease) return taken;
  throw alreadyWritten(folder, taken);
}
