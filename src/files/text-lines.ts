import { AppError } from '#shared/errors';
import { readPlainFile, textLimit } from './plain-file.ts';

/** A text as people's programs write it: UTF-8, UTF-16 where its first bytes say so, and what is no UTF-8 as Windows has it. */
export function decodedText(bytes: Uint8Array): string {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('windows-1252').decode(bytes);
  }
}

/** Bytes that a line of a list of files usually has at most. */
const usualLine = 120;

/**
 * The lines of a text file, whichever way it ends them.
 * @param bounds.most lines that are read: each costs more memory than it has letters
 * @param bounds.longest letters that one may have: what reads them goes over each more than once
 * @throws AppError as `readPlainFile`, 'too-large' naming the file
 */
export function linesOf(file: string, { most, longest }: { most: number; longest: number }): string[] {
  const text = decodedText(readPlainFile(file, { limitBytes: Math.max(textLimit, most * usualLine) }));
  const lines: string[] = [];
  let begin = 0;
  for (const { 0: end, index } of text.matchAll(/\r\n?|\n|$/g)) {
    lines.push(text.slice(begin, index));
    if (index - begin > longest)
      throw new AppError('too-large', `${file}: line ${lines.length} has more than ${longest} letters, and is none of such a list`, {
        file,
      });
    begin = index + end.length;
    if (lines.length > most) throw new AppError('too-large', `${file} has more than ${most} lines, and is no list of this kind`, { file });
  }
  return lines;
}
