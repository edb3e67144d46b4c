import { lstatSync, statSync, type Stats } from 'node:fs';
import { AppError } from '#shared/errors';

/** What a network disk says that does not answer, and a folder that may not be looked into any more. */
const awayCodes: readonly unknown[] = ['ENOTCONN', 'ESTALE', 'EIO', 'ETIMEDOUT', 'EHOSTDOWN', 'EHOSTUNREACH', 'ENODEV', 'EACCES'];

/** Tells a file or folder from another one that was put in its place; null if there is none, or it is away. Costs one look. */
export function identityOf(file: string): string | null {
  try {
    const stat = statSync(file, { throwIfNoEntry: false, bigint: true });
    return stat ? `${stat.dev}:${stat.ino}` : null;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // A link in a circle leads to nothing.
    if (code === 'ELOOP' || awayCodes.includes(code)) return null;
    throw error;
  }
}

/**
 * What has this name, a link as itself; null if nothing does, also where a file is in the place of a folder on the way, and where no file
 * can have it.
 */
export function lookAt(file: string): Stats | null {
  try {
    return lstatSync(file, { throwIfNoEntry: false }) ?? null;
  } catch (error) {
    if (['ENOTDIR', 'ENAMETOOLONG'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}

/** Whether something has this name, a link that leads nowhere included. */
export const isThere = (file: string): boolean => lookAt(file) !== null;

/** @throws AppError 'forbidden' if a file or folder of the workbench's own is a link: what it leads to is somebody else's */
export function refuseLink(file: string, found = lookAt(file)): void {
  if (found?.isSymbolicLink())
    throw new AppError(
      'forbidden',
      `${file} is a link, and links inside a data set's .encnet are not followed: put a folder in its place or remove it`,
      { file },
    );
}

/**
 * @throws AppError 'forbidden' if a file of the workbench's own that is written in place has another name as well: whoever made that link
 * has chosen a file that is not ours
 */
export function refuseSharedFile(file: string, found = lookAt(file)): void {
  if (found?.isFile() && found.nlink > 1)
    throw new AppError(
      'forbidden',
      `${file} has another name elsewhere (a hard link), and would be changed there too: put a copy in its place`,
      {
        file,
      },
    );
}

/** What SQLite keeps beside a database. */
const besideDatabase = ['', '-wal', '-shm', '-journal'];

/**
 * A pipe in the place of a database would keep whoever opens it for ever.
 * @throws AppError 'forbidden' if a database of ours, or what belongs to it, is a link, a folder, a pipe or a device
 */
export function refuseSpecialDatabase(file: string): void {
  for (const suffix of besideDatabase) {
    const at = `${file}${suffix}`;
    const found = lookAt(at);
    refuseLink(at, found);
    refuseSharedFile(at, found);
    if (found && !found.isFile())
      throw new AppError('forbidden', `${at} is no plain file, and one must be there: move it away`, { file: at });
  }
}
