import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';

export interface FileBelow {
  file: string;
  bytes: number;
  /** Milliseconds since 1970. */
  writtenAt: number;
}

/** All files below a folder; none if there is no folder. What goes meanwhile does not count. */
export async function filesBelow(folder: string): Promise<FileBelow[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  const found = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async (entry): Promise<FileBelow | null> => {
        const file = path.join(entry.parentPath, entry.name);
        const info = await stat(file).catch(() => null);
        return info && { file, bytes: info.size, writtenAt: info.mtimeMs };
      }),
  );
  return found.filter((each) => each !== null);
}

/** Bytes of all files below a folder; 0 if there is none. */
export async function folderBytes(folder: string): Promise<number> {
  return (await filesBelow(folder)).reduce((sum, { bytes }) => sum + bytes, 0);
}
