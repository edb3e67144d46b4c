// What EXIF says about how a photo is turned before it is shown, for pixels that are turned likewise.

interface Size {
  width: number;
  height: number;
}

/** Whether a picture that is shown so has its stored height for its width. */
const swapsSides = (orientation: number): boolean => orientation >= 5;

/** The size in which stored pixels are shown. */
export const shownSize = ({ width, height }: Size, orientation: number): Size =>
  swapsSides(orientation) ? { width: height, height: width } : { width, height };

/**
 * Where a shown pixel is stored.
 * @param orientation 1 … 8 as in EXIF: 6 is shown turned by 90° with the clock, 2 mirrored from side to side
 * @param size in which it is stored
 * @returns the index of the stored pixel, row by row, for the column and row of the shown one
 */
export function storedAt(orientation: number, { width, height }: Size): (x: number, y: number) => number {
  const [right, bottom] = [width - 1, height - 1];
  const at = (column: number, row: number) => row * width + column;
  switch (orientation) {
    case 2:
      return (x, y) => at(right - x, y);
    case 3:
      return (x, y) => at(right - x, bottom - y);
    case 4:
      return (x, y) => at(x, bottom - y);
    case 5:
      return (x, y) => at(y, x);
    case 6:
      return (x, y) => at(y, bottom - x);
    case 7:
      return (x, y) => at(right - y, bottom - x);
    case 8:
      return (x, y) => at(right - y, x);
    default:
      return at;
  }
}
