// Whether a mask lies on its photo as it is seen, or as the photo's pixels are stored: where both have one size, edges tell.
import { withPicture } from '#files/picture';
import { shownSize, storedAt } from '#files/orientation';

/** A mask's values, row by row. */
interface Mask {
  width: number;
  height: number;
  values: Uint8Array;
}

/** A mask is looked at in at most so many pixels a side. */
const lookedAt = 512;
/** Fewer pixels beside a border tell nothing. */
const enoughBorder = 40;
/** So much more of a photo's edges lie on borders than elsewhere where a mask lies on it: 1 is chance. */
const clearly = 1.3;

/**
 * Whether a mask lies as the pixels of its photo are stored, although it is seen turned or mirrored, and both have one size: the borders
 * between labels lie on edges of the photo then, and do not where the mask is taken as it is.
 * @param orientation of the photo, 2 … 8 as in EXIF
 */
export function liesAsStored(imageFile: string, mask: Mask, orientation: number): Promise<boolean> {
  const factor = Math.min(1, lookedAt / Math.max(mask.width, mask.height));
  const size = { width: Math.max(1, Math.round(mask.width * factor)), height: Math.max(1, Math.round(mask.height * factor)) };
  return withPicture(imageFile, async (image) => {
    const { data } = await image
      .resize({ ...size, fit: 'fill' })
      .greyscale()
      .raw()
      .toBuffer({ resolveWithObject: true });
    const edges = edgesOf(data, size);
    const small = sampled(mask, size);
    const from = storedAt(orientation, size);
    const turned = small.map((_, i) => small[from(i % size.width, Math.floor(i / size.width))]);
    const [asSeen, asStored] = [onEdges(small, edges, size), onEdges(turned, edges, size)];
    return asStored > clearly && asStored > clearly * asSeen;
  });
}

/** Whether both ways of lying have one size. */
export const isInDoubt = (mask: { width: number; height: number }, orientation: number): boolean => {
  const shown = shownSize(mask, orientation);
  return orientation > 1 && shown.width === mask.width && shown.height === mask.height;
};

function sampled({ width, height, values }: Mask, size: { width: number; height: number }): Uint8Array {
  return Uint8Array.from({ length: size.width * size.height }, (_, i) => {
    const column = Math.floor((((i % size.width) + 0.5) * width) / size.width);
    const row = Math.floor(((Math.floor(i / size.width) + 0.5) * height) / size.height);
    return values[row * width + column];
  });
}

/** How much brightness changes to the right of and below each pixel. */
function edgesOf(grey: Uint8Array, { width, height }: { width: number; height: number }): Float32Array {
  return Float32Array.from({ length: width * height }, (_, i) => {
    const right = (i + 1) % width === 0 ? 0 : Math.abs(grey[i + 1] - grey[i]);
    const below = i + width < grey.length ? Math.abs(grey[i + width] - grey[i]) : 0;
    return right + below;
  });
}

/** The mean edge beside borders between labels, over that of the photo; 0 where there are too few to tell. */
function onEdges(values: Uint8Array, edges: Float32Array, { width }: { width: number }): number {
  let [border, sum, all] = [0, 0, 0];
  for (let i = 0; i < values.length; i++) {
    all += edges[i];
    const differs =
      ((i + 1) % width !== 0 && values[i + 1] !== values[i]) || (i + width < values.length && values[i + width] !== values[i]);
    if (!differs) continue;
    border++;
    sum += edges[i];
  }
  return border < enoughBorder || all === 0 ? 0 : sum / border / (all / values.length);
}
