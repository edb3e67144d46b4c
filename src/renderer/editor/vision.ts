// What tools are told of the photo below the mask.
import type { Region, Size } from './region.ts';
import type { Box, ImagePoint } from './units.ts';

/** A photo's colours as they are compared, at the image's size or coarser. */
export interface PhotoMap extends Size {
  /** CIELAB, three bytes a cell, row-major: lightness of 0 to 255, a and b around 128. */
  lab: Uint8Array;
}

/** A photo cut into small areas of one colour, at the image's size or coarser. */
export interface Superpixels extends Size {
  /** The superpixel of each cell, row-major, from 0. */
  labels: Int32Array;
  /** The box of each, in cells: left, top, right, bottom, the last two within. */
  boxes: Int32Array;
}

/** What is seen in the photo of the image at hand. */
export interface Vision {
  /** Null until the photo has been looked at. */
  readonly photo: PhotoMap | null;
  /** Null until they are known, at the size that is asked for. */
  readonly superpixels: Superpixels | null;
  /** Whether what the tool in hand needs of the photo is still on its way. */
  readonly isLooking: boolean;
  /**
   * The way along edges from one point to another, without the first.
   * @param within the part of the image that is looked at
   */
  trace(from: ImagePoint, to: ImagePoint, within: Box): Promise<ImagePoint[]>;
  /** The thing in a box, against what lies around it; null where nothing stands out. */
  cutOut(box: Box): Promise<Region | null>;
}

/** How far colours are apart, by their differences in CIELAB: lightness counts for half, a shadow changes no thing. */
export const colourDistance = (dl: number, da: number, db: number): number => Math.sqrt((dl * dl) / 4 + da * da + db * db);
