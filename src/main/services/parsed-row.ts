import type { z } from 'zod';

/** JSON of a row; null if it is none or of another form. One bad row must never hide the others. */
export function parsed<T>(schema: z.ZodType<T>, text: string): T | null {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    // Told by null: the caller shows what is damaged as that.
    return null;
  }
}
