import { pictureAt } from '../assist/picture-at.ts';
import { gridWithin } from '../editor/cells.ts';
import { clipBox, type Size } from '../editor/region.ts';
import type { Box } from '../editor/units.ts';

/** Larger photos are looked at coarser: beyond it, memory counts for more than single pixels. */
const mostCells = 16e6;

/** A photo in memory, to be looked at in parts and at other sizes. */
export class Photo {
  /** Of the image. */
  readonly size: Size;
  private readonly canvas: OffscreenCanvas;

  private constructor(size: Size, canvas: OffscreenCanvas) {
    this.size = size;
    this.canvas = canvas;
  }

  /** @throws Error if it cannot be had or read */
  static async at(address: string): Promise<Photo> {
    const picture = await pictureAt(address);
    try {
      const size = { width: picture.width, height: picture.height };
      const held = gridWithin(size, mostCells);
      const canvas = new OffscreenCanvas(held.width, held.height);
      canvas.getContext('2d', { willReadFrequently: true })!.drawImage(picture, 0, 0, held.width, held.height);
      return new Photo(size, canvas);
    } finally {
      picture.close();
    }
  }

  /** All of it, as it is held. */
  whole(): ImageData {
    const { width, height } = this.canvas;
    return this.canvas.getContext('2d')!.getImageData(0, 0, width, height);
  }

  /** A part of the image, in at most so many cells. @param box in pixels of the image */
  part(box: Box, cells: number): { pixels: ImageData; box: Box } | null {
    const inside = clipBox(box, this.size);
    if (!inside) return null;
    const { width, height } = gridWithin(inside, cells);
    const [across, down] = [this.canvas.width / this.size.width, this.canvas.height / this.size.height];
    const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })!;
    const { left, top } = inside;
    context.drawImage(this.canvas, left * across, top * down, inside.width * across, inside.height * down, 0, 0, width, height);
    return { pixels: context.getImageData(0, 0, width, height), box: inside };
  }

  /** All of it, in at most so many cells. */
  reduced(cells: number): ImageData {
    return this.part({ left: 0, top: 0, ...this.size }, cells)!.pixels;
  }
}
