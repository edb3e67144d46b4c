import Konva from 'konva';
import type { Region } from '../editor/region.ts';

/** A larger region is shown coarser: it is drawn with every move of the pointer. */
const mostCells = 600_000;

/** Its edge is seen over its own class too: white, as a pixel of a canvas. */
const outline = 0xffffffff;

/** Pixels that would be written, as a picture over the mask. */
export class RegionPicture {
  readonly shape: Konva.Image;
  private readonly canvas = document.createElement('canvas');
  private shown: Region | null = null;

  constructor() {
    this.shape = new Konva.Image({ image: this.canvas, listening: false, visible: false, opacity: 0.65 });
  }

  /** @param pixel what is written, as a pixel of a canvas, or one for each id where a region has ids of its own */
  show(region: Region | null, pixel: number | Uint32Array): void {
    if (region === this.shown) return;
    this.shown = region;
    this.shape.visible(region !== null);
    if (region) this.paint(region, pixel);
  }

  private paint({ box, selected, ids }: Region, pixel: number | Uint32Array): void {
    const stride = Math.max(1, Math.ceil(Math.sqrt((box.width * box.height) / mostCells)));
    const [columns, rows] = [Math.ceil(box.width / stride), Math.ceil(box.height / stride)];
    const at = (column: number, row: number) => row * stride * box.width + column * stride;
    const isIn = (column: number, row: number) =>
      column >= 0 && row >= 0 && column < columns && row < rows && selected[at(column, row)] > 0;
    const pixels = new Uint32Array(columns * rows);
    for (let row = 0, i = 0; row < rows; row++)
      for (let column = 0; column < columns; column++, i++) {
        if (!isIn(column, row)) continue;
        const inside = isIn(column - 1, row) && isIn(column + 1, row) && isIn(column, row - 1) && isIn(column, row + 1);
        const id = ids?.[at(column, row)] ?? 0;
        pixels[i] = inside ? (typeof pixel === 'number' ? pixel : pixel[id]) : outline;
      }
    [this.canvas.width, this.canvas.height] = [columns, rows];
    this.canvas.getContext('2d')!.putImageData(new ImageData(new Uint8ClampedArray(pixels.buffer), columns, rows), 0, 0);
    this.shape.setAttrs({ image: this.canvas, x: box.left, y: box.top, width: columns * stride, height: rows * stride });
  }
}
