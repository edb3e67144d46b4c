import { messageOf } from '#shared/errors';
import { polygonRegion } from '../polygon-region.ts';
import type { Ink } from '../ink.ts';
import { boxAround } from '../region.ts';
import type { Box, ImagePoint } from '../units.ts';
import { emptyPreview, notSeenYet, SimpleTool, type Draft, type Press, type Preview, type ToolContext } from './tool.ts';

/** A piece of the outline: where it ends, and the way there; null while that is being looked for. */
interface Piece {
  to: ImagePoint;
  way: readonly ImagePoint[] | null;
}

/**
 * Clicks set points, and the outline follows edges of the photo between them; with Ctrl it goes straight. Enter, a double-click or a
 * click at the start closes and writes the inside; Backspace takes the last point back. Shift at the first or last click takes away.
 */
export class ScissorsTool extends SimpleTool {
  private start: ImagePoint | null = null;
  private pieces: Piece[] = [];
  private subtracts = false;
  /** The way to the pointer. */
  private ahead: Piece | null = null;
  /** Where the pointer is, while a way to where it was is being looked for. */
  private wanted: ImagePoint | null = null;
  private looking = false;
  /** The part of the photo that is looked at: the same for an outline, as long as it lies in it. */
  private within: Box | null = null;
  /** What to write with when the last way is found. */
  private closing: Ink | null = null;
  /** What the press in hand has begun, or closes when it ends. */
  private pressed: 'point' | { shift: boolean; ctrl: boolean } | null = null;

  /** @param draft an outline that was left open: its ways are kept, its points but the ends are not */
  constructor(draft?: Draft) {
    super();
    if (!draft) return;
    const { points, subtracts } = draft;
    [this.start, this.subtracts] = [points[0], subtracts];
    if (points.length > 1) this.pieces = [{ to: points.at(-1)!, way: points.slice(1) }];
  }

  override get draft(): Draft | null {
    return this.start && { points: this.outline(), subtracts: this.subtracts };
  }

  private outline(): ImagePoint[] {
    return [this.start!, ...this.pieces.flatMap(({ to, way }) => way ?? [to])];
  }

  private get end(): ImagePoint {
    return this.pieces.at(-1)?.to ?? this.start!;
  }

  override get preview(): Preview | null {
    const { start, pieces, ahead, subtracts } = this;
    if (!start) return null;
    const points = [...this.outline(), ...(ahead && !this.closing ? (ahead.way ?? [ahead.to]) : [])];
    return { ...emptyPreview, points, closed: true, filled: true, corners: [start, ...pieces.map(({ to }) => to)], subtracts };
  }

  private closesAt(at: ImagePoint, near: number): boolean {
    return this.pieces.length >= 2 && Math.hypot(at.x - this.start!.x, at.y - this.start!.y) <= near;
  }

  override down(context: ToolContext, press: Press): void {
    const { at, shift, ctrl } = press;
    if (!context.vision?.photo) return context.tell(notSeenYet);
    if (this.closing) return;
    if (!this.start) [this.start, this.subtracts] = [at, shift];
    else if (this.closesAt(at, context.near)) {
      this.pressed = { shift, ctrl };
      return;
    } else if (at.x !== this.end.x || at.y !== this.end.y) this.add(context, at, ctrl);
    else return;
    this.pressed = 'point';
  }

  override up(context: ToolContext): void {
    this.endPress(context);
  }

  private endPress(context: ToolContext): void {
    const { pressed } = this;
    this.pressed = null;
    if (pressed !== null && pressed !== 'point') this.close(context, pressed.shift, pressed.ctrl);
  }

  private add(context: ToolContext, to: ImagePoint, straight: boolean): void {
    const { ahead } = this;
    const known = ahead?.way && ahead.to.x === to.x && ahead.to.y === to.y ? ahead.way : null;
    const piece: Piece = { to, way: straight ? [to] : known };
    const from = this.end;
    this.pieces.push(piece);
    this.ahead = null;
    if (piece.way) return;
    const found = this.find(context, from, to).then(
      (way) => ({ way, problem: null }),
      (error: unknown) => ({ way: null, problem: messageOf(error) }),
    );
    context.later(
      found,
      (later, { way, problem }) => {
        if (!this.pieces.includes(piece)) return;
        piece.way = way ?? [to];
        if (problem === null) return this.writeIfWhole(later);
        // It goes straight there, and stays open: what would be written is not what was asked for.
        this.reopen();
        later.tell(problem);
      },
      // The outline is kept where the image is left before.
      'written',
    );
  }

  /** Takes the closing back: the outline waits for more points. */
  private reopen(): void {
    if (!this.closing) return;
    this.closing = null;
    this.pieces.pop();
  }

  private find({ vision, seen }: ToolContext, from: ImagePoint, to: ImagePoint): Promise<ImagePoint[]> {
    if (!this.within || !holds(this.within, from) || !holds(this.within, to)) this.within = widened(seen, [from, to]);
    return vision!.trace(from, to, this.within);
  }

  override move(context: ToolContext, { at, ctrl }: Press): void {
    if (!this.start || this.closing || !context.vision?.photo) return;
    this.wanted = at;
    if (ctrl) this.ahead = { to: at, way: [at] };
    else this.lookAhead(context);
  }

  /** One way at a time: where the pointer has gone on meanwhile, the next is looked for. */
  private lookAhead(context: ToolContext): void {
    const { wanted } = this;
    if (this.looking || !wanted || !this.start || this.closing) return;
    [this.looking, this.wanted] = [true, null];
    const from = this.end;
    const found = this.find(context, from, wanted).finally(() => (this.looking = false));
    const then = (later: ToolContext, way: ImagePoint[]) => {
      const isCurrent = this.start !== null && !this.closing && this.end.x === from.x && this.end.y === from.y;
      if (isCurrent) this.ahead = { to: wanted, way };
      this.lookAhead(later);
    };
    context.later(found, then, 'look');
  }

  override doubleClick(context: ToolContext): void {
    // Its first click has closed the outline before.
    if (this.pieces.length === 0) this.drop();
    this.close(context, false, false);
  }

  /** Fewer than three points are no outline: they wait for the others. */
  private close(context: ToolContext, shift: boolean, straight: boolean): void {
    if (!this.start || this.closing || this.pieces.length < 2) return;
    this.add(context, this.start, straight);
    this.closing = this.subtracts || shift ? context.subtract : context.ink;
    this.writeIfWhole(context);
  }

  private writeIfWhole({ document }: ToolContext): void {
    const { closing } = this;
    if (!closing || this.pieces.some(({ way }) => way === null)) return;
    const points = this.outline();
    this.drop();
    document.paintStroke('Scissors', polygonRegion(points, document.size), closing);
  }

  override key(context: ToolContext, key: string): boolean {
    if (!this.start || (key !== 'Enter' && key !== 'Backspace')) return false;
    // What is pressed by then belongs to what the key does.
    this.pressed = null;
    if (key === 'Enter') this.close(context, false, false);
    else if (this.closing) this.reopen();
    else this.takeBack();
    return true;
  }

  private takeBack(): void {
    this.ahead = null;
    if (!this.pieces.pop()) this.drop();
  }

  override abandon(): boolean {
    const { pressed } = this;
    this.pressed = null;
    if (pressed === 'point') this.takeBack();
    return pressed !== null;
  }

  override finish(context: ToolContext): void {
    this.endPress(context);
    [this.ahead, this.wanted] = [null, null];
  }

  /** Rolls back the press in hand, else all. */
  override cancel(): boolean {
    return this.pressed === null ? this.drop() : this.abandon();
  }

  private drop(): boolean {
    const open = this.start !== null;
    [this.start, this.pieces, this.ahead, this.wanted, this.within, this.closing] = [null, [], null, null, null, null];
    this.pressed = null;
    return open;
  }
}

const holds = ({ left, top, width, height }: Box, { x, y }: ImagePoint): boolean =>
  x >= left && y >= top && x < left + width && y < top + height;

/** What is seen, with some of what lies around it, and with these points. */
function widened({ left, top, width, height }: Box, points: readonly ImagePoint[]): Box {
  const corners = [
    { x: left - width / 4, y: top - height / 4 },
    { x: left + width * 1.25, y: top + height * 1.25 },
  ];
  const box = boxAround([...corners, ...points]);
  return { ...box, width: box.width + 1, height: box.height + 1 };
}
