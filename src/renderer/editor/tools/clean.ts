import { applyCleanUp, cleanUpLabels, type CleanUp } from '../clean-up.ts';
import { bridge } from '../bridge.ts';
import type { Ink } from '../ink.ts';
import { clipBox, type Region } from '../region.ts';
import { boxBetween, boxOutline } from '../shapes.ts';
import type { Box, ImagePoint } from '../units.ts';
import { emptyPreview, SimpleTool, type Press, type Preview, type ToolContext } from './tool.ts';

/**
 * Cleans a mask up: what would change is shown, and Enter does it. A drag chooses the part that is looked at, a click all of it. Two
 * pieces are joined by dragging from one to the other.
 */
export class CleanTool extends SimpleTool {
  private from: ImagePoint | null = null;
  private to: ImagePoint | null = null;
  private ink: Ink | null = null;
  private joined: Region | null = null;
  private cleanUp: CleanUp | null = null;

  override get preview(): Preview | null {
    const { from, to, joined } = this;
    if (!from || !to) return this.shown;
    if (this.ink) return { ...emptyPreview, points: [from, to], pixels: joined };
    return { ...emptyPreview, points: boxOutline(from, to), closed: true };
  }

  /** What would change, and the part that is looked at. */
  private get shown(): Preview | null {
    const { change = null, part = null } = this.cleanUp ?? {};
    if (!change && !part) return null;
    const points = part ? outlineOf(part) : [];
    return { ...emptyPreview, points, closed: true, pixels: change };
  }

  override down(context: ToolContext, press: Press): void {
    [this.from, this.joined] = [press.at, null];
    this.ink = context.cleanUp?.kind === 'join' ? context.ink : null;
    this.move(context, press);
  }

  override move({ document }: ToolContext, { at }: Press): void {
    if (!this.from) return;
    this.to = at;
    if (this.ink) this.joined = bridge(document.ids, document.size, this.ink.id, this.from, at);
  }

  override up(context: ToolContext, press: Press): void {
    this.move(context, press);
    this.finish(context);
  }

  override finish(context: ToolContext): void {
    const { from, to, ink, joined } = this;
    this.cancel();
    if (!from || !to) return;
    if (!ink) {
      const isClick = Math.hypot(to.x - from.x, to.y - from.y) <= context.near;
      return context.cleanUp?.look(isClick ? null : clipBox(boxBetween(from, to), context.document.size));
    }
    if (!joined) return context.tell('Nothing is joined: drag from one piece of the class in hand to another one.');
    context.document.paintStroke(cleanUpLabels.join, joined, ink);
  }

  override key(context: ToolContext, key: string): boolean {
    const { cleanUp } = context;
    if (key !== 'Enter' || !cleanUp || cleanUp.kind === 'join') return false;
    if (!applyCleanUp(context.document, cleanUp)) context.tell('There is nothing to change.');
    return true;
  }

  override renew({ cleanUp }: ToolContext): void {
    this.cleanUp = cleanUp;
  }

  override cancel(): boolean {
    const open = this.from !== null;
    [this.from, this.to, this.ink, this.joined] = [null, null, null, null];
    return open;
  }
}

const outlineOf = ({ left, top, width, height }: Box): ImagePoint[] =>
  boxOutline({ x: left, y: top }, { x: left + width, y: top + height });
