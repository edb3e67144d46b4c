import sharp from 'sharp';
import { withPicture } from '#files/picture';
import type { ClassInfo } from '#shared/classes/class-info';
import type { ReviewMasks } from '#shared/contract/review';
import type { MaskSize } from '#shared/mask/patch';
import { voidId } from '#shared/mask/void-id';
import { colourMask } from '../assets/colour-mask.ts';

/** Pixels that a picture has at most, across and down. */
const most = { width: 360, height: 720 };
const opacity = 0.6;

/** A photo, its label and its prediction side by side, the masks over the photo. @returns JPEG @throws as `withPicture` */
export async function reportPicture(imageFile: string, masks: ReviewMasks, classes: readonly ClassInfo[]): Promise<Uint8Array> {
  const scale = Math.min(most.width / masks.width, most.height / masks.height);
  const [width, height] = [masks.width, masks.height].map((side) => Math.max(1, Math.round(side * scale)));
  const photo = await withPicture(imageFile, (image) => image.resize(width, height, { fit: 'fill' }).removeAlpha().raw().toBuffer());
  const none = new Uint8Array(masks.width * masks.height).fill(voidId);
  const layers = await Promise.all([masks.label ?? none, masks.prediction].map((ids) => layerOf(ids, masks, classes, { width, height })));
  const raw = { width, height, channels: 3 as const };
  return sharp({ create: { width: 3 * width, height, channels: 3, background: 'white' } })
    .composite([
      ...[0, 1, 2].map((place) => ({ input: photo, raw, left: place * width, top: 0 })),
      ...layers.map((input, n) => ({ input, raw: { width, height, channels: 4 as const }, left: (n + 1) * width, top: 0 })),
    ])
    .jpeg({ quality: 80 })
    .toBuffer();
}

/** A mask's colours at the picture's size, half transparent. */
async function layerOf(ids: Uint8Array, size: ReviewMasks, classes: readonly ClassInfo[], to: MaskSize): Promise<Buffer> {
  const pixels = colourMask(ids, classes);
  for (let i = 3; i < pixels.length; i += 4) pixels[i] = Math.round(pixels[i] * opacity);
  const raw = { width: size.width, height: size.height, channels: 4 as const };
  return sharp(pixels, { raw, limitInputPixels: false }).resize(to.width, to.height, { fit: 'fill', kernel: 'nearest' }).raw().toBuffer();
}
