import { voidId } from '#shared/mask/void-id';
import type { Pair } from '../editor/disagreement.ts';
import { clipBox, type Size } from '../editor/region.ts';
import type { Box } from '../editor/units.ts';
import { isBorder } from './is-border.ts';

/** Width of a stripe of a hatch. */
const stripePx = 4;

/** Paints class ids onto a canvas of the mask's own size, only where asked to. */
export class MaskCanvas {
  readonly canvas: HTMLCanvasElement;
  private readonly context: CanvasRenderingContext2D;
  private readonly size: Size;

  constructor(size: Size) {
    this.size = size;
    this.canvas = document.createElement('canvas');
    this.canvas.width = size.width;
    this.canvas.height = size.height;
    this.context = this.canvas.getContext('2d')!;
  }

  /**
   * @param stripes the colours of every other stripe, where they are others than `table`'s: those of foreign pixels
   * @param contours whether only pixels are shown that lie beside another id
   */
  repaint(
    ids: Uint8Array,
    table: Uint32Array,
    box: Box = { left: 0, top: 0, ...this.size },
    stripes: Uint32Array = table,
    contours = false,
  ): void {
    // A pixel that changes makes edges of those beside it.
    const around = contours ? grown(box, this.size) : box;
    const { left, top, width, height } = around;
    const pixels = new Uint32Array(width * height);
    for (let y = 0, i = 0; y < height; y++, i += width) {
      const from = (top + y) * this.size.width + left;
      const diagonal = left + top + y;
      for (let x = 0; x < width;) {
        const id = ids[from + x];
        const begin = x++;
        // Neighbours are mostly alike: painted run by run.
        if (!contours && table[id] === stripes[id]) {
          while (x < width && ids[from + x] === id) x++;
          pixels.fill(table[id], i + begin, i + x);
        } else if (!contours || isBorder(ids, this.size, left + begin, top + y))
          pixels[i + begin] = (((diagonal + begin) & stripePx) === 0 ? table : stripes)[id];
      }
    }
    this.context.putImageData(new ImageData(new Uint8ClampedArray(pixels.buffer), width, height), left, top);
  }

  /** Red where label and prediction differ, void left out. @param pair the only one that is shown, unless null */
  paintErrors(labels: Uint8Array, predictions: Uint8Array, color: readonly [number, number, number], pair: Pair | null): void {
    const pixel = (220 << 24) | (color[2] << 16) | (color[1] << 8) | color[0];
    const pixels = new Uint32Array(labels.length);
    for (let i = 0; i < labels.length; i++) {
      const [label, predicted] = [labels[i], predictions[i]];
      if (pair ? label === pair.label && predicted === pair.predicted : label !== voidId && label !== predicted) pixels[i] = pixel;
    }
    this.context.putImageData(new ImageData(new Uint8ClampedArray(pixels.buffer), this.size.width, this.size.height), 0, 0);
  }
}

const grown = ({ left, top, width, height }: Box, size: Size): Box =>
  clipBox({ left: left - 1, top: top - 1, width: width + 2, height: height + 2 }, size)!;
