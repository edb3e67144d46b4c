import { readFile } from 'node:fs/promises';

const lastBytes = 200_000;
const lastLines = 500;

/** The last lines of the log file. @param file null where there is none */
export async function logTail(file: string | null): Promise<{ file: string | null; lines: string[] }> {
  if (!file) return { file, lines: [] };
  try {
    const text = (await readFile(file)).subarray(-lastBytes).toString('utf8');
    return { file, lines: text.split('\n').filter(Boolean).slice(-lastLines) };
  } catch {
    // Nothing has been logged yet.
    return { file, lines: [] };
  }
}
