import { voidId } from '#shared/mask/void-id';
import { eraser } from '../ink.ts';
import type { Proposed, ProposedPixels } from '../proposed.ts';
import { boxBetween, boxOutline } from '../shapes.ts';
import type { ImagePoint } from '../units.ts';
import { emptyPreview, SimpleTool, type Press, type Preview, type ToolContext } from './tool.ts';

/** Takes parts of the proposal: the region under the pointer, with Shift all of its class, what lies in a box that is dragged. */
export class TakeTool extends SimpleTool {
  private from: ImagePoint | null = null;
  private to: ImagePoint | null = null;
  /** The region that the pointer is over, or that a key has gone to. */
  private region: number | null = null;
  /** Of which proposal that is: another has other regions. */
  private of: Proposed | null = null;
  /** A point in the region that a key has gone to: it stays chosen in a renewed proposal, until the pointer moves. */
  private goneTo: ImagePoint | null = null;
  private pointer: ImagePoint | null = null;

  override get preview(): Preview | null {
    const box = this.from && this.to ? boxOutline(this.from, this.to) : [];
    if (box.length === 0 && this.region === null) return null;
    return { ...emptyPreview, points: box, closed: true, region: this.region };
  }

  private isDrag({ near }: ToolContext): boolean {
    return this.from !== null && this.to !== null && Math.hypot(this.to.x - this.from.x, this.to.y - this.from.y) > 2 * near;
  }

  override down(context: ToolContext, press: Press): void {
    this.from = press.at;
    this.move(context, press);
  }

  override move(context: ToolContext, { at }: Press): void {
    this.to = this.from && at;
    this.pointer = at;
    this.goneTo = null;
    if (this.isDrag(context)) this.choose(null, context.proposed);
    else this.choose(context.proposed?.at(at) ?? null, context.proposed);
  }

  /** What a key has gone to stays chosen: it was brought into view, or is being looked at. */
  override slide(context: ToolContext, press: Press): void {
    if (this.goneTo && !this.from) this.pointer = press.at;
    else this.move(context, press);
  }

  override up(context: ToolContext, { at, shift }: Press): void {
    const { from } = this;
    const { proposed } = context;
    const drags = this.isDrag(context);
    [this.from, this.to] = [null, null];
    if (!from || !proposed) return;
    const { part } = proposed.labels;
    const region = proposed.at(at);
    if (drags) this.put(context, proposed.inBox(boxBetween(from, at)), part);
    else if (region !== null) this.put(context, shift ? proposed.ofClass(proposed.map.regions[region].id) : proposed.region(region), part);
  }

  /** Takes pixels; a press that erases, whatever is in hand, erases them. */
  private put(context: ToolContext, pixels: ProposedPixels | null, part: string): void {
    if (pixels && !pixels.selected.includes(1)) context.tell('Nothing is taken here: you have painted all of it.');
    else if (pixels && context.ink === eraser) take(context, { ...pixels, ids: pixels.ids.fill(voidId) }, 'Erase');
    else take(context, pixels, part);
  }

  override renew({ proposed }: ToolContext): void {
    const at = this.goneTo ?? this.pointer;
    if (!this.from) this.choose((at && proposed?.at(at)) ?? null, proposed);
  }

  private choose(region: number | null, of: Proposed | null): void {
    [this.region, this.of] = [region, of];
  }

  /** Tab goes to the next in doubt; Enter takes it, with Shift as the class in hand. */
  override key(context: ToolContext, key: string, shift: boolean): boolean {
    const { proposed } = context;
    if (!proposed) return false;
    // Shift and Tab leave the canvas, as everywhere.
    if (key === 'Tab' && !shift) return this.goOn(context, proposed);
    if (key !== 'Enter' || this.region === null || this.of !== proposed) return false;
    const pixels = proposed.region(this.region);
    if (!shift) take(context, pixels, proposed.labels.part);
    // Its outline is the proposal's, its class is the person's own.
    else take(context, { ...pixels, ids: pixels.ids.fill(context.ink.id) }, 'Region');
    this.goOn(context, proposed);
    return true;
  }

  private goOn(context: ToolContext, proposed: Proposed): boolean {
    const open = proposed.inDoubt(context.document.ids);
    const before = this.goneTo && this.of === proposed ? this.region : null;
    // What has just been taken is in doubt no more: its place in the order tells what comes after it.
    const after = before === null ? undefined : open.find((region) => proposed.isSurer(region, before));
    const next = after ?? open.at(0) ?? null;
    this.choose(next, proposed);
    this.goneTo = next === null ? null : proposed.pointIn(next);
    if (next !== null) context.reveal(proposed.boxOf(next));
    return next !== null;
  }

  override cancel(): boolean {
    const open = this.from !== null || this.region !== null;
    [this.from, this.to, this.region, this.goneTo] = [null, null, null, null];
    return open;
  }

  override finish(): void {
    this.cancel();
  }
}

/** Takes pixels of a proposal as one step. */
export function take({ document }: Pick<ToolContext, 'document'>, pixels: ProposedPixels | null, label: string): void {
  if (!pixels) return;
  document.paintStroke(label, pixels, { id: 0 });
}
