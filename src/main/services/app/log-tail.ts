import { readFile } from 'node:fs/promises';
import { asReadError } from '#files/atomic-write';

const lastBytes = 200_000;
const lastLines = 500;

/** The last lines of the log file. @param file null where there is none @throws AppError 'read-only' if it cannot be read */
export async function logTail(file: string | null): Promise<{ file: string | null; lines: string[] }> {
  if (!file) return { file, lines: [] };
  try {
    const text = (await readFile(file)).subarray(-lastBytes).toString('utf8');
    return { file, lines: text.split('\n').filter(Boolean).slice(-lastLines) };
  } catch (error) {
    // Nothing has been logged yet.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { file, lines: [] };
    throw asReadError(error, file);
  }
}
