import { realpathSync } from 'node:fs';
import path from 'node:path';
import { identityOf } from '#files/file-identity';
import { AppError } from '#shared/errors';
import { isZipName } from './sink.ts';

/**
 * A folder of photos and masks inside a data set would be read as more of its images. By what folders are and not by their names: they
 * may have several, by links and by letters that a disk takes for the same.
 * @param out where an export is to go; a zip may lie anywhere
 * @throws AppError 'invalid-argument' if that is in the folder of the data set
 */
export function assertOutside(out: string, dataset: string): void {
  const own = identityOf(dataset);
  if (own === null || isZipName(out)) return;
  for (let at = realPlace(path.resolve(out)); ; at = path.dirname(at)) {
    if (identityOf(at) === own)
      throw new AppError(
        'invalid-argument',
        `${out} lies in the data set's own folder, ${dataset}, where what is exported would be read as more of its images: ` +
          `choose a folder beside it, such as ${path.join(path.dirname(dataset), `${path.basename(dataset)}-export`)}, or a zip`,
        { file: out },
      );
    if (at === path.dirname(at)) return;
  }
}

/** The folder that a path would lie in, links resolved: the nearest that is there. */
function realPlace(out: string): string {
  for (let at = out; ; at = path.dirname(at)) {
    try {
      return realpathSync.native(at);
    } catch {
      // It is not there yet, or no file can have its name: that is told by whoever writes it.
      if (at === path.dirname(at)) return at;
    }
  }
}
