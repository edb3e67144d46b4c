import { z } from 'zod';

const channel = z.number().min(0).max(255);

/** Classes as files and histories hold them. */
export const classesSchema = z.array(
  z.object({ id: z.int(), value: z.int().optional(), name: z.string(), color: z.tuple([channel, channel, channel]) }),
);
