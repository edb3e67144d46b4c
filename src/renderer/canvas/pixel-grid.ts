import Konva from 'konva';
import type { Size } from '../editor/region.ts';
import type { Box } from '../editor/units.ts';

/** Pixels of the image have lines between them from this many screen pixels on. */
const smallestPx = 12;

/** Lines between the pixels of an image, where they are large enough to be told apart. */
export class PixelGrid {
  private readonly shape: Konva.Shape;
  private image: Size = { width: 0, height: 0 };
  private seen: Box | null = null;
  private scale = 1;

  /** @param color of the lines */
  constructor(layer: Konva.Layer, color: string) {
    this.shape = new Konva.Shape({ listening: false, perfectDrawEnabled: false, opacity: 0.35 });
    this.shape.sceneFunc(({ _context }) => this.draw(_context, color));
    layer.add(this.shape);
  }

  /** @param seen the part of the image that is seen; null shows no lines @param scale screen pixels of an image pixel */
  show(image: Size, seen: Box | null, scale: number): void {
    [this.image, this.scale] = [image, scale];
    this.seen = scale >= smallestPx ? seen : null;
    this.shape.visible(this.seen !== null);
  }

  private draw(context: CanvasRenderingContext2D, color: string): void {
    if (!this.seen) return;
    const { left, top } = this.seen;
    const right = Math.min(this.image.width, left + this.seen.width);
    const bottom = Math.min(this.image.height, top + this.seen.height);
    const path = new Path2D();
    for (let x = left; x <= right; x++) {
      path.moveTo(x, top);
      path.lineTo(x, bottom);
    }
    for (let y = top; y <= bottom; y++) {
      path.moveTo(left, y);
      path.lineTo(right, y);
    }
    context.strokeStyle = color;
    context.lineWidth = 1 / this.scale;
    context.stroke(path);
  }
}
