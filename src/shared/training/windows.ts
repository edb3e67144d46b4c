/** A rectangle of an image, in whole pixels. */
export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** Share of a window that the next one covers again, at least. */
const overlap = 1 / 3;

/** Starts of windows of `length` that cover `available`, evenly spread. */
function starts(available: number, length: number): number[] {
  const count = available <= length ? 1 : 1 + Math.ceil((available - length) / (length * (1 - overlap)));
  return Array.from({ length: count }, (_, index) => (count === 1 ? 0 : Math.round((index * (available - length)) / (count - 1))));
}

/**
 * Windows that cover an image, each overlapping the next by at least a third.
 * @param image [height, width] @param window [height, width]; a larger one than the image is the image
 */
export function windowsOf(image: readonly [number, number], window: readonly [number, number]): Box[] {
  const [height, width] = [Math.min(image[0], Math.round(window[0])), Math.min(image[1], Math.round(window[1]))];
  return starts(image[0], height).flatMap((top) => starts(image[1], width).map((left) => ({ left, top, width, height })));
}
