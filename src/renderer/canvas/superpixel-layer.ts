import Konva from 'konva';
import type { Size } from '../editor/region.ts';

/** The borders of superpixels over the image. */
export class SuperpixelLayer {
  private readonly layer: Konva.Layer;
  private readonly image: Konva.Image;

  constructor(layer: Konva.Layer) {
    this.layer = layer;
    this.image = new Konva.Image({ image: undefined, listening: false });
    layer.add(this.image);
  }

  /** @param borders whoever gives them closes them, after others or none are shown */
  show(borders: ImageBitmap | null, image: Size): void {
    if (!borders && !this.image.image()) return;
    this.image.setAttrs({ image: borders ?? undefined, ...image });
    this.layer.batchDraw();
  }
}
