// What the samples of a TIFF mean is said in its tags: libvips gives them as colours whatever they are.
import { messageOf } from '#shared/errors';
import { headersIn } from './tiff-folders.ts';

/** What a band beside the colours is, as `ExtraSamples` numbers it: transparency, of colours that carry it or that do not. */
const transparencies = [1, 2];

/**
 * Why a photo's samples are not the colours of a picture as one sees it; null where they are.
 * @param content a TIFF
 * @param depth as libvips names it, `uchar` of 8 bits
 * @param hasAlpha whether libvips takes its last band for transparency
 */
export function foreignSamples(content: Uint8Array, { depth, hasAlpha }: { depth: string; hasAlpha: boolean }): string | null {
  if (depth !== 'uchar' && depth !== 'ushort')
    return 'its samples are fractions or have signs, and what is white among them is not known: save it with 8 or 16 bits a colour';
  if (!hasAlpha) return null;
  try {
    const [{ extraSamples }] = headersIn(content)([0]);
    if (extraSamples?.some((kind) => transparencies.includes(kind))) return null;
  } catch (error) {
    return `its tags cannot be read (${messageOf(error)})`;
  }
  return 'its fourth band is not said to be transparency, and a photo has three: save it as RGB';
}
