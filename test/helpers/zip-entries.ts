import { readFileSync } from 'node:fs';
import path from 'node:path';
import { filesBelow } from '#files/files-below';

/** A folder's files as entries of a zip. @param inside a path before their names, with `/` at its end */
export async function zipEntries(folder: string, inside = ''): Promise<Record<string, Uint8Array>> {
  const files = await filesBelow(folder);
  return Object.fromEntries(files.map(({ file }) => [inside + path.relative(folder, file).split(path.sep).join('/'), readFileSync(file)]));
}
