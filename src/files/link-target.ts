import { realpathSync } from 'node:fs';
import path from 'node:path';
import { readLimits } from './read-limits.ts';

function realOf(file: string): string | null {
  try {
    return realpathSync(file);
  } catch {
    // A link that leads nowhere or in a circle, or a folder that is not there.
    return null;
  }
}

const liesIn = (folder: string, file: string): boolean =>
  file === folder || file.startsWith(folder.endsWith(path.sep) ? folder : folder + path.sep);

/**
 * Where a link of a data set leads, all links resolved.
 * @returns null if that is nowhere, or neither in the data set nor in a folder that a person lets links lead to
 */
export function linkTarget(dataset: string, link: string): string | null {
  const real = realOf(link);
  if (real === null) return null;
  const allowed = [dataset, ...readLimits().linkedFolders].map(realOf);
  return allowed.some((folder) => folder !== null && liesIn(folder, real)) ? real : null;
}

/** Why a link is not followed, and what to do about it. */
export const linkRefusal = (link: string): string =>
  `${link} is a link that leads out of the data set, or nowhere: put what it leads to in its place, ` +
  'or name that folder under "Links may lead to" in Settings (--follow-links on the command line)';
