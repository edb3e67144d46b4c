import { lstatSync, statSync } from 'node:fs';

/** Tells a file or folder from another one that was put in its place; null if there is none. Costs one look. */
export function identityOf(file: string): string | null {
  const stat = statSync(file, { throwIfNoEntry: false, bigint: true });
  return stat ? `${stat.dev}:${stat.ino}` : null;
}

/** Whether a path is itself a link. */
export const isLink = (file: string): boolean => lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
