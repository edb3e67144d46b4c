import { voidId } from '#shared/mask/void-id';
import type { Geometry } from './geometry.ts';
import type { DecodedSample } from './decode.ts';
import { putBetween, rowWriter } from './row-writer.ts';

/**
 * Samples a rotated rectangle of the source: bilinear for the image, nearest for the label; mean colour and void beyond the source.
 * @param image output float32 [height, width, 3]
 * @param labels output ids [height, width], or null
 */
export function sampleRotated(
  source: DecodedSample,
  geometry: Geometry,
  [height, width]: readonly [number, number],
  image: Float32Array,
  labels: Uint8Array | null,
): void {
  const angle = (geometry.rotation * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const [centreX, centreY] = [geometry.left + geometry.width / 2, geometry.top + geometry.height / 2];
  const [scaleX, scaleY] = [geometry.width / width, geometry.height / height];
  const write = rowWriter(geometry, width, image);
  const line = new Uint8Array(width * 3);
  for (let y = 0; y < height; y++) {
    const dy = ((geometry.flipVertical ? height - 1 - y : y) + 0.5 - height / 2) * scaleY;
    // What lies within the source is one piece of each row.
    let [from, end] = [width, 0];
    for (let x = 0; x < width; x++) {
      const dx = ((geometry.flipHorizontal ? width - 1 - x : x) + 0.5 - width / 2) * scaleX;
      const sourceX = centreX + cos * dx - sin * dy;
      const sourceY = centreY + sin * dx + cos * dy;
      const column = Math.floor(sourceX);
      const row = Math.floor(sourceY);
      const inside = column >= 0 && row >= 0 && column < source.width && row < source.height;
      if (inside) {
        putPixel(source, sourceX - 0.5, sourceY - 0.5, line, x * 3);
        if (x < from) from = x;
        end = x + 1;
      }
      if (labels) labels[y * width + x] = inside && source.labels ? source.labels[row * source.width + column] : voidId;
    }
    write(line, Math.min(from, end), end, y * width * 3);
  }
}

/** Bilinear at a position between pixel centres; the border repeats. */
function putPixel({ pixels, width, height }: DecodedSample, x: number, y: number, line: Uint8Array, to: number): void {
  // No arrays here: a crop has a hundred thousand pixels, and this is most of what preparing one takes.
  const left = Math.max(0, Math.floor(x));
  const top = Math.max(0, Math.floor(y));
  const right = Math.min(left + 1, width - 1);
  const upper = top * width;
  const lower = Math.min(top + 1, height - 1) * width;
  const h = Math.max(0, x - left);
  const v = Math.max(0, y - top);
  putBetween(pixels, (upper + left) * 3, (upper + right) * 3, (lower + left) * 3, (lower + right) * 3, h, v, line, to);
}
