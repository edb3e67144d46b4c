import { voidId } from '#shared/mask/void-id';
import { capsule } from '../stamp.ts';
import type { ImagePoint } from '../units.ts';
import type { Tool, ToolContext } from './tool.ts';

/** Paints capsules between pointer events; the eraser is a brush that paints void. */
export class BrushTool implements Tool {
  readonly preview = null;
  private readonly erase: boolean;
  private last: ImagePoint | null = null;

  constructor(options: { erase: boolean }) {
    this.erase = options.erase;
  }

  pointerDown(context: ToolContext, at: ImagePoint): void {
    context.document.beginStroke(this.erase ? 'Erase' : 'Brush');
    this.last = at;
    this.stamp(context, at);
  }

  pointerMove(context: ToolContext, at: ImagePoint): void {
    if (this.last) this.stamp(context, at);
  }

  pointerUp(context: ToolContext): void {
    if (!this.last) return;
    this.last = null;
    context.document.endStroke();
  }

  key(): boolean {
    return false;
  }

  cancel(context: ToolContext): boolean {
    this.last = null;
    return context.document.cancelStroke();
  }

  private stamp({ document, classId, radius }: ToolContext, at: ImagePoint): void {
    document.paint(capsule(this.last!, at, radius, document.size), this.erase ? voidId : classId);
    this.last = at;
  }
}
