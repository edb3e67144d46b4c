import type { Ink } from '../ink.ts';
import { boxBetween, boxOutline } from '../shapes.ts';
import type { ImagePoint } from '../units.ts';
import { emptyPreview, notSeenYet, SimpleTool, type Press, type Preview, type ToolContext } from './tool.ts';

/** Drag a box around a thing: what stands out in it is painted, as soon as it is found. Shift at the press takes away. */
export class CutOutTool extends SimpleTool {
  private from: ImagePoint | null = null;
  private to: ImagePoint | null = null;
  private subtracts = false;
  /** Boxes that are being looked at. */
  private readonly waiting = new Set<readonly ImagePoint[]>();

  override get preview(): Preview | null {
    const { from, to, subtracts } = this;
    const points = from && to ? boxOutline(from, to) : [...this.waiting].at(-1);
    return points ? { ...emptyPreview, points, closed: true, subtracts: subtracts || !from } : null;
  }

  override down(context: ToolContext, { at, shift }: Press): void {
    if (!context.vision?.photo) return context.tell(notSeenYet);
    [this.from, this.to, this.subtracts] = [at, at, shift];
  }

  override move(_context: ToolContext, { at }: Press): void {
    if (this.from) this.to = at;
  }

  override up(context: ToolContext, press: Press): void {
    this.move(context, press);
    this.finish(context);
  }

  override finish(context: ToolContext): void {
    const { from, to } = this;
    [this.from, this.to] = [null, null];
    if (!from || !to || !context.vision) return;
    const ink: Ink = this.subtracts ? context.subtract : context.ink;
    const outline = boxOutline(from, to);
    this.waiting.add(outline);
    const found = context.vision.cutOut(boxBetween(from, to)).finally(() => this.waiting.delete(outline));
    context.later(
      found,
      (later, region) => {
        const { document } = later;
        if (!region) return later.tell('Nothing stands out in that box: draw it a little wider than the thing, or use another tool.');
        document.paintStroke('Cut-out', region, ink);
      },
      'owed',
    );
  }

  override cancel(): boolean {
    const open = this.from !== null;
    [this.from, this.to] = [null, null];
    return open;
  }
}
