import { z } from 'zod';
import { precisionChoiceSchema } from './precision.ts';

const text = z.string().max(4096);
const count = z.int().min(0);

export const originWeightsSchema = z.object({
  file: text,
  /** Of the whole file. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** The run that left them, as it was called then; null for a file that a person named. */
  run: z.object({ id: text, name: text }).nullable(),
  /** Epochs that they had been trained for, as the file itself says; null where it does not. */
  epoch: count.nullable(),
  /** Tensors of the network that were taken from it, of how many. */
  taken: count,
  tensors: count,
});

const machineSchema = z.object({
  processor: text,
  cores: count,
  memoryMb: count,
  system: text,
  /** What computed: `GPU` or `CPU`, and the library. */
  device: text,
  library: text,
});

const sessionSchema = z.object({
  startedAt: text,
  by: z.enum(['window', 'command line']),
  /** The command that a person gave; null where it was a window. */
  command: text.nullable(),
  codeVersion: text,
  machine: machineSchema,
  /** Where it began: epochs done, and steps of the one under way. */
  epoch: count,
  step: count,
  /** What it reckoned in, and why; null in runs of before there was a choice. */
  precision: precisionChoiceSchema.nullable().default(null),
});

export const runOriginSchema = z.object({
  /** null for random weights. */
  weights: originWeightsSchema.nullable(),
  /**
   * What it trains on: folder, images, and a fingerprint of the images in their order with the hashes of their masks; of the photos'
   * files and the labels as they were read in runs since that was recorded.
   */
  data: z.object({ folder: text, train: count, validation: count, fingerprint: text, content: text.optional() }),
  /** The start, and each time that the run went on. */
  sessions: z.array(sessionSchema).max(10_000),
});

/** Where a run comes from, as its trainer found it. */
export type RunOrigin = z.infer<typeof runOriginSchema>;
export type OriginWeights = z.infer<typeof originWeightsSchema>;
export type OriginSession = z.infer<typeof sessionSchema>;

/** What a trainer cannot find out by itself of where a run comes from. */
export interface JobOrigin {
  by: OriginSession['by'];
  command: string | null;
  codeVersion: string;
  folder: string;
  /** The run whose weights it starts from. */
  weightsOf: OriginWeights['run'];
}
