import type { Random } from '../../src/shared/random.ts';
import type { Point, Raster } from './raster.ts';

/** CamVid-11's ids. */
export const ids = {
  sky: 0,
  building: 1,
  pole: 2,
  road: 3,
  pavement: 4,
  tree: 5,
  sign: 6,
  fence: 7,
  car: 8,
  pedestrian: 9,
  bicyclist: 10,
  void: 11,
} as const;

/** The street's geometry: ground points by distance and offset. */
export interface Street {
  raster: Raster;
  random: Random;
  horizon: number;
  vanishX: number;
  /** Half of the road's width at the bottom edge, in pixels. */
  halfRoad: number;
  pavement: number;
  /** Factor on everything's brightness. */
  day: number;
}

/** Where a ground point is on the screen. @param offset across, 1 = the kerb, @param near 0 at the horizon, 1 at the bottom edge */
export function ground(street: Street, offset: number, near: number): Point {
  const y = street.horizon + (street.raster.height - street.horizon) * near;
  return { x: street.vanishX + offset * street.halfRoad * near, y };
}
