import { polygonRegion } from '../polygon-region.ts';
import { simplify } from '../simplify.ts';
import type { ImagePoint } from '../units.ts';
import { emptyPreview, SimpleTool, type Draft, type Press, type Preview, type ToolContext } from './tool.ts';

/** How far a hand may move in a click, in pixels of the screen. */
const tremble = 5;
/** What a drawn part may lose by becoming corners, in pixels of the image, where half a pixel of the screen is less. */
const finest = 0.3;

/** What a press did to an outline. */
type Deed = 'set' | 'closed' | 'edited' | null;

/**
 * Clicks set corners, a drag draws what lies between them; Enter, a double-click or the pointer at the start closes and writes the
 * inside. With Ctrl, corners are moved, put into an edge, and taken away with Delete. Shift at the first or the last click takes away.
 */
export class PolygonTool extends SimpleTool {
  private points: ImagePoint[];
  private pointer: ImagePoint | null = null;
  private near = 0;
  private subtracts = false;
  /** The corner that is being moved, and where it was; null for one that was put into an edge. */
  private held: { corner: number; from: ImagePoint | null } | null = null;
  private editing = false;
  /** The way of the press in hand; null between presses. */
  private way: ImagePoint[] | null = null;
  /** Whether the way has left the place of its press: a hand that trembles in a click draws nothing. */
  private draws = false;
  /** Whether the press in hand has set a corner. */
  private isNew = false;
  /** What the press in hand, or the last one, did, and the one before it. */
  private did: readonly [Deed, Deed] = [null, null];
  /** That the press in hand closes, and whether with Shift. */
  private closing: { shift: boolean } | null = null;

  /** @param draft corners that were set before */
  constructor(draft?: Draft) {
    super();
    this.points = [...(draft?.points ?? [])];
    this.subtracts = draft?.subtracts ?? false;
  }

  override get draft(): Draft | null {
    const { points, subtracts } = this;
    return points.length > 0 ? { points: [...points], subtracts } : null;
  }

  override get preview(): Preview | null {
    const { pointer, subtracts, editing } = this;
    const points = this.draws ? [...this.points, ...this.way!.slice(1)] : this.points;
    if (points.length === 0) return null;
    const corner = editing && pointer ? this.cornerAt(pointer) : null;
    const closes = !editing && pointer !== null && this.closes(pointer);
    return {
      ...emptyPreview,
      points: pointer && !editing && !closes ? [...points, pointer] : points,
      closed: true,
      filled: true,
      corners: this.points,
      chosen: closes ? points[0] : corner === null ? null : points[corner],
      subtracts,
    };
  }

  override down(context: ToolContext, { at, shift, ctrl }: Press): void {
    this.near = context.near;
    this.pointer = at;
    if (ctrl && this.points.length > 0) return this.take(at);
    this.editing = false;
    if (this.points.length === 0) this.subtracts = shift;
    const closes = this.closes(at);
    this.isNew = !sameAs(this.points.at(-1), at) && !sameAs(this.points[0], at);
    if (this.isNew) this.points.push(at);
    this.did = [closes ? 'closed' : this.isNew ? 'set' : null, this.did[0]];
    if (closes) this.closing = { shift };
    else this.way = [at];
  }

  /** Closes at the first of its two clicks: the second has set no corner. Corners that were moved twice are no double-click. */
  override doubleClick(context: ToolContext): void {
    const [last, before] = this.did;
    this.did = [null, null];
    if (last === 'edited' || before === 'edited') return;
    if (last === 'set') this.points.pop();
    if (before !== 'closed') this.close(context, false);
  }

  override move({ near, scale }: ToolContext, { at, ctrl }: Press): void {
    this.near = near;
    this.pointer = at;
    this.editing = ctrl || this.held !== null;
    if (this.held !== null) this.points[this.held.corner] = at;
    if (!this.way) return;
    this.way.push(at);
    this.draws ||= scale * distance(at, this.way[0]) > tremble;
  }

  override up(context: ToolContext, { at, shift }: Press): void {
    const drew = this.draws;
    this.endPress(context);
    if (drew && this.closes(at)) this.close(context, shift);
  }

  override finish(context: ToolContext): void {
    this.endPress(context);
    this.pointer = null;
  }

  /** What was drawn becomes corners, as few as show it. */
  private endPress(context: ToolContext): void {
    const { closing } = this;
    if (this.draws) {
      this.points.push(...simplify(this.way!, Math.max(finest, 0.5 / context.scale)).slice(1));
      this.did = [null, null];
    }
    this.letGo();
    if (closing) this.close(context, closing.shift);
  }

  private letGo(): void {
    [this.held, this.way, this.draws, this.closing, this.isNew] = [null, null, false, null, false];
  }

  private get presses(): boolean {
    return this.held !== null || this.way !== null || this.closing !== null;
  }

  override key(context: ToolContext, key: string): boolean {
    if (this.points.length === 0 || !['Enter', 'Backspace', 'Delete'].includes(key)) return false;
    // What is drawn by then belongs to what the key does.
    this.endPress(context);
    if (key === 'Enter') this.close(context, false);
    else if (key === 'Backspace') this.points.pop();
    else this.remove();
    return true;
  }

  override abandon(): boolean {
    const { held, isNew, presses } = this;
    this.letGo();
    if (isNew) this.points.pop();
    if (held?.from) this.points[held.corner] = held.from;
    else if (held) this.points.splice(held.corner, 1);
    this.did = [null, null];
    return presses;
  }

  /** Rolls back the press in hand, else all. */
  override cancel(): boolean {
    return this.presses ? this.abandon() : this.points.splice(0).length > 0;
  }

  /** Takes hold of the corner that is there, or of a new one in the edge that is. */
  private take(at: ImagePoint): void {
    this.editing = true;
    this.did = ['edited', this.did[0]];
    const there = this.cornerAt(at);
    const corner = there ?? this.insert(at);
    if (corner === null) return;
    this.held = { corner, from: there === null ? null : this.points[there] };
    this.points[corner] = at;
  }

  /** Puts a corner into the edge at a point. @returns which it is; null where no edge is */
  private insert(at: ImagePoint): number | null {
    const { points, near } = this;
    if (points.length < 2) return null;
    const distances = points.map((a, i) => toSegment(at, a, points[(i + 1) % points.length]));
    const nearest = distances.indexOf(Math.min(...distances));
    if (distances[nearest] > near) return null;
    points.splice(nearest + 1, 0, at);
    return nearest + 1;
  }

  /** Takes the corner under the pointer away. */
  private remove(): void {
    const corner = this.pointer && this.cornerAt(this.pointer);
    if (corner !== null) this.points.splice(corner, 1);
  }

  private cornerAt(at: ImagePoint): number | null {
    const distances = this.points.map((point) => distance(point, at));
    const nearest = distances.indexOf(Math.min(...distances));
    return nearest >= 0 && distances[nearest] <= this.near ? nearest : null;
  }

  private closes(at: ImagePoint): boolean {
    return this.points.length >= 3 && distance(this.points[0], at) <= this.near;
  }

  /** Fewer than three corners are no polygon: they wait for the others. */
  private close({ document, ink, subtract }: ToolContext, shift: boolean): void {
    if (this.points.length < 3) return;
    const points = this.points.splice(0);
    document.paintStroke('Polygon', polygonRegion(points, document.size), this.subtracts || shift ? subtract : ink);
  }
}

const distance = (a: ImagePoint, b: ImagePoint): number => Math.hypot(a.x - b.x, a.y - b.y);
const sameAs = (a: ImagePoint | undefined, b: ImagePoint): boolean => a?.x === b.x && a.y === b.y;

function toSegment(at: ImagePoint, a: ImagePoint, b: ImagePoint): number {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const length2 = dx * dx + dy * dy;
  const t = length2 === 0 ? 0 : Math.min(1, Math.max(0, ((at.x - a.x) * dx + (at.y - a.y) * dy) / length2));
  return distance(at, { x: a.x + t * dx, y: a.y + t * dy });
}
