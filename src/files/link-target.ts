import { realpathSync } from 'node:fs';
import path from 'node:path';
import { readLimits } from './read-limits.ts';

function realOf(file: string): string | null {
  try {
    return realpathSync.native(file);
  } catch {
    // A link that leads nowhere or in a circle, or a folder that is not there.
    return null;
  }
}

const liesIn = (folder: string, file: string): boolean =>
  file === folder || file.startsWith(folder.endsWith(path.sep) ? folder : folder + path.sep);

/** What the workbench keeps is nobody's picture or mask. */
const isOurs = (file: string): boolean => file.split(path.sep).includes('.encnet');

/**
 * Where a link leads, all links resolved.
 * @returns null if that is nowhere, or neither in the folder that is being read nor in one that a person lets links lead to
 */
export function linkTarget(link: string): string | null {
  const real = realOf(link);
  if (real === null || isOurs(real)) return null;
  const allowed = readLimits().linkedFolders.map(realOf);
  return allowed.some((folder) => folder !== null && liesIn(folder, real)) ? real : null;
}

/** Why a link is not followed, and what to do about it. */
export const linkRefusal = (link: string): string =>
  `${link} is a link that leads out of the data set, or nowhere: put what it leads to in its place, ` +
  'or name that folder under "Links may lead to" in Settings (--follow-links on the command line)';
