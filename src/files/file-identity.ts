import { lstatSync, statSync } from 'node:fs';
import { AppError } from '#shared/errors';

/** Tells a file or folder from another one that was put in its place; null if there is none. Costs one look. */
export function identityOf(file: string): string | null {
  const stat = statSync(file, { throwIfNoEntry: false, bigint: true });
  return stat ? `${stat.dev}:${stat.ino}` : null;
}

/** Whether a path is itself a link. */
const isLink = (file: string): boolean => lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;

/** @throws AppError 'forbidden' if a file or folder of the workbench's own is a link: what it leads to is somebody else's */
export function refuseLink(file: string): void {
  if (isLink(file))
    throw new AppError(
      'forbidden',
      `${file} is a link, and links inside a data set's .encnet are not followed: put a folder in its place or remove it`,
      { file },
    );
}
