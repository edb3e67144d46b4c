import type { Size } from '../editor/region.ts';

/** Whether one of its four neighbours holds another value. The edge of the picture is no border. */
export function isBorder(values: ArrayLike<number>, { width, height }: Size, x: number, y: number): boolean {
  const at = y * width + x;
  const value = values[at];
  return (
    (x > 0 && values[at - 1] !== value) ||
    (x < width - 1 && values[at + 1] !== value) ||
    (y > 0 && values[at - width] !== value) ||
    (y < height - 1 && values[at + width] !== value)
  );
}
