import Konva from 'konva';
import type { Box } from '../editor/units.ts';

/** Pixels of the image between a part and its frame. */
const margin = 2;

/** A dashed frame around a part of an image, as wide on the screen at every zoom. Its layer ends it. */
export class Frame {
  private readonly rect: Konva.Rect;

  constructor(layer: Konva.Layer, color: string) {
    this.rect = new Konva.Rect({ visible: false, stroke: color, strokeWidth: 2, strokeScaleEnabled: false, dash: [6, 4] });
    layer.add(this.rect);
  }

  /** @param box null for no frame */
  show(box: Box | null): void {
    if (box) {
      const { left, top, width, height } = box;
      this.rect.setAttrs({ x: left - margin, y: top - margin, width: width + 2 * margin, height: height + 2 * margin });
    }
    this.rect.visible(box !== null);
    this.rect.getLayer()?.batchDraw();
  }
}
