import { z } from 'zod';

/** How weights are updated. */
export const optimizerConfigSchema = z.strictObject({
  kind: z.enum(['sgd', 'adamw']),
  /** Learning rate of the backbone before the schedule. */
  learningRate: z.number().positive().max(10),
  /** The head learns this many times as fast. */
  headFactor: z.number().positive().max(100),
  weightDecay: z.number().min(0).max(1),
  /** Whether batch norm and biases are decayed as well. */
  decayNormAndBias: z.boolean(),
  momentum: z.number().min(0).max(0.999),
  nesterov: z.boolean(),
  beta1: z.number().min(0).max(0.9999),
  beta2: z.number().min(0).max(0.99999),
  epsilon: z.number().positive().max(1),
  /** Largest norm of all gradients together; 0 leaves them as they are. */
  clipNorm: z.number().min(0).max(1e6).default(0),
});
export type OptimizerConfig = z.infer<typeof optimizerConfigSchema>;

/** How the learning rate changes. */
export const scheduleConfigSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('constant') }),
  z.strictObject({ kind: z.literal('step'), stepEpochs: z.int().positive(), gamma: z.number().positive().max(1) }),
  z.strictObject({ kind: z.literal('poly'), power: z.number().positive().max(5) }),
  z.strictObject({ kind: z.literal('cosine'), floor: z.number().min(0).max(1) }),
  z.strictObject({
    kind: z.literal('one-cycle'),
    /** How often the rate rises and falls; runs of before there was a choice have one. */
    cycles: z.int().min(1).max(20).default(1),
    warmUp: z.number().min(0).max(0.9),
    startDivisor: z.number().min(1),
    endDivisor: z.number().min(1),
  }),
]);
export type ScheduleConfig = z.infer<typeof scheduleConfigSchema>;
