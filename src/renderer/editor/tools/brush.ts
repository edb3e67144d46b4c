import { guided } from '../guide.ts';
import { eraser } from '../ink.ts';
import { squareSweep } from '../shapes.ts';
import { capsule } from '../stamp.ts';
import type { Region } from '../region.ts';
import type { ImagePoint } from '../units.ts';
import { emptyPreview, notSeenYet, SimpleTool, type Press, type Preview, type ToolContext } from './tool.ts';

/** Paints what lies under the pointer on its way; with Shift a straight stroke from where the last one ended. */
export class BrushTool extends SimpleTool {
  private readonly erases: boolean;
  private last: ImagePoint | null = null;
  private ended: ImagePoint | null = null;
  private line: readonly ImagePoint[] | null = null;

  constructor(options: { erases: boolean }) {
    super();
    this.erases = options.erases;
  }

  /** The straight stroke that a press with Shift would be. */
  override get preview(): Preview | null {
    return this.line && { ...emptyPreview, points: this.line };
  }

  override down(context: ToolContext, press: Press): void {
    const { at, shift } = press;
    if (isGuided(context, press) && !context.vision?.photo) return context.tell(notSeenYet);
    context.document.beginStroke(this.erases ? 'Erase' : 'Brush');
    this.last = shift && this.ended ? this.ended : at;
    this.line = null;
    this.stamp(context, press);
  }

  override move(context: ToolContext, press: Press): void {
    const { at, shift } = press;
    if (this.last) this.stamp(context, press);
    else this.line = shift && this.ended ? [this.ended, at] : null;
  }

  override jump(_context: ToolContext, { at }: Press): void {
    if (this.last) this.last = at;
  }

  override up(context: ToolContext): void {
    this.finish(context);
  }

  override finish({ document }: ToolContext): void {
    if (!this.last) return;
    this.ended = this.last;
    this.last = null;
    document.endStroke();
  }

  override cancel({ document }: ToolContext): boolean {
    this.last = null;
    this.line = null;
    return document.cancelStroke();
  }

  private stamp(context: ToolContext, press: Press): void {
    const { document, ink, brush } = context;
    const { size } = document;
    const { at, share } = press;
    const diameter = Math.max(1, Math.round(brush.diameter * share));
    const isSquare = brush.shape === 'square' && diameter > 1;
    const region = isSquare ? squareSweep(this.last!, at, diameter, size) : capsule(this.last!, at, diameter / 2, size);
    document.paint(region && this.kept(region, context, press), this.erases ? eraser : ink);
    this.last = at;
  }

  /** What of it belongs with the stroke's middle. */
  private kept(region: Region, context: ToolContext, press: Press): Region {
    const { vision, document, proposed, traits } = context;
    if (!vision?.photo || !isGuided(context, press)) return region;
    const proposedAt = proposed && ((x: number, y: number) => proposed.idAt(x, y));
    return guided(region, this.last!, press.at, { photo: vision.photo, image: document.size, proposedAt, traits });
  }
}

/** Ctrl turns the guide off, for as long as it is held. */
const isGuided = ({ guided: isOn }: ToolContext, { ctrl }: Press): boolean => isOn && !ctrl;
