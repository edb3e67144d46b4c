import { cellUnder } from '../cells.ts';
import { ColourFlood } from '../colour-flood.ts';
import type { Ink } from '../ink.ts';
import type { Looked } from '../region.ts';
import type { ImagePoint } from '../units.ts';
import { emptyPreview, notSeenYet, SimpleTool, type Press, type Preview, type ToolContext } from './tool.ts';

/** Screen pixels of a drag that are worth one step of tolerance. */
const dragPx = 4;
/** How long one look may keep the hand. */
const lookMs = 8;
export const mostTolerance = 254;

/** Press takes what hangs together with a colour; dragging right takes more of it, left less. Shift at the press takes away. */
export class WandTool extends SimpleTool {
  private flood: ColourFlood | null = null;
  private from: ImagePoint | null = null;
  private begun = 0;
  private tolerance = 0;
  private subtracts = false;
  /** Whether it goes on growing by itself. */
  private waits = false;
  private pixels: Looked | null = null;

  override get preview(): Preview | null {
    return this.pixels && { ...emptyPreview, pixels: this.pixels, subtracts: this.subtracts };
  }

  override down(context: ToolContext, { at, shift }: Press): void {
    const photo = context.vision?.photo;
    if (!photo) return context.tell(notSeenYet);
    const cell = cellUnder(at, context.document.size, photo);
    if (cell === null) return;
    this.flood = new ColourFlood(photo, cell);
    [this.from, this.subtracts, this.begun] = [at, shift, context.tolerance];
    this.reach(context, at);
  }

  override move(context: ToolContext, { at }: Press): void {
    if (this.flood) this.reach(context, at);
  }

  private reach(context: ToolContext, at: ImagePoint): void {
    const steps = ((at.x - this.from!.x) * context.scale) / dragPx;
    const tolerance = Math.round(Math.min(mostTolerance, Math.max(0, this.begun + steps)));
    if (this.pixels && tolerance === this.tolerance) return;
    this.tolerance = tolerance;
    this.look(context);
  }

  /** On a very large photo what is reached grows while one looks. */
  private look(context: ToolContext): void {
    const { flood } = this;
    const pixels = flood!.looked(this.tolerance, context.document.size, lookMs);
    this.pixels = pixels;
    if (pixels.complete || this.waits) return;
    this.waits = true;
    const goOn = (now: ToolContext) => {
      this.waits = false;
      if (this.flood) this.look(now);
    };
    context.later(new Promise((resolve) => setTimeout(resolve)), goOn, 'look');
  }

  override up(context: ToolContext, { at }: Press): void {
    this.move(context, { at, shift: false, ctrl: false, share: 1 });
    this.finish(context);
  }

  override finish(context: ToolContext): void {
    const { flood, tolerance } = this;
    const ink: Ink = this.subtracts ? context.subtract : context.ink;
    if (!this.cancel() || !flood) return;
    context.setTolerance(tolerance);
    context.document.paintStroke('Wand', flood.region(tolerance, context.document.size), ink);
  }

  override cancel(): boolean {
    const open = this.flood !== null;
    [this.flood, this.from, this.pixels] = [null, null, null];
    return open;
  }
}
