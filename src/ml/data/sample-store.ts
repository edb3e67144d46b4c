import sharp from 'sharp';
import { readMask } from '#files/mask-png';
import { AppError, messageOf } from '#shared/errors';
import type { MaskFormat, Sample } from '#shared/training/messages';

/** A decoded image with its label; pixels row-major. */
export interface DecodedSample {
  id: string;
  width: number;
  height: number;
  /** RGB bytes [height, width, 3]. */
  pixels: Uint8Array;
  /** Class ids [height, width], 255 = void; null without a label. */
  labels: Uint8Array | null;
}

/** Decodes an image and its label. @throws AppError 'corrupt-file' naming the file and the rule */
export async function decodeSample(sample: Sample, format: MaskFormat | null): Promise<DecodedSample> {
  const { data, info } = await sharp(sample.imageFile, { failOn: 'truncated' }).removeAlpha().toColourspace('srgb').raw().toBuffer({ resolveWithObject: true })
    .catch((error: unknown) => {
      throw new AppError('corrupt-file', `${sample.imageFile} cannot be decoded: ${messageOf(error)}`, { file: sample.imageFile });
    });
  const decoded = { id: sample.id, width: info.width, height: info.height, pixels: new Uint8Array(data.buffer, data.byteOffset, data.length), labels: null };
  if (!sample.maskFile || !format) return decoded;
  const mask = readMask(sample.maskFile, format);
  if (mask.width !== info.width || mask.height !== info.height) {
    throw new AppError('corrupt-file', `${sample.maskFile} must be ${info.width} x ${info.height} as its image, received ${mask.width} x ${mask.height}`, { file: sample.maskFile });
  }
  if (mask.illegal.length > 0) {
    const { value, pixels } = mask.illegal[0];
    throw new AppError('corrupt-file', `${sample.maskFile} has value ${value} in ${pixels} pixels, which is outside the class set`, { file: sample.maskFile });
  }
  return { ...decoded, labels: mask.ids };
}

/** Decodes samples once and keeps them, as long as they fit the memory budget. */
export class SampleStore {
  private readonly cache = new Map<string, DecodedSample>();
  private readonly format: MaskFormat | null;
  private freeBytes: number;

  /** @param budgetBytes memory for decoded samples; the rest is decoded anew each time */
  constructor(format: MaskFormat | null, budgetBytes = 2e9) {
    this.format = format;
    this.freeBytes = budgetBytes;
  }

  async get(sample: Sample): Promise<DecodedSample> {
    const known = this.cache.get(sample.id);
    if (known) return known;
    const decoded = await decodeSample(sample, this.format);
    const bytes = decoded.pixels.length + (decoded.labels?.length ?? 0);
    if (bytes <= this.freeBytes && !this.cache.has(sample.id)) {
      this.freeBytes -= bytes;
      this.cache.set(sample.id, decoded);
    }
    return decoded;
  }
}
