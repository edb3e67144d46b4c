import Konva from 'konva';
import { squareAt } from '../editor/shapes.ts';
import type { Preview } from '../editor/tools/tool.ts';
import type { ImagePoint, ImagePx } from '../editor/units.ts';
import { RegionPicture } from './region-picture.ts';

/** Lines of two colours, so that one of them is always seen, and that of what is chosen. */
export interface OverlayColors {
  light: string;
  dark: string;
  accent: string;
}

/** Side of a corner's handle, in screen pixels. */
const handlePx = 7;

/** What the brush would cover, and what a tool has open. Lines and handles keep their width at any zoom. */
export class ToolOverlay {
  private readonly layer: Konva.Layer;
  private readonly ring: Konva.Shape;
  private readonly outline: Konva.Shape;
  private readonly region = new RegionPicture();
  private brush: { at: ImagePoint; diameter: ImagePx; shape: 'round' | 'square' } | null = null;
  private preview: Preview | null = null;
  private fill = '';
  private scale = 1;
  private readonly colors: OverlayColors;

  constructor(layer: Konva.Layer, colors: OverlayColors) {
    this.layer = layer;
    this.colors = colors;
    const drawn = (draw: (context: CanvasRenderingContext2D) => void) =>
      new Konva.Shape({ listening: false, perfectDrawEnabled: false, sceneFunc: ({ _context }) => draw(_context) });
    this.ring = drawn((context) => this.drawRing(context));
    this.outline = drawn((context) => this.drawOutline(context));
    layer.add(this.region.shape, this.outline, this.ring);
  }

  /** @param scale screen pixels of an image pixel */
  setScale(scale: number): void {
    this.scale = scale;
  }

  /** @param brush null where nothing would be painted by a press */
  showBrush(brush: { at: ImagePoint; diameter: ImagePx; shape: 'round' | 'square' } | null): void {
    this.brush = brush;
    this.layer.batchDraw();
  }

  /** @param fill the colour of what would be written @param pixel the same as a pixel of a canvas, or one for each id */
  showPreview(preview: Preview | null, fill: string, pixel: number | Uint32Array): void {
    if (!preview && !this.preview) return;
    this.preview = preview;
    this.region.show(preview?.pixels ?? null, pixel);
    this.fill = fill;
    this.layer.batchDraw();
  }

  /** Dark below, light above. */
  private stroke(context: CanvasRenderingContext2D, path: Path2D, color: string): void {
    context.lineJoin = 'round';
    for (const [style, width] of [
      [this.colors.dark, 3],
      [color, 1.5],
    ] as const) {
      context.strokeStyle = style;
      context.lineWidth = width / this.scale;
      context.stroke(path);
    }
  }

  private drawRing(context: CanvasRenderingContext2D): void {
    if (!this.brush) return;
    const { at, diameter, shape } = this.brush;
    const path = new Path2D();
    if (diameter === 1) path.rect(Math.floor(at.x), Math.floor(at.y), 1, 1);
    else if (shape === 'square') {
      const { left, top, width, height } = squareAt(at, diameter);
      path.rect(left, top, width, height);
    } else path.arc(at.x, at.y, diameter / 2, 0, 2 * Math.PI);
    this.stroke(context, path, this.colors.light);
  }

  private drawOutline(context: CanvasRenderingContext2D): void {
    if (!this.preview) return;
    const { points, closed, filled, corners, chosen, subtracts } = this.preview;
    const path = new Path2D();
    points.forEach(({ x, y }, i) => (i === 0 ? path.moveTo(x, y) : path.lineTo(x, y)));
    if (closed) path.closePath();
    if (filled) {
      context.globalAlpha = 0.4;
      context.fillStyle = this.fill;
      context.fill(path);
      context.globalAlpha = 1;
    }
    context.setLineDash(subtracts ? [6 / this.scale, 4 / this.scale] : []);
    this.stroke(context, path, this.colors.accent);
    context.setLineDash([]);
    this.drawHandles(context, corners, chosen);
  }

  private drawHandles(context: CanvasRenderingContext2D, corners: readonly ImagePoint[], chosen: ImagePoint | null): void {
    const side = handlePx / this.scale;
    const handles = new Path2D();
    // Of many that lie close, the outline is seen well enough.
    for (const { x, y } of corners) handles.rect(x - side / 4, y - side / 4, side / 2, side / 2);
    if (corners.length > 0) handles.rect(corners[0].x - side / 2, corners[0].y - side / 2, side, side);
    this.stroke(context, handles, this.colors.light);
    if (!chosen) return;
    context.fillStyle = this.colors.accent;
    context.fillRect(chosen.x - side / 2, chosen.y - side / 2, side, side);
  }
}
