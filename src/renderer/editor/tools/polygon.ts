import { polygonRegion } from '../polygon-region.ts';
import type { ImagePoint } from '../units.ts';
import type { Preview, Tool, ToolContext } from './tool.ts';

/** Clicks set corners; a click at the start, a double-click or Enter closes and paints the inside. */
export class PolygonTool implements Tool {
  private points: ImagePoint[] = [];
  private pointer: ImagePoint | null = null;
  private snap = 0;

  get preview(): Preview | null {
    if (this.points.length === 0) return null;
    return {
      points: this.pointer ? [...this.points, this.pointer] : this.points,
      closing: this.pointer !== null && this.closes(this.pointer),
    };
  }

  pointerDown(context: ToolContext, at: ImagePoint): void {
    this.snap = context.snap;
    const last = this.points.at(-1);
    const again = last !== undefined && distance(last, at) <= context.snap / 3;
    if (this.closes(at) || (again && this.points.length >= 3)) this.close(context);
    else if (!again) this.points.push(at);
  }

  pointerMove(context: ToolContext, at: ImagePoint): void {
    this.snap = context.snap;
    this.pointer = at;
  }

  pointerUp(): void {
    // Corners are set on press.
  }

  key(context: ToolContext, key: string): boolean {
    if (this.points.length === 0) return false;
    if (key === 'Enter') this.close(context);
    else if (key === 'Backspace') this.points.pop();
    else return false;
    return true;
  }

  cancel(): boolean {
    const open = this.points.length > 0;
    this.points = [];
    return open;
  }

  private closes(at: ImagePoint): boolean {
    return this.points.length >= 3 && distance(this.points[0], at) <= this.snap;
  }

  private close({ document, classId }: ToolContext): void {
    document.beginStroke('Polygon');
    document.paint(polygonRegion(this.points, document.size), classId);
    document.endStroke();
    this.points = [];
  }
}

const distance = (a: ImagePoint, b: ImagePoint): number => Math.hypot(a.x - b.x, a.y - b.y);
