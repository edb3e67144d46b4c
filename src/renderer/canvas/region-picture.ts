import Konva from 'konva';
import type { Looked, Region } from '../editor/region.ts';

/** A larger region is shown coarser: it is drawn with every move of the pointer. */
const mostCells = 600_000;

/** Its edge is seen over its own class too: white, as a pixel of a canvas. */
const outline = 0xffffffff;

/** Pixels that would be written, as a picture over the mask. */
export class RegionPicture {
  readonly shape: Konva.Image;
  private readonly canvas = document.createElement('canvas');
  private shown: Region | Looked | null = null;

  constructor() {
    this.shape = new Konva.Image({ image: this.canvas, listening: false, visible: false, opacity: 0.65 });
  }

  /** @param pixel what is written, as a pixel of a canvas, or one for each id where a region has ids of its own */
  show(region: Region | Looked | null, pixel: number | Uint32Array): void {
    if (region === this.shown) return;
    this.shown = region;
    this.shape.visible(region !== null);
    if (region) this.paint(region, pixel);
  }

  private paint(region: Region | Looked, pixel: number | Uint32Array): void {
    const { box, ids } = region;
    const stride = Math.max(1, Math.ceil(Math.sqrt((box.width * box.height) / mostCells)));
    const [columns, rows] = [Math.ceil(box.width / stride), Math.ceil(box.height / stride)];
    const shown = sampled(region, stride, columns, rows);
    const pixels = new Uint32Array(columns * rows);
    for (let row = 0, i = 0; row < rows; row++)
      for (let column = 0; column < columns; column++, i++) {
        if (!shown[i]) continue;
        const isInside =
          column > 0 && shown[i - 1] && column < columns - 1 && shown[i + 1] && shown[i - columns] && row < rows - 1 && shown[i + columns];
        const id = ids?.[row * stride * box.width + column * stride] ?? 0;
        pixels[i] = isInside ? (typeof pixel === 'number' ? pixel : pixel[id]) : outline;
      }
    [this.canvas.width, this.canvas.height] = [columns, rows];
    this.canvas.getContext('2d')!.putImageData(new ImageData(new Uint8ClampedArray(pixels.buffer), columns, rows), 0, 0);
    this.shape.setAttrs({ image: this.canvas, x: box.left, y: box.top, width: columns * stride, height: rows * stride });
  }
}

/** Which cells of a coarser grid over a region's box are shown: by the pixel in their corner. */
function sampled(region: Region | Looked, stride: number, columns: number, rows: number): Uint8Array {
  const { left, top, width } = region.box;
  const has = 'has' in region ? region.has : (x: number, y: number) => region.selected[(y - top) * width + x - left] > 0;
  const shown = new Uint8Array(columns * rows);
  for (let row = 0, i = 0; row < rows; row++)
    for (let column = 0; column < columns; column++, i++) shown[i] = has(left + column * stride, top + row * stride) ? 1 : 0;
  return shown;
}
