import { AppError } from '#shared/errors';
import { readPlainFile, textLimit } from './plain-file.ts';

/**
 * The lines of a text file, whichever way it ends them.
 * @param most lines that are read: each costs more memory than it has letters
 * @throws AppError as `readPlainFile`, 'too-large' naming the file
 */
export function linesOf(file: string, most: number): string[] {
  const text = new TextDecoder().decode(readPlainFile(file, { limitBytes: textLimit }));
  const lines: string[] = [];
  let begin = 0;
  for (const { 0: end, index } of text.matchAll(/\r\n?|\n|$/g)) {
    lines.push(text.slice(begin, index));
    begin = index + end.length;
    if (lines.length > most) throw new AppError('too-large', `${file} has more than ${most} lines, and is no list of this kind`, { file });
  }
  return lines;
}
