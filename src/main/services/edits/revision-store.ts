import path from 'node:path';
import { writeAtomic } from '#files/atomic-write';
import { isThere, refuseLink } from '#files/file-identity';
import { readPictureFile } from '#files/plain-file';
import { revisionOf } from '#files/revision';
import { AppError } from '#shared/errors';

const pattern = /^[0-9a-f]{8,64}$/;

/** Where a revision of a mask is kept. @throws AppError 'not-found' on what is no revision, 'forbidden' if a link leads there */
export function revisionFile(store: string, revision: string): string {
  if (!pattern.test(revision)) throw new AppError('not-found', `"${revision}" is no revision of a mask`);
  const folder = path.join(store, revision.slice(0, 2));
  refuseLink(folder);
  return path.join(folder, `${revision}.png`);
}

/** Keeps a mask's bytes once by their content. @returns their revision */
export function keepRevision(store: string, content: Uint8Array): string {
  const revision = revisionOf(content);
  const file = revisionFile(store, revision);
  if (!isThere(file)) writeAtomic(file, content);
  return revision;
}

/** Reads a kept mask and checks that it is what its name says. @throws AppError 'not-found', 'corrupt-file' naming the file */
export function readRevision(store: string, revision: string): Uint8Array {
  const file = revisionFile(store, revision);
  if (!isThere(file)) throw new AppError('not-found', `${file} does not exist: this revision of the mask is no longer kept`, { file });
  const content = readPictureFile(file);
  if (revisionOf(content) !== revision) throw new AppError('corrupt-file', `${file} is not the mask that its name says`, { file });
  return content;
}
