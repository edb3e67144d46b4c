// A file of the person's own is written back as the thing that it is: behind its links, with its permissions and its owner.
import { closeSync, fchmodSync, fchownSync, fsyncSync, ftruncateSync, openSync, readdirSync, realpathSync, type Stats } from 'node:fs';
import path from 'node:path';
import { asFileError, writeAll, writeAtomic } from './atomic-write.ts';
import { AppError } from '#shared/errors';
import { lookAt } from './file-identity.ts';
import { linkRefusal, linkTarget } from './link-target.ts';

/** Nobody may write it, root included: whoever set that meant it. */
const isProtected = ({ mode }: Stats): boolean => process.platform !== 'win32' && (mode & 0o222) === 0;

/**
 * Replaces a file's content, or begins it. A link stays one, and what it leads to is written; one to a file beside it becomes a file of
 * its own, since that one is somebody else's mask. Of a file with several names all keep the same content, but where one of them is
 * beside it or among the others' too: such are masks that were alike, and what is painted on one is not the other's.
 * @param among folders of other images' masks
 * @throws AppError 'read-only' if the file is write-protected, 'forbidden' if a link may not be followed, 'disk-full'
 */
export function replaceFile(file: string, content: Uint8Array, among: readonly string[] = []): void {
  const found = lookAt(file);
  const behind = found?.isSymbolicLink() ? linkTarget(file) : file;
  if (behind === null) throw new AppError('forbidden', linkRefusal(file), { file });
  const target = behind !== file && isBeside(behind, file) ? file : behind;
  const before = lookAt(behind);
  if (before && isProtected(before))
    throw new AppError('read-only', `${target} is write-protected, and is left as it is: allow writing to it (chmod u+w) to save`, {
      file,
    });
  if (before && before.nlink > 1 && target === behind && !hasTwin(target, before, among)) writeInPlace(target, content);
  else writeAtomic(target, content, (handle) => before && takeAfter(handle, before));
}

/** Whether a link leads to a file of its own folder. */
const isBeside = (target: string, file: string): boolean => path.dirname(target) === realpathSync.native(path.dirname(file));

/** Files that were looked for, and have no other name there: a large folder is gone through once, until they get one more. */
const alone = new Set<string>();

/** Whether a file has another name in its own folder or in one of these. One that cannot be looked through shows none. */
function hasTwin(file: string, { dev, ino, nlink, birthtimeMs }: Stats, among: readonly string[]): boolean {
  const identity = [dev, ino, nlink, birthtimeMs].join();
  if (alone.has(identity)) return false;
  const isTwin = (other: string): boolean => {
    const found = other === file ? null : lookAt(other);
    return found?.ino === ino && found.dev === dev;
  };
  const filesOf = (folder: string): string[] => {
    try {
      return readdirSync(folder).map((name) => path.join(folder, name));
    } catch {
      return [];
    }
  };
  if ([...new Set([path.dirname(file), ...among])].some((folder) => filesOf(folder).some(isTwin))) return true;
  alone.add(identity);
  return false;
}

/** Gives a new file the permissions and the owner of the one that it replaces. */
function takeAfter(handle: number, { mode, uid, gid }: Stats): void {
  if (process.platform === 'win32') return;
  try {
    fchownSync(handle, uid, gid);
  } catch {
    // Only root may give files away: the file is then its writer's, as it is of every program.
  }
  fchmodSync(handle, mode & 0o7777);
}

/** A new file in its place would part it from its other names. */
function writeInPlace(file: string, content: Uint8Array): void {
  try {
    const handle = openSync(file, 'r+');
    try {
      writeAll(handle, content);
      ftruncateSync(handle, content.length);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    throw asFileError(error, file);
  }
}
