import Konva from 'konva';
import type { Size } from '../editor/region.ts';
import { MaskCanvas } from './mask-canvas.ts';

/** The outlines of a mask over an image. */
export class OutlineLayer {
  private readonly layer: Konva.Layer;
  private readonly size: Size;
  private readonly image: Konva.Image;
  /** Made with the first outlines: most images are looked at without. */
  private mask: MaskCanvas | null = null;

  constructor(layer: Konva.Layer, size: Size) {
    [this.layer, this.size] = [layer, size];
    this.image = new Konva.Image({ image: undefined, listening: false, ...size });
    layer.add(this.image);
  }

  /** @param ids class ids, row-major; null shows none @param table the colour of each id */
  show(ids: Uint8Array | null, table: Uint32Array): void {
    if (!ids && !this.mask) return;
    this.mask ??= new MaskCanvas(this.size);
    if (ids) this.mask.repaint(ids, table, undefined, undefined, true);
    this.image.image(ids ? this.mask.canvas : undefined);
    this.layer.batchDraw();
  }
}
