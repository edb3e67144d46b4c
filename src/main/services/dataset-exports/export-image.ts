import { assertMaskSize, readMask } from '#files/mask-png';
import { countCodes } from '#files/mask-writing';
import { withPicture } from '#files/picture';
import type { ExportFormName } from '#shared/data/export-forms';
import type { MaskFormat } from '#shared/classes/class-info';
import { voidId } from '#shared/mask/void-id';
import { formOfExport, type OutClass, type OutEntry, type OutFile } from './forms.ts';

export interface ExportImageInput {
  to: ExportFormName;
  split: string;
  name: string;
  imageFile: string;
  maskFile: string;
  format: MaskFormat;
  classes: readonly OutClass[];
}

export interface ExportedImage {
  files: OutFile[];
  entry: OutEntry;
  /** Pixels of each class, then of void. */
  pixels: number[];
  /** Pixels outside the class set, which go out as void. */
  foreign: number;
}

/** One image and its mask in a form. @throws AppError 'corrupt-file' naming the file, 'too-large' */
export async function exportImage(input: ExportImageInput): Promise<ExportedImage> {
  const { to, split, name, imageFile, maskFile, format, classes } = input;
  const form = formOfExport[to];
  const mask = readMask(maskFile, format);
  const picture = await withPicture(imageFile, async (image, { content, isPlain, format: kind, width, height }) => {
    assertMaskSize(maskFile, mask, { width, height });
    const asItIs = isPlain && kind !== 'tiff' && (kind === 'png' || !form.pngAlone);
    if (asItIs) return { bytes: content, extension: kind === 'jpeg' ? '.jpg' : `.${kind}` };
    return { bytes: new Uint8Array(await image.png().toBuffer()), extension: '.png' };
  });
  const { width, height, ids } = mask;
  const out = { split, name, extension: picture.extension, picture: picture.bytes, width, height, ids };
  const counts = countCodes(ids);
  return {
    files: form.files(out, classes),
    entry: { split, name, extension: picture.extension, width, height, coco: form.coco?.(out, classes) },
    pixels: [...classes.map((_, id) => counts[id]), counts[voidId]],
    foreign: mask.illegal.reduce((sum, { pixels: each }) => sum + each, 0),
  };
}
