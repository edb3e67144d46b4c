import { polygonRegion } from '../polygon-region.ts';
import type { ImagePoint } from '../units.ts';
import { emptyPreview, SimpleTool, type Press, type Preview, type ToolContext } from './tool.ts';

/** Image pixels from one point to the next: a hand that rests, and a quick mouse, tell the same place over and over. */
const leastStep = 0.1;

/** Draw round a thing; it is filled when the pointer is let go. Shift at the press takes away. */
export class OutlineTool extends SimpleTool {
  private points: ImagePoint[] = [];
  private subtracts = false;

  override get preview(): Preview | null {
    const { points, subtracts } = this;
    return points.length === 0 ? null : { ...emptyPreview, points, closed: true, filled: true, subtracts };
  }

  override down(_context: ToolContext, { at, shift }: Press): void {
    this.points = [at];
    this.subtracts = shift;
  }

  override move(_context: ToolContext, { at }: Press): void {
    const last = this.points.at(-1);
    if (last && Math.hypot(at.x - last.x, at.y - last.y) >= leastStep) this.points.push(at);
  }

  override up(context: ToolContext): void {
    this.finish(context);
  }

  override finish({ document, ink, subtract }: ToolContext): void {
    const points = this.points.splice(0);
    if (points.length < 3) return;
    document.paintStroke('Outline', polygonRegion(points, document.size), this.subtracts ? subtract : ink);
  }

  override cancel(): boolean {
    return this.points.splice(0).length > 0;
  }
}
