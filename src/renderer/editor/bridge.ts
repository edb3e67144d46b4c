import { polygonRegion } from './polygon-region.ts';
import type { Region, Size } from './region.ts';
import type { ImagePoint } from './units.ts';

/** A piece is not looked at for its width further than this, in pixels to a side. */
const widest = 200;

/**
 * What joins two pieces of a class along a line: a band as wide as they are where it begins and ends, such as of a pole behind a sign.
 * @returns null where one of the ends is not in the class
 */
export function bridge(ids: Uint8Array, size: Size, id: number, from: ImagePoint, to: ImagePoint): Region | null {
  const isIn = ({ x, y }: ImagePoint) => {
    const [column, row] = [Math.floor(x), Math.floor(y)];
    return column >= 0 && row >= 0 && column < size.width && row < size.height && ids[row * size.width + column] === id;
  };
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  if (length === 0 || !isIn(from) || !isIn(to)) return null;
  const across = { x: -(to.y - from.y) / length, y: (to.x - from.x) / length };
  /** The last point of the class from an end, to one side. */
  const edge = (end: ImagePoint, side: 1 | -1) => {
    let far = 0;
    while (far < widest && isIn({ x: end.x + side * across.x * (far + 0.5), y: end.y + side * across.y * (far + 0.5) })) far += 0.5;
    return { x: end.x + side * across.x * far, y: end.y + side * across.y * far };
  };
  return polygonRegion([edge(from, 1), edge(to, 1), edge(to, -1), edge(from, -1)], size);
}
