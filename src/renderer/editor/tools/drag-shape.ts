import type { Region, Size } from '../region.ts';
import type { ImagePoint } from '../units.ts';
import { emptyPreview, SimpleTool, type Press, type Preview, type ToolContext } from './tool.ts';

/** A shape between where the pointer was pressed and where it is. */
export interface DraggedShape {
  label: string;
  region: (a: ImagePoint, b: ImagePoint, context: ToolContext, size: Size) => Region | null;
  outline: (a: ImagePoint, b: ImagePoint, context: ToolContext) => readonly ImagePoint[];
}

/** Drag from one end of a shape to the other; Shift at the press takes away. */
export class DragShapeTool extends SimpleTool {
  private readonly shape: DraggedShape;
  private from: ImagePoint | null = null;
  private to: ImagePoint | null = null;
  private points: readonly ImagePoint[] = [];
  private subtracts = false;

  constructor(shape: DraggedShape) {
    super();
    this.shape = shape;
  }

  override get preview(): Preview | null {
    const { points, subtracts } = this;
    return this.from && { ...emptyPreview, points, closed: true, filled: true, subtracts };
  }

  override down(context: ToolContext, press: Press): void {
    this.from = press.at;
    this.subtracts = press.shift;
    this.move(context, press);
  }

  override move(context: ToolContext, { at }: Press): void {
    if (!this.from) return;
    this.to = at;
    this.points = this.shape.outline(this.from, at, context);
  }

  override up(context: ToolContext, press: Press): void {
    this.move(context, press);
    this.finish(context);
  }

  override finish(context: ToolContext): void {
    const { from, to } = this;
    this.from = this.to = null;
    if (!from || !to) return;
    const { document, ink, subtract } = context;
    document.paintStroke(this.shape.label, this.shape.region(from, to, context, document.size), this.subtracts ? subtract : ink);
  }

  override cancel(): boolean {
    const open = this.from !== null;
    this.from = this.to = null;
    return open;
  }
}
