import Konva from 'konva';
import type { Preview } from '../editor/tools/tool.ts';
import type { ImagePoint, ImagePx } from '../editor/units.ts';

/** The true-size ring of brush and eraser, and the outline of an open polygon. Lines keep their width at any zoom. */
export class ToolOverlay {
  private readonly layer: Konva.Layer;
  private readonly ring: Konva.Circle;
  private readonly ringShade: Konva.Circle;
  private readonly outline: Konva.Line;
  private readonly outlineShade: Konva.Line;
  private readonly start: Konva.Circle;

  /** @param colors light and dark line, so that one of them is always seen */
  constructor(layer: Konva.Layer, colors: { light: string; dark: string; accent: string }) {
    this.layer = layer;
    const common = { listening: false, visible: false, strokeScaleEnabled: false } as const;
    this.ringShade = new Konva.Circle({ ...common, radius: 1, stroke: colors.dark, strokeWidth: 3 });
    this.ring = new Konva.Circle({ ...common, radius: 1, stroke: colors.light, strokeWidth: 1.5 });
    this.outlineShade = new Konva.Line({ ...common, points: [], stroke: colors.dark, strokeWidth: 3 });
    this.outline = new Konva.Line({ ...common, points: [], stroke: colors.accent, strokeWidth: 1.5 });
    this.start = new Konva.Circle({ ...common, radius: 1, stroke: colors.accent, strokeWidth: 2 });
    layer.add(this.ringShade, this.ring, this.outlineShade, this.outline, this.start);
  }

  showRing(at: ImagePoint | null, radius: ImagePx): void {
    for (const ring of [this.ringShade, this.ring]) {
      ring.visible(at !== null);
      if (at) ring.setAttrs({ x: at.x, y: at.y, radius: Math.max(0.5, radius) });
    }
    this.layer.batchDraw();
  }

  showPreview(preview: Preview | null, snap: ImagePx): void {
    const points = preview?.points.flatMap(({ x, y }) => [x, y]) ?? [];
    for (const line of [this.outlineShade, this.outline]) {
      line.visible(preview !== null);
      line.points(points);
      line.closed(preview?.closing ?? false);
    }
    this.start.visible(preview !== null);
    if (preview) this.start.setAttrs({ x: preview.points[0].x, y: preview.points[0].y, radius: preview.closing ? snap : snap / 2 });
    this.layer.batchDraw();
  }
}
