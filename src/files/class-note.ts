// The classes that a mask was predicted for, kept in its file: numbers alone do not tell what they are of.
import { z } from 'zod';
import { parseJson } from '#shared/json';
import { AppError, messageOf } from '#shared/errors';
import { readPictureFile } from './plain-file.ts';
import { readChunks } from './png/chunks.ts';
import type { BesideChunk } from './png/png.ts';

const notedSchema = z
  .array(z.object({ value: z.int().min(0).max(255), name: z.string().min(1).max(60) }))
  .min(1)
  .max(256);

/** What the pixels of a mask are, by their values. */
export type NotedClasses = z.infer<typeof notedSchema>;

const keyword = 'encnet-classes';
/** Keyword, not compressed, no language, no translation: PNG's international text. */
const head = new TextEncoder().encode(`${keyword}\0\0\0\0\0`);

export const classNote = (classes: NotedClasses): BesideChunk => ({
  type: 'iTXt',
  place: 'before-palette',
  data: Buffer.concat([head, new TextEncoder().encode(JSON.stringify(classes))]),
});

/**
 * The classes that a mask says it is of; null of one that says nothing.
 * @throws AppError 'corrupt-file' as any mask, 'invalid-argument' if what it says cannot be read
 */
export function notedClasses(file: string): NotedClasses | null {
  const chunk = readChunks(readPictureFile(file), file).find(
    ({ type, data }) => type === 'iTXt' && Buffer.compare(data.subarray(0, head.length), head) === 0,
  );
  if (!chunk) return null;
  try {
    return parseJson(new TextDecoder('utf-8', { fatal: true }).decode(chunk.data.subarray(head.length)), notedSchema);
  } catch (error) {
    throw new AppError('invalid-argument', `The classes that ${file} says it is of cannot be read: ${messageOf(error)}`, { file });
  }
}
