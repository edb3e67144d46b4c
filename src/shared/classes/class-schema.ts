import { z } from 'zod';

const channel = z.number().min(0).max(255);

/** Classes as files and histories hold them. */
export const classesSchema = z
  .array(
    z.object({
      id: z.int(),
      value: z.int().min(0).max(255).optional(),
      name: z.string().min(1).max(200),
      color: z.tuple([channel, channel, channel]),
    }),
  )
  .max(255)
  .refine((classes) => classes.every(({ id }, index) => id === index), 'the ids must count from 0');
