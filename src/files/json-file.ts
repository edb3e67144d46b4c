import type { z } from 'zod';
import { parseJson } from '#shared/json';
import { AppError, messageOf } from '#shared/errors';
import { decodedText } from './text-lines.ts';
import { readPlainFile, textLimit, type PlainFileOptions } from './plain-file.ts';

/**
 * Reads a JSON file of a known form.
 * @param what it should be, in words: "a run's samples"
 * @param options.isByHand whether people write it with programs of their own, in whichever letters these write
 * @throws AppError as `readPlainFile`; 'corrupt-file' naming the file and the rule if it is no such thing
 */
export function readJsonFile<T>(
  file: string,
  schema: z.ZodType<T>,
  what: string,
  { isByHand = false, ...options }: PlainFileOptions & { isByHand?: boolean } = {},
): T {
  const bytes = readPlainFile(file, { limitBytes: textLimit, ...options });
  try {
    return parseJson(isByHand ? decodedText(bytes) : new TextDecoder('utf-8', { fatal: true }).decode(bytes), schema);
  } catch (error) {
    throw new AppError('corrupt-file', `${file} does not hold ${what}: ${messageOf(error)}`, { file });
  }
}
