import { assertMaskSize, readMask } from '#files/mask-png';
import { withPicture } from '#files/picture';
import { revisionOf } from '#files/revision';
import { AppError } from '#shared/errors';
import type { MaskFormat } from '#shared/classes/class-info';
import type { Sample } from '#shared/data/sample';

/** A decoded image with its label; pixels row-major, in memory that threads share. */
export interface DecodedSample {
  id: string;
  width: number;
  height: number;
  /** RGB bytes [height, width, 3]. */
  pixels: Uint8Array;
  /** Class ids [height, width], 255 = void; null without a label. */
  labels: Uint8Array | null;
  /** Revision of the photo's file, and of the labels as they were read: what is learnt from, whatever file names it. */
  revisions: string;
}

/** A copy in memory that another thread can read without one more. */
function shared(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}

/** Decodes an image and its label. @throws AppError 'corrupt-file' naming the file and the rule */
export async function decodeSample(sample: Sample, format: MaskFormat | null): Promise<DecodedSample> {
  const { data, info, photo } = await withPicture(sample.imageFile, async (image, { content }) => ({
    ...(await image.toColourspace('srgb').raw().toBuffer({ resolveWithObject: true })),
    photo: revisionOf(content),
  }));
  const decoded = { id: sample.id, width: info.width, height: info.height, pixels: shared(data), labels: null, revisions: photo };
  if (!sample.maskFile || !format) return decoded;
  const mask = readMask(sample.maskFile, format);
  assertMaskSize(sample.maskFile, mask, info);
  if (mask.illegal.length > 0) {
    const { text, pixels } = mask.illegal[0];
    throw new AppError('corrupt-file', `${sample.maskFile} has ${text} in ${pixels} pixels, which is outside the class set`, {
      file: sample.maskFile,
    });
  }
  return { ...decoded, labels: shared(mask.ids), revisions: `${photo} ${revisionOf(mask.ids)}` };
}
