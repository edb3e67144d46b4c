import { z } from 'zod';

export const precisions = ['float32', 'bfloat16'] as const;
/** What convolutions and what lies between them are reckoned and kept in; everything else is float32 in either. */
export type Precision = (typeof precisions)[number];

/** `auto` is whichever is faster where it runs, found out by trying. */
export const precisionSettings = [...precisions, 'auto'] as const;
export type PrecisionSetting = (typeof precisionSettings)[number];

export const precisionSchema = z.enum(precisions);
export const precisionSettingSchema = z.enum(precisionSettings);

/** What a job reckons in, and why: in words, such as what was measured; null where it was asked for by name. */
export const precisionChoiceSchema = z.object({ precision: precisionSchema, reason: z.string().max(4096).nullable() });
export type PrecisionChoice = z.infer<typeof precisionChoiceSchema>;

/** For a log and a page. */
export const precisionText = ({ precision, reason }: PrecisionChoice): string => (reason ? `${precision} (${reason})` : precision);
