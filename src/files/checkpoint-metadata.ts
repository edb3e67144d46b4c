import { z } from 'zod';
import { classesSchema } from '#shared/classes/class-schema';
import type { ClassInfo } from '#shared/classes/class-info';
import { AppError, messageOf } from '#shared/errors';
import { issueText } from '#shared/issue-text';
import { boundedJson } from '#shared/json';
import { originWeightsSchema } from '#shared/training/run-origin';
import { precisionSchema } from '#shared/training/precision';
import { checkConfig } from '#shared/training/presets';
import type { RunConfig } from '#shared/training/run-config';

const count = z.int().min(0);
const mostClasses = 255;
/** What is added to logits, one of each class. A fit gives them within ± 2; a huge one would leave every class without a likelihood. */
const offsetsSchema = z.array(z.number().min(-20).max(20)).max(mostClasses).nullable();
const stateSchema = z.object({
  /** Epochs completed. */
  epoch: count,
  /** Steps done in the epoch under way. */
  step: count,
  sums: z.object({ loss: z.number(), correct: z.number(), labelled: z.number(), steps: count }),
  best: z.object({ miou: z.number(), epoch: count }).nullable(),
  elapsedSeconds: z.number(),
  optimizerUpdates: count,
  history: z
    .array(
      z
        .object({
          epoch: count,
          loss: z.number().nullable(),
          trainAccuracy: z.number().nullable(),
          validationAccuracy: z.number().nullable(),
          // Checkpoints of before it was measured have none.
          validationLoss: z.number().nullable().default(null),
          miou: z.number().nullable(),
          perClassIou: z.array(z.number().nullable()).max(mostClasses),
          learningRate: z.number(),
          timeSeconds: z.number(),
          epochSeconds: z.number(),
          // Of an epoch without a label checkpoints of before say that its loss was 0.
        })
        .transform((epoch) => (epoch.trainAccuracy === null ? { ...epoch, loss: null } : epoch)),
    )
    .max(10_000),
  /** What the run trains on; missing in checkpoints of before it was recorded. */
  data: z
    .object({
      train: count,
      validation: count,
      /** Of the images' ids and their masks' files. */
      fingerprint: z.string(),
      /** Of the photos' files, and of the labels as they were read; missing in checkpoints of before it was recorded. */
      content: z.string().optional(),
    })
    .optional(),
  /** Where the guard against an exploding loss stands; missing in checkpoints of before it was kept. */
  guard: z.object({ smoothed: z.number().nullable(), seen: count }).default({ smoothed: null, seen: 0 }),
  /** What prediction adds to each class's logit, beside the weights that training goes on with; null where the likeliest class is taken. */
  offsets: offsetsSchema.default(null),
  /** What the run reckons in, to its end; those of before there was a choice have float32. */
  precision: precisionSchema.default('float32'),
  /** What the run's origin has still to be told, of one that was stopped while its images were read; null once it is written. */
  originDue: z.object({ weights: originWeightsSchema.nullable() }).nullable().default(null),
});

/** Where a run stands: all that a resume needs besides the tensors. Random numbers follow from the seed and these counters. */
export type RunState = z.infer<typeof stateSchema>;

type Metadata = Record<string, string>;

/** A part of a file's metadata, which is JSON. @throws AppError 'corrupt-file' naming file and part; 'unsupported' of a later one */
function part<T>(file: string, metadata: Metadata, name: string, parse: (value: unknown) => T): T {
  try {
    return parse(boundedJson(metadata[name] ?? 'null'));
  } catch (error) {
    const reason = error instanceof z.ZodError ? issueText(error.issues[0]) : messageOf(error);
    if (error instanceof AppError && error.details.isUnknown)
      throw new AppError('unsupported', `${file} was written by a later workbench: update this one to read it (${reason})`, { file });
    throw new AppError('corrupt-file', `${file} is not a whole checkpoint: its ${name} cannot be read (${reason})`, { file });
  }
}

/** The settings that a file was trained with. @throws AppError 'corrupt-file' */
export const configIn = (file: string, metadata: Metadata): RunConfig => part(file, metadata, 'config', checkConfig);

/** The classes that a file's network knows. @throws AppError 'corrupt-file' */
export const classesIn = (file: string, metadata: Metadata): ClassInfo[] =>
  part(file, metadata, 'classes', (value) => classesSchema.parse(value));

/** What a model divides logits by before they are probabilities; 1 where a file does not say. @throws AppError 'corrupt-file' */
export const temperatureIn = (file: string, metadata: Metadata): number =>
  part(file, metadata, 'temperature', (value) =>
    z
      .number()
      .min(0.05)
      .max(20)
      .parse(value ?? 1),
  );

/** @throws AppError 'corrupt-file' if offsets are not one a class */
export function assertOnePerClass(file: string, offsets: readonly number[] | null, classes: readonly ClassInfo[]): void {
  if (!offsets || offsets.length === classes.length) return;
  const text = `it has ${offsets.length} offsets for ${classes.length} classes`;
  throw new AppError('corrupt-file', `${file} is not a whole checkpoint: ${text}`, { file });
}

/**
 * The offsets, one a class, that a model's classifier has in its bias beside what was trained; null where a file does not say.
 * @throws AppError 'corrupt-file'
 */
export function offsetsIn(file: string, metadata: Metadata): number[] | null {
  const offsets = part(file, metadata, 'offsets', (value) => offsetsSchema.parse(value));
  assertOnePerClass(file, offsets, classesIn(file, metadata));
  return offsets;
}

/** Where the run of a file stands. @throws AppError 'corrupt-file' */
export const stateIn = (file: string, metadata: Metadata): RunState => part(file, metadata, 'state', (value) => stateSchema.parse(value));
