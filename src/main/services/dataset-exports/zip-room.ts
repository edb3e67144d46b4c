import { stat } from 'node:fs/promises';
import type { ExportFormName } from '#shared/data/export-forms';
import { voidId } from '#shared/mask/void-id';
import { formOfExport, type OutClass } from './forms.ts';
import { isZipName, tooLargeForZip, tooManyForZip, mostZipBytes, mostZipFiles } from './sink.ts';

/**
 * A zip that will not hold an export is refused before it is written for an hour. By the photos, which go out as they are: masks and lists
 * come on top, and are counted as they are written.
 * @throws AppError 'too-large' if it would have too many files or bytes
 */
export async function assertFitsZip(
  out: string,
  to: ExportFormName,
  classes: readonly OutClass[],
  images: readonly { imageFile: string }[],
): Promise<void> {
  if (!isZipName(out)) return;
  const picture = new Uint8Array(1);
  const one = { split: 'a', name: 'a', extension: '.png', picture, width: 1, height: 1, ids: Uint8Array.of(voidId) };
  const files = formOfExport[to].files(one, classes);
  if (images.length * files.length > mostZipFiles) throw tooManyForZip(out);
  if (!files.some(({ content }) => content === picture)) return;
  let bytes = 0;
  for (const { imageFile } of images) {
    // Others are written anew, and may become smaller.
    if (!/\.(jpe?g|png)$/i.test(imageFile)) continue;
    // One that is not there is told when its turn comes.
    bytes += (await stat(imageFile).catch(() => null))?.size ?? 0;
    if (bytes > mostZipBytes) throw tooLargeForZip(out);
  }
}
