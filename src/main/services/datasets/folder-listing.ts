import { readdirSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { FolderListing } from '#shared/contract/datasets';
import { AppError } from '#shared/errors';
import { isWeightFile } from '#shared/training/start-weights';
import { asReadError } from '#files/atomic-write';
import { typedPath } from '../app/typed-path.ts';
import { isFolder } from '../layouts/folder-view.ts';
import { looksLikeDataset } from '../layouts/recognise.ts';
import { isZip } from '../layouts/unzip.ts';

/** What can be chosen in a folder, without a native dialog. @param folder null starts at home @throws AppError naming the folder */
export function listFolder(folder: string | null): FolderListing {
  const at = folder === null ? os.homedir() : typedPath(folder);
  if (at.includes('\0')) throw new AppError('invalid-argument', 'A path cannot hold the character NUL', { file: at });
  let entries;
  try {
    entries = readdirSync(at, { withFileTypes: true });
  } catch (error) {
    throw asReadError(error, at);
  }
  const shown = entries.filter(({ name }) => !name.startsWith('.')).sort((a, b) => a.name.localeCompare(b.name));
  const placed = (name: string) => ({ name, path: path.join(at, name) });
  const files = shown.filter((entry) => entry.isFile() || entry.isSymbolicLink()).map(({ name }) => name);
  const parent = path.dirname(at);
  return {
    path: at,
    parent: parent === at ? null : parent,
    folders: shown
      .filter((entry) => entry.isDirectory() || (entry.isSymbolicLink() && isFolder(path.join(at, entry.name))))
      .map(({ name }) => ({ ...placed(name), looksLikeDataset: looksLikeDataset(path.join(at, name)) })),
    zips: shown.filter((entry) => entry.isFile() && isZip(entry.name)).map(({ name }) => placed(name)),
    weights: files.filter(isWeightFile).flatMap((name) => sized(placed(name))),
  };
}

/** A file with its size; none where it has gone, is none, or leads nowhere: one of them keeps no folder from being looked into. */
function sized(file: { name: string; path: string }): FolderListing['weights'] {
  try {
    const stat = statSync(file.path);
    return stat.isFile() ? [{ ...file, bytes: stat.size }] : [];
  } catch {
    return [];
  }
}
