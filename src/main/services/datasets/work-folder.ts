import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { lookAt, refuseLink, refuseSpecialDatabase } from '#files/file-identity';
import { AppError } from '#shared/errors';

/** The folder that the workbench keeps in a data set. */
export const workFolderIn = (folder: string): string => path.join(folder, '.encnet');

/** The databases in it: who has the data set, and its history. */
export const leaseName = 'lease.db';
export const historyName = 'history.db';

/** Where things lie that have no name any more, until they are off the disk. */
const binName = 'removed';

/** An id that names a folder or file of ours: letters, digits, dot, dash and underline, and no dot at its beginning. */
const idPattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,199}$/;

/** Whether a text from a database may name a folder. What lies in `.encnet` came with the data set and may be made to harm. */
export const isId = (text: string): boolean => idPattern.test(text) && text !== '__proto__';

/** Whether a name is one part of a path, and not a way out of a folder. */
const isPlainName = (name: string): boolean => name !== '' && name !== '.' && name !== '..' && !/[/\\\0]/.test(name);

/**
 * The folder that the workbench keeps for a data set: `<dataset>/.encnet`. Every path inside it is made here, so that none
 * leads out of it: names are single names, and links are not followed.
 */
export class WorkFolder {
  readonly root: string;
  private readonly removals = new Set<Promise<void>>();
  private count = 0;

  /** @throws AppError 'forbidden' if the folder, or one of those it always holds, is a link or a file */
  constructor(root: string) {
    this.root = root;
    for (const folder of [
      root,
      ...['runs', 'predictions', 'journal', 'originals', 'revisions', binName].map((name) => path.join(root, name)),
    ]) {
      refuseLink(folder);
      refuseFile(folder);
    }
    for (const file of [historyName, leaseName]) refuseSpecialDatabase(path.join(root, file));
  }

  /**
   * The path of something inside.
   * @throws AppError 'forbidden' if a name is no single name or something on the way is a link
   */
  at(...names: string[]): string {
    let file = this.root;
    for (const name of names) {
      if (!isPlainName(name))
        throw new AppError('forbidden', `${this.root}: "${name}" is not a name but a path, and is not followed`, { file: this.root });
      file = path.join(file, name);
      refuseLink(file);
    }
    return file;
  }

  /**
   * Removes something inside with all it holds; nothing happens if it is not there. Its name is free at once; thousands of files take
   * their time, in which others are answered.
   * @throws as `at`
   */
  remove(...names: string[]): void {
    if (names.length === 0) throw new AppError('forbidden', `${this.root} itself is not removed`, { file: this.root });
    const file = this.at(...names);
    if (!lookAt(file)) return;
    const gone = this.at(binName, `${process.pid}-${Date.now().toString(36)}-${++this.count}`);
    try {
      mkdirSync(path.dirname(gone), { recursive: true });
      renameSync(file, gone);
    } catch {
      // Held by another program, or a disk that takes not even a name.
      return rmSync(file, { recursive: true, force: true });
    }
    this.empty(gone);
  }

  /** Goes on with what a workbench that ended has not removed. */
  removeLeft(): void {
    const bin = this.at(binName);
    if (lookAt(bin)) this.empty(bin);
  }

  private empty(folder: string): void {
    // What cannot be removed now is tried again when the data set is opened next.
    const removal = rm(folder, { recursive: true, force: true })
      .catch(() => undefined)
      .finally(() => this.removals.delete(removal));
    this.removals.add(removal);
  }

  /** Resolves when all that was removed is off the disk, or after a while: the rest goes at the next opening. Never rejects. */
  async settled(limitMs = 3000): Promise<void> {
    const late = new Promise((resolve) => setTimeout(resolve, limitMs).unref());
    await Promise.race([Promise.all(this.removals), late]);
  }
}

/** @throws AppError 'forbidden' if something else than a folder is where one of ours must be */
function refuseFile(folder: string): void {
  const found = lookAt(folder);
  if (!found || found.isDirectory()) return;
  throw new AppError('forbidden', `${folder} is a file, and a folder must be there: move it away`, { file: folder });
}
